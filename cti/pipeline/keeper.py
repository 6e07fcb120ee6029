"""The keeper of promises: runs each reaction until it has succeeded, once.

A promise was committed together with the fact it follows from, so a crash between the two cannot lose it; the note that it
was kept is committed together with the reaction's own events, so a crash there only repeats an idempotent reaction.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import structlog

from cti.journey import Journey
from cti.journey.events import CallEvent
from cti.journey.facts import ConsultClosed, Fact
from cti.journey.ledger import Promise
from cti.journey.words import CallId, Instant
from cti.pipeline.ports import Counters, Pace, Reaction

log = structlog.get_logger(__name__)


class Keeper:
    """Starts reactions, tries them again, and says when they are done."""

    def __init__(
        self,
        reactions: Mapping[type[Fact], tuple[Reaction, ...]],
        fetch: Callable[[CallId], Awaitable[Journey | None]],
        done: Callable[[Promise, Sequence[CallEvent]], None],
        clock: Callable[[], Instant],
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        pace: Pace,
        counters: Counters,
    ) -> None:
        self._reactions = reactions
        self._by_name = {r.name: r for rows in reactions.values() for r in rows}
        self._fetch = fetch
        self._done = done
        self._clock = clock
        self._spawn = spawn
        self._pace = pace
        self._counters = counters
        self._needed: Counter[CallId] = Counter()
        self._at_work: set[asyncio.Task[Any]] = set()
        self._stopping = False

    @property
    def busy(self) -> bool:
        """Some promise is not yet kept and written."""
        return bool(self._needed)

    @property
    def needed(self) -> Iterable[CallId]:
        """The calls that an unkept promise concerns."""
        return self._needed.keys()

    def promises(self, facts: Iterable[Fact]) -> list[Promise]:
        """What these facts oblige us to do."""
        return [
            Promise(fact.call_id, row.name, _key(fact), fact.at, fact.at + int(row.deadline_seconds * 1_000_000))
            for fact in facts
            for row in self._reactions.get(type(fact), ())
        ]

    def begin(self, promise: Promise, *, from_before: bool = False) -> None:
        """Carry a committed promise out; when we are leaving it stays in the outbox.

        Patience is counted from here on a clock that never steps, for the fact's instant is another machine's; ``from_before``
        our start it is counted from the fact.
        """
        if self._stopping:
            return
        reaction = self._by_name.get(promise.reaction)
        if reaction is None:
            log.error("unknown_reaction", reaction=promise.reaction, call_id=promise.call_id)
            return
        self._needed[promise.call_id] += 1
        patience_us = promise.deadline_at - (self._clock() if from_before else promise.at)
        self._spawn(self._keep(promise, reaction, patience_us / 1_000_000))

    def written(self, promise: Promise) -> None:
        """The note that it was kept is on disk."""
        self._needed[promise.call_id] -= 1
        if self._needed[promise.call_id] <= 0:
            del self._needed[promise.call_id]

    def stop(self) -> None:
        """Leave what is not done: the next start asks again, and every reaction may be asked again."""
        self._stopping = True
        for task in self._at_work:
            task.cancel()

    async def _keep(self, promise: Promise, reaction: Reaction, patience_seconds: float) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)
        pause, late = self._pace.retry_first_seconds, False
        loop = asyncio.get_running_loop()
        due = loop.time() + patience_seconds
        while not self._stopping:
            events = await self._attempt(promise, reaction)
            if not late and loop.time() > due:
                late = True
                self._counters.late_promises += 1
                log.error("promise_late", reaction=reaction.name, call_id=promise.call_id)
            if events is not None:
                self._counters.reactions += 1
                self._done(promise, events)
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._pace.retry_most_seconds)

    async def _attempt(self, promise: Promise, reaction: Reaction) -> Sequence[CallEvent] | None:
        """What the reaction did; None when it did not succeed."""
        try:
            async with asyncio.timeout(reaction.attempt_seconds):
                journey = await self._fetch(promise.call_id)
                return await reaction.run(journey) if journey is not None else ()
        except Exception as trouble:  # noqa: BLE001 - the outbox: whatever the outside does is tried again
            self._counters.reaction_failures += 1
            log.warning("reaction_failed", reaction=reaction.name, call_id=promise.call_id, error=repr(trouble))
            return None


def _key(fact: Fact) -> str:
    """What tells two promises of one reaction and one call apart."""
    name = type(fact).__name__
    return f"{name}/{fact.line}" if isinstance(fact, ConsultClosed) else name
