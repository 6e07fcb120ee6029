"""One connection to the PBX's manager port: panoramisk's, with its framing, dispatch and send replaced.

`Wire` is a `panoramisk.manager.Manager`, `WireProtocol` a `panoramisk.ami_protocol.AMIProtocol`. Kept from panoramisk: the
connection (TLS included), its configuration, the hooks between manager and protocol, ``send_action`` as the one way in.
Replaced, because each was seen to fail: decoding per read, regular expressions per event, an exception of a listener
closing the link, waiting for ever on answers, and sending actions again after a reconnection. A `Wire` lives as long as
its socket; `cti.ami.connection` decides when to open the next one.
"""

import asyncio
import functools
import re
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias, cast

import structlog
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from typing_extensions import override

from cti.ami.frames import AmiError, Frame, Framer, TooLarge
from cti.journey.words import Instant

log = structlog.get_logger(__name__)

#: Asterisk reads our lines into ``inbuf[1025]``: a longer line, its CRLF included, is thrown away (main/manager.c).
MAX_LINE_BYTES: Final = 1024
#: AST_MAX_MANHEADERS (include/asterisk/manager.h).
MAX_HEADERS: Final = 128

HeaderValue: TypeAlias = str | int
#: Headers of an action; a list sends the header several times (``Variable``).
Headers: TypeAlias = Mapping[str, HeaderValue | Sequence[HeaderValue]]


class ActionFailed(AmiError):
    """The PBX refused an action, or broke off its list."""

    def __init__(self, action: str, message: str, response: Frame) -> None:
        super().__init__(f"the PBX refused {action}: {message}")
        self.action = action
        self.message = message
        self.response = response


class ActionTimeout(AmiError):
    """The PBX did not answer an action within its deadline; whether it was executed is unknown."""


class LinkLost(AmiError):
    """There is no link, or it went away before the answer; an action in flight may have been executed or not."""


class LoginRefused(AmiError):
    """The PBX does not accept this login; asking again every second would only feed its fail2ban."""


class UnsafeValue(AmiError):
    """An outgoing name or value could be read by Asterisk as something else than one value."""


_HEADER_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NOT_ONE_LINE: Final = re.compile(r"[\r\n\0]")


def encode_action(headers: Iterable[tuple[str, HeaderValue]]) -> bytes:
    """An action as bytes. Nothing of a value can become a second header or a second action.

    Raises:
        UnsafeValue: a name is no header name, or a value holds CR, LF or NUL. The value itself is not repeated: it may
            be a secret or a phone number.
        TooLarge: a line (CRLF included) or the number of headers is more than Asterisk reads.
    """
    lines = [_encode_line(name, str(value)) for name, value in headers]
    if len(lines) > MAX_HEADERS:
        raise TooLarge(f"an action of {len(lines)} headers; Asterisk reads {MAX_HEADERS}")
    return b"".join(lines) + b"\r\n"


def _encode_line(name: str, value: str) -> bytes:
    if not _HEADER_NAME.fullmatch(name):
        raise UnsafeValue(f"{name!r} is not the name of a header")
    if found := _NOT_ONE_LINE.search(value):
        raise UnsafeValue(f"the value of {name} holds {found[0]!r} at {found.start()}: it would become another header")
    line = f"{name}: {value}\r\n".encode()
    if len(line) > MAX_LINE_BYTES:
        raise TooLarge(f"the line {name} has {len(line)} bytes; Asterisk reads {MAX_LINE_BYTES}")
    return line


@dataclass(frozen=True, slots=True)
class Answer:
    """What the PBX answered to one action: its response, and the rows when it was a list."""

    response: Frame
    #: The events between ``EventList: start`` and ``EventList: Complete``, the closing one left out.
    rows: tuple[Frame, ...] = ()

    @property
    def lines(self) -> list[str]:
        """Output of a ``Command``, always a list: empty, one line or more."""
        return self.response.list("Output")


@dataclass(slots=True)
class Counters:
    """What went over a link since the service started; for ``/metrics``."""

    frames: int = 0
    #: Lines that were no ``Name: value``, and blocks that were neither event nor response.
    garbage: int = 0
    #: Exceptions of our own listeners, each logged; the link and the frames behind it were not touched.
    listener_errors: int = 0
    #: Answers that came after their deadline, thrown away.
    late_answers: int = 0
    #: Events thrown away by name, before parsing.
    skipped: int = 0
    connections: int = 0
    logins_refused: int = 0
    #: Pings answered late while frames still came.
    late_pings: int = 0


@dataclass(slots=True)
class _Asked:
    action: str
    answer: asyncio.Future[Answer]
    response: Frame | None = None
    rows: list[Frame] = field(default_factory=list)


class Answers:
    """Finds the action that a frame answers, by ActionID. A list ends by its ``EventList`` header, never by its words."""

    #: Live events that repeat the ActionID of the action behind them; never rows of a list.
    _ECHOES: Final = frozenset({"OriginateResponse", "UserEvent"})

    def __init__(self, prefix: str, counters: Counters) -> None:
        self._prefix = prefix
        self._counters = counters
        self._asked: dict[str, _Asked] = {}
        self._number = 0

    def __len__(self) -> int:
        return len(self._asked)

    def expect(self, action: str) -> tuple[str, asyncio.Future[Answer]]:
        """A new ActionID and the answer to come. However that future ends, nothing of it stays here."""
        self._number += 1
        action_id = f"{self._prefix}{self._number}"
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[action_id] = _Asked(action, answer)
        answer.add_done_callback(lambda _: self._asked.pop(action_id, None))
        return action_id, answer

    def take(self, frame: Frame) -> bool:
        """Whether this frame belongs to an action of ours; if so it is no news for anybody else."""
        if b"ActionID: " not in frame.raw:
            return False
        action_id = frame.get("ActionID", "")
        asked = self._asked.get(action_id)
        if asked is None or asked.answer.done():
            return self._is_late(frame, action_id)
        if not frame.event:
            self._take_response(asked, frame)
        elif asked.response is None or frame.event in self._ECHOES:
            return False
        else:
            self._take_row(asked, asked.response, frame)
        return True

    def fail_all(self, error: AmiError) -> None:
        """The link is gone: nothing will be sent again, everyone who waits is told."""
        for asked in list(self._asked.values()):
            if not asked.answer.done():
                asked.answer.set_exception(error)
        self._asked.clear()

    def _is_late(self, frame: Frame, action_id: str) -> bool:
        if frame.event in self._ECHOES or not action_id.startswith(self._prefix):
            return False
        self._counters.late_answers += 1
        return True

    @staticmethod
    def _take_response(asked: _Asked, frame: Frame) -> None:
        if frame.get("Response") not in {"Success", "Follows", "Goodbye"}:
            message = frame.get("Message", "no reason given")
            asked.answer.set_exception(ActionFailed(asked.action, message, frame))
        elif frame.get("EventList", "").lower() == "start":
            asked.response = frame
        else:
            asked.answer.set_result(Answer(frame))

    @staticmethod
    def _take_row(asked: _Asked, response: Frame, frame: Frame) -> None:
        match frame.get("EventList", "").lower():
            case "complete":
                asked.answer.set_result(Answer(response, tuple(asked.rows)))
            case "cancelled":
                message = f"list broken off after {len(asked.rows)} rows"
                asked.answer.set_exception(ActionFailed(asked.action, message, frame))
            case _:
                asked.rows.append(frame)


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
        """Record, match with its action, else deliver. A listener's exception stops neither the link nor the next frame."""
        self.counters.frames += 1
        self.last_frame_us = event.monotonic_us
        self._isolated(self._record, event)
        for line in event.bad_lines:
            self.counters.garbage += 1
            log.warning("ami_line_unreadable", frame=event.name, line=line[:200])
        if self.answers.take(event):
            return
        if event.event:
            self._isolated(self._deliver, event)
        elif not event.bad_lines:
            self.counters.garbage += 1
            log.warning("ami_frame_without_owner", frame=event.name, message=event.get("Message", ""))

    @override
    def send_action(
        self, action: Headers, as_list: bool | None = None, **kwargs: HeaderValue
    ) -> asyncio.Future[Answer]:
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
