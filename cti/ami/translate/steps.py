"""The PBX's wall clock is set while calls are in progress: each call keeps the time it came in with.

Pure. Stamps and a clock that never steps enter; how far the PBX's clock was set leaves, and events moved back onto the time of
their call. So a wait or a talk is as long as it was, whatever happened to the clock meanwhile; calls that come in later have the
new time. Without this an hour set forward is an hour of waiting, and an hour set back a wait of less than nothing.

A clock that was set back leaves the same hour twice in CEL: `on_one_clock` moves the rows of before the step.
"""

import re
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cti.ami.translate.cel import CelRow
from cti.ami.translate.queue_log import QueueLogRow
from cti.journey.events import CallArrived, CallEvent, Event
from cti.journey.model import Journey
from cti.journey.words import CallId, Instant

#: The anomaly on a call that lived through a step.
STEPPED = "pbx_clock_stepped"
#: A stamp may be older than the one before it by less than this without any step: two threads of the PBX (microseconds).
BACK_US = 1_000_000
#: A stamp may be further ahead of our own measure of time than ever lately by less than this: frames come late now and then.
AHEAD_US = 2_000_000
_SECOND = 1_000_000
_NOTED = re.compile(r"([+-]\d+\.\d{6}) s ")
#: Two clocks that were set by the same, as far as a frame's delay lets us see (microseconds).
_SAME_US = 1_000_000
#: After a step that only the PBX made, its new distance is known from the frames of so long (microseconds).
_SOON_US = 2_000_000
#: For a minute after a start or a step the frames that showed it may have been late themselves, on a busy machine by this.
_UNSURE_US = 20_000_000
#: How long the least delay of a frame is remembered (microseconds): two machines' clocks drift apart.
_LATELY_US = 60_000_000
#: queue_log has whole seconds, cut, and is written a moment after CEL or before it (microseconds).
_SAME_SECOND_US = 2_000_000
#: Calls whose late frames are still moved.
_KEPT = 4_096


class ClockSteps:
    """Notices steps of the PBX's clock, and keeps the time of each call that lived through one.

    A time is a distance: of the PBX's wall clock from our steady one, as the least delayed frame shows it.
    """

    def __init__(self) -> None:
        self._stamp: Instant = 0
        self._offset: Instant | None = None  # of the stamp before
        self._most: Instant = 0  # lately
        self._most_before: Instant = 0  # in the minute before
        self._since_us: Instant = 0
        self._begun_us: Instant = 0  # the last step, or our start
        self._ours: Instant = 0  # our own wall clock's distance from the steady one
        self._times: OrderedDict[CallId, Instant] = OrderedDict()

    @property
    def _now(self) -> Instant:
        return max(self._most, self._most_before)

    def seen(self, stamp: Instant, steady_us: Instant, ours: Instant) -> int:
        """How far the clock was set between the last stamp and this one, microseconds; 0 nearly always.

        Args:
            stamp: what the PBX's clock says.
            steady_us: when that was read, on a clock that never steps.
            ours: the same moment on our own wall clock.
        """
        offset, before, ours = stamp - steady_us, self._offset, ours - steady_us
        our_step, self._ours = ours - self._ours, ours
        if before is None:
            self._begin(offset, stamp, steady_us)
            return 0
        back = stamp < self._stamp - BACK_US and offset < before - BACK_US
        sure = steady_us - self._begun_us > _LATELY_US
        if back or offset > self._now + (AHEAD_US if sure else _UNSURE_US):
            step = offset - before  # as if two frames in a row were late by the same
            exact = abs(step - our_step) < _SAME_US  # one machine, or two that follow one source: ours is known exactly
            step = our_step if exact else step
            provisional = self._now + step
            self._begin(provisional if exact else offset, stamp, steady_us)
            if not exact:  # until frames enough have come to know better
                self._most_before, self._since_us = provisional, steady_us - _LATELY_US + _SOON_US
            return step
        if steady_us - self._since_us > _LATELY_US:
            self._most_before, self._most, self._since_us = self._most, offset, steady_us
        self._offset, self._stamp, self._most = offset, stamp, max(self._most, offset)
        return 0

    def _begin(self, offset: Instant, stamp: Instant, steady_us: Instant) -> None:
        self._offset = self._most = self._most_before = offset
        self._stamp, self._since_us, self._begun_us = stamp, steady_us, steady_us

    def stepped(self, step_us: int, calls: Iterable[CallId]) -> None:
        """The clock was just set by so much, and these calls are in progress: they keep the time they have."""
        for call_id in calls:
            self._times.setdefault(call_id, self._now - step_us)
        while len(self._times) > _KEPT:
            self._times.popitem(last=False)

    def adopt(self, calls: Iterable[Journey]) -> None:
        """Calls taken up after a start of ours: those that had lived through steps say so themselves."""
        for journey in calls:
            if step_us := steps_of(journey):
                self._times.setdefault(journey.call_id, self._now - step_us)

    def lived_through(self, call_id: CallId) -> bool:
        """Whether this call has another time than the clock has now: its events do not say how far we saw."""
        return call_id in self._times

    def moved(self, events: Iterable[Event]) -> list[Event]:
        """The events, each on the time of its call."""
        if not self._times:
            return list(events)
        return [self._move(event) if isinstance(event, CallEvent) else event for event in events]

    def _move(self, event: CallEvent) -> CallEvent:
        shift = self._shift(event.call_id)
        return replace(event, at=event.at + shift) if shift else event

    def _shift(self, call_id: CallId) -> int:
        return self._times[call_id] - self._now if call_id in self._times else 0

    def moved_past(self, events: Sequence[CallEvent], step_us: int, set_at: Instant) -> tuple[CallEvent, ...]:
        """What CEL tells of an interval (`Past`).

        Who came in before that keeps the time of then. Rows of before a step back are on the time after already (`on_one_clock`).
        """
        if set_at:
            self.stepped(step_us, [e.call_id for e in events if isinstance(e, CallArrived) and e.at < set_at])
        older = set_at if step_us > 0 else 0
        return tuple(self._move(replace(event, at=event.at + step_us) if event.at < older else event) for event in events)

    def as_of_now(self, journey: Journey) -> Journey:
        """The call on the time that the clock has now, as a snapshot and CEL tell of it."""
        shift = self._shift(journey.call_id)
        return replace(journey, t0=journey.t0 - shift, last_at=journey.last_at - shift) if shift and journey.t0 else journey


def on_one_clock(rows: Sequence[CelRow]) -> tuple[list[CelRow], int, Instant]:
    """The rows in the order they were written, all on the time of the last one; how far back the clock was set in them, and when.

    The time between the last row before a step and the first one after it is not known, and taken for none.
    """
    told: list[CelRow] = []
    shift, set_at = 0, 0
    younger: CelRow | None = None
    for row in reversed(rows):
        if younger is not None and row.at > younger.at + BACK_US:
            set_at = set_at or younger.at
            shift += younger.at - row.at
        younger = row
        told.append(replace(row, at=row.at + shift) if shift else row)
    told.reverse()
    return told, shift, set_at


def on_the_same_clock(log: Sequence[QueueLogRow], written: Sequence[CelRow], moved: Sequence[CelRow]) -> tuple[QueueLogRow, ...]:
    """queue_log's rows moved as `on_one_clock` moved those that CEL wrote of the same caller in the same second.

    ``written`` and ``moved`` are the same rows, before and after. A second that came twice is told by the order of the log: a row
    is never taken for an older one than the row of that caller before it.
    """
    shifts: defaultdict[str, list[tuple[Instant, int]]] = defaultdict(list)
    for before, after in zip(written, moved, strict=True):
        shifts[before.linkedid].append((before.at, after.at - before.at))
    told: list[QueueLogRow] = []
    reached: dict[str, int] = {}  # by caller: his rows of CEL before this one are behind us
    for row in log:
        his = shifts.get(row.uniqueid, [])
        start = reached.get(row.uniqueid, 0)
        near = [n for n in range(start, len(his)) if abs(his[n][0] - row.at) <= _SAME_SECOND_US]
        if near:
            reached[row.uniqueid] = start = near[0]
        shift = his[start][1] if start < len(his) else 0
        told.append(replace(row, at=row.at + shift) if shift else row)
    return tuple(told)


def words_of(step_us: int) -> str:
    """What is noted on a call that lives through a step; `steps_of` reads it again."""
    return f"{step_us / _SECOND:+.6f} s : l'horloge du PBX a été changée, cet appel garde l'heure d'avant"


def steps_of(journey: Journey) -> int:
    """How far the clock was set while this call was in progress, as noted on it."""
    notes = (_NOTED.match(note.detail) for note in journey.anomalies if note.kind == STEPPED)
    return sum(round(float(found[1]) * _SECOND) for found in notes if found is not None)


@dataclass(frozen=True, slots=True)
class Past:
    """A blind interval and its clock."""

    rows: list[CelRow]  #: on the time of now
    since: Instant  #: from when on they tell something new
    step_us: int  #: how far the clock was set in it
    set_at: Instant  #: when, on the time of now; 0 when it was not
    until: Instant
    log: tuple[QueueLogRow, ...] = ()  #: queue_log, on the time of now

    def unaware(self, calls: Iterable[Journey]) -> list[CallId]:
        """Of these open calls, those that came in before a step that nobody noted on them."""
        return [
            journey.call_id
            for journey in calls
            if not steps_of(journey) and not (self.step_us < 0 and self.set_at <= journey.t0 <= self.until)
        ]


def past_of(rows: Sequence[CelRow], since: Instant, until: Instant, seen_us: int, log: Sequence[QueueLogRow] = ()) -> Past:
    """What these rows tell of ``[since, until]``; ``seen_us`` is the step that frames and steady clock show, 0 for none.

    Where ``since`` is younger than now the clock was set back while nobody watched: the rows themselves show by how much, but not
    how much time passed before the first one after it, so nothing younger than that one is taken for known.
    """
    told, set_back_us, set_at = on_one_clock(rows)
    queues = on_the_same_clock(log, rows, told)
    step_us = seen_us or (set_back_us if twice(since, until) else 0)
    if step_us < 0:
        return Past(told, min(since + step_us, set_at or until, until), step_us, set_at, until, queues)
    return Past(told, min(since, until), step_us, since + step_us - BACK_US if step_us else 0, until, queues)


def twice(since: Instant, until: Instant) -> bool:
    """Whether the clock was set back between the two, so that some of the log is of an hour that came twice."""
    return since > until + BACK_US
