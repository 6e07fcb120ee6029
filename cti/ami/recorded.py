"""The format of recorded AMI sessions: the raw journal the service keeps, and those that people write and edit.

One format, two dresses. A session is text: frames as received, separated by blank lines, and lines that begin with
``#``. ``#`` alone is a remark; ``#@`` says something to the reader::

    #@ epoch 2                      the frames below came over the second connection
    #@ at 1786350000123456          the next frame was read at this instant (else its Timestamp header says when)
    #@ frame AT EPOCH LENGTH CRC STEADY   exactly LENGTH bytes of frame follow, whatever they hold
    #@ note AT EPOCH LENGTH CRC     the same, of something that is no frame (`cti.ami.noted`)
    #@ closed                       the writer ended in peace; without it the session was cut

The journal (``*.ami.zst``, written by `cti.ami.sessions`) is that text compressed with zstandard, every frame by its length.
STEADY is when the frame was read on a clock that never steps (microseconds): a replay finds by it the steps of the PBX's clock.
Journals of before have none, and written sessions neither: the clock of those never stepped.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from zlib import crc32

import structlog
import zstandard
from typing_extensions import Buffer, override

from cti.ami.frames import AmiError, Frame, parse
from cti.journey.words import Instant

log = structlog.get_logger(__name__)

_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
#: Last line of a journal that was closed in peace.
CLOSED: Final = b"#@ closed\n"
#: Words of the line of a frame when it did not tell the steady clock: ``#@ frame`` and four numbers.
_WORDS_BEFORE: Final = 6


class SessionError(AmiError):
    """A session file says something that cannot be understood; names the file and the line."""


class _Damaged(Exception):
    """What follows in the file cannot be trusted."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What is no frame and belongs between the frames: JSON of a `cti.ami.noted` value."""

    text: bytes
    received_at: Instant
    epoch: Instant


@dataclass(frozen=True, slots=True)
class Recorded:
    """One frame of a session, without its closing blank line."""

    frame_bytes: bytes
    received_at: Instant
    #: Which connection it came over (see `LinkInfo.epoch`); 1, 2... in written sessions.
    epoch: Instant
    #: ``received_at`` on a clock that never steps; 0 when that was not written down.
    steady_us: int = 0

    def frame(self) -> Frame:
        """The frame, as the live link would have given it."""
        return parse(self.frame_bytes, self.received_at, self.steady_us)


# --- reading ----------------------------------------------------------------------------------------------------------


def read_session(path: Path, on_note: Callable[[str], None] | None = None) -> Iterator[Recorded]:
    """The frames of a session, compressed or plain, in order; see `read_journal`."""
    return (record for record in read_journal(path, on_note) if isinstance(record, Recorded))


def read_journal(path: Path, on_note: Callable[[str], None] | None = None) -> Iterator[Recorded | Noted]:
    """The frames of a session, compressed or plain, and what stands between them, in order.

    A session that was cut (``kill -9``, full disk, damaged file) is read up to the cut; then ``on_note`` is told.

    Raises:
        SessionError: a ``#@`` line is wrong. OSError: the file cannot be read.
    """
    note = on_note or (lambda text: log.warning("ami_session_cut", note=text))
    with path.open("rb") as file:
        compressed = file.read(len(_ZSTD_MAGIC)) == _ZSTD_MAGIC
        file.seek(0)
        text: BinaryIO | io.BufferedReader = io.BufferedReader(_Unpacked(file)) if compressed else file
        yield from _SessionText(path, text, is_journal=compressed).records(note)


class _Unpacked(io.RawIOBase):
    """The text of a compressed journal, up to the last block that is whole (the library's own reader drops more)."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._zstd = zstandard.ZstdDecompressor().decompressobj()
        self._text = memoryview(b"")

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer) -> int:
        while not self._text:
            packed = self._file.read(65_536)
            if not packed or self._zstd.eof:
                return 0
            self._text = memoryview(self._zstd.decompress(packed))
        target = memoryview(buffer)
        size = min(len(target), len(self._text))
        target[:size] = self._text[:size]
        self._text = self._text[size:]
        return size


class _SessionText:
    """Reads the text of a session line by line, keeping what the ``#@`` lines said."""

    def __init__(self, path: Path, stream: BinaryIO | io.BufferedReader, *, is_journal: bool) -> None:
        self._path = path
        self._is_journal = is_journal
        self._stream = stream
        self._line_number = 0
        self._frames = 0
        self._closed = False
        self._epoch: Instant = 1
        self._at: Instant | None = None
        self._last_at: Instant = 0
        self._lines: list[bytes] = []

    def records(self, note: Callable[[str], None]) -> Iterator[Recorded | Noted]:
        try:
            for record in self._all():
                self._frames += isinstance(record, Recorded)
                yield record
        except (_Damaged, zstandard.ZstdError) as error:
            note(f"{self._path}: cut after {self._frames} frames ({error})")
        except SessionError as error:
            if not self._is_journal:
                raise
            note(f"{self._path}: cut after {self._frames} frames ({error})")
        else:
            if self._is_journal and not self._closed:
                note(f"{self._path}: cut after {self._frames} frames (the writer did not close it)")

    def _all(self) -> Iterator[Recorded | Noted]:
        while line := self._stream.readline():
            self._line_number += 1
            if line.startswith(b"#@ frame "):
                yield from self._written()
                yield self._frame(line)
            elif line.startswith(b"#@ note "):
                yield from self._written()
                yield Noted(*self._exact(line, self._numbers(line, b"#@ note ", 4)))
            elif line.startswith(b"#@"):
                yield from self._written()
                self._directive(line)
            elif line.startswith(b"#"):
                continue
            elif text := line.rstrip(b"\r\n"):
                self._lines.append(text)
            else:
                yield from self._written()
        yield from self._written()

    def _written(self) -> Iterator[Recorded]:
        """The frame of the lines gathered so far, if any."""
        if not self._lines:
            return
        raw = b"\r\n".join(self._lines)
        self._lines = []
        at = self._at if self._at is not None else parse(raw, 0).stamped_at
        self._at = None
        self._last_at = at if at is not None else self._last_at
        yield Recorded(raw, self._last_at, self._epoch)

    def _frame(self, line: bytes) -> Recorded:
        """The frame that the line announces; a journal of before the steady clock has four numbers."""
        if not line.endswith(b"\n"):
            raise _Damaged("in the line that announces a frame")
        with_steady = len(line.split()) > _WORDS_BEFORE
        at, epoch, length, checksum, *steady = self._numbers(line, b"#@ frame ", 5 if with_steady else 4)
        return Recorded(*self._exact(line, (at, epoch, length, checksum)), *steady)

    def _exact(self, line: bytes, numbers: Sequence[int]) -> tuple[bytes, Instant, Instant]:
        """Bytes, instant and epoch of what the line announces."""
        if not line.endswith(b"\n"):
            raise _Damaged("in the line that announces a frame")
        at, epoch, length, checksum = numbers
        raw = self._stream.read(length)
        if len(raw) < length:
            raise _Damaged(f"{len(raw)} of {length} bytes of the next frame")
        if crc32(raw) != checksum:
            raise _Damaged("the bytes of the next frame were changed")
        self._line_number += raw.count(b"\n")
        self._last_at, self._epoch = at, epoch
        return raw, at, epoch

    def _directive(self, line: bytes) -> None:
        if line.startswith(b"#@ epoch "):
            (self._epoch,) = self._numbers(line, b"#@ epoch ", 1)
        elif line.startswith(b"#@ at "):
            (self._at,) = self._numbers(line, b"#@ at ", 1)
        elif line.rstrip() == CLOSED.rstrip():
            self._closed = True
        elif line.endswith(b"\n"):
            raise SessionError(f"{self._path}:{self._line_number}: {line.decode(errors='replace').strip()!r} is unknown")

    def _numbers(self, line: bytes, start: bytes, count: int) -> list[int]:
        words = line.removeprefix(start).split()
        if len(words) != count or not all(word.isdigit() for word in words):
            text = line.decode(errors="replace").strip()
            raise SessionError(f"{self._path}:{self._line_number}: {text!r} needs {count} whole number(s)")
        return [int(word) for word in words]


# --- writing ----------------------------------------------------------------------------------------------------------


def write_text_session(path: Path, records: Iterable[Recorded], remark: str = "") -> None:
    """A session that people read and edit, for a scenario folder or after an incident; `read_session` gives it back."""
    epoch: Instant | None = None
    with path.open("wb") as file:
        for line in remark.splitlines():
            file.write(f"# {line}\n".encode())
        for record in records:
            if not _is_plain(record.frame_bytes):
                file.write(exact_form(record))
                epoch = record.epoch
                continue
            if record.epoch != epoch:
                epoch = record.epoch
                file.write(b"#@ epoch %d\n" % epoch)
            file.write(b"#@ at %d\n" % record.received_at)
            file.write(record.frame_bytes.replace(b"\r\n", b"\n") + b"\n\n")


def _is_plain(raw: bytes) -> bool:
    lines = raw.split(b"\r\n")
    return all(line and not line.startswith(b"#") and b"\n" not in line and b"\r" not in line for line in lines)


def exact_form(record: Recorded | Noted) -> bytes:
    """A record in the form of the journal: any bytes, with their length and checksum."""
    if isinstance(record, Recorded):
        kind, raw, steady = b"frame", record.frame_bytes, b" %d" % record.steady_us if record.steady_us else b""
    else:
        kind, raw, steady = b"note", record.text, b""
    return b"#@ %b %d %d %d %d%b\n%b\r\n\r\n" % (kind, record.received_at, record.epoch, len(raw), crc32(raw), steady, raw)
