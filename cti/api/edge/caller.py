"""Where a request comes from: the address behind the proxies that the site names, and whether it is this machine itself.

``X-Forwarded-For`` is believed only when a proxy of the site brought it, from its end backwards: whatever a client writes itself
stands further to the left than what the proxies add.
"""

import ipaddress

from aiohttp import web

from cti.access.connexion import Network, address_of, within

#: The proxies in front of us (cti.toml, [http] mandataires).
PROXIES: web.AppKey[list[Network]] = web.AppKey("proxies", list[Network])
#: In place of an address that a proxy of ours brought and that is none.
UNKNOWN = "inconnue"
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


def client_of(request: web.Request) -> str:
    """The address that the request came from."""
    proxies = request.app[PROXIES]
    peer = request.remote or UNKNOWN
    if not within(peer, proxies):
        return _plain(peer)
    for entry in reversed([part.strip() for line in request.headers.getall("X-Forwarded-For", []) for part in line.split(",")]):
        if not entry:
            continue
        address = _plain(_without_port(entry))
        if address == UNKNOWN or not within(address, proxies):
            return address
        peer = address
    return _plain(peer)


def is_here(request: web.Request) -> bool:
    """Whether this machine itself asks, for nobody else: a request that somebody passed on is not ours, known proxy or not."""
    address = address_of(client_of(request))
    proxies = request.app[PROXIES]
    unknown_proxy = not within(request.remote or "", proxies) and any(name in request.headers for name in _FORWARDED)
    return address is not None and address.is_loopback and not unknown_proxy


def _without_port(entry: str) -> str:
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry


def _plain(text: str) -> str:
    address = address_of(text)
    return UNKNOWN if address is None else ipaddress.ip_address(address).compressed
