"""Outgoing calls: an agent clicks on a number or on a caller to call back, and his own phone rings first."""

from typing import Annotated, Self

from aiohttp import web
from pydantic import Field, model_validator

from cti.api.calling_port import PlaceVerdict, PlaceWish
from cti.api.contract.operation import Operation
from cti.api.contract.shapes import CallAsked
from cti.api.edge.acting import REFUSALS, Act, exactly_one
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import read_body
from cti.api.ports import PORTS

_ID = r"^[A-Za-z0-9._:-]{1,64}$"
#: A number as people write it; what may go out is the site's to say (`pbx.toml`, [sortie]).
_NUMBER = r"^\+?[0-9 ./()\u00a0-]{2,32}$"


class CallWish(Act):
    """Whom to call, from which phone."""

    model_config = exactly_one("numero", "rappel")

    poste: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$", description="compte du poste (arm01) ou son numéro interne")
    numero: str | None = Field(None, pattern=_NUMBER, description="numéro à appeler ; ou bien « rappel »")
    rappel: str | None = Field(None, pattern=_ID, description="fiche de rappel : elle est prise par « by », et notera l'essai")
    version: Annotated[int, Field(ge=0, le=1_000_000, description="version de la fiche telle qu'elle était à l'écran")] = 0
    call_id: str | None = Field(None, pattern=_ID, description="appel dont le dossier est concerné")
    dossier_id: str | None = Field(None, pattern=_ID, description="dossier concerné")

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.numero is None) == (self.rappel is None):
            raise ValueError("numero ou rappel : l'un des deux, et un seul")
        return self


async def place(request: web.Request) -> web.Response:
    """Ring the agent's phone; the board tells what becomes of it."""
    wish = await read_body(request, CallWish)
    result = await request.app[PORTS].calling.place(
        PlaceWish(
            poste=wish.poste,
            by=wish.who,
            numero=wish.numero,
            callback=wish.rappel,
            version=wish.version,
            about=wish.call_id,
            dossier_id=wish.dossier_id,
        )
    )
    if result.verdict in (PlaceVerdict.ASKED, PlaceVerdict.IGNORED):
        told = {"call_id": result.call_id, "verdict": result.verdict, "detail": result.detail}
        return json_answer(told, status=202 if result.verdict is PlaceVerdict.ASKED else 200)
    raise Problem(_REFUSALS[result.verdict], result.detail)


_REFUSALS = {
    PlaceVerdict.NOT_FOUND: 404,
    PlaceVerdict.NOT_NOW: 409,
    PlaceVerdict.NOT_ALLOWED: 422,
    PlaceVerdict.PBX_UNREACHABLE: 503,
}
OPERATIONS = (
    Operation(
        method="POST",
        path="/api/v1/appels",
        handler=place,
        name="placeCall",
        summary="Appeler un numéro ou un appelant à rappeler : le poste de l'agent sonne d'abord",
        tag="appels",
        body=CallWish,
        answer=CallAsked,
        status=202,
        also=(200,),
        problems=REFUSALS,
    ),
)
