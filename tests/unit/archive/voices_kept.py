"""A recorder's disk, a shelf, rows and keys for the tests of the archive; the shelf fails when it is told to."""

import struct
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from math import pi, sin
from pathlib import Path
from typing import Any

from cti.archive.sealing.keys import Opener, Sealer, read_identity, write_identity
from cti.archive.stores import Lying, Shelf, in_memory
from cti.archive.worker import Archiver
from cti.bootstrap.keeping.disk import RecorderDisk
from cti.journey import Journey, Recording
from cti.journey.around.voice import Piece
from cti.journey.model import Stage
from cti.recording.policy import RecordingSettings
from cti.store import Store, open_store

#: 2026-12-16T08:00:00Z
T0 = 1_797_408_000_000_000
S = 1_000_000
STEM = "2026/12/16/5e1f7c1e-60cd-4d0b-b6a0-6b5ac9b8f0aa"
PIECE = STEM.rpartition("/")[2]


class Killed(BaseException):
    """The process dies here: nothing that catches errors may go on."""


@cache
def tone(ms: int, hertz: int, rate: int = 8000) -> bytes:
    """PCM 16 bit."""
    return array("h", (int(9000 * sin(2 * pi * hertz * n / rate)) for n in range(rate * ms // 1000))).tobytes()


def wav(pcm: bytes, *, rate: int = 8000, declared: int | None = None) -> bytes:
    """As Asterisk writes it; ``declared=0`` is what a dead one leaves."""
    size = len(pcm) if declared is None else declared
    form = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + size)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", size)
        + pcm
    )


def answered(*stems: str, problem: str | None = None, seconds: int = 3) -> Journey:
    """A call that is over, its recordings looked at."""
    end = T0 + seconds * S
    stage = Stage(filiere="n1", entered_at=T0, answered_at=T0, joined_at=T0, left_at=end, agent="arm01")
    told = tuple(
        Recording(stem=stem, started_at=T0, checked_at=end, caller_ms=seconds * 1000, agents_ms=seconds * 1000, problem=problem)
        for stem in stems
    )
    return Journey(
        call_id=PIECE, t0=T0, caller="0612345678", answered_at=T0, joined_at=T0, ended_at=end, last_at=end,
        stages=(stage,), recordings=told, flux="15",
    )  # fmt: skip


class FailingShelf(Shelf):
    """A shelf of memory or folder that dies before or after its nth work."""

    def __init__(self, inner: Shelf, dies_at: int | None = None, *, after: bool = False) -> None:
        self.inner = inner
        self.dies_at = dies_at
        self.after = after
        self.works = 0

    def _do(self, work: Callable[[], Any]) -> Any:
        self.works += 1
        mine = self.works == self.dies_at
        if mine and not self.after:
            raise Killed
        done = work()
        if mine:
            raise Killed
        return done

    def put(self, name: str, data: bytes) -> bool:
        return bool(self._do(lambda: self.inner.put(name, data)))

    def get(self, name: str) -> bytes | None:
        found: bytes | None = self._do(lambda: self.inner.get(name))
        return found

    def list(self, under: str = "") -> Any:
        return iter(self._do(lambda: list(self.inner.list(under))))

    def remove(self, name: str) -> None:
        self._do(lambda: self.inner.remove(name))


@dataclass
class House:
    """All that one archive stands on."""

    folder: Path
    store: Store
    shelf: Shelf = field(default_factory=in_memory)
    now: int = T0 + 60 * S

    @property
    def disk(self) -> Path:
        return self.folder / "voix"

    @property
    def opener(self) -> Opener:
        return read_identity(self.folder / "own.key")

    @property
    def offline(self) -> Opener:
        return read_identity(self.folder / "offline.key")

    @property
    def sealer(self) -> Sealer:
        return Sealer((self.opener.recipient, self.offline.recipient))

    def clock(self) -> int:
        self.now += 1000
        return self.now

    def recorder(self, settle_us: int = 0) -> RecorderDisk:
        return RecorderDisk(self.disk, RecordingSettings(root=str(self.disk)), settle_us, self.clock)

    def archiver(self, shelf: Shelf | None = None, **parts: Any) -> Archiver:
        books = parts.get("books", self.store.pieces)
        recorder = parts.get("recorder", self.recorder())
        return Archiver(books, recorder, shelf or self.shelf, parts.get("sealer", self.sealer), self.opener, self.clock)

    def record(self, stem: str = STEM, *, caller: bytes | None = None, agents: bytes | None = None) -> None:
        """Two files; three seconds of 440 Hz and of 600 Hz."""
        for suffix, data, hertz in (("-caller.wav", caller, 440), ("-agents.wav", agents, 600)):
            path = self.disk / (stem + suffix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wav(tone(3000, hertz)) if data is None else data)

    def plain(self) -> list[str]:
        """What lies in clear."""
        return sorted(path.name for path in self.disk.rglob("*") if path.is_file())

    def objects(self) -> list[Lying]:
        return list(self.shelf.list())

    def piece(self, piece_id: str = PIECE) -> Piece:
        found = self.store.pieces.find(piece_id)
        assert found is not None
        return found


def house(folder: Path, shelf: Shelf | None = None) -> House:
    """A new one, with its keys."""
    (folder / "voix").mkdir(parents=True)
    write_identity(folder / "own.key", "test")
    write_identity(folder / "offline.key", "test")
    return House(folder, open_store(f"sqlite:///{folder}/cti.db"), shelf or in_memory())
