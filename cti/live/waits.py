"""The waits of the last half hour, minute by minute, for the curve on the wall."""

from dataclasses import dataclass

from cti.journey import Instant

MINUTES = 30
_MINUTE: Instant = 60_000_000


@dataclass(slots=True)
class Minute:
    """The callers whose wait ended in one minute, by an answer or by a hang-up."""

    at: Instant  #: its first microsecond
    answered: int = 0
    abandoned: int = 0
    worst_ms: int = 0  #: the longest wait that ended in it


class RecentWaits:
    """A window of ``MINUTES`` minutes that moves with the latest wait that ended."""

    def __init__(self) -> None:
        self._minutes: dict[Instant, Minute] = {}

    def ended(self, at: Instant, wait_ms: int, *, answered: bool) -> None:
        """A caller's wait ended at this instant after so many milliseconds."""
        start = at - at % _MINUTE
        minute = self._minutes.setdefault(start, Minute(start))
        minute.worst_ms = max(minute.worst_ms, wait_ms)
        if answered:
            minute.answered += 1
        else:
            minute.abandoned += 1
        horizon = max(self._minutes) - (MINUTES - 1) * _MINUTE
        for old in [key for key in self._minutes if key < horizon]:
            del self._minutes[old]

    def minutes(self) -> list[Minute]:
        """The minutes in which a wait ended, in order; a minute without any is absent."""
        return [self._minutes[key] for key in sorted(self._minutes)]
