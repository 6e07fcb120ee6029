"""What the api needs of the others, and where a request finds it.

Every port is asynchronous: one that reads the store runs it in a thread of its own (bootstrap sees to that). Instants are
microseconds, as in the core. A port that cannot read now raises ``StoreUnavailable``, which becomes a 503.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from aiohttp import web

from cti.access.routes import RouteRights
from cti.agents.wishes import Wish
from cti.api.access_port import Access
from cti.api.calling_port import Calling
from cti.api.desk_port import Desks
from cti.api.keeping_port import Kept
from cti.api.listening_port import Draws, Listening
from cti.api.page_words_port import PageQualities, PageStates
from cti.api.provider_port import IdentityProvider
from cti.api.session_port import Signing
from cti.api.telephone_port import Telephone
from cti.journey import CallId, FiliereCode, Instant, Journey
from cti.journey.around.callers import Repeat
from cti.journey.around.quality import LegQuality
from cti.journey.callbacks import ActKind, TryResult
from cti.live.feed import Subscription


class CallReader(Protocol):
    """Reads calls, living and ended."""

    async def journeys(
        self, since: Instant, until: Instant, *, flux: str | None, limit: int, newest_first: bool
    ) -> Sequence[Journey]:
        """Calls with ``since <= t0 < until``, ordered by ``(t0, call_id)`` in either direction, at most ``limit``.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        ...

    async def journey(self, call_id: CallId) -> Journey | None:
        """One call; None when it is not known.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        ...

    async def heard(self, call_id: CallId) -> Sequence[LegQuality]:
        """How well each leg of this call was heard, as far as anybody measured it.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        ...

    async def repeats(self, journeys: Sequence[Journey]) -> Mapping[CallId, Repeat]:
        """For each of these calls whose number had called shortly before: how often, and the last of those calls.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        ...


class CallbackRefused(Exception):
    """The act is not possible on the entry as it is now; the message says why, in French."""


class Callbacks(Protocol):
    """The call-back list."""

    async def entries(self, *, with_closed: bool) -> dict[str, Any]:
        """The list as plain data, the most urgent first; with those closed lately when asked.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        ...

    async def act(
        self, call_id: CallId, kind: ActKind, *, by: str, version: int, result: TryResult | None, reason: str
    ) -> dict[str, Any] | None:
        """Do something about an entry that was seen at this version; the entry afterwards, None when it is not known.

        Raises:
            CallbackRefused: somebody was quicker, or the entry is not in a state for it.
            StoreUnavailable: nothing can be written now.
        """
        ...


class CrisisRefused(Exception):
    """The switch stands that way already; the message says since when and by whom, in French."""


class Crisis(Protocol):
    """Crisis mode."""

    async def state(self) -> dict[str, Any]:
        """The switch and its history as plain data, the newest act first."""
        ...

    async def switch(self, *, active: bool, by: str, reason: str) -> dict[str, Any]:
        """Turn the switch; the state afterwards.

        Raises:
            CrisisRefused: it stands that way already.
            StoreUnavailable: nothing can be written now.
        """
        ...


class DutyRoom(Protocol):
    """Who is on duty."""

    async def room(self) -> dict[str, Any]:
        """Every post, everybody who may take one, and whether the PBX agrees."""
        ...

    async def wish(self, wish: Wish) -> dict[str, Any]:
        """Do it; the post afterwards, and whether the PBX has followed.

        Raises:
            Refusal: it is not possible (``cti.agents.wishes``).
            StoreUnavailable: it cannot be written; nothing was done.
        """
        ...

    async def times(self, since: Instant, until: Instant) -> dict[str, Any]:
        """Times by person.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        ...


class TransferVerdict(StrEnum):
    """What became of a wish to pass a caller on."""

    ASKED = "asked"  #: the PBX was asked; the board tells the rest (202)
    UNKNOWN_CALL = "unknown_call"  #: 404
    NOT_POSSIBLE = "not_possible"  #: the call is not in a state that can be passed on (409)
    UNKNOWN_FILIERE = "unknown_filiere"  #: no such filière, or it is closed now (422)
    PBX_UNREACHABLE = "pbx_unreachable"  #: 503


@dataclass(frozen=True, slots=True)
class TransferResult:
    """The verdict and, in French, why."""

    verdict: TransferVerdict
    detail: str = ""


class Transfers(Protocol):
    """Asks the PBX to pass callers on."""

    async def transfer(self, call_id: CallId, filiere: FiliereCode, by: str) -> TransferResult:
        """Pass this caller on to a filière, on behalf of ``by``; returns within two seconds."""
        ...


class RoomAct(StrEnum):
    """What an agent may ask for when one agent is not enough."""

    P0 = "p0"
    WITHDRAW = "withdraw"  #: a filière that was asked has not come: ask no more
    INVITE = "invite"
    SHOW_OUT = "show_out"
    CONSULT = "consult"
    COMPLETE = "complete"
    GIVE_UP = "give_up"
    JOIN = "join"


@dataclass(frozen=True, slots=True)
class RoomWish:
    """What is asked, by whom, and about whom."""

    act: RoomAct
    by: str
    filiere: FiliereCode | None = None
    poste: str | None = None
    effecteur: str | None = None
    numero: str | None = None
    guest: str | None = None


class Rooms(Protocol):
    """Brings several people together with one caller."""

    @property
    def directory(self) -> Sequence[tuple[str, str, str]]:
        """Who can be invited: code, name, number."""
        ...

    async def act(self, call_id: CallId, wish: RoomWish) -> TransferResult:
        """Ask the PBX; the board tells the rest."""
        ...


class UnknownProfile(ValueError):
    """The site has no quality profile of this name; the message lists those it has, in French."""


class QosReader(Protocol):
    """Computes the quality of service."""

    async def __call__(self, since: Instant | None, until: Instant | None, profile: str | None) -> dict[str, Any]:
        """The figures of ``[since, until[`` with their formulas, as plain data; None means the site's default.

        Raises:
            UnknownProfile: no such profile.
            StoreUnavailable: nothing can be read now.
        """
        ...


class Reconciler(Protocol):
    """Compares what we hold with what the PBX's own logs say."""

    async def __call__(self, since: Instant | None, until: Instant | None) -> dict[str, Any]:
        """The report of ``[since, until[`` as plain data; without either, the last one.

        Raises:
            StoreUnavailable: nothing can be read now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must work for the service to be ready."""

    name: str
    ok: bool
    detail: str = ""  #: in French


class Readiness(Protocol):
    """Looks at the link, the store and the AGI server."""

    async def __call__(self) -> Sequence[Check]:
        """Every check, good or bad; never raises and returns within two seconds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FiliereCard:
    """What a program may know of a filière."""

    code: FiliereCode
    libelle: str
    niveau: int
    ordre: int
    couleur: str
    numero: str
    debordement: FiliereCode | None


class LiveBoard(Protocol):
    """The board (``cti.live.Board``)."""

    def snapshot(self) -> dict[str, Any]:
        """The whole picture."""
        ...


class BoardFeed(Protocol):
    """The fan-out to the screens (``cti.live.Feed``)."""

    @property
    def screens(self) -> int:
        """How many screens follow."""
        ...

    def subscribe(self, last_id: str | None = None) -> Subscription:
        """A new screen."""
        ...

    def leave(self, screen: Subscription, /) -> None:
        """This screen is gone."""
        ...

    def close(self) -> None:
        """The service stops."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All that bootstrap gives the api."""

    access: Access
    signing: Signing
    rights: RouteRights
    provider: IdentityProvider
    calls: CallReader
    transfers: Transfers
    calling: Calling
    callbacks: Callbacks
    crisis: Crisis
    duty: DutyRoom
    telephone: Telephone
    page_states: PageStates
    page_qualities: PageQualities
    qos: QosReader
    reconcile: Reconciler
    readiness: Readiness
    board: LiveBoard
    feed: BoardFeed
    rooms: Rooms
    desks: Desks
    kept: Kept
    listening: Listening
    draws: Draws
    filieres: Sequence[FiliereCard]
    clock: Callable[[], Instant]
    archive: Callable[[], Mapping[str, int]] = dict  #: of the voice: name -> how many; empty where nothing is archived


PORTS: web.AppKey[Ports] = web.AppKey("ports", Ports)
