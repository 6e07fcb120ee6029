"""The discrepancy report: what we hold of each call beside what the PBX's own logs say."""

from aiohttp import web
from pydantic import Field

from cti.api.contract.health import ReconcileOut
from cti.api.contract.operation import Operation
from cti.api.edge.problems import Problem, json_answer
from cti.api.edge.reading import Asked, QueryInstant, read_query
from cti.api.ports import PORTS


class ReconcileQuery(Asked):
    """Which interval; without one, the last report."""

    since: QueryInstant | None = Field(None, description="début, compris ; sans début ni fin, le dernier rapport")
    until: QueryInstant | None = Field(None, description="fin, non comprise")


async def read_reconcile(request: web.Request) -> web.Response:
    """The differences, each with its witnesses."""
    query = read_query(request, ReconcileQuery)
    if query.since is not None and query.until is not None and query.since >= query.until:
        raise Problem(422, "« since » doit précéder « until ».")
    return json_answer(await request.app[PORTS].reconcile(query.since, query.until))


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/v1/reconcile",
        handler=read_reconcile,
        name="readReconcile",
        summary="Les écarts entre nos appels et les journaux du PBX, avec leurs témoins",
        tag="appels",
        query=ReconcileQuery,
        answer=ReconcileOut,
        problems=(400, 401, 422, 503),
    ),
)
