"""The lanes: the calls in memory, and the fold that moves them.

Folding is immediate and in the PBX's order, so the events of a call can never overtake each other. An event of a call that is not
in memory (ended long ago, from before our start, or told by CEL) is a *stray*: the store is asked for its call first, and until
then whatever else comes for that call waits behind it.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

import structlog

from cti.journey import Journey, apply
from cti.journey.events import CallArrived, Seen
from cti.journey.facts import Fact
from cti.journey.ledger import Entry, Promise
from cti.journey.words import CallId
from cti.pipeline.ports import Counters

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Taken:
    """One event that has come in."""

    number: int  #: counts up from our start
    entry: Entry
    kept: Promise | None = None  #: the promise that is kept once this is written


@dataclass(slots=True)
class Folded:
    """One event that has been folded and is not yet written."""

    taken: Taken
    journey: Journey
    facts: tuple[Fact, ...]
    said: bool = False


def _thinnable(item: Folded) -> bool:
    return item.said and item.taken.kept is None


class Lanes:
    """Every call that may still move, and what has come in since the last commit."""

    def __init__(self, counters: Counters, ended_kept: int) -> None:
        self.folded: list[Folded] = []
        #: By call, in the order of coming; the store is asked for the call that has waited longest first.
        self.strays: dict[CallId, list[Taken]] = {}
        self.taken = 0
        self._journeys: dict[CallId, Journey] = {}
        self._ended: OrderedDict[CallId, None] = OrderedDict()
        self._counters = counters
        self._ended_kept = ended_kept

    @property
    def waiting(self) -> int:
        """Events that are not yet on disk."""
        return len(self.folded) + sum(map(len, self.strays.values()))

    def get(self, call_id: CallId) -> Journey | None:
        """The call as it is now, if it is in memory."""
        return self._journeys.get(call_id)

    def put(self, journey: Journey) -> None:
        """Hold a call fetched from the store; what memory already holds is newer and stays."""
        self._hold(self._journeys.get(journey.call_id) or journey)

    def live(self) -> tuple[Journey, ...]:
        """The calls that have not ended."""
        return tuple(j for j in self._journeys.values() if j.ended_at is None)

    def ended(self) -> tuple[Journey, ...]:
        """Of the calls that have ended, those in memory, the latest last."""
        return tuple(self._journeys[call_id] for call_id in self._ended)

    def take(self, entry: Entry, kept: Promise | None = None) -> Folded | None:
        """Fold an event; None when it is put aside until its call has been fetched."""
        event = entry.event
        self.taken += 1
        taken = Taken(self.taken, entry, kept)
        if event.call_id in self.strays:
            self.strays[event.call_id].append(taken)
            return None
        if event.call_id in self._journeys or (isinstance(event, CallArrived) and event.seen is Seen.LIVE):
            return self._fold(taken)
        self.strays[event.call_id] = [taken]
        return None

    def adopt(self, call_id: CallId, journey: Journey | None) -> None:
        """Fold the strays of a call that was asked for; None when the store does not know it: it begins here."""
        if journey is not None:
            self.put(journey)
        for taken in self.strays.pop(call_id):
            self._fold(taken)

    def thin(self, beyond: int) -> int:
        """Of what waits ``beyond`` the first so many, keep each call as it is now and what follows from it; how many events went.

        What was never told, or keeps a promise, stays whole. The events that go are in the raw journal and in CEL.
        """
        whole, rest = self.folded[:beyond], self.folded[beyond:]
        last = {item.journey.call_id: item for item in rest if _thinnable(item)}
        facts: dict[CallId, list[Fact]] = {call_id: [] for call_id in last}
        first: dict[CallId, int] = {}
        stays: list[Folded] = []
        for item in rest:
            call_id = item.journey.call_id
            if not _thinnable(item):
                stays.append(item)
                continue
            facts[call_id].extend(item.facts)
            first.setdefault(call_id, item.taken.number)
            if item is last[call_id]:
                stays.append(replace(item, taken=replace(item.taken, number=first[call_id]), facts=tuple(facts[call_id])))
        gone = len(rest) - len(stays)
        self.folded = whole + stays
        return gone

    def oldest(self) -> int:
        """Number of the oldest event that is not yet on disk; beyond the last one when all are."""
        numbers = [item.taken.number for item in self.folded]
        numbers.extend(strays[0].number for strays in self.strays.values())
        return min(numbers, default=self.taken + 1)

    def forget(self, needed: Iterable[CallId]) -> None:
        """Drop the ended calls beyond the last few; those that a promise needs or that are not on disk stay."""
        excess = len(self._ended) - self._ended_kept
        if excess <= 0:
            return
        held = {item.journey.call_id for item in self.folded}.union(needed, self.strays)
        for call_id in list(islice((c for c in self._ended if c not in held), excess)):
            del self._ended[call_id]
            self._journeys.pop(call_id, None)

    def _fold(self, taken: Taken) -> Folded:
        event = taken.entry.event
        journey = self._journeys.get(event.call_id) or Journey(call_id=event.call_id)
        facts: tuple[Fact, ...] = ()
        try:
            journey, facts = apply(journey, event)
        except Exception:
            # The one place where a bug of ours in one call must not reach the others.
            self._counters.rejected += 1
            log.exception("event_rejected", call_id=event.call_id, kind=type(event).__name__)
        self._hold(journey)
        self._counters.events += 1
        item = Folded(taken, journey, facts)
        self.folded.append(item)
        return item

    def _hold(self, journey: Journey) -> None:
        self._journeys[journey.call_id] = journey
        if journey.ended_at is not None:
            self._ended[journey.call_id] = None
            self._ended.move_to_end(journey.call_id)
