"""The loudest sample of each slice of either voice: what a waveform is drawn from. Found once; of what grows, the new part."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: The slices in which peaks are kept (milliseconds); what a screen asks for is made of them.
SLICE_MS: Final = 20
#: Frames looked at in one go (5 MB): in smaller parts a decoder spends its time finding its place.
_TOGETHER: Final = 1_200_000
_FULL: Final = 32_767

Frames: TypeAlias = Callable[[int, int], bytes]
_Peaks: TypeAlias = NDArray[np.uint16]


def _none() -> _Peaks:
    return np.zeros((0, 2), dtype=np.uint16)


@dataclass(slots=True)
class Track:
    """The peaks of one recording, as far as it was looked at."""

    rate: int
    _slices: _Peaks = field(default_factory=_none)  #: whole slices, caller then agents

    def told(self, frames: int, read: Frames, buckets: int, solid: int) -> dict[str, Any]:
        """Peaks from 0 to 1 of the first ``frames`` in at most ``buckets`` equal parts, each a whole number of slices.

        ``solid``: so many frames will never change; what comes after them is looked at anew each time.
        """
        size = self._size
        slices = self._upto(frames // size, read, min(frames, solid) // size)
        if frames % size:
            slices = np.concatenate((slices, _peaks(read(frames // size * size, frames % size), frames % size)))
        together = max(1, -(-len(slices) // buckets))
        missing = -len(slices) % together
        padded = np.concatenate((slices, np.zeros((missing, 2), dtype=np.uint16)))
        loudest = padded.reshape(-1, together, 2).max(axis=1, initial=0)
        caller, agents = (np.minimum(loudest[:, channel] / _FULL, 1.0).round(3).tolist() for channel in (0, 1))
        duration_ms = frames * 1000 // self.rate
        return {"duration_ms": duration_ms, "bucket_ms": together * SLICE_MS, "caller": caller, "agents": agents}

    @property
    def _size(self) -> int:
        return max(1, self.rate * SLICE_MS // 1000)

    def _upto(self, wanted: int, read: Frames, solid: int) -> _Peaks:
        self._slices = self._with(self._slices, solid, read)
        return self._with(self._slices, wanted, read)[:wanted]

    def _with(self, known: _Peaks, wanted: int, read: Frames) -> _Peaks:
        size, step, found = self._size, max(1, _TOGETHER // self._size), [known]
        for first in range(len(known), wanted, step):
            count = min(step, wanted - first)
            found.append(_peaks(read(first * size, count * size), size))
        return np.concatenate(found) if len(found) > 1 else known


def _peaks(frames: bytes, size: int) -> _Peaks:
    """Of each ``size`` frames."""
    both = np.frombuffer(frames, dtype="<i2").reshape(-1, 2)
    loudest = np.zeros((len(both) // size, 2), dtype=np.uint16)
    for channel in (0, 1):
        # Each voice by itself and in one piece: six times as quick as both together.
        voice = np.ascontiguousarray(both[:, channel]).reshape(-1, size)
        highest = voice.max(axis=1, initial=0).astype(np.int32)
        loudest[:, channel] = np.maximum(highest, -voice.min(axis=1, initial=0).astype(np.int32))
    return loudest
