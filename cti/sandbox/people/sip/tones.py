"""A tone for each simulated person, so that a recording can be proved by what it holds.

Frequencies are multiples of 40 Hz, none of them a tone of the exchange (440 Hz): a window of 50 ms tells each from the next.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cti.journey import AgentId

STEP_HERTZ: Final = 40
"""Between two people who are neighbours in pitch."""
CALLER_HERTZ: Final = tuple(range(480, 880, STEP_HERTZ))
"""What callers say, and whoever is called outside: by the last digit of the number."""
AGENT_HERTZ: Final = tuple(range(880, 3_680, STEP_HERTZ))
"""What agents say, in the order of the room; in a larger room the last ones share theirs with the first."""
LOUDNESS: Final = 9_000
"""Amplitude of every tone, of 32 767."""

_RATE = 8_000
_LARGEST = 32_635


def caller_hertz(number: str) -> int:
    """The tone of whoever has this number."""
    return CALLER_HERTZ[int(number[-1])]


def agents_hertz(room: Iterable[AgentId]) -> dict[AgentId, int]:
    """The tone of each agent of a room."""
    return {agent: AGENT_HERTZ[rank % len(AGENT_HERTZ)] for rank, agent in enumerate(room)}


def write_tone(path: Path, hertz: int) -> Path:
    """Write one second of a tone as raw A-law, 8 kHz: a whole number of periods, so that it can be played in a loop."""
    # Every tone comes back after 200 samples: one period of 40 Hz.
    period = [_alaw(int(LOUDNESS * math.sin(2 * math.pi * hertz * n / _RATE))) for n in range(_RATE // STEP_HERTZ)]
    path.write_bytes(bytes(period * STEP_HERTZ))
    return path


def _alaw(sample: int) -> int:
    """One A-law byte of a 16 bit sample (ITU-T G.711)."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(abs(sample), _LARGEST)
    segment = max(0, (magnitude >> 8).bit_length())
    step = (magnitude >> (segment + 3 if segment else 4)) & 0x0F
    return (sign | segment << 4 | step) ^ 0x55
