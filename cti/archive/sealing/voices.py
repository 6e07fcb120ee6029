"""Two voices of one recording become one stereo FLAC: the caller left, the agents right, from the same first sample.

Both files of a recording begin at the same instant (one MixMonitor writes both), so they are aligned as they lie; the shorter one
is padded with silence at its end, and how much is said. FLAC keeps every sample: what comes out is what the PBX wrote.
"""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

#: Slices in which voice is looked for (milliseconds).
SLICE_MS: Final = 100
#: A packet of voice is 20 ms; what is empty for less than half of one is chance.
_EMPTY_MS: Final = 10


class NotJoined(ValueError):
    """These two voices cannot lie in one file; the message, in French, says why."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice in memory: 16 bit samples, little-endian, one channel."""

    name: str  #: of the file it was read from
    rate: int = 0  #: samples per second; 0 when there is no sound
    pcm: bytes = b""
    repaired: bool = False  #: the header told no size (a PBX that died) and the audio was taken to the end of the file

    @property
    def samples(self) -> int:
        """How many."""
        return len(self.pcm) // 2


@dataclass(frozen=True, slots=True)
class Joined:
    """Both voices, side by side."""

    pcm: NDArray[np.int16]
    rate: int
    peaks: tuple[NDArray[np.int32], NDArray[np.int32]]  #: loudest sample of each slice, of either side
    padded_ms: tuple[int, int]  #: silence put at the end of the caller's, of the agents'

    @property
    def duration_ms(self) -> int:
        """Length, cut and never rounded up."""
        return len(self.pcm) * 1000 // self.rate

    def voiced_ms(self, channel: int, since_ms: int, until_ms: int, silence_max_peak: int) -> int:
        """How long this side is louder than silence between two offsets, in slices of a tenth of a second."""
        first, last = -(-max(0, since_ms) // SLICE_MS), max(0, until_ms) // SLICE_MS
        return int(np.count_nonzero(self.peaks[channel][first:last] > silence_max_peak)) * SLICE_MS

    def empty(self, channel: int) -> list[tuple[int, int]]:
        """Where the recorder had nothing of this side to write: offset and length (ms) of each run of samples that are all zero.

        Somebody who is silent is no such run on an A-law line, whose quietest sample is 8.
        """
        zero = np.concatenate([[False], self.pcm[:, channel] == 0, [False]])
        edges = np.flatnonzero(zero[1:] != zero[:-1]).reshape(-1, 2)
        long = edges[edges[:, 1] - edges[:, 0] >= self.rate * _EMPTY_MS // 1000]
        return [(int(since) * 1000 // self.rate, int(until - since) * 1000 // self.rate) for since, until in long]


def join(caller: Voice, agents: Voice) -> Joined:
    """The caller left, the agents right; a voice without a sound is silent from end to end.

    Raises:
        NotJoined: no sound at all, or two rates.
    """
    rates = {voice.rate for voice in (caller, agents) if voice.samples}
    if not rates:
        raise NotJoined("aucun son dans les deux fichiers")
    if len(rates) > 1:
        raise NotJoined(f"deux fréquences : {caller.name} à {caller.rate} Hz, {agents.name} à {agents.rate} Hz")
    (rate,) = rates
    length = max(caller.samples, agents.samples)
    pcm = np.zeros((length, 2), dtype=np.int16)
    for channel, voice in enumerate((caller, agents)):
        pcm[: voice.samples, channel] = np.frombuffer(voice.pcm, dtype="<i2", count=voice.samples)
    peaks = [_peaks(np.frombuffer(voice.pcm, dtype="<i2", count=voice.samples), rate) for voice in (caller, agents)]
    padded = [(length - voice.samples) * 1000 // rate for voice in (caller, agents)]
    return Joined(pcm, rate, (peaks[0], peaks[1]), (padded[0], padded[1]))


def _peaks(samples: NDArray[np.int16], rate: int) -> NDArray[np.int32]:
    size = max(1, rate * SLICE_MS // 1000)
    slices = samples[: len(samples) // size * size].reshape(-1, size)
    high, low = (slices.max(axis=1, initial=0).astype(np.int32), slices.min(axis=1, initial=0).astype(np.int32))
    loudest: NDArray[np.int32] = np.maximum(high, -low)
    return loudest


def to_flac(joined: Joined) -> bytes:
    """The file, in memory; the same samples give the same bytes (no date is written in it)."""
    out = io.BytesIO()
    soundfile.write(out, joined.pcm, joined.rate, format="FLAC", subtype="PCM_16")
    return out.getvalue()


def from_flac(data: bytes) -> tuple[NDArray[np.int16], int]:
    """Samples (one row per instant, caller then agents) and rate.

    Raises:
        NotJoined: these bytes are no FLAC.
    """
    try:
        pcm, rate = soundfile.read(io.BytesIO(data), dtype="int16", always_2d=True)
    except soundfile.LibsndfileError as trouble:
        raise NotJoined(f"FLAC illisible : {trouble}") from None
    return pcm, int(rate)
