"""Recorded AMI sessions. Here the raw journal of a link: frames as received, notes between them, in compressed files that rotate.

Written by a thread from a bounded buffer: the event loop never waits for the disk, a full disk is counted and alarmed and
never raises into a call, and a ``kill -9`` loses what was received since the last flush, under a second. The format, how a
file that was cut is read, and the sessions that people write are in `cti.ami.recorded`, offered here too.
"""

import itertools
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
import zstandard

from cti.ami.frames import Frame
from cti.ami.recorded import CLOSED, Noted, Recorded, SessionError, exact_form, read_session, write_text_session
from cti.journey.refusals import refusal
from cti.journey.words import Instant, as_datetime

__all__ = [
    "JournalSettings",
    "Recorded",
    "SessionError",
    "SessionJournal",
    "read_session",
    "write_text_session",
]

log = structlog.get_logger(__name__)

#: How the names of raw journals end; what is before it sorts in time.
SUFFIX: Final = ".ami.zst"
_STAMP: Final = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """Where the raw journal goes and how much of it is kept."""

    folder: Path
    #: Begins the file names; one per link.
    name: str
    rotate_bytes: int = 64 * 1024 * 1024
    rotate_seconds: int = 3600
    #: Files older than this are deleted at a rotation; None keeps them all.
    keep_seconds: int | None = 14 * 86_400
    flush_seconds: float = 0.5
    #: Received frames that wait for the disk; more are lost, and counted.
    buffer_bytes: int = 16 * 1024 * 1024


class SessionJournal:
    """The raw journal of one link. `record` from the event loop; everything else happens in its thread.

    Args:
        settings: folder, rotation, patience.
        on_alarm: told (from the thread) why the journal cannot be written, once per failure, and None when it is over.
    """

    def __init__(self, settings: JournalSettings, on_alarm: Callable[[str | None], None]) -> None:
        self.written_frames = 0
        #: Frames that are in no file, because the disk did not take them and the buffer was full.
        self.lost_frames = 0
        self._lost_told = 0
        self._settings = settings
        self._on_alarm = on_alarm
        self._lock = threading.Lock()
        self._waiting: list[Recorded | Noted] = []
        self._waiting_bytes = 0
        self._failing = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"journal-{settings.name}", daemon=True)
        self._file: _JournalFile | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def record(self, frame: Frame, epoch: Instant) -> None:
        """Keep a frame. Returns at once and never raises; fits `LinkHooks.record`."""
        size = len(frame.raw)
        with self._lock:
            if self._waiting_bytes + size > self._settings.buffer_bytes:
                self.lost_frames += 1
                return
            self._waiting.append(Recorded(frame.raw, frame.received_at, epoch, frame.monotonic_us))
            self._waiting_bytes += size

    def note(self, text: bytes, at: Instant, epoch: Instant) -> None:
        """Keep a note (`cti.ami.noted`), whatever its size while there is room at all: rare, and in memory already."""
        with self._lock:
            if self._waiting_bytes > self._settings.buffer_bytes:
                self.lost_frames += 1
                return
            self._waiting.append(Noted(text, at, epoch))
            self._waiting_bytes += len(text)

    def close(self) -> None:
        """Write what waits, end the file in peace, stop the thread. Blocks for one flush at most; call it off the loop."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()
        else:
            self._finish()

    def flush(self) -> None:
        """Bring what waits to the operating system. The thread does this twice a second; tests do it themselves."""
        with self._lock:
            batch, self._waiting = self._waiting, []
            lost = self.lost_frames
        if not batch:
            return
        remark = b"# %d frames lost here\n" % (lost - self._lost_told) if lost > self._lost_told else b""
        try:
            self._open_for(batch[0]).write(batch, remark)
        except (OSError, zstandard.ZstdError) as error:
            self._keep_for_later(batch, error)
            return
        self._lost_told = lost
        with self._lock:
            self._waiting_bytes -= sum(map(_size, batch))
        self.written_frames += sum(isinstance(record, Recorded) for record in batch)
        if self._failing:
            self._failing = False
            self._alarm(None)

    def _run(self) -> None:
        while not self._closing.wait(self._settings.flush_seconds):
            self.flush()
        self._finish()

    def _finish(self) -> None:
        self.flush()
        self._close_file()

    def _keep_for_later(self, batch: list[Recorded | Noted], error: Exception) -> None:
        """The disk refused: begin another file at the next flush, with the same frames."""
        if self._file is not None:
            self._file.abandon()
            self._file = None
        with self._lock:
            self._waiting[:0] = batch
        if not self._failing:
            self._failing = True
            log.error("ami_journal_not_written", journal=self._settings.name, error=str(error))
            why = refusal(error) if isinstance(error, OSError) else "compression impossible"
            self._alarm(f"journal {self._settings.name} : {why}")

    def _alarm(self, message: str | None) -> None:
        try:
            self._on_alarm(message)
        except Exception:  # a faulty alarm must not stop the journal's thread
            log.exception("ami_journal_alarm_failed", journal=self._settings.name)

    def _open_for(self, first: Recorded | Noted) -> "_JournalFile":
        file, settings = self._file, self._settings
        if file is not None and not file.is_due(first.received_at, settings.rotate_bytes, settings.rotate_seconds):
            return file
        self._close_file()
        settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._delete_old(first.received_at)
        self._file = _JournalFile(settings.folder, settings.name, first.received_at)
        return self._file

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                log.warning("ami_journal_not_closed", journal=self._settings.name, error=str(error))

    def _delete_old(self, now: Instant) -> None:
        if self._settings.keep_seconds is None:
            return
        oldest = as_datetime(now - self._settings.keep_seconds * 1_000_000).strftime(_STAMP)
        start = f"{self._settings.name}-"
        for path in self._settings.folder.glob(f"{start}*{SUFFIX}"):
            if path.name.removeprefix(start) < oldest:
                path.unlink(missing_ok=True)


def _size(record: Recorded | Noted) -> int:
    return len(record.frame_bytes if isinstance(record, Recorded) else record.text)


class _JournalFile:
    """One compressed file. Each `write` ends a zstd block, so that a cut file is readable up to its last write."""

    def __init__(self, folder: Path, name: str, opened_at: Instant) -> None:
        self._opened_at = opened_at
        self._path, self._fd = _new_file(folder, f"{name}-{as_datetime(opened_at).strftime(_STAMP)}")
        self._size = 0
        self._zstd = zstandard.ZstdCompressor(level=3).compressobj()

    def is_due(self, now: Instant, rotate_bytes: int, rotate_seconds: int) -> bool:
        return self._size >= rotate_bytes or now - self._opened_at >= rotate_seconds * 1_000_000

    def write(self, batch: list[Recorded | Noted], remark: bytes) -> None:
        data = self._zstd.compress(b"".join(map(exact_form, batch)) + remark)
        self._write_all(data + self._zstd.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))

    def close(self) -> None:
        try:
            self._write_all(self._zstd.compress(CLOSED) + self._zstd.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH))
            os.fsync(self._fd)
        finally:
            os.close(self._fd)

    def abandon(self) -> None:
        """Keep what earlier writes brought, drop the half of the last: it will be written again elsewhere."""
        try:
            os.ftruncate(self._fd, self._size)
            if not self._size:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("ami_journal_not_cut_back", path=self._path.name, error=str(error))
        finally:
            os.close(self._fd)

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        self._size += len(data)


def _new_file(folder: Path, stem: str) -> tuple[Path, int]:
    for number in itertools.count():
        path = folder / f"{stem}{f'-{number}' if number else ''}{SUFFIX}"
        try:
            return path, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
    raise AssertionError("the numbers do not end")
