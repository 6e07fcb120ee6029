"""The alarm watch: looks at everything the service stands on and puts what is wrong on the board, in French.

Two kinds of alarm. A *condition* (the store is out of reach) is looked at every ``LOOK_SECONDS`` and is over when it is over. An
*occurrence* (an answered call without sound) is told by a fact; it stays for an hour, and the last ten are kept. Two callers whom
an agent left alone with each other are told by their calls, at once, as long as it lasts.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import structlog

from cti.bootstrap.watching.conditions import Condition, Trouble
from cti.bootstrap.watching.joined import CallersJoined
from cti.journey import CallEvent, CallId, Fact, Instant, Journey, PbxEvent
from cti.journey.facts import RecordingFaulted
from cti.journey.words import as_datetime
from cti.live.alarms import Gravite

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 2.0
_SECOND: Final = 1_000_000
#: An occurrence stays on the wall for so long (microseconds), and so many of a kind.
KEPT_US: Final = 3_600 * _SECOND
KEPT_CALLS: Final = 10


class _Board(Protocol):
    """Where alarms are shown."""

    def alarm(self, code: str, text: str, /, *, at: Instant, gravite: Gravite) -> None:
        """Raise or reword."""

    def all_clear(self, code: str, /) -> None:
        """It is over."""


class AlarmWatch:
    """Puts alarms on the board and takes them off; a listener of the pipeline."""

    def __init__(
        self,
        board: _Board,
        zone: ZoneInfo,
        *,
        clock: Callable[[], Instant],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._board = board
        self._zone = zone
        self._clock = clock
        self._pause = pause
        self._conditions: list[Condition] = []
        self._wrong_since: dict[str, Instant] = {}
        self._faulted: OrderedDict[CallId, Instant] = OrderedDict()
        self._joined = CallersJoined(zone)
        self._together: set[str] = set()

    def adopt(self, journeys: Iterable[Journey]) -> None:
        """Calls that were open when the service stopped: what is wrong with them is wrong still."""
        for journey in journeys:
            self._joined.told(journey)
        self._show_joined(self._clock())

    def watch(self, conditions: Iterable[Condition]) -> None:
        """Look at these too."""
        self._conditions.extend(conditions)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self.look()
            await self._pause(LOOK_SECONDS)

    def look(self) -> None:
        """Look at every condition once; one that cannot be looked at is our bug and hides no other."""
        at = self._clock()
        for condition in self._conditions:
            try:
                trouble = condition.look(at)
            except Exception:
                log.exception("condition_not_looked_at", alarm=condition.code)
                continue
            self._judge(condition, trouble, at)
        for call_id in [call_id for call_id, since in self._faulted.items() if at - since >= KEPT_US]:
            self._forget(call_id)
        self._show_joined(at)

    def _judge(self, condition: Condition, trouble: Trouble | None, at: Instant) -> None:
        code = condition.code
        if trouble is None:
            if self._wrong_since.pop(code, None) is not None:
                log.info("alarm_over", alarm=code)
            self._board.all_clear(code)
            return
        if code not in self._wrong_since:
            log.warning("alarm", alarm=code, text=trouble.text)
        since = self._wrong_since.setdefault(code, at)
        if not 0 <= at - since < condition.patience_seconds * _SECOND:  # the clock may have been set back
            self._board.alarm(code, trouble.text, at=since, gravite=trouble.gravite)

    # --- occurrences -----------------------------------------------------------------------------------------------------

    def told(self, journey: Journey, event: CallEvent, facts: tuple[Fact, ...]) -> None:
        """A call changed."""
        if self._joined.told(journey):
            self._show_joined(max(self._clock(), event.at))
        for fact in facts:
            if isinstance(fact, RecordingFaulted):
                self._faulted.pop(fact.call_id, None)
                self._faulted[fact.call_id] = fact.at
                text = _without_sound(journey, fact, self._zone)
                self._board.alarm(_recording(fact.call_id), text, at=fact.at, gravite=Gravite.AVERTISSEMENT)
                while len(self._faulted) > KEPT_CALLS:
                    self._forget(next(iter(self._faulted)))

    def seen(self, event: PbxEvent) -> None:
        """What happens to the link and to agents is on the board already."""

    def _show_joined(self, at: Instant) -> None:
        standing = {code: (text, since, gravite) for code, since, text, gravite in self._joined.standing(at)}
        for code in self._together - standing.keys():
            log.info("alarm_over", alarm=code)
            self._board.all_clear(code)
        for code, (text, since, gravite) in standing.items():
            if code not in self._together:
                log.warning("alarm", alarm=code, text=text)
            self._board.alarm(code, text, at=since, gravite=gravite)
        self._together = set(standing)

    def _forget(self, call_id: CallId) -> None:
        del self._faulted[call_id]
        self._board.all_clear(_recording(call_id))


def _recording(call_id: CallId) -> str:
    return f"recording:{call_id}"


def _without_sound(journey: Journey, fact: RecordingFaulted, zone: ZoneInfo) -> str:
    hour = as_datetime(journey.t0).astimezone(zone).strftime("%H:%M")
    dossier = f"dossier {journey.dossier_ref}" if journey.dossier_ref else "sans dossier"
    return f"Enregistrement défectueux : appel de {hour}, {dossier} ({fact.problem})"
