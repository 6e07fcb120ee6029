"""Whether the one port does what it should, seen from where people come: pages, WebSocket, relay, and what must be refused."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from typing_extensions import override

from cti.ami.one_port.settings import OnePort, Public
from cti.bootstrap.telephone.ice import ice_servers
from cti.bootstrap.telephone.one_port import one_port
from cti.bootstrap.telephone.turn_client import TurnRefused, turn_client
from cti.journey import Instant
from cti.settings import Settings

#: Of nobody (RFC 5737): a relay that lets this one through lets everything through.
_STRANGER = "198.51.100.7"
_SECONDS = 60
_US = 1_000_000
_PATIENCE = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    ok: bool
    text: str  #: French


@dataclass(frozen=True, slots=True)
class Way:
    """How the port is reached."""

    address: str = ""  #: in place of what the names resolve to
    authority: str = ""  #: PEM file of a certificate authority of one's own

    def context(self) -> ssl.SSLContext:
        """The certificates that are believed."""
        return ssl.create_default_context(cafile=self.authority or None)


async def check(settings: Settings, way: Way, now: Instant) -> AsyncIterator[Finding]:
    """Look at everything, one after the other; a fault of one does not end it.

    Raises:
        ConfigError: the site says nothing of one port.
        OSError: ``way.authority`` cannot be read.
    """
    one, public = one_port(settings)
    context = way.context()
    connector = aiohttp.TCPConnector(ssl=context, resolver=_Fixed(way.address) if way.address else None)
    async with aiohttp.ClientSession(connector=connector, timeout=_PATIENCE) as http:
        origin = f"https://{public.pages}" + ("" if public.port == 443 else f":{public.port}")
        yield await _tried("les pages", _answers(http, f"{origin}/connexion", 200))
        yield await _tried("/metrics n'est pas publié", _answers(http, f"{origin}/metrics", 404))
        yield await _tried("le WebSocket SIP", _socket(http, settings.cti.telephone.adresse, origin))
        yield await _tried("le WebSocket SIP est refusé à la page d'un autre site", _foreign(http, settings))
    relay = _Relay(settings, way, context, public, one, now)
    yield await _tried("le relais refuse qui n'a pas d'identifiants valables", relay.refuses_nobody)
    yield await _tried("le relais refuse des identifiants échus", relay.refuses_late)
    yield await _tried("le relais donne un chemin vers le PBX", relay.reaches_the_pbx)
    yield await _tried("le relais ne parle qu'au PBX", relay.reaches_nothing_else)


async def _tried(what: str, act: Callable[[], Awaitable[str]]) -> Finding:
    try:
        wrong = await act()
    except TimeoutError:
        wrong = "pas de réponse"
    except (OSError, aiohttp.ClientError, TurnRefused) as trouble:
        wrong = str(trouble) or type(trouble).__name__
    return Finding(not wrong, f"{what} : {wrong or 'oui'}")


def _answers(http: aiohttp.ClientSession, url: str, status: int) -> Callable[[], Awaitable[str]]:
    async def act() -> str:
        async with http.get(url, allow_redirects=False) as answer:
            return "" if answer.status == status else f"{url} répond {answer.status}, pas {status}"

    return act


def _socket(http: aiohttp.ClientSession, url: str, origin: str) -> Callable[[], Awaitable[str]]:
    async def act() -> str:
        async with http.ws_connect(url, protocols=("sip",), origin=origin) as socket:
            return "" if socket.protocol == "sip" else "ce qui répond ne parle pas SIP (RFC 7118)"

    return act


def _foreign(http: aiohttp.ClientSession, settings: Settings) -> Callable[[], Awaitable[str]]:
    async def act() -> str:
        try:
            async with http.ws_connect(settings.cti.telephone.adresse, protocols=("sip",), origin="https://ailleurs.example"):
                return "il est ouvert"
        except aiohttp.WSServerHandshakeError as refusal:
            return "" if refusal.status == 403 else f"répond {refusal.status}, pas 403"

    return act


@dataclass(frozen=True, slots=True)
class _Relay:
    settings: Settings
    way: Way
    context: ssl.SSLContext
    public: Public
    one: OnePort
    now: Instant

    async def refuses_nobody(self) -> str:
        return await self._refused("essai", "deviné")

    async def refuses_late(self) -> str:
        return await self._refused(*self._credentials(-_SECONDS))

    async def reaches_the_pbx(self) -> str:
        async with self._client(*self._credentials(_SECONDS)) as client:
            await client.allocate()
            for peer in self.one.pbx:
                await client.permit(str(peer))
            await client.refresh(0)
        return ""

    async def reaches_nothing_else(self) -> str:
        allowed = {str(peer) for peer in self.one.pbx}
        opened = []
        async with self._client(*self._credentials(_SECONDS)) as client:
            await client.allocate()
            for peer in (_STRANGER, "127.0.0.1", "10.0.0.1", "192.168.0.1", "169.254.169.254"):
                if peer in allowed:
                    continue
                try:
                    await client.permit(peer)
                except TurnRefused as refusal:
                    if refusal.code != 403:
                        raise
                else:
                    opened.append(peer)
            await client.refresh(0)
        return f"il laisse passer vers {', '.join(opened)}" if opened else ""

    async def _refused(self, username: str, password: str) -> str:
        try:
            async with self._client(username, password) as client:
                await client.allocate()
        except TurnRefused as refusal:
            return "" if refusal.code == 401 else f"répond {refusal}, pas 401"
        return "il donne un relais"

    def _credentials(self, seconds: int) -> tuple[str, str]:
        (server,) = (
            one for one in ice_servers(self.settings.cti.telephone, "essai", self.now + seconds * _US) if "username" in one
        )
        return server["username"], server["credential"]

    def _client(self, username: str, password: str) -> Any:
        host = self.way.address or self.public.relay
        return turn_client(host, self.public.port, self.public.relay, self.context, username, password)


class _Fixed(AbstractResolver):
    """Every name is at one address."""

    def __init__(self, address: str) -> None:
        self._address = address

    @override
    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[Any]:
        return [{"hostname": host, "host": self._address, "port": port, "family": family, "proto": 0, "flags": 0}]

    @override
    async def close(self) -> None:
        """Nothing to close."""
