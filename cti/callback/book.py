"""The book of call-backs: hears of ended calls, lets people act, and can be written anew from the store's calls.

Every change of a number is one transaction of the shelf (the store): its history is read under a lock, folded with what is
new, and written. The same history always gives the same entries, so hearing a call twice or rebuilding all of it changes nothing.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from cti.callback.desk import allow
from cti.callback.folding import fold, trace_of
from cti.callback.rules import CallbackRules
from cti.journey import CallId, Instant, Journey
from cti.journey.callbacks import Act, ActKind, CallbackEntry, Change, History, Trace, TryResult


class Shelf(Protocol):
    """Where the list is kept. Blocking; every method raises StoreUnavailable when it is out of reach."""

    def change(self, group: str, work: Callable[[History], Change]) -> None:
        """Read one group alone, let ``work`` say what becomes of it, and write that; nothing when ``work`` raises."""

    def group_of(self, call_id: CallId) -> str | None:
        """The group of a call that is on the list; None when it is not."""

    def entries(self, *, closed_since: Instant | None) -> list[CallbackEntry]:
        """All that is open or taken, and what was closed since then (None: nothing closed)."""


class CallbackBook:
    """The call-back list. Blocking: it is called in the store's thread or another."""

    def __init__(self, shelf: Shelf, rules: CallbackRules) -> None:
        self._shelf = shelf
        self._rules = rules

    def hear(self, journey: Journey) -> bool:
        """A call is over; True when it means something for the list. Hearing it again changes nothing."""
        trace = trace_of(journey)
        if trace is not None:
            self._write(trace.group, (trace,))
        return trace is not None

    def rebuild(self, journeys: Iterable[Journey]) -> int:
        """Write the list anew from these calls and what people did; gives how many calls have to do with it."""
        groups: dict[str, list[Trace]] = {}
        for trace in map(trace_of, journeys):
            if trace is not None:
                groups.setdefault(trace.group, []).append(trace)
        for group, traces in groups.items():
            self._write(group, tuple(traces))
        return sum(map(len, groups.values()))

    def _write(self, group: str, traces: tuple[Trace, ...]) -> None:
        told = {trace.call_id for trace in traces}

        def work(history: History) -> Change:
            others = tuple(one for one in history.traces if one.call_id not in told)
            return Change(traces=traces, entries=fold(History((*others, *traces), history.acts), self._rules))

        self._shelf.change(group, work)

    def act(
        self,
        call_id: CallId,
        kind: ActKind,
        *,
        at: Instant,
        by: str,
        version: int,
        result: TryResult | None = None,
        reason: str = "",
    ) -> CallbackEntry | None:
        """Do something about an entry that was seen at this version; the entry afterwards, None when there is no such entry.

        Raises:
            Refused: somebody was quicker, or the entry is not in a state for it.
        """
        group = self._shelf.group_of(call_id)
        if group is None:
            return None
        found: list[CallbackEntry] = []

        def work(history: History) -> Change:
            before = fold(history, self._rules)
            entry = next((one for one in before if call_id in one.call_ids), None)
            if entry is None:
                return Change(entries=before)
            last = max((act.number for act in history.acts), default=0)
            act = Act(group=group, number=last + 1, entry=entry.id, at=at, by=by, kind=kind, result=result, reason=reason)
            allow(entry, act, version, newest=entry is before[-1])
            after = fold(History(history.traces, (*history.acts, act)), self._rules)
            found.extend(one for one in after if call_id in one.call_ids)
            return Change(acts=(act,), entries=after)

        self._shelf.change(group, work)
        return found[0] if found else None

    def standing(self, call_id: CallId) -> CallbackEntry | None:
        """The open or taken entry of this lost call; None when there is none."""
        return next((entry for entry in self._shelf.entries(closed_since=None) if call_id in entry.call_ids), None)

    def called_back(self, call_id: CallId, by: str, at: Instant, result: TryResult, outgoing: CallId) -> bool:
        """The PBX saw us call this one back: a try of whoever took the entry, else of ``by``. Hearing it again changes nothing.

        It is kept whatever the entry has become meanwhile: it did happen.
        """
        group = self._shelf.group_of(call_id)
        if group is None:
            return False

        def work(history: History) -> Change:
            before = fold(history, self._rules)
            entry = next((one for one in before if call_id in one.call_ids), None)
            if entry is None or any(act.call_id == outgoing for act in history.acts):
                return Change(entries=before)
            act = Act(
                group=group,
                number=max((act.number for act in history.acts), default=0) + 1,
                entry=entry.id,
                at=at,
                by=entry.taken_by or by,
                kind=ActKind.TRY,
                result=result,
                call_id=outgoing,
            )
            return Change(acts=(act,), entries=fold(History(history.traces, (*history.acts, act)), self._rules))

        self._shelf.change(group, work)
        return True

    def list(self, now: Instant, *, with_closed: bool = False) -> "list[CallbackEntry]":
        """The entries in the order in which to call back: rank, then priority in the queue, then the longest lost."""
        entries = self._shelf.entries(closed_since=now - self._rules.horizon if with_closed else None)
        return sorted(entries, key=urgency)


def urgency(entry: CallbackEntry) -> tuple[int, int, Instant, CallId]:
    """Smaller is called back sooner."""
    return entry.rank, -entry.priority, entry.first_lost_at, entry.id
