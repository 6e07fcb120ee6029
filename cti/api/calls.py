"""Calls: list them page by page, read one with its timeline, ask for a transfer."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from cti.api.contract.operation import Operation
from cti.api.contract.shapes import CallPage, CallStory, TransferAsked
from cti.api.edge.acting import REFUSALS, Act
from cti.api.edge.cursor import CALL_ID, cursor_of, read_cursor
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, QueryInstant, read_body, read_query
from cti.api.ports import PORTS, CallReader, TransferVerdict
from cti.api.timeline import timeline
from cti.journey import CallId, Instant, Journey, State
from cti.journey.around.quality import tell_leg
from cti.journey.telling import tell

#: Rows read in one go, and how many goes one request may take before it hands out a cursor instead.
_CHUNK = 500
_MAX_CHUNKS = 8
_END_OF_TIME: Instant = 2**62


class CallsQuery(Asked):
    """Which calls."""

    since: QueryInstant | None = Field(None, description="premier t0, compris")
    until: QueryInstant | None = Field(None, description="dernier t0, non compris")
    flux: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,32}$", description="ligne d'arrivée : 15, 116117, 18…")
    state: State | None = Field(None, description="état présent de l'appel")
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: str | None = Field(None, max_length=256, description="« next_cursor » de la page précédente")


class TransferAsk(Act):
    """Where to pass the caller on, and who asks."""

    filiere: str = Field(pattern=r"^[a-z0-9_-]{1,32}$")


async def list_calls(request: web.Request) -> web.Response:
    """The calls of a period, the latest first."""
    query = read_query(request, CallsQuery)
    if query.since is not None and query.until is not None and query.since >= query.until:
        raise Problem(422, "« since » doit précéder « until ».")
    found, cursor = await page(request.app[PORTS].calls, query)
    repeats = await request.app[PORTS].calls.repeats(found)
    return json_answer({"calls": [tell(journey, repeats.get(journey.call_id)) for journey in found], "next_cursor": cursor})


async def read_call(request: web.Request) -> web.Response:
    """One call, whole, with its timeline."""
    journey = await _known(request)
    repeats = await request.app[PORTS].calls.repeats([journey])
    legs = await request.app[PORTS].calls.heard(journey.call_id)
    told = tell(journey, repeats.get(journey.call_id))
    return json_answer({**told, "timeline": timeline(journey), "qualite_voix": [tell_leg(leg) for leg in legs]})


async def ask_transfer(request: web.Request) -> web.Response:
    """Ask for a caller to be passed on; the board tells what becomes of it."""
    call_id = _call_id(request)
    ask = await read_body(request, TransferAsk)
    result = await request.app[PORTS].transfers.transfer(call_id, ask.filiere, ask.who)
    if result.verdict is TransferVerdict.ASKED:
        return json_answer({"call_id": call_id, "filiere": ask.filiere, "detail": result.detail}, status=202)
    status, detail = _REFUSALS[result.verdict]
    raise Problem(status, result.detail or detail)


_REFUSALS = {
    TransferVerdict.UNKNOWN_CALL: (404, "Cet appel n'est pas connu."),
    TransferVerdict.NOT_POSSIBLE: (409, "Cet appel ne peut pas être transféré dans son état présent."),
    TransferVerdict.UNKNOWN_FILIERE: (422, "Cette filière n'existe pas ou n'est pas ouverte."),
    TransferVerdict.PBX_UNREACHABLE: (503, "L'autocommutateur ne répond pas ; le transfert n'a pas été demandé."),
}


async def page(reader: CallReader, query: CallsQuery) -> tuple[list[Journey], str | None]:
    """One page, the latest t0 first, and the cursor of the next; None when there is no more.

    A filter on the state is applied here, so a page may be short and still have a next one.
    """
    last = read_cursor(query.cursor) if query.cursor is not None else None
    found: list[Journey] = []
    chunk = _CHUNK
    for _ in range(_MAX_CHUNKS):
        until = query.until if query.until is not None else _END_OF_TIME
        if last is not None:
            until = min(until, last[0] + 1)  # calls of the very same microsecond are told apart by their id
        rows = await reader.journeys(query.since or 0, until, flux=query.flux, limit=chunk, newest_first=True)
        fresh = sorted((row for row in rows if last is None or _rank(row) < last), key=_rank, reverse=True)
        for journey in fresh:
            if query.state is None or journey.state is query.state:
                if len(found) == query.limit:
                    return found, cursor_of(_rank(found[-1]))
                found.append(journey)
        if len(rows) < chunk:
            return found, None
        if fresh:
            last = _rank(fresh[-1])
        else:
            chunk *= 2
    return found, cursor_of(last) if last is not None else None


def _rank(journey: Journey) -> tuple[Instant, CallId]:
    return journey.t0, journey.call_id


def _call_id(request: web.Request) -> CallId:
    call_id = request.match_info["call_id"]
    if not CALL_ID.fullmatch(call_id):
        raise Problem(404, "Cet appel n'est pas connu.")
    return call_id


async def _known(request: web.Request) -> Journey:
    read_query(request, Asked)
    journey = await request.app[PORTS].calls.journey(_call_id(request))
    if journey is None:
        raise Problem(404, "Cet appel n'est pas connu.")
    return journey


_ID: dict[str, Any] = {"call_id": "identifiant donné par le plan de numérotation"}
OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/calls",
        handler=list_calls,
        name="listCalls",
        summary="Les appels d'une période, du plus récent au plus ancien",
        tag="appels",
        query=CallsQuery,
        answer=CallPage,
        problems=(400, 401, 422, 503),
    ),
    Operation(
        method="GET",
        path="/api/v1/calls/{call_id}",
        handler=read_call,
        name="readCall",
        summary="Un appel et sa chronologie",
        tag="appels",
        path_parameters=_ID,
        answer=CallStory,
        problems=(401, 404, 503),
    ),
    Operation(
        method="POST",
        path="/api/v1/calls/{call_id}/transfer",
        handler=ask_transfer,
        name="askTransfer",
        summary="Demander le transfert de l'appelant vers une filière",
        tag="appels",
        path_parameters=_ID,
        body=TransferAsk,
        answer=TransferAsked,
        status=202,
        problems=REFUSALS,
    ),
)
