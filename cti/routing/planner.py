"""The one who answers the dialplan: rules, load and clock together, and a short memory of the calls on their way.

Answering comes first: a load that cannot be had is an unknown load, and a sink that fails is only logged. The memory
keeps the flux of a call, and its overflows in case the dialplan cannot count; losing it (a restart) costs a caller some
priority, never a place to go.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import structlog

from cti.journey.around.callers import Repeat
from cti.routing.plan import Cause, Decision, Facts, Load, RoutingRules, decide

_log = structlog.get_logger(__name__)

#: Calls remembered at once: about two days of a large SAS.
MEMORY: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class DecisionSink(Protocol):
    """Where decisions are told; it must return at once."""

    def __call__(self, call_id: str, decision: Decision, asked_at: int) -> None:
        """Take note of one decision; `asked_at` is in microseconds since the epoch."""


class RecentCalls(Protocol):
    """What is remembered of the numbers that called; it must return at once."""

    def __call__(self, caller: str, call_id: str, at: int) -> Repeat | None:
        """What this number did shortly before; None when nothing, and always for a masked caller."""


@dataclass(frozen=True, slots=True)
class _OnItsWay:
    """What a call said at entry, what its number did before, and how many overflows it has had."""

    flux: str
    did: str
    regulation: str
    overflows: int = 0
    repeat: Repeat | None = None


class RoutePlanner:
    """Answers both questions of the dialplan from memory.

    Args:
        rules: the site's rules.
        load: what is known of every filière now; none when the link to the PBX is lost.
        clock: microseconds since the epoch.
        sink: told each decision, after it is taken.
        recent: who called shortly before; without it nobody is known to call again.
        crise: whether there is a crisis now; it must return at once.
    """

    def __init__(
        self,
        rules: RoutingRules,
        load: Callable[[], Mapping[str, Load] | None],
        clock: Callable[[], int],
        sink: DecisionSink,
        recent: RecentCalls | None = None,
        crise: Callable[[], bool] = lambda: False,
    ) -> None:
        self._rules = rules
        self._load = load
        self._clock = clock
        self._sink = sink
        self._recent = recent
        self._crise = crise
        self._calls: OrderedDict[str, _OnItsWay] = OrderedDict()

    def use(self, rules: RoutingRules) -> None:
        """Follow new rules from the next question on."""
        self._rules = rules

    def route(self, call_id: str, flux: str, did: str, regulation: str = "", *, caller: str = "") -> Decision:
        """Where a call that just came in must go."""
        repeat = self._known_repeat(caller, call_id)
        call = _OnItsWay(flux, did, regulation, repeat=repeat)
        return self._decide(call_id, call, Facts(flux=flux, did=did, regulation=regulation, repeat=repeat))

    def debordement(self, call_id: str, filiere_from: str, cause: str, nth: str, venant: str = "") -> Decision:
        """Where a call goes after a queue gave nothing.

        `nth` counts the overflows since a human last decided, this one included; `venant` is the filière from which
        that human sent the call, empty when there was none.
        """
        call = self._calls.get(call_id) or _OnItsWay("", "", "")
        odd = []
        told = int(nth) if nth.isascii() and nth.isdecimal() and len(nth) < 6 else 0
        if told < 1:
            odd.append(f"rang de débordement illisible {nth}".strip())
        known = Cause(cause) if cause in tuple(Cause) else None
        if known is None:
            odd.append(f"cause de débordement inconnue {cause}".strip())
        call = replace(call, overflows=told or call.overflows + 1)
        facts = Facts(
            flux=call.flux,
            did=call.did,
            origine=filiere_from,
            cause=known,
            venant=venant or None,
            nth=call.overflows,
            regulation=call.regulation,
            repeat=call.repeat,
        )
        return self._decide(call_id, call, facts, tuple(odd))

    def transfert(self, call_id: str, cible: str) -> Decision:
        """Where a call goes that a human sends to a filière; asked in a crisis, for filières that answer for each other."""
        call = self._calls.get(call_id) or _OnItsWay("", "", "")
        facts = Facts(flux=call.flux, did=call.did, regulation=call.regulation, repeat=call.repeat, cible=cible)
        return self._decide(call_id, call, facts, () if cible in self._rules.filieres.by_code else (f"filière inconnue {cible}",))

    def _decide(self, call_id: str, call: _OnItsWay, facts: Facts, odd: tuple[str, ...] = ()) -> Decision:
        asked_at = self._clock()
        local = (_EPOCH + timedelta(microseconds=asked_at)).astimezone(self._rules.zone)
        decision = decide(facts, self._rules, self._known_load(), local, crise=self._known_crisis())
        if not call_id:
            odd = (*odd, "appel sans identité")
        if odd:
            decision = replace(decision, anomalies=(*decision.anomalies, *odd))
        self._remember(call_id, call)
        try:
            self._sink(call_id, decision, asked_at)
        except Exception:  # noqa: BLE001  # whatever the sink does, the caller has an answer
            _log.exception("route_decision_not_recorded", call_id=call_id)
        return decision

    def _remember(self, call_id: str, call: _OnItsWay) -> None:
        if not call_id:
            return
        self._calls[call_id] = call
        self._calls.move_to_end(call_id)
        if len(self._calls) > MEMORY:
            self._calls.popitem(last=False)

    def _known_repeat(self, caller: str, call_id: str) -> Repeat | None:
        if self._recent is None or not caller:
            return None
        try:
            return self._recent(caller, call_id, self._clock())
        except Exception:  # noqa: BLE001  # the memory is a help, the answer is owed
            _log.exception("repeat_unknown", call_id=call_id)
            return None

    def _known_crisis(self) -> bool:
        try:
            return self._crise()
        except Exception:  # noqa: BLE001  # the ordinary rules answer too
            _log.exception("crisis_unknown")
            return False

    def _known_load(self) -> Mapping[str, Load] | None:
        try:
            return self._load()
        except Exception:  # noqa: BLE001  # the load is a help, the answer is owed
            _log.exception("route_load_unknown")
            return None
