"""One connection to the PBX's manager port: panoramisk's, with its framing, dispatch and send replaced.

`Wire` is a `panoramisk.manager.Manager`, `WireProtocol` a `panoramisk.ami_protocol.AMIProtocol`. Kept from panoramisk: the
connection (TLS included), its configuration, the hooks between manager and protocol, ``send_action`` as the one way in.
Replaced, because each was seen to fail: decoding per read, regular expressions per event, an exception of a listener
closing the link, waiting for ever on answers, and sending actions again after a reconnection. A `Wire` lives as long as
its socket; `cti.ami.connection` decides when to open the next one.
"""

import asyncio
import functools
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

import structlog
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from typing_extensions import override

from cti.ami.answers import (
    ActionTimeout,
    Answer,
    Answers,
    Counters,
    Headers,
    HeaderValue,
    LinkLost,
    encode_action,
)
from cti.ami.frames import AmiError, Frame, Framer, TooLarge
from cti.journey.words import Instant

log = structlog.get_logger(__name__)


class WireProtocol(AMIProtocol):
    """Bytes in, frames out to its `Wire`. Never raises into the transport, whatever the peer sends."""

    def __init__(self, wire: "Wire", framer: Framer) -> None:
        self._wire = wire
        self._framer = framer
        self.closed = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[no-untyped-call]
        self.factory = self._wire

    @override
    def data_received(self, data: bytes) -> None:
        skipped = self._framer.skipped
        try:
            for frame in self._framer.feed(data, self._wire.clock(), self._wire.monotonic_us()):
                if self.closed:
                    return
                self._wire.dispatch(frame)
        except TooLarge as error:
            self._wire.end(str(error))
        finally:
            self._wire.counters.skipped += self._framer.skipped - skipped

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._wire.connection_lost(exc)

    @override
    def close(self) -> None:
        """Drop the socket at once: a half-open peer would never let the send buffer drain."""
        self.closed = True
        cast("asyncio.WriteTransport", self.transport).abort()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the manager port is. ``tls``: a context makes the link encrypted."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None


class Wire(Manager):
    """panoramisk's Manager for the life of one socket: it does not log in, ping or reconnect by itself.

    Args:
        endpoint: where to connect.
        prefix: begins every ActionID of this connection, so that late answers are known as ours.
        framer: a new one.
        deliver: gets every frame that answers nothing, in order. May raise: logged and counted.
        record: gets every frame, before anything else.
        clock: microseconds UTC; monotonic_us: the same on a clock that never steps back.
        counters: where to count.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        prefix: str,
        framer: Framer,
        deliver: Callable[[Frame], None],
        record: Callable[[Frame], None],
        clock: Callable[[], Instant],
        monotonic_us: Callable[[], int],
        counters: Counters,
    ) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            host=endpoint.host,
            port=endpoint.port,
            ssl=endpoint.tls,
            loop=asyncio.get_running_loop(),
            protocol_factory=functools.partial(WireProtocol, self, framer),
            log=log,
        )
        self.callbacks.clear()  # panoramisk registers "send the waiting actions again" here
        self.patterns.clear()
        self.framer = framer
        self.answers = Answers(prefix, counters)
        self.clock = clock
        self.monotonic_us = monotonic_us
        #: Set when the socket is gone or given up; `reason` says why.
        self.ended = asyncio.Event()
        #: Set at the end too, and by the owner of the wire when what it waits for has come.
        self.woken = asyncio.Event()
        self.reason = ""
        self.last_frame_us = 0
        self._deliver = deliver
        self._record = record
        self.counters = counters

    @override
    def connection_made(self, f: "asyncio.Future[tuple[asyncio.Transport, WireProtocol]]") -> None:
        """Called by panoramisk when connecting came to an end, well or not."""
        if not f.cancelled() and f.exception() is None:
            _, self.protocol = f.result()
            if self.ended.is_set():
                self.protocol.close()

    @override
    def dispatch(self, event: Frame) -> None:
        """Record, match with its action, else deliver. A listener's exception stops neither the link nor the next frame.

        A bad line beside a value that holds ``: `` may go untold in an event that nobody reads; the raw journal has it.
        """
        self.counters.frames += 1
        self.last_frame_us = event.monotonic_us
        self._isolated(self._record, event)
        if not self.answers.take(event):
            if event.event:
                self._isolated(self._deliver, event)
            elif not event.bad_lines:
                self.counters.garbage += 1
                log.warning("ami_frame_without_owner", frame=event.name, message=event.get("Message", ""))
        if event.suspect:
            for line in event.bad_lines:
                self.counters.garbage += 1
                log.warning("ami_line_unreadable", frame=event.name, line=line[:200])

    @override
    def send_action(self, action: Headers, as_list: bool | None = None, **kwargs: HeaderValue) -> asyncio.Future[Answer]:
        """Write an action; the future gives its `Answer`, or ActionFailed or LinkLost. ``as_list`` is not needed.

        Raises:
            UnsafeValue, TooLarge: nothing was sent.
            LinkLost: there is no connection.
        """
        named = {**action, **kwargs}
        name = str(named.pop("Action"))
        if self.protocol is None or self.ended.is_set():
            raise LinkLost(f"{name} not sent: {self.reason or 'not connected'}")
        action_id, answer = self.answers.expect(name)
        try:
            data = encode_action([("Action", name), ("ActionID", action_id), *_flat(named)])
        except AmiError:
            answer.cancel()
            raise
        self.protocol.transport.write(data)
        return answer

    async def ask(self, action: str, headers: Headers, deadline_seconds: float) -> Answer:
        """Send an action and wait for its answer.

        Raises:
            ActionFailed: the PBX says no. ActionTimeout: no answer in time. LinkLost: no link, or lost meanwhile.
            UnsafeValue, TooLarge: nothing was sent.
        """
        answer = self.send_action({"Action": action, **headers})
        try:
            async with asyncio.timeout(deadline_seconds):
                return await answer
        except TimeoutError:
            raise ActionTimeout(f"no answer to {action} in {deadline_seconds} s: it may have been executed") from None

    def end(self, reason: str) -> None:
        """Give this connection up. The first reason is kept."""
        if not self.ended.is_set():
            self.reason = reason
            self.ended.set()
            self.woken.set()
            self.answers.fail_all(LinkLost(f"link lost: {reason}"))
        if self.protocol is not None and not self.protocol.closed:
            self.protocol.close()

    @override
    def close(self) -> None:
        """What panoramisk calls the end."""
        self.end("closed by us")

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the protocol. Unlike panoramisk's it opens nothing and keeps nothing to send again."""
        self.end(f"{type(exc).__name__}: {exc}" if exc else "closed by the PBX")

    def _isolated(self, listener: Callable[[Frame], None], frame: Frame) -> None:
        try:
            listener(frame)
        except Exception:  # the listener is the rest of the service: its bug must not blind it
            self.counters.listener_errors += 1
            log.exception("ami_listener_failed", frame=frame.name, received_at=frame.received_at)


def _flat(headers: Headers) -> Iterable[tuple[str, HeaderValue]]:
    for name, value in headers.items():
        if isinstance(value, str | int):
            yield name, value
        else:
            yield from ((name, each) for each in value)
