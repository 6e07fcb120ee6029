"""The reaction to the end of a call: wait until the PBX has closed the files, read them, say whether they are sound.

The PBX closes a file a moment after the hang-up and tells nobody (MixMonitorStop comes only from StopMixMonitor). A file with a
final header is finished at once; one that nobody has touched for ``settle_ms`` is finished too, whatever its header says, and so
is the absence of a file.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from cti.journey import CallEvent, Fact, Instant, Journey
from cti.journey.facts import CallClosed
from cti.recording.check import LegFiles, check, stems, still_writing, told
from cti.recording.places import Legs, StemOutside, locate
from cti.recording.policy import RecordingSettings
from cti.recording.reading import glance, measure

_T = TypeVar("_T")


class NotYet(Exception):
    """The PBX still writes: look again later. Nothing was lost."""


class Runner(Protocol):
    """Runs a blocking function away from the event loop."""

    def __call__(self, work: Callable[[], _T], /) -> Awaitable[_T]:
        """Await the result of ``work``."""


class Waiter(Protocol):
    """Waits for a condition, never for a time."""

    def __call__(self, ready: Callable[[], Awaitable[bool]], deadline_seconds: float, /) -> Awaitable[bool]:
        """Ask ``ready`` now and whenever it may have changed; True as soon as it is, False at the deadline."""


@dataclass(slots=True)
class _Quiet:
    """Whether the files of one call have come to rest."""

    settle_ms: int
    _seen: Sequence[LegFiles] | None = None
    _since: Instant = 0

    def at_rest(self, now: Instant, found: Sequence[LegFiles]) -> bool:
        if all(legs.final for legs in found):
            return True
        if found != self._seen:
            self._seen, self._since = found, now
        return now - self._since >= self.settle_ms * 1000


@dataclass(frozen=True, slots=True)
class CheckRecordings:
    """Checks the recordings of a call that is over: ``CallClosed`` -> ``RecordingChecked`` for each."""

    settings: RecordingSettings
    clock: Callable[[], Instant]
    runner: Runner
    waiter: Waiter
    #: The recordings' folder when it is not the one of the settings (the sandbox has its own).
    root: Path | None = field(default=None)

    async def __call__(self, journey: Journey, fact: Fact) -> Sequence[CallEvent]:
        """The events to put back into the call's story, in the order of the recordings; none for any other fact.

        What was told before is not told again: a second check is asked for when a consultation outlives its caller, or when a
        first one was interrupted.

        Raises:
            NotYet: a file was still growing at the deadline; to be asked again by the outbox.
        """
        if not isinstance(fact, CallClosed):
            return ()
        places = await self.runner(lambda: self._places(journey))
        growing = still_writing(journey)
        known = [legs for stem, legs in places.items() if legs is not None and stem not in growing]
        quiet = _Quiet(self.settings.settle_ms)

        async def at_rest() -> bool:
            found = await self.runner(lambda: [glance(legs) for legs in known])
            return quiet.at_rest(self.clock(), found)

        if not await self.waiter(at_rest, self.settings.deadline_ms / 1000):
            raise NotYet(f"recordings of call {journey.call_id} still growing after {self.settings.deadline_ms} ms")
        files = await self.runner(lambda: {stem: self._measured(legs) for stem, legs in places.items()})
        before = told(journey)
        return [event for event in check(journey, files, self.settings, self.clock()) if event.stem not in before]

    def _measured(self, legs: Legs | None) -> LegFiles | None:
        if legs is None:
            return None
        return measure(legs, self.settings.silence_max_peak, self.settings.voice_min_ms)

    def _places(self, journey: Journey) -> dict[str, Legs | None]:
        root = self.root if self.root is not None else Path(self.settings.root)
        places: dict[str, Legs | None] = {}
        before = told(journey)
        for stem in (one for one in stems(journey) if one not in before):
            try:
                places[stem] = locate(stem, root, self.settings.pbx_root)
            except StemOutside:
                places[stem] = None
        return places
