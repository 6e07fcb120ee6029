"""A pipeline at work: calls to put through it, somebody who listens, and reactions in the hands of the test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from cti.journey import CallEvent, Fact, Journey, PbxEvent, apply
from cti.journey import events as ev
from cti.journey.facts import CallAnswered
from cti.pipeline import Pace, Pipeline, Reaction
from tests.fakes.store import MemoryStore, at_once

T0 = 1_797_408_000_000_000  #: 2026-12-16T08:00:00Z
S = 1_000_000
PACE = Pace(linger_seconds=0.02)


def story(call_id: str, t0: int = T0) -> list[CallEvent]:
    """Arrived, waited, answered, gone."""
    me: dict[str, Any] = {"call_id": call_id}
    leg: dict[str, Any] = {"agent": "arm01", "leg": f"{call_id}.2"}
    return [
        ev.CallArrived(**me, at=t0, channel=f"{call_id}.1", did="15", flux="15", caller="0612345678"),
        ev.QueueEntered(**me, at=t0 + 5 * S, filiere="n1"),
        ev.AgentOffered(**me, at=t0 + 6 * S, filiere="n1", **leg),
        ev.AgentAnswered(**me, at=t0 + 9 * S, **leg),
        ev.AgentJoined(**me, at=t0 + 9 * S, **leg),
        ev.AgentLeft(**me, at=t0 + 60 * S, **leg),
        ev.CallEnded(**me, at=t0 + 60 * S, cause=16),
    ]


ANSWERED = 4  #: how many events of a story lead to the décroché


def folded(events: Sequence[CallEvent], journey: Journey | None = None) -> Journey:
    """The journey of one call's events, without any pipeline."""
    for event in events:
        journey, _ = apply(journey or Journey(call_id=event.call_id), event)
    assert journey is not None
    return journey


class Witness:
    """A listener that keeps what it is told, and what was on disk at that moment."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store
        self.told_events: list[CallEvent] = []
        self.facts: list[Fact] = []
        self.room: list[PbxEvent] = []
        self.on_disk: list[bool] = []
        self.times: list[float] = []

    def told(self, journey: Journey, event: CallEvent, facts: tuple[Fact, ...]) -> None:
        if self.store is not None:
            self.on_disk.append(event in self.store.events(event.call_id))
        self.told_events.append(event)
        self.facts.extend(facts)
        self.times.append(asyncio.get_running_loop().time())

    def seen(self, event: PbxEvent) -> None:
        self.room.append(event)


class Opener:
    """A reaction that opens dossiers; ``failures`` tries fail first, and ``before`` is called at each try."""

    def __init__(self, failures: int = 0, before: Callable[[Journey], Awaitable[None]] | None = None) -> None:
        self.tries: list[Journey] = []
        self.failures = failures
        self.before = before

    async def __call__(self, journey: Journey) -> Sequence[CallEvent]:
        self.tries.append(journey)
        if self.before is not None:
            await self.before(journey)
        if len(self.tries) <= self.failures:
            raise ConnectionError("the registry is away")
        return (opened(journey.call_id),)


def opened(call_id: str) -> ev.DossierOpened:
    return ev.DossierOpened(call_id=call_id, at=T0 + 10 * S, seen=ev.Seen.OWN, dossier_id=f"d-{call_id}", ref=f"ref-{call_id}")


def when_answered(
    run: Callable[[Journey], Awaitable[Sequence[CallEvent]]], attempt_seconds: float = 3, deadline_seconds: float = 2
) -> Mapping[type[Fact], tuple[Reaction, ...]]:
    return {CallAnswered: (Reaction("open_dossier", run, attempt_seconds, deadline_seconds),)}


def clock() -> int:
    """Our clock: the loop's, counted from the moment of the décroché."""
    return T0 + 9 * S + round((asyncio.get_running_loop().time() - 1_000) * S)


@asynccontextmanager
async def running(
    store: Any,
    reactions: Mapping[type[Fact], tuple[Reaction, ...]] | None = None,
    *listeners: Any,
    pace: Pace = PACE,
    runner: Any = at_once,
) -> AsyncIterator[Pipeline]:
    """A pipeline that runs; stopped at the end of the block."""
    async with asyncio.TaskGroup() as tasks:
        pipeline = Pipeline(store, runner, clock, tasks.create_task, reactions or {}, listeners, pace)
        writer = tasks.create_task(pipeline.run())
        try:
            yield pipeline
        finally:
            pipeline.stop()
        await writer
