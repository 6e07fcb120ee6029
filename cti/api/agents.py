"""Posts and people: who is on duty, taking a post, its queues, pauses, coming back, leaving, and times.

A refusal says why in French: 404 an unknown post, 409 not as things are now, 422 a person, a filière or a reason that is not the
site's. An act that is written and that the PBX has not followed yet answers 200 with ``followed`` false: it will.
"""

from typing import Any

from aiohttp import web
from pydantic import Field

from cti.agents.wishes import Refusal, Why, Wish
from cti.api.contract.operation import Operation
from cti.api.contract.posts import DutyDone, DutyOut, TimesOut
from cti.api.edge.acting import REFUSALS, Act
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, QueryInstant, read_body, read_query
from cti.api.ports import PORTS
from cti.journey.around.duty import DutyKind

_CODE = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$"
_STATUS = {Why.UNKNOWN: 404, Why.IMPOSSIBLE: 409, Why.WRONG: 422}


class TimesQuery(Asked):
    """Which period."""

    since: QueryInstant
    until: QueryInstant


class TakeWish(Act):
    """Who takes the post, and what for."""

    personne: str = Field(pattern=_CODE, description="identifiant dans agents.toml")
    filieres: list[str] | None = Field(None, max_length=50, description="absentes : toutes celles de la personne")


class QueuesWish(Act):
    """Which filières from now on."""

    filieres: list[str] = Field(max_length=50)


class PauseWish(Act):
    """Why."""

    motif: str = Field(min_length=1, max_length=40, description="un des motifs de agents.toml")
    texte: str = Field("", pattern=r"^[^\x00-\x1f\x7f]*$", max_length=60, description="précision du motif « autre »")


async def list_posts(request: web.Request) -> web.Response:
    """Every post."""
    return json_answer(await request.app[PORTS].duty.room())


async def times(request: web.Request) -> web.Response:
    """Times by person."""
    query = read_query(request, TimesQuery)
    if query.until <= query.since:
        raise Problem(422, "« since » doit précéder « until ».")
    return json_answer(await request.app[PORTS].duty.times(query.since, query.until))


async def take(request: web.Request) -> web.Response:
    """Somebody takes the post."""
    wish = await read_body(request, TakeWish)
    filieres = None if wish.filieres is None else tuple(wish.filieres)
    return await _act(request, DutyKind.TAKE, wish, personne=wish.personne, filieres=filieres)


async def queues(request: web.Request) -> web.Response:
    """She serves these filières from now on."""
    wish = await read_body(request, QueuesWish)
    return await _act(request, DutyKind.QUEUES, wish, filieres=tuple(wish.filieres))


async def pause(request: web.Request) -> web.Response:
    """She takes no call for a while."""
    wish = await read_body(request, PauseWish)
    return await _act(request, DutyKind.PAUSE, wish, reason=wish.motif, text=wish.texte)


async def resume(request: web.Request) -> web.Response:
    """She is back, or ready before the end of the wrap-up."""
    return await _act(request, DutyKind.RESUME, await read_body(request, Act))


async def leave(request: web.Request) -> web.Response:
    """She leaves the post."""
    return await _act(request, DutyKind.LEAVE, await read_body(request, Act))


async def _act(request: web.Request, kind: DutyKind, asked: Act, **more: Any) -> web.Response:
    poste = request.match_info["poste"]
    try:
        done = await request.app[PORTS].duty.wish(Wish(kind=kind, poste=poste, by=asked.who, **more))
    except Refusal as refusal:
        raise Problem(_STATUS[refusal.why], str(refusal)) from None
    return json_answer(done)


def _operation(verb: str, handler: Any, name: str, summary: str, body: type[Act]) -> Operation:
    return Operation(
        method="POST",
        path=f"/api/v1/agents/{{poste}}/{verb}",
        handler=handler,
        name=name,
        summary=summary,
        tag="agents",
        path_parameters={"poste": "compte SIP du poste"},
        body=body,
        answer=DutyDone,
        problems=REFUSALS,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/agents",
        handler=list_posts,
        name="listPosts",
        summary="Les postes : qui y est, pour quelles filières, en pause ou non, et l'accord du PBX",
        tag="agents",
        answer=DutyOut,
        problems=(400, 401),
    ),
    Operation(
        method="GET",
        path="/api/v1/agents/temps",
        handler=times,
        name="listTimes",
        summary="Les temps par personne : en poste, en ligne, en pause par motif, après appel",
        tag="agents",
        query=TimesQuery,
        answer=TimesOut,
        problems=(400, 401, 422, 503),
    ),
    _operation("prise", take, "takePost", "Prise de poste : une personne, ses filières", TakeWish),
    _operation("files", queues, "choosePostQueues", "Changer les filières servies", QueuesWish),
    _operation("pause", pause, "pausePost", "Pause, avec son motif", PauseWish),
    _operation("reprise", resume, "resumePost", "Reprise : fin de pause, ou prêt avant la fin du post-appel", Act),
    _operation("fin", leave, "leavePost", "Fin de poste", Act),
)
