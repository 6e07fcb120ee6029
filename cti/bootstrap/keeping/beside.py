"""What keeps the voice beside the calls, as one thing for the service: the worker, the watch on what is written, the proof."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from cti.bootstrap.keeping.growing import GrowthWatch
from cti.bootstrap.keeping.keeper import Keeper
from cti.bootstrap.keeping.proving import NightlyProof
from cti.bootstrap.watching.conditions import Condition
from cti.journey import CallEvent, Fact, Instant, Journey, PbxEvent
from cti.settings import Settings
from cti.store import Store


class Watch(Protocol):
    """Something that is looked at from a thread of its own."""

    def start(self) -> None:
        """Begin to look."""

    def stop(self) -> None:
        """Look no more; blocking."""

    def condition(self) -> Condition:
        """What the board says of it."""


class Keeping:
    """Started and stopped with the service; a listener of the pipeline."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        recordings: Path,
        live: Callable[[], Sequence[Journey]],
        clock: Callable[[], Instant],
        also: Sequence[Watch] = (),
    ) -> None:
        self.keeper = Keeper(settings, store, recordings, self._count, clock)
        self._growth = GrowthWatch(settings, recordings, lambda: self._calls or (), clock)
        self._proof = NightlyProof(settings, store, recordings, clock)
        self._also = tuple(also)
        self._live = live
        #: The calls under way, as of the last look: the threads must not walk through what the loop is changing. None before it.
        self._calls: tuple[Journey, ...] | None = None

    def _count(self) -> int | None:
        return None if self._calls is None else len(self._calls)

    def start(self) -> None:
        """Begin to watch, and to archive if the site does."""
        self.keeper.start()
        self._growth.start()
        self._proof.start()
        for watch in self._also:
            watch.start()

    def stop(self) -> None:
        """Finish the step in hand; blocking."""
        self._growth.stop()
        self._proof.stop()
        for watch in self._also:
            watch.stop()
        self.keeper.stop()

    def told(self, journey: Journey, event: CallEvent, facts: tuple[Fact, ...]) -> None:
        """A call changed."""
        self.keeper.told(journey, event, facts)

    def seen(self, event: PbxEvent) -> None:
        """The link and the agents are nothing to the archive."""

    def conditions(self) -> tuple[Condition, ...]:
        """What the board says; looked at from the loop, which also notes who is on the line."""

        def note(_at: Instant) -> None:
            self._calls = tuple(self._live())

        return (
            Condition("archive_calls", note),
            *self.keeper.conditions(),
            *self._growth.conditions(),
            self._proof.condition(),
            *(watch.condition() for watch in self._also),
        )
