"""A stereo WAV that is nowhere on a disk: its header and any of its bytes, made from frames that somebody gives.

The caller is left, the agents are right, 16 bits, as in the archive's FLAC. A file of so many frames always has the same bytes,
so a part of it may be asked for, and asked for again, while the recording behind it grows.
"""

import struct
from array import array
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

HEADER_BYTES: Final = 44
#: One instant of both voices (bytes).
FRAME_BYTES: Final = 4
#: Frames made in one go: a quarter of a mebibyte.
_TOGETHER: Final = 65_536

#: Gives so many frames from this one on, interleaved, little-endian.
Frames: TypeAlias = Callable[[int, int], bytes]


def size(frames: int) -> int:
    """Bytes of the whole file."""
    return HEADER_BYTES + frames * FRAME_BYTES


def header(frames: int, rate: int) -> bytes:
    """What stands before the frames."""
    data = frames * FRAME_BYTES
    form = struct.pack("<HHIIHH", 1, 2, rate, rate * FRAME_BYTES, FRAME_BYTES, 16)
    return struct.pack("<4sI4s4sI", b"RIFF", 36 + data, b"WAVE", b"fmt ", 16) + form + struct.pack("<4sI", b"data", data)


def part(frames: int, rate: int, first: int, last: int, read: Frames) -> Iterator[bytes]:
    """The bytes ``first`` to ``last`` (held) of the file, in blocks; only the frames that they lie in are read."""
    if first < HEADER_BYTES:
        yield header(frames, rate)[first : last + 1]
    begin, end = max(0, first - HEADER_BYTES), last + 1 - HEADER_BYTES
    while begin < end:
        frame = begin // FRAME_BYTES
        count = min(_TOGETHER, -(-end // FRAME_BYTES) - frame)
        block = read(frame, count)
        start = frame * FRAME_BYTES
        yield block[begin - start : end - start]
        begin = start + count * FRAME_BYTES


def interleaved(caller: bytes, agents: bytes, frames: int) -> bytes:
    """So many frames of two voices; the shorter one is silent to the end."""
    both = array("h", bytes(frames * FRAME_BYTES))
    for channel, pcm in enumerate((caller, agents)):
        samples = array("h", pcm[: min(frames * 2, len(pcm) & ~1)])
        both[channel : 2 * len(samples) : 2] = samples
    return both.tobytes()
