"""The application: routes, threshold, and what happens when it stops."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry

from cti.access import AccessConfigError
from cti.access.connexion import Network
from cti.access.routes import RouteRights
from cti.api import acces, agents, appels, board, calls, crise, probes, provider, qos, rappels, reconcile, rooms, session
from cti.api.contract import openapi
from cti.api.contract.operation import Operation
from cti.api.edge.caller import PROXIES
from cti.api.edge.door import OPERATIONS, Door, Pause, Slowing, check_sender
from cti.api.edge.guard import SECURE, TokenCheck, check_host, harden
from cti.api.edge.problems import tell_problems
from cti.api.edge.streams import Streams
from cti.api.keeping import KEEPING
from cti.api.page import STATIC, page_routes
from cti.api.ports import PORTS, Ports
from cti.api.poste import POSTE
from cti.api.voice import VOICE
from cti.api.voice.enregistrements import SHOWN

#: The names of this machine for itself; a service bound elsewhere is given its own.
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")

#: Of a request's first line (bytes): the longest that an identity provider may send somebody back with, each sign as twelve.
LONGEST_LINE = 64 * 1024


def build_app(
    ports: Ports,
    *,
    hosts: Iterable[str] = LOOPBACK_HOSTS,
    token: str | None = None,
    secure: bool = False,
    static: Path = STATIC,
    registry: CollectorRegistry | None = None,
    pause: Pause = asyncio.sleep,
    connect: Iterable[str] = (),
    proxies: Sequence[Network] = (),
    watch_seconds: float = 5.0,
) -> web.Application:
    """The application, ready to be run.

    Args:
        ports: what it reads and asks.
        hosts: the names under which it may be reached (``Host`` without its port).
        token: when set, every ``/api`` route needs it.
        secure: browsers reach us over TLS, which a proxy in front of us ends.
        static: where the built page is.
        registry: where other rooms keep their metrics; ours are added to it.
        pause: how the answer to a refused token waits.
        connect: origins that the page of a post may connect to: the PBX's WebSocket.
        proxies: what stands in front of us and says for whom it asks.
        watch_seconds: how often a stream asks whether what opened it still opens.

    Raises:
        ValueError: the token is too short to guard anything.
        AccessConfigError: a route has no row in the site's table of rights, or the table speaks of none of ours.
    """
    check = TokenCheck(token) if token is not None else None
    door = Door(check, ports.access, ports.listening, ports.signing, ports.rights, Slowing(pause, ports.clock))
    streams = Streams(lambda token_id: ports.access.standing(token_id) is not None, watch_seconds)
    registry = registry if registry is not None else CollectorRegistry()
    app = web.Application(
        middlewares=[
            probes.count_requests(registry),
            tell_problems,
            check_host(frozenset(host.lower().strip("[]") for host in hosts)),
            check_sender(door, streams),
        ],
    )
    app[PORTS] = ports
    app[SECURE] = secure
    app[PROXIES] = list(proxies)
    app[session.DOOR] = door
    app[session.STREAMS] = streams
    app[SHOWN] = OrderedDict()
    app[probes.REGISTRY] = registry
    registry.register(probes.RoomCollector(ports))
    own = operations()
    document = openapi.operation_for(own, with_token=check is not None)
    check_table(ports.rights, (*own, document))
    app[OPERATIONS] = {route: operation for operation in (*own, document) for route in app.router.add_routes([operation.route()])}
    app.router.add_routes(page_routes(static, check, door, secure=secure))
    app.on_response_prepare.append(harden(connect))
    app.on_shutdown.append(_close_streams)
    return app


def table_faults(rights: RouteRights) -> tuple[str, ...]:
    """What is wrong with a site's table of rights for the routes that we have, a line each."""
    own = operations()
    return tuple(rights.faults((*own, openapi.operation_for(own, with_token=False))))


def check_table(rights: RouteRights, served: Iterable[Operation]) -> None:
    """No route without a row.

    Raises:
        AccessConfigError: there is one, or a row without a route.
    """
    if faults := tuple(rights.faults(served)):
        raise AccessConfigError(faults)


def operations() -> tuple[Operation, ...]:
    """Every operation but the document of them."""
    live = (session, provider, calls, appels, rooms, rappels, agents, crise, qos, reconcile, board)
    parts = (*live, acces, *POSTE, *VOICE, *KEEPING, probes)
    return tuple(operation for part in parts for operation in part.OPERATIONS)


async def _close_streams(app: web.Application) -> None:
    app[PORTS].feed.close()
    app[PORTS].desks.close()
