"""Alarms: what somebody in the room must know besides the calls, each under a code, from when it began until it is over.

The board only keeps and shows them; who raises them, and when they are over, is decided outside (bootstrap).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from cti.journey import Instant


class Gravite(StrEnum):
    """How urgent an alarm is; the words are those of the page."""

    CRITIQUE = "critique"  #: red: something is being lost, or stands still
    AVERTISSEMENT = "avertissement"  #: amber: to be looked at today


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm as it stands."""

    since: Instant
    text: str  #: in French, one line
    gravite: Gravite


class Alarms:
    """The alarms that stand, by code. A code is ``kind`` or ``kind:which``."""

    def __init__(self) -> None:
        self._standing: dict[str, Alarm] = {}

    def __iter__(self) -> Iterator[str]:
        """The codes that stand."""
        return iter(self._standing)

    def get(self, code: str) -> Alarm | None:
        """The alarm of that code; None when all is clear."""
        return self._standing.get(code)

    def stand(self, code: str, alarm: Alarm) -> bool:
        """Raise an alarm or say it in other words; it began when it was raised first. False when nothing is new."""
        old = self._standing.get(code)
        if old is not None:
            alarm = replace(alarm, since=old.since)
        if alarm == old:
            return False
        self._standing[code] = alarm
        return True

    def clear(self, code: str) -> bool:
        """It is over; False when it did not stand."""
        return self._standing.pop(code, None) is not None
