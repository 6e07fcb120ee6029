"""The pipeline: takes events in, folds them, commits them in batches, tells the listeners, starts the reactions.

How it moves. ``submit`` folds at once, in memory (``lanes``). A single loop takes whatever has been folded meanwhile and
commits it as **one** batch (group commit, ``writer``): journal, journeys and promises stand or fall together. Only then are the
listeners told and the promised reactions started (``keeper``); a reaction's result comes back as an event, in the same batch as
the note that it was kept.

When the store is out of reach or slow the calls go on: what is folded waits in memory, the batch is offered again with a growing
pause, and after ``early_seconds`` the listeners are told all the same, because a room must see its callers even when a disk
is full. Reactions wait for the commit. (The frames themselves are on disk already, in the raw journal.) What waits is bounded:
beyond ``waiting_events`` each call is kept as it is now, with what follows from it, and its older events are let go.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any

import structlog

from cti.journey import Journey
from cti.journey.events import CallEvent, Event, LinkDown, LinkUp, PbxEvent
from cti.journey.facts import Fact
from cti.journey.folding.consulting import untold_ends
from cti.journey.ledger import Batch, Entry, Gap, Promise, StoreUnavailable
from cti.journey.words import CallId, Instant
from cti.pipeline.keeper import Keeper
from cti.pipeline.lanes import Folded, Lanes
from cti.pipeline.ports import Counters, Listener, Pace, Reaction, Runner, Store
from cti.pipeline.writer import Writer

log = structlog.get_logger(__name__)

#: Calls fetched from the store before the next commit: a long catch-up must not hold the living calls up.
_FETCHED_AT_ONCE = 200
#: How far back a start looks for calls that are over and of which agents may still be speaking.
_OUTLIVED_US = 3600 * 1_000_000


class Pipeline:
    """The lanes of all calls, one writer, and the keeper of promises."""

    def __init__(
        self,
        store: Store,
        runner: Runner,
        clock: Callable[[], Instant],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        reactions: Mapping[type[Fact], tuple[Reaction, ...]],
        listeners: Sequence[Listener] = (),
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._run = runner
        self._clock = clock
        self._pace = pace or Pace()
        self._listeners = list(listeners)
        self.counters = Counters()
        self._lanes = Lanes(self.counters, self._pace.ended_kept)
        self._writer = Writer(store, runner, self._pace, self.counters)
        self._keeper = Keeper(reactions, self.find, self._fulfil, clock, spawn, self._pace, self.counters)
        self._thin_at = self._pace.waiting_events
        self._gaps: list[Gap] = []
        self._kept: list[Promise] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False
        self._early = False
        self._down_since: Instant | None = None
        self._marks: list[tuple[int, asyncio.Event]] = []

    # --- entering ------------------------------------------------------------------------------------------------------

    async def restore(self) -> tuple[Journey, ...]:
        """Take up the calls that were open, and the promises not kept, when the last run stopped."""
        journeys = await self._run(self._store.open_journeys)
        for journey in (*journeys, *await self._run(self._store.outlived_journeys, self._clock() - _OUTLIVED_US)):
            self._lanes.put(journey)
        for promise in await self._run(self._store.pending):
            self._keeper.begin(promise, from_before=True)
        self._stir()
        return tuple(journeys)

    def submit(self, events: Iterable[Event], session: str = "", frame: int = 0) -> None:
        """Fold what one frame told. Never raises and never waits: it is called while a frame is being read."""
        for part, event in enumerate(events):
            if isinstance(event, CallEvent):
                self._take(Entry(event, session, frame, part))
            else:
                self._room(event)

    def gap(self, gap: Gap) -> None:
        """Write down that we were blind."""
        self._gaps.append(gap)
        self._stir()

    def journey(self, call_id: CallId) -> Journey | None:
        """The call as it is now, if it is in memory."""
        return self._lanes.get(call_id)

    def live(self) -> tuple[Journey, ...]:
        """The calls that have not ended."""
        return self._lanes.live()

    def outlived(self) -> tuple[Journey, ...]:
        """Calls that are over, of which agents may still be speaking: those of the last ones that are in memory."""
        return tuple(journey for journey in self._lanes.ended() if untold_ends(journey))

    def listen(self, listener: Listener) -> None:
        """Tell this one too."""
        self._listeners.append(listener)

    @property
    def waiting(self) -> int:
        """Events that are not yet on disk."""
        return self._lanes.waiting

    @property
    def store_ok(self) -> bool:
        """The store took what it was offered last."""
        return self._writer.ok

    def _take(self, entry: Entry, kept: Promise | None = None) -> None:
        folded = self._lanes.take(entry, kept)
        if folded is not None and self._early:
            self._say((folded,))
        if len(self._lanes.folded) >= self._thin_at:
            self._thin()
        self._stir()

    def _thin(self) -> None:
        """The store has been away for days: what waits must fit in memory. The batch that is being offered is left alone."""
        if self._early:
            gone = self._lanes.thin(self._pace.batch_events)
            self.counters.thinned += gone
            log.error("events_thinned", events=gone, waiting=len(self._lanes.folded))
        self._thin_at = len(self._lanes.folded) + self._pace.waiting_events // 2

    def _room(self, event: PbxEvent) -> None:
        if isinstance(event, LinkDown):
            self._down_since = self._down_since or event.at
        elif isinstance(event, LinkUp) and self._down_since is not None:
            self.gap(Gap(since=self._down_since, until=event.at, reason="liaison PBX perdue"))
            self._down_since = None
        for listener in self._listeners:
            self._tell(listener.seen, event)

    def _stir(self) -> None:
        self._idle.clear()
        self._wake.set()

    # --- writing -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Commit for ever; ends when ``stop`` was called and nothing is left, or the store is gone."""
        while True:
            await self._wake.wait()
            if not self._stopping:
                await asyncio.sleep(self._pace.linger_seconds)
            self._wake.clear()
            while self._lanes.folded or self._lanes.strays or self._gaps or self._kept:
                with self._alarm():
                    if not await self._write():
                        return
                self._lanes.forget(self._keeper.needed)
            self._reach_marks()
            if not self._keeper.busy:
                self._idle.set()
            if self._stopping:
                return

    async def drained(self) -> None:
        """Wait until everything submitted is committed and told, and every promise kept."""
        await self._idle.wait()

    async def written(self) -> None:
        """Wait until everything submitted so far is on disk, whatever comes meanwhile."""
        mark = asyncio.Event()
        self._marks.append((self._lanes.taken, mark))
        self._stir()
        self._reach_marks()
        await mark.wait()

    def _reach_marks(self) -> None:
        if not self._marks:
            return
        oldest = self._lanes.oldest()
        for number, mark in self._marks:
            if number < oldest:
                mark.set()
        self._marks = [(number, mark) for number, mark in self._marks if not mark.is_set()]

    def stop(self) -> None:
        """Commit what is folded, then let ``run`` return; promises not yet kept stay in the outbox."""
        self._stopping = True
        self._writer.leave(self._pace.early_seconds)
        self._keeper.stop()
        self._wake.set()

    async def _write(self) -> bool:
        """Commit one batch and see to what follows; False when we are leaving and the store is gone."""
        adopted = await self._adopt()
        items = self._lanes.folded[: self._pace.batch_events]
        gaps, alone = tuple(self._gaps), tuple(self._kept)
        if not (items or gaps or alone):
            return adopted or await self._writer.patience(self._pace.retry_first_seconds)
        promises = self._keeper.promises(fact for item in items for fact in item.facts)
        batch = Batch(
            entries=tuple(item.taken.entry for item in items),
            journeys=tuple({item.journey.call_id: item.journey for item in items}.values()),
            promises=tuple(promises),
            kept=(*alone, *(item.taken.kept for item in items if item.taken.kept is not None)),
            gaps=gaps,
        )
        stands = await self._writer.write(batch)
        if stands is None:
            return False
        self._thin_at = self._pace.waiting_events
        del self._lanes.folded[: len(items)], self._gaps[: len(gaps)], self._kept[: len(alone)]
        self._reach_marks()
        self._say(items)
        for kept in batch.kept:
            self._keeper.written(kept)
        for promise in stands.promises:
            self._keeper.begin(promise)
        return True

    @contextmanager
    def _alarm(self) -> Iterator[None]:
        """When the store takes longer than ``early_seconds``, for whatever reason, the listeners are told meanwhile."""
        alarm = asyncio.get_running_loop().call_later(self._pace.early_seconds, self._speak_early)
        try:
            yield
        finally:
            alarm.cancel()
            self._early = False

    def _speak_early(self) -> None:
        self._early = True
        self._say(self._lanes.folded)

    async def _adopt(self) -> bool:
        """Events of calls that are not in memory: fetch the calls first. False when the store cannot be asked."""
        for call_id in list(islice(self._lanes.strays, _FETCHED_AT_ONCE)):
            try:
                journey = await self.find(call_id)
            except StoreUnavailable:
                self._writer.ok = False
                return False
            except Exception:
                # Written by another version, or damaged: beginning it anew would overwrite what is still legible there.
                lost = self._lanes.strays.pop(call_id)
                self.counters.rejected += len(lost)
                log.exception("call_unreadable", call_id=call_id, events=len(lost))
                self._kept.extend(taken.kept for taken in lost if taken.kept is not None)
            else:
                self._lanes.adopt(call_id, journey)
        return True

    async def find(self, call_id: CallId) -> Journey | None:
        """The call as it is now: from memory, else from the store.

        Raises:
            StoreUnavailable: it is not in memory and the store cannot be read.
        """
        held = self._lanes.get(call_id)
        return held if held is not None else await self._run(self._store.journey, call_id)

    # --- telling -------------------------------------------------------------------------------------------------------

    def _say(self, items: Iterable[Folded]) -> None:
        for item in items:
            if not item.said:
                item.said = True
                for listener in self._listeners:
                    self._tell(listener.told, item.journey, item.taken.entry.event, item.facts)

    def _tell(self, hear: Callable[..., None], *what: Any) -> None:
        try:
            hear(*what)
        except Exception:
            self.counters.listener_failures += 1
            log.exception("listener_failed", listener=getattr(hear, "__qualname__", str(hear)))

    def _fulfil(self, promise: Promise, events: Sequence[CallEvent]) -> None:
        """The result and the note that the promise was kept go into one commit."""
        kept = replace(promise, at=self._clock())
        session = f"{promise.reaction}:{promise.call_id}"
        for part, event in enumerate(events):
            self._take(Entry(event, session, 0, part), kept if part == len(events) - 1 else None)
        if not events:
            self._kept.append(kept)
        self._stir()
