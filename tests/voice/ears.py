"""Listening: which tone is heard when, in one voice of a recording.

A window of 50 ms is moved by 10 ms; a tone begins and ends where its amplitude crosses half of what it is (found between two
windows, so to a few milliseconds). Two tones may be heard at once; each is looked for by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cti.sandbox.people.sip.tones import LOUDNESS, STEP_HERTZ

RATE = 8_000
_WINDOW, _HOP = 400, 80
_HALF = LOUDNESS / 2
#: What is heard for less is the click of an edge, and a hole of less than that is none.
LEAST_MS, HOLE_MS = 70.0, 60.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One person, from when to when (milliseconds from the start of the file), and the holes in between."""

    hertz: int
    since: float
    until: float
    holes_ms: float = 0.0


def spectrum(voice: NDArray[np.int16]) -> NDArray[np.float64]:
    """The amplitude of each frequency (rows every 10 ms, columns every 20 Hz)."""
    padded = np.concatenate([np.zeros(_WINDOW // 2), voice.astype(float), np.zeros(_WINDOW // 2)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    window = np.hanning(_WINDOW + 1)[:-1]
    return np.abs(np.fft.rfft(frames * window, axis=1)) * 2 / window.sum()


def tones(voice: NDArray[np.int16], among: Sequence[int]) -> list[Heard]:
    """Everybody who is heard, by instant."""
    amplitudes = spectrum(voice)
    found = [one for hertz in among for one in _spans(amplitudes[:, hertz * 2 // STEP_HERTZ], hertz)]
    return sorted(found, key=lambda one: one.since)


def _spans(amplitude: NDArray[np.float64], hertz: int) -> list[Heard]:
    loud = amplitude > _HALF
    if not loud.any():
        return []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int)))
    spans: list[Heard] = []
    for first, after in edges.reshape(-1, 2):
        since, until = _crossing(amplitude, first - 1), _crossing(amplitude, after - 1)
        if spans and since - spans[-1].until < HOLE_MS:
            last = spans[-1]
            spans[-1] = Heard(hertz, last.since, until, last.holes_ms + since - last.until)
        else:
            spans.append(Heard(hertz, since, until))
    return [one for one in spans if one.until - one.since >= LEAST_MS]


def _crossing(amplitude: NDArray[np.float64], before: int) -> float:
    """Where half the amplitude lies between this window and the next one (ms)."""
    hop_ms = _HOP * 1000 / RATE
    if before < 0:
        return 0.0
    if before + 1 >= len(amplitude):
        return before * hop_ms
    low, high = amplitude[before], amplitude[before + 1]
    return float((before + (_HALF - low) / (high - low)) * hop_ms)
