"""What is written down together: the values that pass between the pipeline and whoever keeps them.

A batch is all that one commit must hold or lose as a whole: the events seen, the journeys they led to, the reactions that are
promised because of them and those that have been kept.
"""

from dataclasses import dataclass

from cti.journey.events import CallEvent
from cti.journey.model import Journey
from cti.journey.words import CallId, Instant


class StoreUnavailable(Exception):
    """The store is out of reach, locked or full: nothing of the batch was written, and it may be offered again."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One journalled event and the frame it came from.

    ``(session, frame, part)`` is unique when ``session`` is not empty, so a frame that is read twice is written once.
    """

    event: CallEvent
    session: str = ""  #: the AMI session or replayed file; empty for our own events
    frame: int = 0  #: number of the frame in that session
    part: int = 0  #: index when one frame tells several events


@dataclass(frozen=True, slots=True)
class Promise:
    """A reaction that must be done exactly once: unique by call, reaction and key."""

    call_id: CallId
    reaction: str
    key: str
    at: Instant
    deadline_at: Instant


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval in which we did not see the PBX."""

    since: Instant
    until: Instant
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """All that one transaction writes."""

    entries: tuple[Entry, ...] = ()
    journeys: tuple[Journey, ...] = ()  #: the last state of each call touched
    promises: tuple[Promise, ...] = ()
    kept: tuple[Promise, ...] = ()  #: promises fulfilled
    gaps: tuple[Gap, ...] = ()
