"""Who asks: a person by her token or her session, or the site itself; and what happens to whoever shows what opens nothing.

Theory. A person's token names her, whatever else is asked of the door; without one, the cookie of her session does, and then
what changes something must show the page's own token too. Without either, the site's token (or its cookie, which only reads)
opens as it always did; where the site asks none, this machine itself is the site. Then the site's table says who may ask for
what. A token or session that is shown and opens nothing is refused even there: its owner must not be taken for nobody. Each
refusal of what somebody made up is answered later than the one before it, and only so many wait at once, so that guessing from
many connections gains nothing.
"""

import asyncio
import hmac
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from cti.access.routes import RouteRights
from cti.access.sessions import PREFIX, UNKNOWN
from cti.api.edge.caller import client_of, is_here
from cti.api.edge.guard import SAFE_METHODS, TokenCheck, bearer_of, check_origin
from cti.api.edge.problems import Problem
from cti.api.edge.reading import ACTOR
from cti.api.edge.refusing import Told, check_rights
from cti.api.edge.streams import Streams
from cti.journey.around.access import SCREENS, SITE, AccessRole
from cti.journey.words import Instant

__all__ = ["KNOWN", "OPERATIONS", "Door", "Known", "Slowing", "check_sender", "client_of", "known_of"]

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
#: Signs of the name under which somebody acts.
_NAME: Final = 64
#: The cookie of a person who signed in, and what her page shows with whatever changes something.
SESSION_COOKIE: Final = "cti_session"
CSRF_HEADER: Final = "X-CSRF-Token"
#: Whoever asks where nobody has to say who she is.
NOBODY: Final = "inconnu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Who asks."""

    who: str
    roles: tuple[AccessRole, ...] = ()
    personne: str = ""
    token_id: str = ""  #: of her token, or of her session
    expires_at: Instant | None = None
    csrf: str = field(default="", repr=False)  #: what the page of her session shows; empty when she came by a token

    @property
    def named(self) -> bool:
        """A person of an account, not the site."""
        return self.who not in (SITE, NOBODY)

    @property
    def by_session(self) -> bool:
        """She signed in on this browser."""
        return self.token_id.startswith(PREFIX)


KNOWN: Final = web.RequestKey("known", Known)


class Book(Protocol):
    """The accounts, as the door sees them."""

    async def known(self, given: str, client: str) -> Known | None:
        """Whose token this is; None when it opens nothing, which has been written down."""
        ...

    async def turned_away(self, client: str, why: str) -> None:
        """Write down that somebody showed what opens nothing."""
        ...

    def nom(self, known: Known) -> str:
        """How people call her."""
        ...

    def standing(self, token_id: str) -> Known | None:
        """Whoever a token or a session names, if it still opens now. Blocking."""
        ...


class Doorkeeper(Protocol):
    """The sessions, as the door sees them."""

    async def known(self, cookie: str, client: str) -> tuple[Known | None, str]:
        """Whose session this is; or nobody, and why, in French."""
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

    def __init__(
        self,
        check: TokenCheck | None,
        book: Book,
        holders: Holders,
        keeper: Doorkeeper,
        rights: RouteRights,
        slowing: Slowing,
    ) -> None:
        self.slowing = slowing
        self._check = check
        self._book = book
        self._holders = holders
        self._keeper = keeper
        self._rights = rights

    async def enter(self, request: web.Request, way: Told | None) -> Known:
        """Who asks, and may ask for this.

        Raises:
            Problem: 401, nothing that opens was shown; 403, the page's own token is missing, or her roles may not ask for this;
                429, too many at once.
        """
        given = bearer_of(request)
        listener = await self._listener(request) if not given else None
        if listener is not None:
            return listener  # a ticket opens its own listening, by the right that gave it
        known = await self._who(request, given)
        if way is not None:
            check_rights(self._rights, way, known.who, known.roles)
        elif known.named and set(known.roles) <= SCREENS:
            raise Problem(403, "Le compte d'un écran ne lit que le tableau.")
        return known

    async def _who(self, request: web.Request, given: str) -> Known:
        cookie = request.cookies.get(SESSION_COOKIE, "") if not given else ""
        if cookie:
            return await self._session(request, cookie)
        if self._check is not None and (not given or self._check.is_token(given)):
            self._check.check(request)
            return Known(who=SITE)
        if not given:
            if not is_here(request):
                raise Problem(401, "Il faut se connecter.", headers={"WWW-Authenticate": "Bearer"})
            return Known(who=SITE)
        return await self._person(given, client_of(request))

    def name_of(self, known: Known) -> str:
        """Under what name she acts: one line, as long as a name may be."""
        name = "".join(sign for sign in self._book.nom(known) if sign.isprintable()).strip()
        return name[:_NAME].strip() or known.who

    async def session_of(self, request: web.Request) -> Known | None:
        """Who is signed in on this browser, whatever else it shows; nobody when its session is over."""
        cookie = request.cookies.get(SESSION_COOKIE, "")
        return (await self._keeper.known(cookie, client_of(request)))[0] if cookie else None

    async def _session(self, request: web.Request, cookie: str) -> Known:
        client = client_of(request)
        known, why = await self._keeper.known(cookie, client)
        if known is None:
            if why == UNKNOWN:
                await self.refuse(client, "session inconnue")
            raise over(why)
        shown = request.headers.get(CSRF_HEADER, "")
        if request.method not in SAFE_METHODS and not hmac.compare_digest(shown.encode("utf-8", "replace"), known.csrf.encode()):
            raise Problem(403, f"Il manque le jeton de la page ({CSRF_HEADER}) : rechargez-la.")
        return known

    async def refuse(self, client: str, why: str) -> None:
        """Somebody showed what opens nothing: written down, and answered later than the time before.

        Raises:
            Problem: 429, too many at once.
        """
        async with self.slowing.turn:
            self.slowing.check()
            await self._book.turned_away(client, why)
            waited = self.slowing.refused(client)
        await waited

    async def _listener(self, request: web.Request) -> Known | None:
        """Who shows the cookie of a listening, on one of the routes of that listening."""
        match = _LISTENING.fullmatch(request.path)
        if match is None or not (request.method in SAFE_METHODS or (request.method == "DELETE" and match[2] is None)):
            return None
        secret = request.cookies.get(LISTENING_COOKIE + match[1])
        return None if not secret else await self._holders.holder(match[1], secret, client_of(request))

    async def _person(self, given: str, client: str) -> Known:
        async with self.slowing.turn:
            self.slowing.check()
            known = await self._book.known(given, client)
            if known is not None:
                return known
            waited = self.slowing.refused(client)
        await waited
        raise Problem(401, "Ce jeton n'ouvre rien.", headers={"WWW-Authenticate": "Bearer"})

    async def no_such_token(self, request: web.Request) -> Problem:
        """The answer to a wrong token of the site in an address, as slow as any other refusal.

        Raises:
            Problem: 429, too many at once.
        """
        await self.refuse(client_of(request), "jeton du site : faux")
        return Problem(403, "Ce jeton n'est pas le bon.")


def over(why: str) -> Problem:
    """The session of this cookie opens nothing any more: the browser forgets it."""
    problem = Problem(401, f"Votre session est terminée ({why}) : reconnectez-vous.", headers={"WWW-Authenticate": "Bearer"})
    problem.forgets = SESSION_COOKIE
    return problem


#: Every route of ours with its operation.
OPERATIONS: web.AppKey[Mapping[web.AbstractRoute, Told]] = web.AppKey("operations", dict)


def check_sender(door: Door, streams: Streams) -> Middleware:
    """Origin for what changes something, a known sender for all of ``/api`` but what is open to everybody."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in SAFE_METHODS:
            check_origin(request)
        operation = request.app[OPERATIONS].get(request.match_info.route)
        if operation is not None and not operation.guarded:
            request[KNOWN] = Known(who=NOBODY)
        elif request.path.startswith("/api/"):
            request[KNOWN] = await door.enter(request, operation)
            if request[KNOWN].named:
                request[ACTOR] = door.name_of(request[KNOWN])
            if operation is not None and operation.streams and request[KNOWN].named:
                return await streams.watched(request, handler, request[KNOWN])
        return await handler(request)

    return middleware


def known_of(request: web.Request) -> Known:
    """Who asks, as the door let her in."""
    return request[KNOWN]
