"""Crisis mode: what holds now, and the one switch.

Who turns it gives a name and a reason; both stay. Turning it the way it stands already is refused (409), so that two people never
each believe to have decided.
"""

from aiohttp import web
from pydantic import Field

from cti.api.contract.crise import CrisisOut
from cti.api.contract.operation import Operation
from cti.api.edge.acting import LINE, Act
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, read_body, read_query
from cti.api.ports import PORTS, CrisisRefused


class CrisisWish(Act):
    """On or off, by whom and why."""

    active: bool = Field(description="true : mettre en crise ; false : lever la crise")
    reason: str = Field(pattern=LINE, min_length=1, max_length=200, description="pourquoi")


async def read_crisis(request: web.Request) -> web.Response:
    """What holds now, and the history."""
    read_query(request, Asked)
    return json_answer(await request.app[PORTS].crisis.state())


async def switch_crisis(request: web.Request) -> web.Response:
    """Turn the switch."""
    wish = await read_body(request, CrisisWish)
    try:
        state = await request.app[PORTS].crisis.switch(active=wish.active, by=wish.who, reason=wish.reason.strip())
    except CrisisRefused as refusal:
        raise Problem(409, str(refusal)) from None
    return json_answer(state)


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/crise",
        handler=read_crisis,
        name="readCrisis",
        summary="Le mode crise et son histoire",
        tag="crise",
        answer=CrisisOut,
        problems=(400, 401),
    ),
    Operation(
        method="POST",
        path="/api/v1/crise",
        handler=switch_crisis,
        name="switchCrisis",
        summary="Mettre en crise ou lever la crise, avec un nom et une raison",
        tag="crise",
        body=CrisisWish,
        answer=CrisisOut,
        problems=(400, 401, 403, 409, 413, 415, 422, 503),
    ),
)
