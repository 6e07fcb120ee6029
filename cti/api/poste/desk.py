"""One desk: its picture, the stream of its changes, the posts to choose from, notes on its calls, and hanging up.

Transfer, P0, consultation and conference are asked of the call (``calls``, ``rooms``), pauses and filières of the post
(``agents``).
"""

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field, StringConstraints

from cti.api.contract.desk import Choices, DeskOut, HungUp, NoteList, NoteOut
from cti.api.contract.following import Followed, Over
from cti.api.contract.operation import Operation
from cti.api.desk_port import DeskRefused, DeskWhy
from cti.api.edge.acting import REFUSALS, Act
from cti.api.edge.cursor import CALL_ID
from cti.api.edge.door import Known, known_of
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, read_body, read_query
from cti.api.edge.streaming import Stop, stream
from cti.api.ports import PORTS
from cti.journey.around.notes import NOTE_MOST
from cti.journey.words import AgentId, CallId
from cti.live.feed import Subscription

HEARTBEAT_SECONDS = 5.0
#: A page that takes nothing for so long is gone; its stream is closed.
WRITE_SECONDS = 10.0
_Poste = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]
#: Lines of text, and no other control character.
_TEXT = r"^[^\x00-\x09\x0b-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x09\x0b-\x1f\x7f]*$"
_STATUS = {DeskWhy.UNKNOWN: 404, DeskWhy.NOT_HERS: 403, DeskWhy.NOT_NOW: 409, DeskWhy.UNREACHABLE: 503}


class DeskQuery(Asked):
    """Which desk."""

    poste: _Poste = Field(description="compte SIP du poste")


class DeskStreamQuery(DeskQuery):
    """Which desk, and where to resume."""

    last_event_id: str | None = Field(None, max_length=64, description="dernier identifiant reçu, si l'en-tête ne peut l'être")


class NoteWish(Act):
    """What the caller told, for whoever takes him next."""

    texte: str = Field(pattern=_TEXT, min_length=1, max_length=NOTE_MOST)


class HangUpWish(Act):
    """Which post leaves which call."""

    poste: _Poste
    call_id: str = Field(pattern=rf"^{CALL_ID.pattern}$")


class _OneDesk:
    """The feed of one desk."""

    def __init__(self, request: web.Request, poste: AgentId) -> None:
        self._desks = request.app[PORTS].desks
        self._poste = poste

    def subscribe(self, last_id: str | None = None) -> Subscription:
        return self._desks.subscribe(self._poste, last_id)

    def leave(self, screen: Subscription) -> None:
        self._desks.leave(self._poste, screen)


async def list_choices(request: web.Request) -> web.Response:
    """Where she sits, and where she may sit."""
    read_query(request, Asked)
    return json_answer(request.app[PORTS].desks.choices(known_of(request)))


async def read_desk(request: web.Request) -> web.Response:
    """The whole picture of one desk."""
    poste = read_query(request, DeskQuery).poste
    _check(request, poste)
    return json_answer(request.app[PORTS].desks.snapshot(poste))


async def stream_desk(request: web.Request) -> web.StreamResponse:
    """The picture of one desk, then its changes, until the page leaves or she no longer sits there."""
    query = read_query(request, DeskStreamQuery)
    _check(request, query.poste)
    ports, known = request.app[PORTS], known_of(request)

    def check() -> None:
        if known.expires_at is not None and known.expires_at <= ports.clock():
            raise Stop("Votre session est finie : identifiez-vous de nouveau.")
        try:
            ports.desks.check(known, query.poste)
        except DeskRefused as refusal:
            raise Stop(str(refusal)) from None

    return await stream(
        request,
        _OneDesk(request, query.poste),
        query.last_event_id,
        clock=ports.clock,
        heartbeat_seconds=HEARTBEAT_SECONDS,
        write_seconds=WRITE_SECONDS,
        check=check,
    )


async def add_note(request: web.Request) -> web.Response:
    """Write what the caller told."""
    wish = await read_body(request, NoteWish)
    known, call_id = known_of(request), _call_id(request)
    try:
        note = await request.app[PORTS].desks.note(known, call_id, wish.texte.strip(), _author(request, known, wish))
    except DeskRefused as refusal:
        raise Problem(_STATUS[refusal.why], str(refusal)) from None
    return json_answer(note, status=201)


async def list_notes(request: web.Request) -> web.Response:
    """What was written about a call."""
    read_query(request, Asked)
    call_id = _call_id(request)
    try:
        notes = await request.app[PORTS].desks.notes(known_of(request), call_id)
    except DeskRefused as refusal:
        raise Problem(_STATUS[refusal.why], str(refusal)) from None
    return json_answer({"call_id": call_id, "notes": notes})


async def hang_up(request: web.Request) -> web.Response:
    """End the part of this post in a call."""
    wish = await read_body(request, HangUpWish)
    known = known_of(request)
    try:
        detail = await request.app[PORTS].desks.hang_up(known, wish.poste, wish.call_id, _author(request, known, wish))
    except DeskRefused as refusal:
        raise Problem(_STATUS[refusal.why], str(refusal)) from None
    return json_answer({"poste": wish.poste, "call_id": wish.call_id, "detail": detail}, status=202)


def _check(request: web.Request, poste: AgentId) -> None:
    try:
        request.app[PORTS].desks.check(known_of(request), poste)
    except DeskRefused as refusal:
        raise Problem(_STATUS[refusal.why], str(refusal)) from None


def _author(request: web.Request, known: Known, wish: Act) -> str:
    """An account signs with its own name, whatever the page wrote."""
    return request.app[PORTS].access.nom(known) if known.named else wish.who


def _call_id(request: web.Request) -> CallId:
    call_id = request.match_info["call_id"]
    if not CALL_ID.fullmatch(call_id):
        raise Problem(404, "Cet appel n'est pas connu.")
    return call_id


_ID: dict[str, Any] = {"call_id": "identifiant donné par le plan de numérotation"}
OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/postes",
        handler=list_choices,
        name="listDesks",
        summary="Le poste où l'on est, et ceux que l'on peut prendre",
        tag="poste",
        answer=Choices,
        problems=(400, 401),
    ),
    Operation(
        method="GET",
        path="/api/v1/poste",
        handler=read_desk,
        name="readDesk",
        summary="Un poste : sa personne, ses files, ses appels et ce que l'on peut y faire maintenant",
        tag="poste",
        query=DeskQuery,
        answer=DeskOut,
        problems=(400, 401, 403, 404),
    ),
    Operation(
        method="GET",
        path="/api/v1/poste/flux",
        handler=stream_desk,
        name="streamDesk",
        summary="Un poste et ses changements, en événements (SSE) : snapshot, change, heartbeat, fin",
        tag="poste",
        query=DeskStreamQuery,
        media_type="text/event-stream",
        follows=Followed(DeskOut, ("calls", "files"), beside={"fin": Over}),
        problems=(400, 401, 403, 404, 503),
    ),
    Operation(
        method="POST",
        path="/api/v1/poste/raccrocher",
        handler=hang_up,
        name="hangUp",
        summary="Raccrocher le poste : le PBX met fin à sa part dans l'appel",
        tag="poste",
        body=HangUpWish,
        answer=HungUp,
        status=202,
        problems=REFUSALS,
    ),
    Operation(
        method="GET",
        path="/api/v1/calls/{call_id}/notes",
        handler=list_notes,
        name="listNotes",
        summary="Ce qui a été noté d'un appel que l'on a eu, ou de l'appel précédent de qui l'on a en ligne",
        tag="poste",
        path_parameters=_ID,
        answer=NoteList,
        problems=(401, 403, 404, 503),
    ),
    Operation(
        method="POST",
        path="/api/v1/calls/{call_id}/note",
        handler=add_note,
        name="addNote",
        summary="Noter ce que l'appelant a dit, pour qui le prendra ensuite",
        tag="poste",
        path_parameters=_ID,
        body=NoteWish,
        answer=NoteOut,
        status=201,
        problems=REFUSALS,
    ),
)
