"""The writer: offers a batch to the store until the store takes it.

The world being down is waited for, with a growing pause. A bug of ours that spoils a batch is met by writing call by call: only
the guilty call's events are lost from the store, and what was promised to its caller is written all the same.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

import structlog

from cti.journey.ledger import Batch, StoreUnavailable
from cti.journey.words import CallId
from cti.pipeline.ports import Counters, Pace, Runner, Store

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Writer:
    """Writes one batch at a time."""

    def __init__(self, store: Store, runner: Runner, pace: Pace, counters: Counters) -> None:
        self._store = store
        self._run = runner
        self._pace = pace
        self._counters = counters
        self.ok = True  #: the store took what it was offered last
        self._leave_at: float | None = None

    def leave(self, seconds: float) -> None:
        """From now on a store that is out of reach is waited for no longer than this."""
        self._leave_at = asyncio.get_running_loop().time() + seconds

    async def write(self, batch: Batch) -> Batch | None:
        """What of the batch is on disk: all of it, but for our own bugs. None when we are leaving and the store is gone."""
        pause = self._pace.retry_first_seconds
        while True:
            try:
                await self._run(self._store.commit, batch)
            except StoreUnavailable as trouble:
                self._refused(batch, trouble)
                if not await self.patience(pause):
                    return None
                pause = min(pause * 2, self._pace.retry_most_seconds)
            except Exception:
                log.exception("batch_rejected", events=len(batch.entries), calls=len(batch.journeys))
                return await self._apart(batch)
            else:
                if not self.ok:
                    log.info("store_back", events=len(batch.entries))
                self.ok = True
                self._counters.commits += 1
                return batch

    async def patience(self, pause: float) -> bool:
        """Wait before the store is asked again; False when we are leaving and have waited long enough."""
        if self._leave_at is not None and asyncio.get_running_loop().time() >= self._leave_at:
            log.error("left_without_store")
            return False
        await asyncio.sleep(pause)
        return True

    def _refused(self, batch: Batch, trouble: StoreUnavailable) -> None:
        self._counters.failed_commits += 1
        if self.ok:
            log.error("store_unavailable", error=str(trouble), events=len(batch.entries))
        self.ok = False

    async def _apart(self, batch: Batch) -> Batch | None:
        """Write what the store refuses as a whole in smaller parts."""
        parts = _parts(batch)
        if len(parts) == 1:
            self._counters.rejected += len(batch.entries)
            promised = replace(batch, entries=(), journeys=())
            parts = [promised] if promised not in (batch, Batch()) else []
        stands = Batch()
        for part in parts:
            written = await self.write(part)
            if written is None:
                return None
            stands = Batch(
                entries=stands.entries + written.entries,
                journeys=stands.journeys + written.journeys,
                promises=stands.promises + written.promises,
                kept=stands.kept + written.kept,
                gaps=stands.gaps + written.gaps,
            )
        return stands


def _parts(batch: Batch) -> list[Batch]:
    """One batch for each call, and one for what belongs to none of them."""
    calls = {journey.call_id for journey in batch.journeys}
    entries, promises, kept = (
        _by_call(batch.entries, lambda entry: entry.event.call_id),
        _by_call(batch.promises, lambda promise: promise.call_id),
        _by_call(batch.kept, lambda promise: promise.call_id),
    )
    parts = [
        Batch(
            entries=tuple(entries.get(journey.call_id, ())),
            journeys=(journey,),
            promises=tuple(promises.get(journey.call_id, ())),
            kept=tuple(kept.get(journey.call_id, ())),
        )
        for journey in batch.journeys
    ]
    rest = Batch(
        promises=tuple(promise for promise in batch.promises if promise.call_id not in calls),
        kept=tuple(promise for promise in batch.kept if promise.call_id not in calls),
        gaps=batch.gaps,
    )
    return parts if rest == Batch() else [*parts, rest]


def _by_call(things: Iterable[T], call_of: Callable[[T], CallId]) -> dict[CallId, list[T]]:
    found: dict[CallId, list[T]] = {}
    for thing in things:
        found.setdefault(call_of(thing), []).append(thing)
    return found
