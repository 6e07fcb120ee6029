"""The numbers that called lately, in memory: so that a caller who tries again is recognised while the PBX asks where to send him.

Seeded from the store at the start, then told every call by the pipeline. What it forgets costs a repeated caller some priority,
never a place to go; a masked caller is never in it.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cti.journey import CallEvent, CallId, Fact, Instant, Journey, PbxEvent
from cti.journey.around.callers import Call, DialKey, Repeat, dial_key, repeat_among

#: A call is shown as long as it lasts: what came before it is kept for so much longer (microseconds).
_LASTING: Final = 4 * 3_600_000_000


@dataclass(slots=True)
class _Number:
    latest: Instant = 0
    calls: dict[CallId, Call] = field(default_factory=dict)


class RecentCallers:
    """A listener of the pipeline, the ``RecentCalls`` of routing and the board's memory; lives in the loop's thread."""

    def __init__(self, window: int) -> None:
        """Remember numbers for ``window`` microseconds."""
        self._window = window
        self._numbers: OrderedDict[DialKey, _Number] = OrderedDict()

    def adopt(self, journeys: Iterable[Journey]) -> None:
        """Remember calls that were there before this start, in order of t0."""
        for journey in journeys:
            self._remember(journey)

    def told(self, journey: Journey, event: CallEvent, facts: tuple[Fact, ...]) -> None:
        """A call changed."""
        self._remember(journey)

    def seen(self, event: PbxEvent) -> None:
        """The room calls nobody."""

    def __call__(self, caller: str, call_id: CallId, at: Instant) -> Repeat | None:
        """What this number did before a call that comes in now."""
        return self._repeat(dial_key(caller), call_id, at)

    def repeat_of(self, journey: Journey) -> Repeat | None:
        """What the number of this call did before it."""
        return None if journey.test else self._repeat(dial_key(journey.caller), journey.call_id, journey.t0)

    def _repeat(self, key: DialKey | None, call_id: CallId, at: Instant) -> Repeat | None:
        number = self._numbers.get(key) if key is not None else None
        return None if number is None else repeat_among(number.calls.values(), call_id, at, self._window)

    def _remember(self, journey: Journey) -> None:
        key = dial_key(journey.caller)
        if key is None or journey.test or not journey.t0:
            return
        number = self._numbers.setdefault(key, _Number())
        known = number.calls.get(journey.call_id)
        if known is not None and known.t0 == journey.t0 and known.dossier_ref == journey.dossier_ref:
            return
        number.calls[journey.call_id] = Call(journey.call_id, journey.t0, journey.dossier_ref)
        number.latest = max(number.latest, journey.t0)
        self._numbers.move_to_end(key)
        self._forget(number)

    def _forget(self, newest: _Number) -> None:
        horizon = newest.latest - self._window - _LASTING
        for call_id in [call_id for call_id, call in newest.calls.items() if call.t0 < horizon]:
            del newest.calls[call_id]
        while self._numbers and (first := next(iter(self._numbers.values()))).latest < horizon and first is not newest:
            self._numbers.popitem(last=False)
