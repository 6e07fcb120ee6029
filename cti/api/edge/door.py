"""Who asks: a person by her token, or the site itself; and what happens to whoever shows what opens nothing.

Theory. A person's token names her, whatever else is asked of the door. Without one, the site's own token (or its cookie, which
only reads) opens as it always did; where the site asks none, whoever can reach the loopback address is the site. A token that is
shown and opens nothing is refused even there: it was revoked, and its owner must not be taken for nobody. Each refusal is
answered later than the one before it, and only so many wait at once, so that guessing from many connections gains nothing.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from cti.api.edge.guard import SAFE_METHODS, TokenCheck, bearer_of, check_origin
from cti.api.edge.problems import Problem
from cti.journey.around.access import SITE, AccessRole
from cti.journey.words import Instant

#: Answers to refused tokens: so much later for each refusal of this address before it (seconds).
_STEP_SECONDS: Final = 0.25
_MOST_SECONDS: Final = 2.0
_FORGET_US: Final = 60_000_000
#: Addresses that are remembered, and refusals that wait at once; more are turned away unheard.
_ADDRESSES: Final = 1000
_WAITING: Final = 20
#: How many tokens are looked at in the store at once.
_AT_ONCE: Final = 4
#: The routes of one listening, which its own cookie opens: an audio element can show no token.
_LISTENING: Final = re.compile(r"/api/v1/ecoutes/([A-Za-z0-9_-]{16,64})(/audio|/peaks)?")
#: The cookie of a listening, before its name.
LISTENING_COOKIE: Final = "cti_ecoute_"
#: What a screen on a wall may read.
_SCREEN: Final = frozenset({"/api/v1/board", "/api/v1/board/stream", "/api/v1/filieres", "/api/v1/moi"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Who asks."""

    who: str
    roles: tuple[AccessRole, ...] = ()
    personne: str = ""
    token_id: str = ""
    expires_at: Instant | None = None

    @property
    def named(self) -> bool:
        """A person of an account, not the site."""
        return self.who != SITE


KNOWN: Final = web.RequestKey("known", Known)


class Book(Protocol):
    """The accounts, as the door sees them."""

    async def known(self, given: str, client: str) -> Known | None:
        """Whose token this is; None when it opens nothing, which has been written down."""
        ...

    async def turned_away(self, client: str, why: str) -> None:
        """Write down that somebody showed what opens nothing."""
        ...


class Holders(Protocol):
    """The listenings that are open, as the door sees them."""

    async def holder(self, ecoute_id: str, secret: str, client: str) -> Known | None:
        """Whose cookie this is; None when it opens nothing that is open."""
        ...


#: Answers a refusal later; the clock and the waiting are given.
Pause = Callable[[float], Awaitable[None]]


class Slowing:
    """How much later each refused address is answered. Lives in the event loop's thread."""

    def __init__(self, pause: Pause, clock: Callable[[], Instant]) -> None:
        #: What is shown is looked at in turn, so that a thousand guesses at once meet a door that is full.
        self.turn = asyncio.Semaphore(_AT_ONCE)
        self._pause = pause
        self._clock = clock
        self._seen: OrderedDict[str, tuple[int, Instant]] = OrderedDict()
        self._waiting = 0

    def check(self) -> None:
        """Whether one more may be refused.

        Raises:
            Problem: 429, so many wait already that this one is turned away unheard.
        """
        if self._waiting >= _WAITING:
            raise Problem(429, "Trop de jetons refusés à la fois ; réessayez.", headers={"Retry-After": "2"})

    def refused(self, client: str) -> Awaitable[None]:
        """This address showed what opens nothing: it waits from now on; await this before telling it."""
        count, last = self._seen.pop(client, (0, 0))
        at = self._clock()
        count = count + 1 if at - last < _FORGET_US else 1
        self._seen[client] = (count, at)
        while len(self._seen) > _ADDRESSES:
            self._seen.popitem(last=False)
        self._waiting += 1
        return self._wait(min(count * _STEP_SECONDS, _MOST_SECONDS))

    async def _wait(self, seconds: float) -> None:
        try:
            await self._pause(seconds)
        finally:
            self._waiting -= 1


class Door:
    """Says who asks, or refuses."""

    def __init__(self, check: TokenCheck | None, book: Book, holders: Holders, slowing: Slowing) -> None:
        self._check = check
        self._book = book
        self._holders = holders
        self._slowing = slowing

    async def enter(self, request: web.Request) -> Known:
        """Who asks.

        Raises:
            Problem: 401, nothing that opens was shown; 403, a wall screen wants more than a wall shows; 429, too many at once.
        """
        given = bearer_of(request)
        listener = await self._listener(request) if not given else None
        if listener is not None:
            return listener
        if self._check is not None and (not given or self._check.is_token(given)):
            self._check.check(request)
            return Known(who=SITE)
        if not given:
            return Known(who=SITE)
        known = await self._person(given, client_of(request))
        if set(known.roles) <= {AccessRole.ECRAN} and not (request.method in SAFE_METHODS and request.path in _SCREEN):
            raise Problem(403, "Le compte d'un écran ne lit que le tableau.")
        return known

    async def _listener(self, request: web.Request) -> Known | None:
        """Who shows the cookie of a listening, on one of the routes of that listening."""
        match = _LISTENING.fullmatch(request.path)
        if match is None or not (request.method in SAFE_METHODS or (request.method == "DELETE" and match[2] is None)):
            return None
        secret = request.cookies.get(LISTENING_COOKIE + match[1])
        return None if not secret else await self._holders.holder(match[1], secret, client_of(request))

    async def _person(self, given: str, client: str) -> Known:
        async with self._slowing.turn:
            self._slowing.check()
            known = await self._book.known(given, client)
            if known is not None:
                return known
            waited = self._slowing.refused(client)
        await waited
        raise Problem(401, "Ce jeton n'ouvre rien.", headers={"WWW-Authenticate": "Bearer"})

    async def no_such_token(self, request: web.Request) -> Problem:
        """The answer to a wrong token of the site in an address, as slow as any other refusal.

        Raises:
            Problem: 429, too many at once.
        """
        client = client_of(request)
        async with self._slowing.turn:
            self._slowing.check()
            await self._book.turned_away(client, "jeton du site : faux")
            waited = self._slowing.refused(client)
        await waited
        return Problem(403, "Ce jeton n'est pas le bon.")


def check_sender(door: Door) -> Middleware:
    """Origin for what changes something, a known sender for all of ``/api``."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in SAFE_METHODS:
            check_origin(request)
        if request.path.startswith("/api/"):
            request[KNOWN] = await door.enter(request)
        return await handler(request)

    return middleware


def known_of(request: web.Request) -> Known:
    """Who asks, as the door let her in."""
    return request[KNOWN]


def client_of(request: web.Request) -> str:
    """The address that the request came from; behind a proxy, the proxy's."""
    return request.remote or "inconnue"
