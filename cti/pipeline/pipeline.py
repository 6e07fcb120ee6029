"""The writer: takes what has been folded, commits it as one batch, tells the listeners, starts the reactions.

How it moves. ``submit`` folds at once, in memory (``lanes``). A single writer takes whatever has been folded meanwhile and
commits it as **one** batch (group commit): journal, journeys and promises stand or fall together. Only then are the listeners
told and the promised reactions started (``keeper``); a reaction's result comes back as an event, in the same batch as the
note that it was kept.

When the store is out of reach the calls go on: what is folded waits in memory, the batch is offered again with a growing
pause, and after ``early_seconds`` the listeners are told all the same, because a room must see its callers even when a disk
is full. Reactions wait for the commit. (The frames themselves are on disk already, in the raw journal.)
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import structlog

from cti.journey import Journey
from cti.journey.events import CallEvent, Event, LinkDown, LinkUp, PbxEvent
from cti.journey.facts import Fact
from cti.journey.ledger import Batch, Entry, Gap, Promise, StoreUnavailable
from cti.journey.words import CallId, Instant
from cti.pipeline.keeper import Keeper
from cti.pipeline.lanes import Folded, Lanes
from cti.pipeline.ports import Counters, Listener, Pace, Reaction, Runner, Store

log = structlog.get_logger(__name__)


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
        self._pace = pace or Pace()
        self._listeners = list(listeners)
        self.counters = Counters()
        self._lanes = Lanes(self.counters, self._pace.ended_kept)
        self._keeper = Keeper(reactions, self._fetch, self._fulfil, clock, spawn, self._pace, self.counters)
        self._gaps: list[Gap] = []
        self._kept: list[Promise] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False
        self._down_since: Instant | None = None
        self._committed = 0
        self._marks: list[tuple[int, asyncio.Event]] = []
        self.store_ok = True

    # --- entering ------------------------------------------------------------------------------------------------------

    async def restore(self) -> tuple[Journey, ...]:
        """Take up the calls that were open, and the promises not kept, when the last run stopped."""
        journeys = await self._run(self._store.open_journeys)
        for journey in journeys:
            self._lanes.put(journey)
        for promise in await self._run(self._store.pending):
            self._keeper.begin(promise)
        return tuple(journeys)

    def submit(self, events: Iterable[Event], session: str = "", frame: int = 0) -> None:
        """Fold what one frame told. Never raises and never waits: it is called while a frame is being read."""
        for part, event in enumerate(events):
            if isinstance(event, CallEvent):
                self._lanes.take(Entry(event, session, frame, part))
                self._stir()
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

    def listen(self, listener: Listener) -> None:
        """Tell this one too."""
        self._listeners.append(listener)

    @property
    def waiting(self) -> int:
        """Events that are not yet on disk."""
        return len(self._lanes.folded) + len(self._lanes.strays)

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
        """Commit for ever; ends when ``stop`` was called and nothing is left."""
        while True:
            await self._wake.wait()
            if not self._stopping:
                await asyncio.sleep(self._pace.linger_seconds)
            self._wake.clear()
            while self._lanes.folded or self._lanes.strays or self._gaps or self._kept:
                await self._write()
            self._lanes.forget(self._keeper.needed)
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
        self._marks.append((self.counters.events + len(self._lanes.strays), mark))
        self._stir()
        self._reach_marks()
        await mark.wait()

    def _reach_marks(self) -> None:
        for target, mark in self._marks:
            if target <= self._committed:
                mark.set()
        self._marks = [(target, mark) for target, mark in self._marks if not mark.is_set()]

    def stop(self) -> None:
        """Commit what is folded, then let ``run`` return; promises not yet kept stay in the outbox."""
        self._stopping = True
        self._keeper.stopping = True
        self._wake.set()

    async def _write(self) -> None:
        await self._adopt()
        items = self._lanes.folded[: self._pace.batch_events]
        del self._lanes.folded[: len(items)]
        gaps, self._gaps = tuple(self._gaps), []
        alone, self._kept = tuple(self._kept), []
        promises = self._keeper.promises(fact for item in items for fact in item.facts)
        last = {item.journey.call_id: item.journey for item in items}
        batch = Batch(
            entries=tuple(item.entry for item in items),
            journeys=tuple(last.values()),
            promises=tuple(promises),
            kept=(*alone, *(item.kept for item in items if item.kept is not None)),
            gaps=gaps,
        )
        if not await self._commit(batch, items):
            return
        self._committed += len(items)
        self._reach_marks()
        self._say(items)
        for kept in batch.kept:
            self._keeper.written(kept)
        for promise in promises:
            self._keeper.begin(promise)

    async def _adopt(self) -> None:
        """Events of calls that are not in memory: fetch the call first."""
        strays, self._lanes.strays = self._lanes.strays, []
        for i, entry in enumerate(strays):
            try:
                journey = await self._fetch(entry.event.call_id)
            except StoreUnavailable:
                self._lanes.strays = strays[i:] + self._lanes.strays
                self.store_ok = False
                await asyncio.sleep(self._pace.retry_first_seconds)
                return
            if journey is not None:
                self._lanes.put(journey)
            self._lanes.fold(entry)

    async def _fetch(self, call_id: CallId) -> Journey | None:
        held = self._lanes.get(call_id)
        return held if held is not None else await self._run(self._store.journey, call_id)

    async def _commit(self, batch: Batch, items: Sequence[Folded]) -> bool:
        """Offer the batch until the store takes it; False only when the service is leaving and the store is gone."""
        pause, waited = self._pace.retry_first_seconds, 0.0
        while True:
            try:
                await self._run(self._store.commit, batch)
            except StoreUnavailable as trouble:
                self._refused(batch, trouble)
                if self._stopping and waited > self._pace.early_seconds:
                    log.error("stopped_uncommitted", events=len(batch.entries))  # noqa: TRY400 - no trace to show
                    return False
                await asyncio.sleep(pause)
                waited += pause
                pause = min(pause * 2, self._pace.retry_most_seconds)
                if waited >= self._pace.early_seconds:
                    self._say(items)
                    self._say(self._lanes.folded)
            except Exception:
                log.exception("batch_rejected", events=len(batch.entries), calls=len(batch.journeys))
                await self._commit_apart(batch, items)
                return True
            else:
                if not self.store_ok:
                    log.info("store_back", events=len(batch.entries))
                self.store_ok = True
                self.counters.commits += 1
                return True

    def _refused(self, batch: Batch, trouble: StoreUnavailable) -> None:
        self.counters.failed_commits += 1
        if self.store_ok:
            log.error("store_unavailable", error=str(trouble), events=len(batch.entries))
        self.store_ok = False

    async def _commit_apart(self, batch: Batch, items: Sequence[Folded]) -> None:
        """A bug of ours spoiled the batch: write call by call, so that only the guilty call is lost from the store."""
        if len(batch.journeys) <= 1:
            self.counters.rejected += len(batch.entries)
            return
        for journey in batch.journeys:
            call_id = journey.call_id
            alone = Batch(
                entries=tuple(e for e in batch.entries if e.event.call_id == call_id),
                journeys=(journey,),
                promises=tuple(p for p in batch.promises if p.call_id == call_id),
                kept=tuple(p for p in batch.kept if p.call_id == call_id),
            )
            await self._commit(alone, [item for item in items if item.journey.call_id == call_id])
        await self._commit(replace(batch, entries=(), journeys=(), promises=(), kept=()), ())

    def _say(self, items: Iterable[Folded]) -> None:
        for item in items:
            if not item.said:
                item.said = True
                for listener in self._listeners:
                    self._tell(listener.told, item.journey, item.entry.event, item.facts)

    def _tell(self, hear: Callable[..., None], *what: Any) -> None:
        try:
            hear(*what)
        except Exception:
            self.counters.listener_failures += 1
            log.exception("listener_failed", listener=getattr(hear, "__qualname__", str(hear)))

    def _fulfil(self, promise: Promise, events: Sequence[CallEvent]) -> None:
        """The result and the note that the promise was kept go into one commit."""
        session = f"{promise.reaction}:{promise.call_id}"
        for part, event in enumerate(events):
            self._lanes.fold(Entry(event, session, 0, part), promise if part == len(events) - 1 else None)
        if not events:
            self._kept.append(promise)
        self._stir()
