"""What later rows of CEL tell of earlier ones, and the callers' ways between two routes; for the witness alone. Pure.

CEL has no row for a phone that stopped ringing, nor for a queue that would not take a caller: the rows around tell it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cti.ami.translate.cel import CelRow
from cti.journey import events as ev
from cti.journey.words import FiliereCode, Instant

#: Rows about one thing that two channels do lie closer than this (microseconds).
TOGETHER = 50_000


@dataclass(slots=True)
class Way:
    """A caller's latest queue, between two routes."""

    queue: FiliereCode = ""
    entered_at: Instant = 0
    patience_seconds: int = 0  #: 0: no limit
    turned_away: bool = False
    left_at: Instant | None = None
    talked: bool = False
    referred: tuple[Instant, str | None] | None = None  #: transfer key pressed: when, by whom; the next route says where to

    def given_back(self) -> ev.QueueEnd:
        """Why the queue gave the caller back, as far as its own clock tells."""
        if self.turned_away:
            return ev.QueueEnd.EMPTY
        waited = (self.left_at or self.entered_at) - self.entered_at
        timed_out = 0 < self.patience_seconds * 1_000_000 <= waited + TOGETHER
        return ev.QueueEnd.TIMEOUT if timed_out else ev.QueueEnd.OTHER


def turned_away(rows: Sequence[CelRow]) -> frozenset[tuple[str, Instant]]:
    """Queue applications that would not take the caller: over at once, and he is still there afterwards."""
    mine: dict[str, list[CelRow]] = {}
    for row in rows:
        mine.setdefault(row.uniqueid, []).append(row)
    return frozenset(
        (row.uniqueid, row.at)
        for told in mine.values()
        for row, after, later in zip(told, told[1:], told[2:], strict=False)
        if (row.kind, row.app, after.kind) == ("APP_START", "Queue", "APP_END")
        and after.at - row.at < TOGETHER
        and later.kind != "HANGUP"
    )


def settled(rows: Sequence[CelRow]) -> Mapping[str, Sequence[Instant]]:
    """By linkedid, when there was no more reason for other phones to ring: the caller left the queue, or was answered."""
    moments: dict[str, list[Instant]] = {}
    for row in rows:
        left = row.kind == "APP_END" and row.app == "Queue"
        if left or (row.kind == "ANSWER" and row.uniqueid != row.linkedid):
            moments.setdefault(row.linkedid, []).append(row.at)
    return moments
