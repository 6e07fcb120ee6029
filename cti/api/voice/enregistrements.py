"""Recordings: looked for, of a call or a dossier, one's own, one by one. Each reading is written in the log of accesses first."""

import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from cti.access import About
from cti.api.acces import require
from cti.api.contract.operation import Operation
from cti.api.contract.voice import PiecePage, Pieces, PieceStory
from cti.api.edge.cursor import cursor_of, read_cursor
from cti.api.edge.door import Known, known_of
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, QueryInstant, read_query
from cti.api.listening_port import Seen
from cti.api.ports import PORTS
from cti.api.voice.asking import NAME, REASON, noted_in_vain, the_piece
from cti.journey import Instant
from cti.journey.around.access import Relation, Tie, Verb
from cti.journey.around.callers import dial_key, spellings
from cti.journey.around.listening import Wanted
from cti.journey.around.voice import VoiceState
from cti.journey.words import iso

_ALL: Final = (Tie(relation=Relation.SALLE),)
#: As people write numbers; signs between the digits say nothing.
_NUMBER: Final = r"^\+?[0-9 ./()\u00a0-]{2,32}$"
_SIGNS: Final = re.compile(r"[ ./()\u00a0-]")
#: The same list, shown to the same token again within this time, is not written again: screens look every few seconds.
_AGAIN_US: Final = 600_000_000
_REMEMBERED: Final = 500


class SearchQuery(Asked):
    """Which recordings."""

    since: QueryInstant | None = Field(None, description="premier t0 de l'appel, compris")
    until: QueryInstant | None = Field(None, description="dernier t0, non compris")
    dossier: str = Field("", pattern=NAME, description="identifiant ou numéro d'un dossier")
    numero: str | None = Field(None, pattern=_NUMBER, description="numéro de l'appelant ou de l'appelé, comme on l'écrit")
    agent: str = Field("", pattern=NAME, description="un poste, ou une personne d'agents.toml")
    filiere: str = Field("", pattern=r"^[a-z0-9_-]{0,32}$", description="une filière qui a répondu")
    etat: VoiceState | None = Field(None, description="où en est l'enregistrement")
    after: str | None = Field(None, max_length=256, description="« next_after » de la page précédente")
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ReasonQuery(Asked):
    """Why, where the table asks it."""

    motif: str = Field("", pattern=REASON, max_length=200, description="pourquoi, si la table des droits le demande")


async def search(request: web.Request) -> web.Response:
    """Recordings of the whole centre."""
    query = read_query(request, SearchQuery)
    if query.since is not None and query.until is not None and query.since >= query.until:
        raise Problem(422, "« since » doit précéder « until ».")
    before = read_cursor(query.after, "after") if query.after is not None else None
    numbers = _numbers(query.numero)
    await require(request, Verb.CHERCHER, About(detail=_told(query)), _ALL)
    listening = request.app[PORTS].listening
    posts = await listening.posts(query.agent) if query.agent else ()
    if query.agent and not posts:
        return json_answer({"items": [], "next_after": None})
    wanted = Wanted(
        since=query.since,
        until=query.until,
        dossier=query.dossier,
        numbers=numbers,
        posts=posts,
        filiere=query.filiere,
        state=query.etat,
    )
    found, place = await listening.search(wanted, query.agent, before, query.limit)
    seen = await listening.seen(known_of(request), found)
    return json_answer({"items": _rows(seen, "oui"), "next_after": None if place is None else cursor_of(place)})


async def mine(request: web.Request) -> web.Response:
    """What whoever asks may see now because she talked in it, or holds or held its patient."""
    read_query(request, Asked)
    known = known_of(request)
    seen = await request.app[PORTS].listening.mine(known)
    calls = tuple(sorted({one.found.piece.call_id for one in seen}))
    if not _shown_lately(request, known, calls):
        hers = (Tie(relation=Relation.SES_APPELS), Tie(relation=Relation.DOSSIER))
        told = f"ses enregistrements ({len(calls)} appels) : {', '.join(calls)}" if calls else "ses enregistrements : aucun"
        await require(request, Verb.VOIR, About(call_id=calls[0] if len(calls) == 1 else "", detail=told), hers)
        _note_shown(request, known, calls)
    return json_answer({"items": _rows(seen, "oui")})


async def of_call(request: web.Request) -> web.Response:
    """The recordings of one call."""
    call_id = request.match_info["call_id"]
    found = await request.app[PORTS].listening.of_call(call_id)
    return await _several(request, found, About(call_id=call_id[:64], detail="enregistrements de l'appel"))


async def of_dossier(request: web.Request) -> web.Response:
    """The recordings of one dossier."""
    dossier = request.match_info["dossier"]
    found = await request.app[PORTS].listening.of_dossier(dossier)
    return await _several(request, found, About(detail=f"enregistrements du dossier {dossier[:64]}"))


async def read_one(request: web.Request) -> web.Response:
    """One recording, with its stages, holds and term."""
    query = read_query(request, ReasonQuery)
    found = await the_piece(request, Verb.VOIR)
    listening = request.app[PORTS].listening
    (seen,) = await listening.seen(known_of(request), [found])
    about = About(call_id=found.piece.call_id, piece_id=found.piece.piece_id)
    await require(request, Verb.VOIR, about, seen.ties, query.motif)
    return json_answer({**seen.row, **await listening.detail(found)})


async def _several(request: web.Request, found: Sequence[Any], about: About) -> web.Response:
    query = read_query(request, ReasonQuery)
    if not found:
        await noted_in_vain(request, Verb.VOIR, about)
        raise Problem(404, "Il n'y a aucun enregistrement ici.")
    seen = await request.app[PORTS].listening.seen(known_of(request), found)
    ties = tuple(dict.fromkeys(tie for one in seen for tie in one.ties))
    await require(request, Verb.VOIR, about, ties, query.motif)
    return json_answer({"items": _rows(seen, "oui", *(["motif"] if query.motif.strip() else []))})


def _rows(seen: Sequence[Seen], *may: str) -> list[Any]:
    return [one.row for one in seen if one.may in may]


def _numbers(numero: str | None) -> tuple[str, ...]:
    if numero is None:
        return ()
    key = dial_key(_SIGNS.sub("", numero))
    if key is None:
        raise Problem(422, "« numero » : six à quinze chiffres sont attendus.")
    return spellings(key)


def _told(query: SearchQuery) -> str:
    """What was looked for, in French, for the log."""
    instants: tuple[tuple[str, Instant | None], ...] = (("depuis", query.since), ("jusqu'à", query.until))
    words = [f"{name} {iso(at)}" for name, at in instants if at is not None]
    texts = (
        ("dossier", query.dossier),
        ("numéro", query.numero),
        ("agent", query.agent),
        ("filière", query.filiere),
        ("état", query.etat.value if query.etat is not None else ""),
        ("suite", query.after),
    )
    words += [f"{name} {text}" for name, text in texts if text]
    return "recherche : " + (", ".join(words) or "tout")


# --- what a screen that looks every few seconds was shown ----------------------------------------------------------------------

_Shown = OrderedDict[tuple[str, str], tuple[tuple[str, ...], Instant]]
SHOWN: web.AppKey[_Shown] = web.AppKey("shown", OrderedDict)


def _shown_lately(request: web.Request, known: Known, calls: tuple[str, ...]) -> bool:
    before = request.app[SHOWN].get((known.who, known.token_id))
    return before is not None and before[0] == calls and request.app[PORTS].clock() - before[1] < _AGAIN_US


def _note_shown(request: web.Request, known: Known, calls: tuple[str, ...]) -> None:
    shown = request.app[SHOWN]
    shown[known.who, known.token_id] = (calls, request.app[PORTS].clock())
    shown.move_to_end((known.who, known.token_id))
    while len(shown) > _REMEMBERED:
        shown.popitem(last=False)


_PROBLEMS: Final = (400, 401, 403, 404, 503)
OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/enregistrements",
        handler=search,
        name="searchRecordings",
        summary="Chercher parmi les enregistrements du centre, du plus récent au plus ancien ; la recherche est tracée",
        tag="écoute",
        query=SearchQuery,
        answer=PiecePage,
        problems=(400, 401, 403, 422, 503),
    ),
    Operation(
        method="GET",
        path="/api/v1/enregistrements/miens",
        handler=mine,
        name="listMyRecordings",
        summary="Mes enregistrements : j'y ai parlé, ou j'en régule le patient ; appels en cours compris",
        tag="écoute",
        answer=Pieces,
        problems=_PROBLEMS,
    ),
    Operation(
        method="GET",
        path="/api/v1/enregistrements/{piece_id}",
        handler=read_one,
        name="readRecording",
        summary="Un enregistrement : ses étapes, ses consultations, ses gels, sa durée de conservation",
        tag="écoute",
        path_parameters={"piece_id": "identifiant d'un enregistrement"},
        query=ReasonQuery,
        answer=PieceStory,
        problems=_PROBLEMS,
    ),
    Operation(
        method="GET",
        path="/api/v1/calls/{call_id}/enregistrements",
        handler=of_call,
        name="listCallRecordings",
        summary="Les enregistrements d'un appel",
        tag="écoute",
        path_parameters={"call_id": "identifiant donné par le plan de numérotation"},
        query=ReasonQuery,
        answer=Pieces,
        problems=_PROBLEMS,
    ),
    Operation(
        method="GET",
        path="/api/v1/dossiers/{dossier}/enregistrements",
        handler=of_dossier,
        name="listDossierRecordings",
        summary="Les enregistrements d'un dossier",
        tag="écoute",
        path_parameters={"dossier": "identifiant ou numéro du dossier"},
        query=ReasonQuery,
        answer=Pieces,
        problems=_PROBLEMS,
    ),
)
