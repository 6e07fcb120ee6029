"""The call-back list: who must be called back, in which order, and what people do about it.

Every act names who acts and the version of the entry that this person saw; an entry that changed meanwhile refuses (409), so two
people never call the same caller back unknowingly.
"""

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from cti.api.contract.operation import Operation
from cti.api.contract.shapes import CallbackList, CallbackOut
from cti.api.edge.acting import PLAIN, REFUSALS, Act
from cti.api.edge.cursor import CALL_ID
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, read_body, read_query
from cti.api.ports import PORTS, CallbackRefused
from cti.journey.callbacks import ActKind, EntryState, TraceKind, TryResult

_CODE = r"^[A-Za-z0-9_-]{1,32}$"


class CallbacksQuery(Asked):
    """Which entries."""

    state: EntryState | None = Field(None, description="absent : à rappeler et prises")
    kind: TraceKind | None = Field(None, description="abandon ou attente_n2")
    rank: str | None = Field(None, pattern=_CODE, description="code d'un rang de rappels.toml")
    flux: str | None = Field(None, pattern=_CODE)
    filiere: str | None = Field(None, pattern=_CODE)


class Wish(Act):
    """Who acts, on what he saw."""

    version: Annotated[int, Field(ge=0, le=1_000_000)]


class TryWish(Wish):
    """What came of calling back."""

    result: TryResult


class CloseWish(Wish):
    """Why nobody needs to call back any more."""

    reason: str = Field(pattern=PLAIN, min_length=1, max_length=200)


async def list_callbacks(request: web.Request) -> web.Response:
    """The list, the most urgent first."""
    query = read_query(request, CallbacksQuery)
    found = await request.app[PORTS].callbacks.entries(with_closed=query.state is EntryState.CLOSED)
    wanted = {name: value for name in ("state", "kind", "flux", "filiere") if (value := getattr(query, name)) is not None}
    if query.rank is not None:
        wanted["rank_code"] = query.rank
    entries = [entry for entry in found["entries"] if all(entry[name] == value for name, value in wanted.items())]
    return json_answer({**found, "entries": entries})


async def take(request: web.Request) -> web.Response:
    """I call this one back."""
    return await _act(request, ActKind.TAKE, await read_body(request, Wish))


async def attempt(request: web.Request) -> web.Response:
    """I called back, with this result."""
    wish = await read_body(request, TryWish)
    return await _act(request, ActKind.TRY, wish, result=wish.result)


async def close(request: web.Request) -> web.Response:
    """Nobody needs to call back any more."""
    wish = await read_body(request, CloseWish)
    return await _act(request, ActKind.CLOSE, wish, reason=wish.reason)


async def reopen(request: web.Request) -> web.Response:
    """To be called back after all: gives back what was taken, opens what was closed."""
    return await _act(request, ActKind.REOPEN, await read_body(request, Wish))


async def _act(
    request: web.Request, kind: ActKind, wish: Wish, *, result: TryResult | None = None, reason: str = ""
) -> web.Response:
    call_id = request.match_info["id"]
    entry = None
    if CALL_ID.fullmatch(call_id):
        desk = request.app[PORTS].callbacks
        try:
            entry = await desk.act(call_id, kind, by=wish.who, version=wish.version, result=result, reason=reason)
        except CallbackRefused as refusal:
            raise Problem(409, str(refusal)) from None
    if entry is None:
        raise Problem(404, "Cette fiche de rappel n'est pas connue.")
    return json_answer(entry)


_ID: dict[str, Any] = {"id": "identifiant de la fiche : le premier appel perdu de cet appelant"}


def _operation(verb: str, handler: Any, name: str, summary: str, body: type[Wish]) -> Operation:
    return Operation(
        method="POST",
        path=f"/api/v1/rappels/{{id}}/{verb}",
        handler=handler,
        name=name,
        summary=summary,
        tag="rappels",
        path_parameters=_ID,
        body=body,
        answer=CallbackOut,
        problems=REFUSALS,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/rappels",
        handler=list_callbacks,
        name="listCallbacks",
        summary="Les appelants à rappeler, du plus urgent au moins urgent",
        tag="rappels",
        query=CallbacksQuery,
        answer=CallbackList,
        problems=(400, 401, 503),
    ),
    _operation("prendre", take, "takeCallback", "Prendre une fiche : « je le rappelle »", Wish),
    _operation("essai", attempt, "tryCallback", "Noter un rappel et son résultat", TryWish),
    _operation("clore", close, "closeCallback", "Clore une fiche, avec la raison", CloseWish),
    _operation("rouvrir", reopen, "reopenCallback", "Rendre une fiche prise, ou rouvrir une fiche close", Wish),
)
