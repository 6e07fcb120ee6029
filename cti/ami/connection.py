"""The AMI link: connect, log in, wait until the PBX is ready, watch it, back off, start again.

    idle -> connecting -> logging_in -> up -> backing_off -> connecting ...
                                |                 ^
                                +---> refused ----+        any state -> closed

``refused`` is a back-off of its own: the PBX answered and does not want this login, so a person must act. Nothing is
carried from one connection to the next: what was asked and not answered fails with `LinkLost`, and a resynchronisation
begins in `LinkHooks.on_up`. Two logins (events, actions) are two `AmiLink` objects. The link delivers frames from the
read itself, one after the other: there is no queue here that could grow or change their order.
"""

import asyncio
import hashlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TypeAlias, TypeVar

import structlog

from cti.ami.answers import ActionFailed, ActionTimeout, Answer, Counters, Headers, LinkLost, LoginRefused
from cti.ami.frames import MAX_FRAME_BYTES, AmiError, Frame, Framer
from cti.ami.protocol import Endpoint, Wire
from cti.journey.words import Instant

log = structlog.get_logger(__name__)

T = TypeVar("T")

#: Wait until the event is set, at most so many seconds; True when it was set. Tests bring one with simulated time.
Wait: TypeAlias = Callable[[asyncio.Event, float], Awaitable[bool]]


class LinkState(StrEnum):
    """Where a link is in its life."""

    IDLE = "idle"
    CONNECTING = "connecting"
    #: From the banner to ``FullyBooted``.
    LOGGING_IN = "logging_in"
    UP = "up"
    BACKING_OFF = "backing_off"
    #: The PBX refused the login; waiting `LinkSettings.refused_seconds`.
    REFUSED = "refused"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """One login of ``manager.conf`` and the patience we have with it."""

    name: str
    host: str
    username: str
    secret: str = field(repr=False)
    port: int = 5038
    #: Event mask of the Login. Must contain ``system`` (or be ``on``): FullyBooted is sent to no other session.
    events: str = "on"
    tls: ssl.SSLContext | None = None
    connect_seconds: float = 5.0
    #: Asterisk sleeps 1 s before it says that a login is wrong.
    login_seconds: float = 5.0
    #: From the login to FullyBooted; a PBX that is starting takes that long.
    booted_seconds: float = 60.0
    ping_every_seconds: float = 5.0
    ping_answer_seconds: float = 3.0
    #: Unanswered pings in a row forgiven *while frames still come*: a loaded PBX answers late, a dead one is silent.
    late_pings_forgiven: int = 3
    backoff_first_seconds: float = 0.5
    backoff_longest_seconds: float = 15.0
    refused_seconds: float = 60.0
    max_frame_bytes: int = MAX_FRAME_BYTES
    #: Events thrown away before parsing, when ``manager.conf`` cannot be changed.
    skip: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LinkInfo:
    """What a link knows when it comes up."""

    name: str
    #: Instant at which this connection was begun; names it, in the journal too.
    epoch: Instant
    #: Version of the manager protocol (``11.0.0``); None when the peer sent no banner.
    banner: str | None
    #: Date and time the PBX started, in its own time zone, whole seconds; another value than before means it was restarted.
    #: None when the login may not ask (CoreStatus needs ``write=reporting``).
    pbx_started: str | None
    #: Seconds the PBX has been up, from FullyBooted; None when the event mask hides it.
    uptime_seconds: int | None


def _ignore(*_: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class LinkHooks:
    """Who is told what. All synchronous; an exception is logged and counted, and changes nothing for the link."""

    #: Every event, in order (answers to our own actions left out).
    on_frame: Callable[[Frame], None]
    #: The link is up: time to resynchronise.
    on_up: Callable[[LinkInfo], None] = _ignore
    #: The link was up and is gone: what happens from now on is not observed.
    on_down: Callable[[str], None] = _ignore
    #: The PBX refused the login (raise an alarm); the reason it gave.
    on_refused: Callable[[str], None] = _ignore
    on_state: Callable[[LinkState], None] = _ignore
    #: Every frame with its epoch, answers included, before anybody else: the raw journal.
    record: Callable[[Frame, Instant], None] = _ignore


def told_in_turn(*hooks: LinkHooks) -> LinkHooks:
    """Hooks that tell each of these, in this order; one that fails keeps what follows it from being told (the link logs it)."""

    def each(name: str) -> Callable[..., None]:
        told = [getattr(hook, name) for hook in hooks]

        def tell(*what: object) -> None:
            for one in told:
                one(*what)

        return tell

    return LinkHooks(**{field.name: each(field.name) for field in fields(LinkHooks)})


@dataclass(frozen=True, slots=True)
class LinkTime:
    """Time and chance, brought by ``bootstrap``."""

    #: Microseconds UTC.
    clock: Callable[[], Instant]
    #: Microseconds on a clock that never steps back.
    monotonic_us: Callable[[], int]
    #: In [0, 1[: spreads the reconnections of several services.
    random: Callable[[], float]
    wait: Wait


async def wait_for_event(event: asyncio.Event, seconds: float) -> bool:
    """The real `Wait`."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


class AmiLink:
    """A login kept alive. `run` it in a task of its own; ask through `ask` while it is up."""

    def __init__(self, settings: LinkSettings, hooks: LinkHooks, time: LinkTime) -> None:
        self.settings = settings
        self.counters = Counters()
        #: Why the link is not up; empty while it is, or before the first try.
        self.reason = ""
        self._hooks = hooks
        self._time = time
        self._state = LinkState.IDLE
        self._closing = asyncio.Event()
        self._booted = False
        self._uptime_seconds: int | None = None
        self._wire: Wire | None = None
        self._failures = 0

    @property
    def state(self) -> LinkState:
        """Where the link is now."""
        return self._state

    @property
    def refused(self) -> bool:
        """Whether the PBX refused our login at the last try: an alarm until it is accepted."""
        return self._state is LinkState.REFUSED

    async def run(self) -> None:
        """Keep the link up until `close` or cancellation. A network or PBX fault never ends it."""
        if self._state is not LinkState.IDLE:
            raise RuntimeError(f"the link {self.settings.name} was already run")
        try:
            while not self._closing.is_set():
                pause_seconds = await self._one_connection()
                if not self._closing.is_set():
                    await self._time.wait(self._closing, pause_seconds)
        finally:
            self._become(LinkState.CLOSED)

    def close(self) -> None:
        """Stop for good, at once, also in the middle of a back-off. `run` returns soon after."""
        self._closing.set()
        if self._wire is not None:
            self._wire.end("closed by us")

    async def ask(self, action: str, headers: Headers, *, deadline_seconds: float) -> Answer:
        """Send an action and wait for its answer (see `Wire.ask`).

        Raises:
            LinkLost: the link is not up, nothing was sent; or it was lost meanwhile, and the effect is unknown.
            ActionFailed, ActionTimeout, UnsafeValue, TooLarge: as they say.
        """
        if self._state is not LinkState.UP or self._wire is None:
            raise LinkLost(f"{action} not sent: the link {self.settings.name} is {self._state} ({self.reason or 'new'})")
        return await self._wire.ask(action, headers, deadline_seconds)

    async def _one_connection(self) -> float:
        """One connection from its beginning to its end; returns the seconds to wait before the next."""
        epoch = self._time.clock()
        wire = self._wire = self._new_wire(epoch)
        state, reason = LinkState.BACKING_OFF, ""
        try:
            await self._log_in(wire)
            await self._come_up(wire, epoch)
            await self._watch(wire)
        except LoginRefused as refusal:
            state, reason = LinkState.REFUSED, str(refusal)
        except (AmiError, OSError, TimeoutError) as error:
            reason = wire.reason or str(error) or type(error).__name__
        finally:
            wire.end(reason or "stopped")
            self._wire = None
            self._go_down(wire.reason)
        return self._back_off(state, reason or wire.reason)

    def _new_wire(self, epoch: Instant) -> Wire:
        settings = self.settings
        self._booted = False
        self._uptime_seconds = None
        self.counters.connections += 1
        return Wire(
            Endpoint(settings.host, settings.port, settings.tls),
            prefix=f"{settings.name}/{epoch}/",
            framer=Framer(max_frame_bytes=settings.max_frame_bytes, skip=settings.skip),
            deliver=self._deliver,
            record=lambda frame: self._hooks.record(frame, epoch),
            clock=self._time.clock,
            monotonic_us=self._time.monotonic_us,
            counters=self.counters,
        )

    def _deliver(self, frame: Frame) -> None:
        if frame.event == "FullyBooted" and self._wire is not None:
            uptime = frame.get("Uptime", "")
            self._uptime_seconds = int(uptime) if uptime.isdecimal() else None
            self._booted = True
            self._wire.woken.set()
        self._hooks.on_frame(frame)

    async def _log_in(self, wire: Wire) -> None:
        """Connect and log in by MD5 challenge: the secret never travels.

        Raises:
            LoginRefused: the PBX said no. OSError, TimeoutError, AmiError: try again later.
        """
        settings = self.settings
        self._become(LinkState.CONNECTING)
        async with asyncio.timeout(settings.connect_seconds):
            await wire.connect()  # type: ignore[no-untyped-call]
        self._become(LinkState.LOGGING_IN)
        try:
            challenge = await wire.ask("Challenge", {"AuthType": "MD5"}, settings.login_seconds)
            proof = challenge.response.require("Challenge") + settings.secret
            login: Headers = {
                "AuthType": "MD5",
                "Username": settings.username,
                "Key": hashlib.md5(proof.encode(), usedforsecurity=False).hexdigest(),
                "Events": settings.events,
            }
            await wire.ask("Login", login, settings.login_seconds)
        except ActionFailed as failure:
            raise LoginRefused(f"{settings.name}: the PBX refuses {settings.username}: {failure.message}") from failure

    async def _come_up(self, wire: Wire, epoch: Instant) -> None:
        settings = self.settings
        if settings.events != "off":
            await self._wait_booted(wire)
        started = await self._ask_started(wire)
        info = LinkInfo(settings.name, epoch, wire.framer.banner, started, self._uptime_seconds)
        self.reason = ""
        self._become(LinkState.UP)
        log.info("ami_link_up", link=settings.name, banner=info.banner, pbx_started=started)
        self._tell(self._hooks.on_up, info)

    async def _wait_booted(self, wire: Wire) -> None:
        await self._time.wait(wire.woken, self.settings.booted_seconds)
        if wire.ended.is_set():
            raise LinkLost(wire.reason)
        if not self._booted:
            raise ActionTimeout(
                f"no FullyBooted in {self.settings.booted_seconds} s: the PBX is still starting, or the login "
                f"{self.settings.username} lacks read=system in manager.conf, or its event mask does"
            )

    async def _ask_started(self, wire: Wire) -> str | None:
        try:
            response = (await wire.ask("CoreStatus", {}, self.settings.login_seconds)).response
        except ActionFailed as failure:
            log.warning("ami_core_status_refused", link=self.settings.name, message=failure.message)
            return None
        return f"{response.get('CoreStartupDate', '')} {response.get('CoreStartupTime', '')}".strip() or None

    async def _watch(self, wire: Wire) -> None:
        """Ping until the connection ends, or until the PBX stops answering (then end it: it is half open)."""
        settings = self.settings
        late = 0
        while not await self._time.wait(wire.ended, settings.ping_every_seconds):
            asked_us = self._time.monotonic_us()
            try:
                await wire.ask("Ping", {}, settings.ping_answer_seconds)
            except ActionTimeout:
                late += 1
                if wire.last_frame_us <= asked_us or late > settings.late_pings_forgiven:
                    raise LinkLost(f"no answer to a ping in {settings.ping_answer_seconds} s: half open") from None
                self.counters.late_pings += 1
            else:
                late = self._failures = 0

    def _back_off(self, state: LinkState, reason: str) -> float:
        """The seconds to wait: doubled at each failure, half of it left to chance; fixed after a refusal."""
        if self._closing.is_set():
            return 0.0
        settings = self.settings
        if state is LinkState.REFUSED:
            self.counters.logins_refused += 1
            seconds = settings.refused_seconds
        else:
            longest = min(settings.backoff_longest_seconds, settings.backoff_first_seconds * 2 ** min(self._failures, 16))
            seconds = longest * (0.5 + self._time.random() / 2)
            self._failures += 1
        self.reason = reason
        self._become(state)
        log.warning("ami_link_waits", link=settings.name, state=str(state), reason=reason, seconds=round(seconds, 3))
        if state is LinkState.REFUSED:
            self._tell(self._hooks.on_refused, reason)
        return seconds

    def _go_down(self, reason: str) -> None:
        if self._state is LinkState.UP:
            self._become(LinkState.BACKING_OFF)
            self._tell(self._hooks.on_down, reason)

    def _become(self, state: LinkState) -> None:
        if state is not self._state:
            self._state = state
            self._tell(self._hooks.on_state, state)

    def _tell(self, hook: Callable[[T], None], what: T) -> None:
        try:
            hook(what)
        except Exception:
            self.counters.listener_errors += 1
            log.exception("ami_hook_failed", link=self.settings.name)
