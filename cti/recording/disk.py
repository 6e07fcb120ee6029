"""Whether there is room for more voice: a full disk stops the recordings, not the calls, and nobody hears it happen."""

import shutil
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cti.recording.policy import RecordingSettings


class Room(StrEnum):
    """How urgent it is to make room."""

    AMPLE = "ample"
    LOW = "low"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """What a file system has (bytes)."""

    free: int
    total: int


def judge(space: DiskSpace, settings: RecordingSettings) -> Room:
    """How urgent it is; a threshold is reached when exactly as much is left."""
    if space.free <= settings.critical_bytes:
        return Room.CRITICAL
    return Room.LOW if space.free <= settings.low_bytes else Room.AMPLE


def hours_left(space: DiskSpace, bytes_per_hour: int) -> float | None:
    """How many hours of recording still fit at the present rate; None when nothing is being recorded."""
    return None if bytes_per_hour <= 0 else space.free / bytes_per_hour


def read_space(root: Path) -> DiskSpace:
    """The file system of the recordings.

    Raises:
        OSError: the folder is out of reach, which is worse than full: tell it as such.
    """
    usage = shutil.disk_usage(root)
    return DiskSpace(usage.free, usage.total)
