"""The list as a fold: what the ended calls of one number and the acts of people amount to.

Rules. A lost call opens an entry, or joins the one that this number has open or taken. An answered call within the closing window
after the last loss closes it by itself. Acts are taken in their order: what was done is always kept, and moves the entry only
when that was possible then (an act on an entry that a call told late has closed before changes nothing but its history).
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from cti.callback.rules import CallbackRules
from cti.journey import Journey
from cti.journey.around.callers import dial_key
from cti.journey.callbacks import Act, ActKind, CallbackEntry, EntryState, History, Trace, TraceKind, TryResult
from cti.journey.events.placed import Direction
from cti.journey.model import Outcome

#: Why an entry closed without a word from anybody.
CALLED_AGAIN: Final = "a rappelé et a été décroché"
REACHED: Final = "joint"


def trace_of(journey: Journey) -> Trace | None:
    """What an ended call means for the list; None when nothing.

    That is a test, a call that we placed ourselves, one refused upstream, a professional who gave up.
    """
    if journey.ended_at is None or journey.test or journey.direction is Direction.SORTANT:
        return None
    if journey.lost_waiting is not None:
        kind, at = TraceKind.LOST_N2, journey.ended_at
    elif journey.answered_at is not None:
        kind, at = TraceKind.REACHED, journey.answered_at
    elif journey.outcome is Outcome.ABANDONED and journey.public:
        kind, at = TraceKind.ABANDON, journey.ended_at
    else:
        return None
    key = dial_key(journey.caller)
    if key is None and kind is TraceKind.REACHED:
        return None  # nobody can tell whom he is
    stage = journey.stage
    return Trace(
        call_id=journey.call_id,
        group=key or journey.call_id,
        kind=kind,
        at=at,
        t0=journey.t0,
        number=journey.caller if key is not None else None,
        flux=journey.flux,
        filiere=journey.lost_waiting or (stage.filiere if stage is not None else None),
        phase=journey.abandon_phase,
        # A transfer says no priority of its own: what the line or an earlier decision gave is still true of this caller.
        priority=max(journey.priority, *(stage.priority for stage in journey.stages), 0),
        dossier_ref=journey.dossier_ref,
    )


def fold(history: History, rules: CallbackRules) -> tuple[CallbackEntry, ...]:
    """The entries of one group, oldest first; the same history always gives the same entries."""
    entries: list[CallbackEntry] = []
    lost: dict[str, Trace] = {trace.call_id: trace for trace in history.traces if trace.kind is not TraceKind.REACHED}
    for what in _in_order(history):
        if isinstance(what, Act):
            _done(entries, what)
        elif what.kind is TraceKind.REACHED:
            _called_again(entries, what, rules)
        elif entries and entries[-1].state is not EntryState.CLOSED:
            entries[-1] = _lost_again(entries[-1], what, lost, rules)
        else:
            entries.append(_opened(what, rules))
    return tuple(entries)


def _in_order(history: History) -> Iterator[Trace | Act]:
    """By instant; at one instant calls before acts. Acts keep their own order whatever the clocks say."""
    traces = sorted(history.traces, key=lambda trace: (trace.at, trace.call_id))
    waiting = iter(traces)
    coming = next(waiting, None)
    latest = 0
    for act in sorted(history.acts, key=lambda act: act.number):
        latest = max(latest, act.at)
        # An entry is made by its call: an act on it cannot come before, even when two clocks differ.
        while coming is not None and (coming.at <= latest or _unmet(traces, coming, act)):
            yield coming
            coming = next(waiting, None)
        yield act
    while coming is not None:
        yield coming
        coming = next(waiting, None)


def _unmet(traces: Iterable[Trace], coming: Trace, act: Act) -> bool:
    return any(trace.call_id == act.entry and (trace.at, trace.call_id) >= (coming.at, coming.call_id) for trace in traces)


def _opened(trace: Trace, rules: CallbackRules) -> CallbackEntry:
    rank, found = rules.rank_of(trace)
    return CallbackEntry(
        id=trace.call_id,
        group=trace.group,
        rank=rank,
        rank_code=found.code,
        kind=trace.kind,
        flux=trace.flux,
        filiere=trace.filiere,
        phase=trace.phase,
        priority=trace.priority,
        number=trace.number,
        dossier_ref=trace.dossier_ref,
        first_lost_at=trace.at,
        last_lost_at=trace.at,
        call_ids=(trace.call_id,),
    )


def _lost_again(entry: CallbackEntry, trace: Trace, lost: dict[str, Trace], rules: CallbackRules) -> CallbackEntry:
    """The same caller gave up again: the entry is as urgent as the most urgent of the calls."""
    ids = (*entry.call_ids, trace.call_id)
    ranked = [(rules.rank_of(lost[call_id]), lost[call_id]) for call_id in ids]
    (rank, found), urgent = min(ranked, key=lambda one: (one[0][0], -one[1].priority, one[1].at))
    return replace(
        entry,
        rank=rank,
        rank_code=found.code,
        kind=urgent.kind,
        flux=urgent.flux,
        filiere=urgent.filiere,
        phase=urgent.phase,
        priority=urgent.priority,
        number=trace.number,
        dossier_ref=trace.dossier_ref or entry.dossier_ref,
        last_lost_at=trace.at,
        call_ids=ids,
    )


def _called_again(entries: list[CallbackEntry], trace: Trace, rules: CallbackRules) -> None:
    if not entries or entries[-1].state is EntryState.CLOSED:
        return
    entry = entries[-1]
    if trace.at - entry.last_lost_at <= rules.closing_window:
        entries[-1] = replace(
            entry, state=EntryState.CLOSED, closed_at=trace.at, reason=CALLED_AGAIN, closing_call_id=trace.call_id
        )


def _done(entries: list[CallbackEntry], act: Act) -> None:
    for place, entry in enumerate(entries):
        if act.entry in entry.call_ids:
            entries[place] = acted(entry, act, newest=place == len(entries) - 1)
            return


def acted(entry: CallbackEntry, act: Act, *, newest: bool) -> CallbackEntry:
    """The entry after an act; only the newest of a number can be reopened, for there is one open entry a number."""
    after = replace(entry, acts=(*entry.acts, act))
    closed = entry.state is EntryState.CLOSED
    match act.kind:
        case ActKind.TAKE if entry.state is EntryState.OPEN:
            return replace(after, state=EntryState.TAKEN, taken_by=act.by, taken_at=act.at)
        case ActKind.TRY if act.result is TryResult.REACHED and not closed:
            return replace(after, state=EntryState.CLOSED, closed_at=act.at, closed_by=act.by, reason=REACHED)
        case ActKind.TRY if entry.state is EntryState.OPEN:
            return replace(after, state=EntryState.TAKEN, taken_by=act.by, taken_at=act.at)
        case ActKind.CLOSE if not closed:
            return replace(after, state=EntryState.CLOSED, closed_at=act.at, closed_by=act.by, reason=act.reason)
        case ActKind.REOPEN if newest and entry.state is not EntryState.OPEN:
            return replace(
                after,
                state=EntryState.OPEN,
                taken_by=None,
                taken_at=None,
                closed_at=None,
                closed_by=None,
                closing_call_id=None,
                reason="",
            )
        case _:
            return after
