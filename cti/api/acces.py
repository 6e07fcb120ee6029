"""Who am I, who heard what, and the heads by which an outsider checks that the log was not rewritten.

Reading the log is itself an access: it is decided by the table of rights and written down before it is answered.
"""

from aiohttp import web
from pydantic import Field

from cti.access import About, Asker, Granted
from cti.api.contract.acces import HeadsOut, MeOut, TracesOut
from cti.api.contract.operation import Operation
from cti.api.edge.door import client_of, known_of
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, QueryInstant, read_query
from cti.api.ports import PORTS
from cti.journey.around.access import Relation, Tie, Verb
from cti.journey.words import iso

_LINE = r"^[^\x00-\x1f\x7f]*$"


class TracesQuery(Asked):
    """Which entries."""

    after: int = Field(0, ge=0, le=2**53, description="numéro de la dernière entrée déjà lue")
    since: QueryInstant | None = None
    until: QueryInstant | None = None
    who: str = Field("", max_length=64, pattern=_LINE, description="un compte")
    call_id: str = Field("", max_length=64, pattern=_LINE, description="un appel")
    limit: int = Field(200, ge=1, le=1000)


async def read_me(request: web.Request) -> web.Response:
    """Who asks."""
    read_query(request, Asked)
    known, access = known_of(request), request.app[PORTS].access
    told = {
        "who": known.who,
        "nom": access.nom(known),
        "named": known.named,
        "roles": [role.value for role in known.roles],
        "personne": known.personne,
        "token_id": known.token_id,
        "expires_at": iso(known.expires_at),
        "rights": access.told_rights(known),
    }
    return json_answer(told)


async def read_traces(request: web.Request) -> web.Response:
    """Entries of the log."""
    query = read_query(request, TracesQuery)
    asked = "journal des accès" + "".join(
        f", {name} {value}" for name, value in (("compte", query.who), ("appel", query.call_id)) if value
    )
    await require(request, Verb.VERIFIER, About(call_id=query.call_id, detail=asked), (Tie(relation=Relation.SALLE),))
    found = await request.app[PORTS].access.traces(**query.model_dump())
    following = found[-1]["seq"] if len(found) == query.limit else None
    return json_answer({"traces": list(found), "next_after": following})


async def read_heads(request: web.Request) -> web.Response:
    """The heads: digests, which tell nothing of anybody."""
    read_query(request, Asked)
    return json_answer(await request.app[PORTS].access.heads())


async def require(request: web.Request, verb: Verb, about: About, ties: tuple[Tie, ...], reason: str = "") -> Granted:
    """Let this request go on only when its sender may, and the log says so already.

    Raises:
        Problem: 403, she may not; 503, the trace could not be written.
    """
    known = known_of(request)
    asker = Asker(who=known.who, roles=known.roles, client=client_of(request))
    decision = await request.app[PORTS].access.ask(asker, verb, about, ties, reason)
    if isinstance(decision, Granted):
        return decision
    if not decision.traced:
        raise Problem(503, decision.why, headers={"Retry-After": "2"})
    raise Problem(403, decision.why, members={"motif_demande": True} if decision.needs_reason else None)


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/moi",
        handler=read_me,
        name="readMe",
        summary="Qui je suis, et ce que mes rôles permettent",
        tag="accès",
        answer=MeOut,
        problems=(400,),
    ),
    Operation(
        method="GET",
        path="/api/v1/traces",
        handler=read_traces,
        name="readTraces",
        summary="Le journal des accès, dans l'ordre ; cette lecture y est écrite",
        tag="accès",
        query=TracesQuery,
        answer=TracesOut,
        problems=(400, 503),
    ),
    Operation(
        method="GET",
        path="/api/v1/traces/tetes",
        handler=read_heads,
        name="readTraceHeads",
        summary="Les têtes quotidiennes du journal des accès, et celle de maintenant",
        tag="accès",
        answer=HeadsOut,
        problems=(400, 503),
    ),
)
