"""The writer: offers a batch to the store until the store takes it.

The world being down is waited for, with a growing pause. A bug of ours that spoils a batch is met by writing call by call: only
the guilty call's events are lost from the store, and what was promised to its caller is written all the same.
"""

import asyncio
from dataclasses import replace

import structlog

from cti.journey.ledger import Batch, StoreUnavailable
from cti.pipeline.ports import Counters, Pace, Runner, Store

log = structlog.get_logger(__name__)


class Writer:
    """Writes one batch at a time."""

    def __init__(self, store: Store, runner: Runner, pace: Pace, counters: Counters) -> None:
        self._store = store
        self._run = runner
        self._pace = pace
        self._counters = counters
        self.ok = True  #: the store took what it was offered last
        self.stopping = False

    async def write(self, batch: Batch) -> Batch | None:
        """What of the batch is on disk: all of it, but for our own bugs. None when we are leaving and the store is gone."""
        loop = asyncio.get_running_loop()
        began, pause = loop.time(), self._pace.retry_first_seconds
        while True:
            try:
                await self._run(self._store.commit, batch)
            except StoreUnavailable as trouble:
                self._refused(batch, trouble)
                if self.stopping and loop.time() - began >= self._pace.early_seconds:
                    log.error("stopped_uncommitted", events=len(batch.entries))  # noqa: TRY400 - no trace to show
                    return None
                await asyncio.sleep(pause)
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
            parts = (replace(batch, entries=(), journeys=()),) if batch.entries or batch.journeys else ()
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


def _parts(batch: Batch) -> tuple[Batch, ...]:
    """One batch for each call, and one for what belongs to none of them."""
    calls = [journey.call_id for journey in batch.journeys]
    parts = [
        Batch(
            entries=tuple(e for e in batch.entries if e.event.call_id == journey.call_id),
            journeys=(journey,),
            promises=tuple(p for p in batch.promises if p.call_id == journey.call_id),
            kept=tuple(p for p in batch.kept if p.call_id == journey.call_id),
        )
        for journey in batch.journeys
    ]
    rest = Batch(
        promises=tuple(p for p in batch.promises if p.call_id not in calls),
        kept=tuple(p for p in batch.kept if p.call_id not in calls),
        gaps=batch.gaps,
    )
    return (*parts, rest) if rest != Batch() else tuple(parts)
