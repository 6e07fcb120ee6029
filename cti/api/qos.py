"""The quality of service of a period, the formula beside each figure."""

from aiohttp import web
from pydantic import Field

from cti.api.contract.operation import Operation
from cti.api.contract.shapes import QosOut
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, QueryInstant, read_query
from cti.api.ports import PORTS, UnknownProfile
from cti.qos import NoValueYet, PeriodError


class QosQuery(Asked):
    """Which period, by which profile."""

    since: QueryInstant | None = Field(None, description="début, compris ; par défaut le jour civil en cours")
    until: QueryInstant | None = Field(None, description="fin, non comprise")
    profile: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$", description="profil de calcul du site")


async def read_qos(request: web.Request) -> web.Response:
    """The figures."""
    query = read_query(request, QosQuery)
    if query.since is not None and query.until is not None and query.since >= query.until:
        raise Problem(422, "« since » doit précéder « until ».")
    try:
        return json_answer(await request.app[PORTS].qos(query.since, query.until, query.profile))
    except UnknownProfile as unknown:
        raise Problem(422, str(unknown)) from None
    except PeriodError:  # one end alone was given, on the wrong side of the day
        raise Problem(422, "« since » doit précéder « until » ; l'un ou l'autre, absent, est celui du jour civil.") from None
    except NoValueYet as early:
        raise Problem(422, f"Cette période commence avant les règles de qos.toml ({early}).") from None


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/qos",
        handler=read_qos,
        name="readQos",
        summary="La qualité de service d'une période, formules comprises",
        tag="qualité de service",
        query=QosQuery,
        answer=QosOut,
        problems=(400, 401, 422, 503),
    ),
)
