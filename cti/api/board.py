"""The live board: one picture, the stream of its changes, and the filières it is drawn from.

The stream is server-sent events. Each ``snapshot`` or ``change`` has an id, ``epoch.seq``; a screen that comes back with it
(header ``Last-Event-ID``, or ``last_event_id`` when it has to open a new stream) is given what it missed. Every
``HEARTBEAT_SECONDS`` a comment and a ``heartbeat`` event pass, so that a screen can tell a calm room from a dead line.
"""

from dataclasses import asdict

from aiohttp import web
from pydantic import Field

from cti.api.contract.following import Followed
from cti.api.contract.operation import Operation
from cti.api.contract.shapes import BoardOut, Filieres
from cti.api.edge.problems import json_answer
from cti.api.edge.reading import Asked, read_query
from cti.api.edge.streaming import stream
from cti.api.ports import PORTS

HEARTBEAT_SECONDS = 5.0
#: A screen that takes nothing for so long is gone; its stream is closed.
WRITE_SECONDS = 10.0


class StreamQuery(Asked):
    """Where to resume."""

    last_event_id: str | None = Field(None, max_length=64, description="dernier identifiant reçu, si l'en-tête ne peut l'être")


async def read_board(request: web.Request) -> web.Response:
    """The whole picture."""
    read_query(request, Asked)
    return json_answer(request.app[PORTS].board.snapshot())


async def stream_board(request: web.Request) -> web.StreamResponse:
    """The picture, then its changes, until the screen leaves."""
    query = read_query(request, StreamQuery)
    ports = request.app[PORTS]
    return await stream(
        request,
        ports.feed,
        query.last_event_id,
        clock=ports.clock,
        heartbeat_seconds=HEARTBEAT_SECONDS,
        write_seconds=WRITE_SECONDS,
    )


async def list_filieres(request: web.Request) -> web.Response:
    """The filières of the site."""
    read_query(request, Asked)
    cards = sorted(request.app[PORTS].filieres, key=lambda card: (card.ordre, card.code))
    return json_answer({"filieres": [asdict(card) for card in cards]})


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/board",
        handler=read_board,
        name="readBoard",
        summary="Ce qui se passe maintenant",
        tag="tableau",
        answer=BoardOut,
        problems=(400, 401),
    ),
    Operation(
        method="GET",
        path="/api/v1/board/stream",
        handler=stream_board,
        name="streamBoard",
        summary="Le tableau et ses changements, en événements (SSE) : snapshot, change, heartbeat",
        tag="tableau",
        query=StreamQuery,
        media_type="text/event-stream",
        follows=Followed(BoardOut, ("calls", "agents", "filieres", "alarms")),
        problems=(400, 401, 503),
    ),
    Operation(
        method="GET",
        path="/api/v1/filieres",
        handler=list_filieres,
        name="listFilieres",
        summary="Les filières du site",
        tag="tableau",
        answer=Filieres,
        problems=(400, 401),
    ),
)
