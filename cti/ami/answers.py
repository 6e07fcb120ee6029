"""What we ask of the PBX, as bytes, and which frames answer it: encoding, ActionIDs, lists, and how an action can fail.

No socket and no clock: a deadline is the caller's. An answer is found by its ActionID, a list ends where Asterisk says so
(``EventList: Complete``), and nothing of an action stays here once its future is done, however it was done.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from cti.ami.frames import AmiError, Frame, TooLarge

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
