"""Health for machines: alive, ready, and the metrics Prometheus reads.

What is not known is not exported: while the PBX is out of sight the room's gauges are absent, because a zero would say that
nobody waits. None of these routes needs the token, and none shows anything about a caller.
"""

from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from typing_extensions import override

from cti.api.contract.health import Alive, Ready
from cti.api.contract.operation import Operation
from cti.api.edge.problems import json_answer
from cti.api.ports import PORTS, Ports
from cti.journey.words import from_datetime

REGISTRY: web.AppKey[CollectorRegistry] = web.AppKey("registry", CollectorRegistry)


async def healthz(_request: web.Request) -> web.Response:
    """The process answers."""
    return json_answer({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """Whether link, store and AGI server are ready; 503 with the reasons when not."""
    checks = await request.app[PORTS].readiness()
    ready = all(check.ok for check in checks)
    told = [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks]
    return json_answer({"ready": ready, "checks": told}, status=200 if ready else 503)


async def metrics(request: web.Request) -> web.Response:
    """Prometheus text."""
    return web.Response(body=generate_latest(request.app[REGISTRY]), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


class RoomCollector(Collector):
    """The board, read at the moment Prometheus asks."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    @override
    def collect(self) -> Iterator[Metric]:
        """Link and screens always; the room only while it is seen."""
        board = self._ports.board.snapshot()
        up = board["link"]["state"] == "up"
        yield GaugeMetricFamily("cti_link_up", "1 while the PBX is seen", value=float(up))
        yield GaugeMetricFamily(
            "cti_link_since_seconds", "how long the link has been as it is", value=self._age(board["link"]["since"])
        )
        yield GaugeMetricFamily("cti_board_screens", "screens that follow the board", value=self._ports.feed.screens)
        yield _alarms(board)
        if archive := self._ports.archive():
            yield _archive(archive)
        if up:
            yield from self._room(board)

    def _room(self, board: dict[str, Any]) -> Iterator[Metric]:
        calls = GaugeMetricFamily("cti_calls", "calls in progress", labels=["filiere", "place"])
        oldest = GaugeMetricFamily("cti_oldest_wait_seconds", "longest wait of a caller now", labels=["filiere"])
        agents = GaugeMetricFamily("cti_agents", "agents by presence", labels=["filiere", "presence"])
        for code, card in board["filieres"].items():
            for place in ("waiting", "ringing", "talking", "held"):
                calls.add_metric([code, place], card[place])
            oldest.add_metric([code], self._age(card["oldest_since"]) if card["oldest_since"] else 0.0)
            for presence, count in card["agents"].items():
                agents.add_metric([code, presence], count)
        yield from (calls, oldest, agents)
        yield GaugeMetricFamily(
            "cti_calls_uncertain", "calls in progress whose story has a hole", value=board["totals"]["uncertain"]
        )

    def _age(self, since: str) -> float:
        return max(0.0, (self._ports.clock() - from_datetime(datetime.fromisoformat(since))) / 1_000_000)


def _alarms(board: dict[str, Any]) -> Metric:
    """How many alarms of each kind stand; a kind that is absent is clear. Which call is concerned is not for Prometheus."""
    alarms = GaugeMetricFamily("cti_alarms", "alarms that stand", labels=["alarm", "gravite"])
    kinds = Tally((code.partition(":")[0], alarm["gravite"]) for code, alarm in board["alarms"].items())
    for (kind, gravite), count in sorted(kinds.items()):
        alarms.add_metric([kind, gravite], count)
    return alarms


def _archive(counts: Mapping[str, int]) -> Metric:
    """The archive of the voice: archived since the start, waiting, damaged, missing, refused."""
    pieces = GaugeMetricFamily("cti_archive_pieces", "pieces of the archive of the voice", labels=["what"])
    for what, count in counts.items():
        pieces.add_metric([what], count)
    return pieces


def count_requests(registry: CollectorRegistry) -> Middleware:
    """Count answers by method, route and status; the route as it is declared, never the address that was asked."""
    requests = Counter("cti_http_requests", "HTTP answers", ["method", "route", "status"], registry=registry)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "(none)"
        method = request.method if request.method in ("GET", "HEAD", "POST") else "other"
        requests.labels(method, route, str(response.status)).inc()
        return response

    return middleware


OPERATIONS = (
    Operation(
        method="GET",
        path="/healthz",
        handler=healthz,
        name="healthz",
        summary="Le processus répond",
        tag="santé",
        answer=Alive,
        guarded=False,
    ),
    Operation(
        method="GET",
        path="/readyz",
        handler=readyz,
        name="readyz",
        summary="Le service est prêt : liaison, base, AGI (503 sinon, avec les raisons)",
        tag="santé",
        answer=Ready,
        also=(503,),
        guarded=False,
    ),
    Operation(
        method="GET",
        path="/metrics",
        handler=metrics,
        name="metrics",
        summary="Mesures au format Prometheus",
        tag="santé",
        media_type="text/plain",
        guarded=False,
    ),
)
