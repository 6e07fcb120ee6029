r"""AMI frames: bytes from the PBX to `Frame`, and our actions back to bytes. Pure: no socket, no clock.

The theory. An AMI stream is a banner line, then frames: header lines ended by ``\r\n``, a frame ended by a blank line. TCP
cuts it anywhere, even inside an accent, so framing works on bytes and only a *whole* frame is decoded: UTF-8, else
Latin-1 (a carrier's caller name), never "ignore the bad bytes".

Why not panoramisk's ``Message``: its parser drops the empty last header, a missing header reads as ``''``, it can be
changed by whoever holds it, and copying or pickling it never ends (`RecursionError`). `Frame` keeps what is sound in it
(case-insensitive headers, a repeated header becomes a list) and refuses the rest. panoramisk carries the link
(`cti.ami.protocol`), not the data.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Final, TypeVar, overload

from typing_extensions import override

from cti.journey.words import Instant

D = TypeVar("D")

END_OF_FRAME: Final = b"\r\n\r\n"
BANNER: Final = b"Asterisk Call Manager/"
_EVENT: Final = b"Event: "
#: Asterisk reads our lines into ``inbuf[1025]``: a longer line, its CRLF included, is thrown away (main/manager.c).
MAX_LINE_BYTES: Final = 1024
#: AST_MAX_MANHEADERS (include/asterisk/manager.h).
MAX_HEADERS: Final = 128
#: The longest frame we accept. A CoreShowChannels row is 1 kB; a long Command answer stays far below this.
MAX_FRAME_BYTES: Final = 1_048_576


class AmiError(Exception):
    """Anything the AMI link can say went wrong."""


class TooLarge(AmiError):
    """A frame or an action is longer than its limit; the message says which limit."""


class UnsafeValue(AmiError):
    """An outgoing name or value could be read by Asterisk as something else than one value."""


class MissingHeader(AmiError):
    """A frame lacks a header that its reader cannot do without."""

    def __init__(self, frame: "Frame", header: str) -> None:
        super().__init__(f"{frame.name} received at {frame.received_at} has no header {header!r}: it has {list(frame)}")
        self.frame = frame
        self.header = header


class _Headers:
    """All headers of one frame, read once."""

    __slots__ = ("bad_lines", "folded", "plain", "repeated")

    def __init__(self, raw: bytes) -> None:
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        lines = text.split("\r\n")
        self.plain: dict[str, str] = {}  #: first values, by the name as it was written
        self.repeated: dict[str, list[str]] = {}  #: by the name in small letters
        self.bad_lines: tuple[str, ...] = ()
        try:
            self.plain = dict([line.split(": ", 1) for line in lines])  # 3 times faster than a loop; nearly every frame
        except ValueError:
            self._read_odd(lines)
        else:
            if len(self.plain) < len(lines):
                self._read_odd(lines)
        if "\\" in text:
            _unescape_headers(self.plain, self.repeated)
        self.folded: dict[str, str] = {}
        for name, value in self.plain.items():
            self.folded.setdefault(name.lower(), value)

    def _read_odd(self, lines: list[str]) -> None:
        """The careful way: repeated headers, ``Name:value`` without its space, lines that are no header."""
        self.plain = {}
        values: dict[str, list[str]] = {}
        bad: list[str] = []
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name:
                if line:
                    bad.append(line)
                continue
            value = value.removeprefix(" ")
            self.plain.setdefault(name, value)
            values.setdefault(name.lower(), []).append(value)
        self.repeated = {name: several for name, several in values.items() if len(several) > 1}
        self.bad_lines = tuple(bad)


class Frame:
    """One message from the PBX: an event or a response. Cannot be changed; names are read in any case.

    A header sent several times (``ChanVariable``, ``Variable``, ``Output``) reads as its first value, as in Asterisk's
    own ``astman_get_header``; `list` gives them all. Compared and hashed by its bytes and instant.

    Half of the frames tell us nothing and the others are asked for four headers of twenty-five, so a header is first looked
    for in the bytes; the frame is read as a whole when that does not settle it (absent, repeated, accents, escapes).
    """

    __slots__ = ("_event", "_headers", "_monotonic_us", "_raw", "_received_at")

    def __init__(self, raw: bytes, received_at: Instant, monotonic_us: int) -> None:
        self._raw = raw
        self._received_at = received_at
        self._monotonic_us = monotonic_us
        self._headers: _Headers | None = None
        self._event = _event_of(raw)

    @property
    def event(self) -> str:
        """Name of the event, empty for a response."""
        event = self._event
        return self._whole().plain.get("Event", "") if event is None else event

    @property
    def name(self) -> str:
        """What to call this frame in a message: its event name, else ``Response``, else ``(no name)``."""
        return self.event or ("Response" if "Response" in self._whole().plain else "(no name)")

    @property
    def raw(self) -> bytes:
        """The bytes as received, without the blank line that ends a frame."""
        return self._raw

    @property
    def received_at(self) -> Instant:
        """When the bytes were read: microseconds, our clock (the PBX's own is `stamped_at`)."""
        return self._received_at

    @property
    def monotonic_us(self) -> int:
        """Same moment on a clock that never steps back, microseconds; 0 when replayed."""
        return self._monotonic_us

    @property
    def bad_lines(self) -> tuple[str, ...]:
        """Lines that are not ``Name: value``; what else the frame says is still good. Reads the whole frame."""
        return self._whole().bad_lines

    @property
    def suspect(self) -> bool:
        """Whether looking for `bad_lines` is worth it: the frame was read anyway, or has fewer ``: `` than lines."""
        return self._headers is not None or self._raw.count(b": ") <= self._raw.count(b"\n")

    @property
    def stamped_at(self) -> Instant | None:
        """The PBX's ``Timestamp`` header in microseconds (``timestampevents=yes``); None when absent or unreadable."""
        seconds, _, fraction = self.get("Timestamp", "").partition(".")
        digits = seconds + fraction[:6].ljust(6, "0")
        return int(digits) if seconds and digits.isascii() and digits.isdigit() else None

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: D) -> str | D: ...
    def get(self, name: str, default: object = None) -> object:
        """The header's value, else the default. An empty value is a value."""
        headers = self._headers
        if headers is None and self._event is not None and name != "Event":  # the first line, where no line end stands before
            raw, sought = self._raw, _line_start(name)
            start = raw.find(sought)
            if start >= 0:
                start += len(sought)
                end = raw.find(b"\r\n", start)
                glanced = raw[start:end] if end >= 0 else raw[start:]
                if glanced.isascii() and b"\\" not in glanced:
                    return glanced.decode()
        if headers is None:
            headers = self._whole()
        value = headers.plain.get(name)
        if value is None:
            value = headers.folded.get(name.lower())
        return default if value is None else value

    def require(self, name: str) -> str:
        """The header's value.

        Raises:
            MissingHeader: the frame has no such header (an empty one counts as present).
        """
        value = self.get(name)
        if value is None:
            raise MissingHeader(self, name)
        return value

    def list(self, name: str) -> list[str]:
        """Every value of a header that may be repeated, in order; empty when absent."""
        if values := self._whole().repeated.get(name.lower()):
            return values.copy()
        value = self.get(name)
        return [] if value is None else [value]

    def assignments(self, name: str = "ChanVariable") -> dict[str, str]:
        """A repeated ``name=value`` header as a dict: channel variables, or what Status was asked for."""
        return {key: value for key, _, value in (item.partition("=") for item in self.list(name))}

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole().plain)

    def __len__(self) -> int:
        return len(self._whole().plain)

    def keys(self) -> Iterable[str]:
        """Header names as the PBX writes them, each once, in order."""
        return self._whole().plain.keys()

    def items(self) -> Iterable[tuple[str, str]]:
        """Names and first values, in order."""
        return self._whole().plain.items()

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frame):
            return NotImplemented
        return self._raw == other._raw and self._received_at == other._received_at

    @override
    def __hash__(self) -> int:
        return hash((self._raw, self._received_at))

    @override
    def __repr__(self) -> str:
        return f"<Frame {self.name} received_at={self._received_at} {self._whole().plain!r}>"

    def _whole(self) -> _Headers:
        headers = self._headers
        if headers is None:
            headers = self._headers = _Headers(self._raw)
        return headers


Mapping.register(Frame)


@functools.lru_cache(256)
def _line_start(name: str) -> bytes:
    return f"\r\n{name}: ".encode()


def _event_of(raw: bytes) -> str | None:
    """The event named by the first line, where Asterisk writes it; None when the headers must be read for it."""
    if not raw.startswith(_EVENT):
        return None
    end = raw.find(b"\r\n")
    name = raw[len(_EVENT) : end] if end >= 0 else raw[len(_EVENT) :]
    return name.decode() if name.isascii() else None


def parse(raw: bytes, received_at: Instant, monotonic_us: int = 0) -> Frame:
    """A frame from its bytes, without its closing blank line. Never raises: what cannot be read is in `bad_lines`."""
    return Frame(raw, received_at, monotonic_us)


# --- C escapes --------------------------------------------------------------------------------------------------------
# Asterisk writes some values through ast_escape_c_alloc (main/manager_channels.c): the names of a channel's caller and
# connected party under every prefix (Dest, Transferee...), VarSet's Value, and channelvars. A caller named "L'Hôpital"
# arrives as "L\'Hôpital". Un-escaping anything else would damage it: a UserEvent sends its backslashes as they are.

_ESCAPED_SUFFIXES: Final = ("CallerIDName", "ConnectedLineName", "ChanVariable")
#: Frames that write these same headers straight from the channel, without escapes (app_queue.c, manager.c).
_PLAIN_EVENTS: Final = frozenset({"QueueEntry", "OriginateResponse"})
_ESCAPE: Final = re.compile(r"\\([abfnrtv\\'\"?])")
_ESCAPED: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unescape(value: str) -> str:
    """Undo Asterisk's ``ast_escape_c``; a backslash that begins none of its escapes is kept."""
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), value) if "\\" in value else value


def _unescape_headers(headers: dict[str, str], repeated: dict[str, list[str]]) -> None:
    event = headers.get("Event")
    if event in _PLAIN_EVENTS:
        return
    for name, value in headers.items():
        if name.endswith(_ESCAPED_SUFFIXES) or (name == "Value" and event == "VarSet"):
            headers[name] = unescape(value)
            if several := repeated.get(name.lower()):
                several[:] = map(unescape, several)


# --- the stream -------------------------------------------------------------------------------------------------------


class Framer:
    """Cuts a byte stream into frames, whatever the reads; one per connection.

    Args:
        max_frame_bytes: longest frame accepted, its blank line included; bounds the memory a peer can take.
        skip: names of events thrown away from their bytes, before parsing. Better: filter them in ``manager.conf``.
    """

    def __init__(self, *, max_frame_bytes: int = MAX_FRAME_BYTES, skip: Set[str] = frozenset()) -> None:
        #: Version after ``Asterisk Call Manager/``; None until the first frame, or when the peer is no Asterisk.
        self.banner: str | None = None
        #: Events thrown away because of `skip`.
        self.skipped = 0
        self._skip = frozenset(name.encode() for name in skip)
        self._limit = max_frame_bytes
        self._rest = bytearray()
        self._greeted = False

    def feed(self, chunk: bytes, received_at: Instant, monotonic_us: int = 0) -> Iterator[Frame]:
        """The frames that this chunk completes, in order. Exhaust it before the next chunk.

        Raises:
            TooLarge: after the good frames; what follows in the stream cannot be trusted, close the link.
        """
        rest = self._rest
        seen = max(0, len(rest) - len(END_OF_FRAME) + 1)
        rest += chunk
        if rest.find(END_OF_FRAME, seen) >= 0:
            *blocks, tail = bytes(rest).split(END_OF_FRAME)
            rest[:] = tail
            for block in blocks:
                if len(block) + len(END_OF_FRAME) > self._limit:
                    raise self._too_large(len(block))
                raw = self._clean(block)
                if raw and not self._is_skipped(raw):
                    yield Frame(raw, received_at, monotonic_us)
        if len(rest) > self._limit:
            raise self._too_large(len(rest))

    def _clean(self, block: bytes) -> bytes:
        """Without extra blank lines, and without the banner that stands in front of the first frame."""
        if not self._greeted:
            self._greeted = True
            if block.startswith(BANNER):
                banner, _, block = block.partition(b"\r\n")
                self.banner = banner.removeprefix(BANNER).decode("latin-1").strip()
        return block.lstrip(b"\r\n") if block[:1] in (b"\r", b"\n") else block

    def _is_skipped(self, raw: bytes) -> bool:
        if not self._skip or not raw.startswith(_EVENT):
            return False
        end = raw.find(b"\r\n")
        skipped = (raw[len(_EVENT) : end] if end >= 0 else raw[len(_EVENT) :]) in self._skip
        self.skipped += skipped
        return skipped

    def _too_large(self, size: int) -> TooLarge:
        return TooLarge(f"the peer sent {size} bytes without a blank line; a frame may have {self._limit}")
