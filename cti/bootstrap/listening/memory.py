"""Archived sound that somebody listens to: opened once, held compressed in memory within bounds, forgotten when nobody listens.

Every part of it may be asked for from any thread. Two who ask for one piece at once open it once.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Protocol

from cti.journey import Instant
from cti.journey.around.voice import Piece

_MIB: Final = 1024 * 1024
_SECOND: Final = 1_000_000


class Opened(Protocol):
    """The sound of one piece, in memory."""

    @property
    def flac(self) -> bytes:
        """The whole of it, compressed."""

    @property
    def rate(self) -> int:
        """Samples per second."""

    @property
    def frames(self) -> int:
        """How many instants."""

    def read(self, first: int, count: int) -> bytes:
        """So many frames from this one on, interleaved, little-endian."""


@dataclass(slots=True)
class _Held:
    sound: Opened
    used_at: Instant


class OpenedVoices:
    """Those that are open. Blocking; safe from any thread."""

    def __init__(
        self, unseal: Callable[[Piece], Opened], mebibytes: int, idle_seconds: int, clock: Callable[[], Instant]
    ) -> None:
        """Hold at most ``mebibytes`` of what ``unseal`` opens, each for ``idle_seconds`` after it was last asked for."""
        self._unseal = unseal
        self._most = mebibytes * _MIB
        self._idle_us = idle_seconds * _SECOND
        self._clock = clock
        self._lock = threading.Lock()
        self._opening: dict[str, threading.Lock] = {}
        self._open: OrderedDict[str, _Held] = OrderedDict()

    @property
    def held_bytes(self) -> int:
        """How much sound is held."""
        with self._lock:
            return self._size()

    def of(self, piece: Piece) -> Opened:
        """The sound of an archived piece.

        Raises:
            SoundDamaged: it is not what was put there.
            OSError: the archive cannot be opened now.
        """
        with self._lock:
            known = self._used(piece.piece_id)
            alone = self._opening.setdefault(piece.piece_id, threading.Lock())
        if known is not None:
            return known
        with alone:
            with self._lock:
                known = self._used(piece.piece_id)
            if known is None:
                known = self._unseal(piece)
                with self._lock:
                    self._open[piece.piece_id] = _Held(known, self._clock())
                    self._make_room()
        return known

    def forget(self, wanted: Collection[str]) -> None:
        """Let go whatever is not ``wanted`` by anybody who listens, and what nobody has asked for lately."""
        at = self._clock()
        with self._lock:
            for piece_id, held in list(self._open.items()):
                if piece_id not in wanted or at - held.used_at >= self._idle_us:
                    del self._open[piece_id]
            for piece_id in [one for one, lock in self._opening.items() if one not in wanted and not lock.locked()]:
                del self._opening[piece_id]

    def _used(self, piece_id: str) -> Opened | None:
        held = self._open.get(piece_id)
        if held is None:
            return None
        held.used_at = self._clock()
        self._open.move_to_end(piece_id)
        return held.sound

    def _size(self) -> int:
        return sum(len(held.sound.flac) for held in self._open.values())

    def _make_room(self) -> None:
        """The one that was not asked for longest goes first; the newest stays, however long it is."""
        while len(self._open) > 1 and self._size() > self._most:
            self._open.popitem(last=False)
