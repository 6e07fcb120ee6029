"""A tone for each kind of person, so that a recording can be proved by what it holds.

Frequencies lie apart from each other and from the harmonics of the caller's.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

CALLER_HERTZ = 440
"""What every caller says."""

AGENT_HERTZ: Mapping[str, int] = MappingProxyType(
    {"n1": 600, "amu": 700, "mru": 800, "mg": 950, "mrg": 1050, "psy": 1150, "dentaire": 1250}
)
"""What the agents of each filière say."""

_RATE = 8_000
_LOUDNESS = 9_000
_LARGEST = 32_635


def write_tone(path: Path, hertz: int) -> Path:
    """Write one second of a tone as raw A-law, 8 kHz: a whole number of periods, so that it can be played in a loop."""
    samples = (int(_LOUDNESS * math.sin(2 * math.pi * hertz * n / _RATE)) for n in range(_RATE))
    path.write_bytes(bytes(_alaw(sample) for sample in samples))
    return path


def _alaw(sample: int) -> int:
    """One A-law byte of a 16 bit sample (ITU-T G.711)."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(abs(sample), _LARGEST)
    segment = max(0, (magnitude >> 8).bit_length())
    step = (magnitude >> (segment + 3 if segment else 4)) & 0x0F
    return (sign | segment << 4 | step) ^ 0x55
