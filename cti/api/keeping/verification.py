"""The verification: every object of the archive and every entry of the log, read back; each fault named."""

from aiohttp import web
from pydantic import Field

from cti.access import About
from cti.api.acces import require
from cti.api.contract.keeping import VerificationOut
from cti.api.contract.operation import Operation
from cti.api.edge.door import client_of, known_of
from cti.api.edge.problems import json_answer
from cti.api.edge.reading import Asked, read_body, read_query
from cti.api.keeping.asking import REFUSALS, SALLE, refusals
from cti.api.ports import PORTS
from cti.journey.around.access import Verb


class VerificationWish(Asked):
    """How deep."""

    ouvrir: bool = Field(False, description="ouvrir aussi chaque objet scellé (plus lent)")


async def read_state(request: web.Request) -> web.Response:
    """How far it is, or what the last one found."""
    read_query(request, Asked)
    await require(request, Verb.VERIFIER, About(detail="état de la vérification de l'archive"), SALLE)
    return json_answer(await request.app[PORTS].kept.verification.state())


async def start(request: web.Request) -> web.Response:
    """Begin."""
    wish = await read_body(request, VerificationWish)
    asked = "vérification de l'archive" + (", objets ouverts" if wish.ouvrir else "")
    await require(request, Verb.VERIFIER, About(detail=asked), SALLE)
    with refusals():
        told = await request.app[PORTS].kept.verification.start(known_of(request), client_of(request), opened=wish.ouvrir)
    return json_answer(told, status=202)


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/archive/verification",
        handler=read_state,
        name="readVerification",
        summary="Où en est la vérification de l'archive et du journal, ou ce que la dernière a trouvé",
        tag="conservation",
        answer=VerificationOut,
        problems=(400, 503),
    ),
    Operation(
        method="POST",
        path="/api/v1/archive/verification",
        handler=start,
        name="startVerification",
        summary="Vérifier toute l'archive et le journal des accès, comme « cti archive verify »",
        tag="conservation",
        body=VerificationWish,
        answer=VerificationOut,
        status=202,
        problems=REFUSALS,
    ),
)
