"""What the room called itself: how many calls, how many reached somebody, how long they talked. In no figure of the quality.

An outgoing call is no entrant, and a call-back never turns an abandon into an answer: these counts stand beside the figures.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cti.journey import Journey
from cti.journey.events.placed import Direction
from cti.journey.model import Outcome, Quality
from cti.qos.period import Period


@dataclass(slots=True)
class Outgoing:
    """Counts of the outgoing calls of a period, by their t0; durations in whole milliseconds."""

    period: Period
    count: int = 0
    reached: int = 0
    unreached: int = 0
    under_way: int = 0
    callbacks: int = 0  #: placed for an entry of the call-back list
    callbacks_reached: int = 0
    transferred: int = 0  #: passed on to a filière
    uncertain: int = 0
    talk_ms: int = 0  #: of those who were reached and whose call is over, with everybody they talked to

    def listen(self, journeys: Iterable[Journey]) -> Iterator[Journey]:
        """Pass the calls on, and count those that are outgoing."""
        for journey in journeys:
            if journey.direction is Direction.SORTANT and self.period.holds(journey.t0):
                self._add(journey)
            yield journey

    def _add(self, journey: Journey) -> None:
        reached = journey.answered_at is not None
        callback = journey.placed is not None and journey.placed.callback is not None
        self.count += 1
        self.reached += reached
        self.unreached += journey.outcome is Outcome.UNREACHED
        self.under_way += journey.outcome is None
        self.callbacks += callback
        self.callbacks_reached += callback and reached
        self.transferred += len(journey.stages) > 1
        self.uncertain += journey.quality is Quality.UNCERTAIN
        self.talk_ms += sum(stage.talk_ms or 0 for stage in journey.stages)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        names = ("count", "reached", "unreached", "under_way", "callbacks", "callbacks_reached", "transferred", "uncertain")
        return {**{name: getattr(self, name) for name in names}, "talk_ms": self.talk_ms}

    def as_text(self) -> str:
        """One French line."""
        minutes = f"{self.talk_ms / 60_000:.1f}".replace(".", ",")
        return (
            f"Appels sortants (hors de tous les indicateurs) : {self.count}, joints : {self.reached}, "
            f"non joints : {self.unreached} ; rappels : {self.callbacks}, joints : {self.callbacks_reached} ; "
            f"conversation : {minutes} min"
        )
