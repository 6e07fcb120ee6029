"""A store in memory with the manners of the real one: whole batches or nothing, repeats harmless, unavailable when told so."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from cti.journey import CallEvent, Journey
from cti.journey.folding.consulting import untold_ends
from cti.journey.ledger import Batch, Entry, Gap, Promise, StoreUnavailable

T = TypeVar("T")


class MemoryStore:
    """What was committed, in order."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.entries: dict[tuple[Any, ...], Entry] = {}
        self.journeys: dict[str, Journey] = {}
        self.outbox: dict[tuple[str, str, str], Promise] = {}
        self.done: dict[tuple[str, str, str], Promise] = {}
        self.gaps: list[Gap] = []
        self.asked: list[str] = []
        #: Out of reach for reading and writing.
        self.down = False
        #: Calls that no column takes: a batch that holds one raises as a bug of ours does.
        self.guilty: set[str] = set()
        #: Calls that cannot be read back.
        self.illegible: set[str] = set()
        self.attempts = 0

    def commit(self, batch: Batch) -> None:
        self.attempts += 1
        self._reach()
        if any(journey.call_id in self.guilty for journey in batch.journeys):
            raise ValueError("no column takes this")
        self.batches.append(batch)
        for entry in batch.entries:
            origin = (entry.session, entry.frame, entry.part) if entry.session else (len(self.entries),)
            self.entries.setdefault(origin, entry)
        self.journeys.update({journey.call_id: journey for journey in batch.journeys})
        for promise in batch.promises:
            self.outbox.setdefault((promise.call_id, promise.reaction, promise.key), promise)
        self.done.update({(p.call_id, p.reaction, p.key): p for p in batch.kept})
        self.gaps.extend(batch.gaps)

    def open_journeys(self) -> list[Journey]:
        self._reach()
        return [journey for journey in self.journeys.values() if journey.ended_at is None]

    def outlived_journeys(self, since: int) -> list[Journey]:
        self._reach()
        return [journey for journey in self.journeys.values() if journey.t0 >= since and untold_ends(journey)]

    def journey(self, call_id: str) -> Journey | None:
        self.asked.append(call_id)
        self._reach()
        if call_id in self.illegible:
            raise ValueError("unknown state 'teleported'")
        return self.journeys.get(call_id)

    def pending(self) -> list[Promise]:
        return [promise for key, promise in self.outbox.items() if key not in self.done]

    def events(self, call_id: str) -> list[CallEvent]:
        """The journal of one call."""
        return [entry.event for entry in self.entries.values() if entry.event.call_id == call_id]

    def _reach(self) -> None:
        if self.down:
            raise StoreUnavailable("database is locked")


async def at_once(function: Callable[..., T], /, *args: Any) -> T:
    """A writer thread that takes a few turns of the loop, so that others run meanwhile."""
    for _ in range(3):
        await asyncio.sleep(0)
    return function(*args)


class Gate:
    """A writer thread that is as slow as the test wants: closed, nothing comes back."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.entered = 0

    async def __call__(self, function: Callable[..., T], /, *args: Any) -> T:
        self.entered += 1
        await self.open.wait()
        return function(*args)
