"""The lanes: the calls in memory, and the fold that moves them.

Folding is immediate and in the PBX's order, so the events of a call can never overtake each other. An event of a call that is not
in memory (ended long ago, from before our start, or told by CEL) is a *stray*: the store is asked for its call first.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from cti.journey import Journey, apply
from cti.journey.events import CallArrived, CallEvent, Seen
from cti.journey.facts import Fact
from cti.journey.ledger import Entry, Promise
from cti.journey.words import CallId
from cti.pipeline.ports import Counters

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Folded:
    """One event that has been folded and is not yet written."""

    journey: Journey
    entry: Entry
    facts: tuple[Fact, ...]
    kept: Promise | None = None
    said: bool = False


class Lanes:
    """Every call that may still move, and what has been folded since the last commit."""

    def __init__(self, counters: Counters, ended_kept: int) -> None:
        self.folded: list[Folded] = []
        self.strays: list[Entry] = []
        self._journeys: dict[CallId, Journey] = {}
        self._ended: OrderedDict[CallId, None] = OrderedDict()
        self._counters = counters
        self._ended_kept = ended_kept

    def get(self, call_id: CallId) -> Journey | None:
        """The call as it is now, if it is in memory."""
        return self._journeys.get(call_id)

    def put(self, journey: Journey) -> None:
        """Hold a call fetched from the store; what memory already holds is newer and stays."""
        self._journeys.setdefault(journey.call_id, journey)
        if journey.ended_at is not None:
            self._ended[journey.call_id] = None

    def live(self) -> tuple[Journey, ...]:
        """The calls that have not ended."""
        return tuple(j for j in self._journeys.values() if j.ended_at is None)

    def take(self, entry: Entry) -> None:
        """Fold an event, or put it aside until its call has been fetched."""
        event = entry.event
        if event.call_id in self._journeys or (isinstance(event, CallArrived) and event.seen is Seen.LIVE):
            self.fold(entry)
        else:
            self.strays.append(entry)

    def fold(self, entry: Entry, kept: Promise | None = None) -> None:
        """Fold an event into its call, which begins here when memory holds none."""
        event: CallEvent = entry.event
        journey = self._journeys.get(event.call_id) or Journey(call_id=event.call_id)
        facts: tuple[Fact, ...] = ()
        try:
            journey, facts = apply(journey, event)
        except Exception:
            # The one place where a bug of ours in one call must not reach the others.
            self._counters.rejected += 1
            log.exception("event_rejected", call_id=event.call_id, kind=type(event).__name__)
        self._journeys[event.call_id] = journey
        if journey.ended_at is not None:
            self._ended[event.call_id] = None
            self._ended.move_to_end(event.call_id)
        self._counters.events += 1
        self.folded.append(Folded(journey, entry, facts, kept))

    def forget(self, needed: Iterable[CallId]) -> None:
        """Drop the ended calls beyond the last few; those that a promise needs stay."""
        excess = len(self._ended) - self._ended_kept
        if excess <= 0:
            return
        held = set(needed)
        for call_id in [c for c in self._ended if c not in held][:excess]:
            del self._ended[call_id]
            self._journeys.pop(call_id, None)
