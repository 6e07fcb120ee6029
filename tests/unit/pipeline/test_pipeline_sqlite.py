"""With the real store and the real table of reactions: killed anywhere around a décroché, one dossier and one event."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from pipeline_rig import PACE, T0, S, clock, folded, running, story
from sqlalchemy import text

from cti.bootstrap.reactions import reactions
from cti.journey import CallEvent, Journey
from cti.journey.events import DossierOpened
from cti.journey.facts import CallAnswered, Fact
from cti.journey.ledger import Batch
from cti.pipeline import Pipeline, Reaction
from cti.settings import load
from cti.store import Store, open_store
from tests.fakes.clockwork import simulated
from tests.fakes.store import at_once

CONFIG = Path(__file__).parents[3] / "config"


class Killed(BaseException):
    """The process is gone from here on."""


class Failing:
    """The real store, that dies at its n-th commit: before it, or after it before anybody knows."""

    def __init__(self, store: Store, dies_at: int, *, after: bool) -> None:
        self._store = store
        self._left = dies_at
        self._after = after

    def commit(self, batch: Batch) -> None:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        self._store.commit(batch)
        if self._left == 0:
            raise Killed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def unheard(journey: Journey) -> list[CallEvent]:
    """Nobody keeps a call-back list here."""
    return []


async def unfetched(call_id: str) -> Journey | None:
    """No outgoing call asks for another one here."""
    return None


def table(store: Store, tmp_path: Path) -> dict[type[Fact], tuple[Reaction, ...]]:
    """The shipped reaction to a décroché."""
    found = reactions(load(CONFIG, {}), store.dossiers, at_once, tmp_path, unheard, unfetched)  # type: ignore[arg-type]
    return {CallAnswered: found[CallAnswered]}


async def die(store: Any, reactions_: dict[type[Fact], tuple[Reaction, ...]], spawn: Callable[..., Any] | None = None) -> None:
    """One run that takes two calls up to their décroché and is killed somewhere."""

    async def run() -> None:
        async with asyncio.TaskGroup() as tasks:
            pipeline = Pipeline(store, at_once, clock, spawn or tasks.create_task, reactions_, pace=PACE)
            tasks.create_task(pipeline.run())
            pipeline.submit(story("a")[:4], "s", 1)
            pipeline.submit(story("b", T0 + S)[:4], "s", 2)
            await asyncio.Event().wait()

    with pytest.raises(BaseExceptionGroup) as killed:
        await run()
    assert killed.value.subgroup(Killed) is not None


def kill_spawn(work: Coroutine[Any, Any, None]) -> None:
    work.close()
    raise Killed


@pytest.mark.parametrize(
    "moment", ["before_the_reaction", "after_the_number_was_given", "before_the_note", "after_the_note", "before_anything"]
)
def test_killed_around_a_decroche(moment: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/cti.db"

    @simulated
    async def run() -> None:
        store = open_store(url)
        own = table(store, tmp_path)
        match moment:
            case "before_the_reaction":
                await die(store, own, kill_spawn)
            case "after_the_number_was_given":
                await die(store, {CallAnswered: (killing(own[CallAnswered][0]),)})
            case "before_the_note":
                await die(Failing(store, 2, after=False), own)
            case "after_the_note":
                await die(Failing(store, 2, after=True), own)
            case "before_anything":
                await die(Failing(store, 1, after=False), own)
        store.close()

        store = open_store(url)
        async with running(store, table(store, tmp_path)) as pipeline:
            await pipeline.restore()
            if moment == "before_anything":  # nothing was written: the frames come again
                pipeline.submit(story("a")[:4], "s", 1)
                pipeline.submit(story("b", T0 + S)[:4], "s", 2)
            await pipeline.drained()
            pipeline.submit(story("a")[4:], "s", 3)
            pipeline.submit(story("b", T0 + S)[4:], "s", 4)
            await pipeline.drained()
        assert store.pending() == []
        refs = []
        for call, t0 in (("a", T0), ("b", T0 + S)):
            events = store.reading.events(call)
            (dossier,) = [event for event in events if isinstance(event, DossierOpened)]
            assert [event for event in events if event != dossier] == story(call, t0)
            assert store.journey(call) == folded(events)
            refs.append(dossier.ref)
        with store.reading._engine.connect() as connection:
            assert sorted(connection.execute(text("SELECT ref FROM dossier")).scalars()) == sorted(refs)
            assert connection.execute(text("SELECT last FROM dossier_counter")).scalar_one() == 2
        store.close()

    run()


def killing(reaction: Reaction) -> Reaction:
    """Does its work, and dies before it can tell."""

    async def work_and_die(journey: Any) -> Any:
        await reaction.run(journey)
        raise Killed

    return Reaction(reaction.name, work_and_die, reaction.attempt_seconds, reaction.deadline_seconds)


@simulated
async def test_the_result_for_an_ended_call_joins_its_stored_story(tmp_path: Path) -> None:
    """Stopped after the hang-up and before the reaction: the next start must not write an empty call over the stored one."""
    store = open_store(f"sqlite:///{tmp_path}/cti.db")
    async with running(store, table(store, tmp_path)) as pipeline:
        pipeline.submit(story("a"), "s", 1)  # stopped at once: written, nothing begun
    assert [promise.call_id for promise in store.pending()] == ["a"]
    async with running(store, table(store, tmp_path)) as pipeline:
        assert await pipeline.restore() == ()
        await pipeline.drained()
    found = store.journey("a")
    assert found is not None
    assert found.dossier_ref is not None
    assert (found.caller, found.answered_at, found.ended_at) == ("0612345678", T0 + 9 * S, T0 + 60 * S)
    assert len(store.reading.events("a")) == 8
    store.close()
