"""Quality draws: a supervisor has calls drawn at random for a reviewer, who may hear them until the review ends."""

from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from cti.access import About
from cti.api.acces import require
from cti.api.contract.operation import Operation
from cti.api.contract.voice import DrawOut, DrawsOut
from cti.api.edge.acting import PLAIN
from cti.api.edge.door import client_of, known_of
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, QueryInstant, read_body, read_query
from cti.api.listening_port import DrawWish
from cti.api.ports import PORTS
from cti.journey.around.access import Relation, Tie, Verb
from cti.journey.around.listening import Draw
from cti.journey.words import iso
from cti.listening.draw import MOST, DrawRefused

_ALL: Final = (Tie(relation=Relation.SALLE),)


class DrawAsk(Asked):
    """What to draw, for whom, until when."""

    pour: str = Field(pattern=r"^[a-z][a-z0-9._-]{1,63}$", description="compte de la personne qui fera la revue")
    nombre: Annotated[int, Field(ge=1, le=MOST, description="combien d'appels décrochés")]
    since: QueryInstant
    until: QueryInstant
    fin: QueryInstant = Field(description="fin de la revue : jusque-là, la personne peut écouter")
    flux: str = Field("", pattern=r"^[A-Za-z0-9_-]{0,32}$")
    filiere: str = Field("", pattern=r"^[a-z0-9_-]{0,32}$", description="une filière qui a répondu")
    graine: str = Field("", pattern=r"^[A-Za-z0-9_-]{0,64}$", description="vide : tirée elle aussi")
    motif: str = Field(pattern=PLAIN, min_length=1, max_length=200)


async def list_draws(request: web.Request) -> web.Response:
    """The draws: hers that are not over; every one for whoever may draw."""
    read_query(request, Asked)
    known, ports = known_of(request), request.app[PORTS]
    everything = ports.access.may(known, Verb.TIRER, _ALL) != "non"
    hers = await ports.draws.hers(known)
    ties = (*_ALL, *(Tie(relation=Relation.QUALITE, until=one.ends_at) for one in hers))
    told = "tous les tirages qualité" if everything else "ses tirages qualité"
    await require(request, Verb.VOIR, About(detail=told), ties)
    return json_answer({"items": [tell(one) for one in (await ports.draws.all() if everything else hers)]})


async def draw(request: web.Request) -> web.Response:
    """Draw."""
    ask = await read_body(request, DrawAsk)
    about = About(detail=f"{ask.nombre} appels pour {ask.pour}, de {iso(ask.since)} à {iso(ask.until)}")
    await require(request, Verb.TIRER, about, _ALL, ask.motif)
    wish = DrawWish(
        reviewer=ask.pour,
        wanted=ask.nombre,
        since=ask.since,
        until=ask.until,
        ends_at=ask.fin,
        reason=ask.motif,
        flux=ask.flux,
        filiere=ask.filiere,
        seed=ask.graine,
    )
    try:
        made = await request.app[PORTS].draws.draw(wish, known_of(request), client_of(request))
    except DrawRefused as refusal:
        raise Problem(422, str(refusal)) from None
    return json_answer(tell(made), status=201)


def tell(one: Draw) -> dict[str, Any]:
    """As plain data."""
    names = ("number", "by", "reviewer", "reason", "flux", "filiere", "wanted", "seed", "pool", "pool_sha256")
    instants = ("at", "ends_at", "since", "until")
    told = {name: getattr(one, name) for name in names} | {name: iso(getattr(one, name)) for name in instants}
    return told | {"calls": list(one.calls)}


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/tirages",
        handler=list_draws,
        name="listDraws",
        summary="Les tirages au sort pour les revues qualité",
        tag="écoute",
        answer=DrawsOut,
        problems=(400, 401, 403, 503),
    ),
    Operation(
        method="POST",
        path="/api/v1/tirages",
        handler=draw,
        name="drawForReview",
        summary="Tirer au sort des appels décrochés pour la revue qualité d'une personne",
        tag="écoute",
        body=DrawAsk,
        answer=DrawOut,
        status=201,
        problems=(400, 401, 403, 413, 415, 422, 503),
    ),
)
