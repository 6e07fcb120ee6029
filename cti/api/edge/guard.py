"""Who may knock: host, the site's token, origin; and the headers that keep a browser from being turned against us.

Theory. The service binds to loopback unless told otherwise. ``Host`` must be one we go by, or a hostile page could reach us by
pointing its own name at our address (DNS rebinding). When a token is set, every ``/api`` route needs it as a bearer, or a
person's own (``door``); the wall page cannot send one with EventSource, so ``/supervision?jeton=`` exchanges the site's for a
cookie that only ever reads. A browser that sends a request from another site says so (``Sec-Fetch-Site``, ``Origin``): such a
request changes nothing here. A program that is no browser sends neither header and is let through to the token.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable, Mapping
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from cti.api.edge.problems import Problem

COOKIE = "cti_supervision"
#: Browsers reach us over TLS, which a proxy in front of us ends: cookies say so.
SECURE: web.AppKey[bool] = web.AppKey("secure", bool)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "media-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Server": "cti",
}


#: Signal of aiohttp: called with each response before it goes out.
Hardener = Callable[[web.Request, web.StreamResponse], Awaitable[None]]
#: The page of a post, the only one that may hear: its phone needs the microphone, and the choice of a loudspeaker.
_PHONE_PAGE = "/poste"
_PHONE_POLICY = "camera=(), microphone=(self), speaker-selection=(self), geolocation=()"


def harden(connect: Iterable[str] = ()) -> Hardener:
    """Puts the security headers on every response; what says nothing about caching is never cached.

    Args:
        connect: origins beside our own that the page of a post may connect to (the PBX's WebSocket).
    """
    phone_csp = _CSP.replace("connect-src 'self'", " ".join(("connect-src 'self'", *connect)))

    async def put(request: web.Request, response: web.StreamResponse) -> None:
        for name, value in _HEADERS.items():
            response.headers[name] = value
        if request.path == _PHONE_PAGE or request.path.startswith(f"{_PHONE_PAGE}/"):
            response.headers["Content-Security-Policy"] = phone_csp
            response.headers["Permissions-Policy"] = _PHONE_POLICY
        response.headers.setdefault("Cache-Control", "no-store")

    return put


def check_host(hosts: frozenset[str]) -> Middleware:
    """Refuse requests made under a name that is not ours (421)."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _hostname(request.headers.get("Host", "")) not in hosts:
            raise Problem(421, "Ce service ne répond pas sous ce nom d'hôte.")
        return await handler(request)

    return middleware


def bearer_of(request: web.Request) -> str:
    """The bearer token that a request shows; empty when it shows none."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def check_origin(request: web.Request) -> None:
    """A browser's request that changes something must come from our own page.

    Raises:
        Problem: 403.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign_site = site is not None and site not in ("same-origin", "none")
    foreign_origin = origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("Host", "").lower()
    if foreign_site or foreign_origin:
        raise Problem(403, "Une page d'un autre site ne peut rien demander ici.")


class TokenCheck:
    """The bearer token, and the reading cookie made from it."""

    def __init__(self, token: str) -> None:
        """Guard with this token.

        Raises:
            ValueError: a token shorter than 16 characters guards nothing.
        """
        if len(token) < 16:
            raise ValueError("the API token must have at least 16 characters")
        self._token = token.encode()
        self.cookie = hmac.new(self._token, b"supervision, read only", hashlib.sha256).hexdigest()

    def is_token(self, given: str) -> bool:
        """Whether this is the token, in constant time."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token)

    def check(self, request: web.Request) -> None:
        """Let a request in by bearer, or by cookie when it only reads.

        Raises:
            Problem: 401.
        """
        if self.is_token(bearer_of(request)):
            return
        cookie = request.cookies.get(COOKIE, "")
        reads = request.method in SAFE_METHODS
        if reads and hmac.compare_digest(cookie.encode("utf-8", "replace"), self.cookie.encode()):
            return
        raise Problem(401, "Il faut un jeton : « Authorization: Bearer … ».", headers={"WWW-Authenticate": "Bearer"})


def _hostname(host: str) -> str:
    """The name without its port, in lower case; empty when it is nonsense."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""
