"""A promise is kept once, however often the outside fails, and a restart takes up where the last run stopped."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from pipeline_rig import PACE, T0, Opener, S, clock, folded, opened, running, story, when_answered
from structlog.testing import capture_logs

from cti.journey import CallEvent, Journey
from cti.journey import events as ev
from cti.journey.facts import CallAnswered, CallClosed
from cti.journey.ledger import Promise
from cti.pipeline import Pace, Pipeline, Reaction
from tests.fakes.clockwork import simulated
from tests.fakes.store import MemoryStore, at_once

PROMISE = Promise("a", "open_dossier", "CallAnswered", T0 + 9 * S, T0 + 11 * S)


def left_open(*events: CallEvent) -> MemoryStore:
    """A store as a run leaves it that died between the commit of the décroché and the reaction."""
    store = MemoryStore()
    store.journeys = {"a": folded(events)}
    store.outbox = {("a", "open_dossier", "CallAnswered"): PROMISE}
    return store


@simulated
async def test_the_promise_is_in_the_batch_of_its_fact() -> None:
    store = MemoryStore()
    async with running(store, when_answered(Opener())) as pipeline:
        pipeline.submit(story("a"), "s", 1)
        await pipeline.drained()
    assert store.batches[0].promises == (PROMISE,)
    assert story("a")[3] in [entry.event for entry in store.batches[0].entries]


@simulated
async def test_the_note_that_it_was_kept_is_in_the_batch_of_its_events() -> None:
    store = MemoryStore()
    async with running(store, when_answered(Opener())) as pipeline:
        pipeline.submit(story("a"), "s", 1)
        pipeline.submit(story("b"), "s", 2)
        await pipeline.drained()
    (batch,) = [batch for batch in store.batches if batch.kept]
    assert [entry.event for entry in batch.entries] == [opened("a"), opened("b")]
    assert [kept.call_id for kept in batch.kept] == ["a", "b"]
    assert store.journeys["a"].dossier_ref == "ref-a"
    assert store.pending() == []


@simulated
async def test_the_note_says_when() -> None:
    store = MemoryStore()
    async with running(store, when_answered(Opener(failures=2))) as pipeline:
        pipeline.submit(story("a"), "s", 1)
        await pipeline.drained()
        (kept,) = store.done.values()
        assert PROMISE.at < kept.at <= clock()


@simulated
async def test_a_reaction_is_tried_until_it_succeeds() -> None:
    store, opener = MemoryStore(), Opener(failures=9)
    async with running(store, when_answered(opener)) as pipeline:
        pipeline.submit(story("a"), "s", 1)
        await pipeline.drained()
        assert pipeline.counters.reaction_failures == 9
        assert pipeline.counters.reactions == 1
    assert len(opener.tries) == 10
    assert store.events("a").count(opened("a")) == 1


@simulated
async def test_the_pause_between_tries_grows_to_its_limit() -> None:
    times: list[float] = []

    async def note(_: Journey) -> None:
        times.append(asyncio.get_running_loop().time())

    async with running(MemoryStore(), when_answered(Opener(8, note))) as pipeline:
        pipeline.submit(story("a"), "s", 1)
        await pipeline.drained()
    pauses = [round(b - a, 3) for a, b in pairwise(times)]
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


@simulated
async def test_an_attempt_that_hangs_is_cut_and_tried_again() -> None:
    async def hang_once(_: Journey) -> None:
        if len(opener.tries) == 1:
            await asyncio.Event().wait()

    opener = Opener(before=hang_once)
    store = MemoryStore()
    async with running(store, when_answered(opener, attempt_seconds=3)) as pipeline:
        began = asyncio.get_running_loop().time()
        pipeline.submit(story("a"), "s", 1)
        await pipeline.drained()
        assert 3 < asyncio.get_running_loop().time() - began < 4
    assert store.journeys["a"].dossier_ref == "ref-a"


@pytest.mark.parametrize(("failures", "late"), [(2, 0), (6, 1), (9, 1)])
def test_a_late_promise_is_counted_once_and_still_kept(failures: int, late: int) -> None:
    @simulated
    async def run() -> None:
        store = MemoryStore()
        async with running(store, when_answered(Opener(failures), deadline_seconds=2)) as pipeline:
            pipeline.submit(story("a"), "s", 1)
            with capture_logs() as logs:
                await pipeline.drained()
            assert pipeline.counters.late_promises == late
        assert [row["call_id"] for row in logs if row["event"] == "promise_late"] == ["a"] * late
        assert store.pending() == []

    run()


@simulated
async def test_a_promise_found_late_at_the_start_is_counted_though_the_first_try_succeeds() -> None:
    store = left_open(*story("a"))
    async with running(store, when_answered(Opener())) as pipeline:
        await asyncio.sleep(60)
        await pipeline.restore()
        await pipeline.drained()
        assert pipeline.counters.late_promises == 1


@simulated
async def test_a_reaction_that_does_nothing_is_marked_kept() -> None:
    async def nothing(_: Journey) -> Sequence[CallEvent]:
        return ()

    store = MemoryStore()
    async with running(store, when_answered(nothing)) as pipeline:
        pipeline.submit(story("a"), "s", 1)
        await pipeline.drained()
    assert store.pending() == []
    assert [(len(batch.entries), len(batch.kept)) for batch in store.batches] == [(7, 0), (0, 1)]


@simulated
async def test_two_reactions_to_one_call_do_not_disturb_each_other() -> None:
    opener, checker = Opener(failures=3), Opener()
    reactions = {**when_answered(opener), CallClosed: (Reaction("check_recordings", checker, 3, 300),)}
    store = MemoryStore()
    async with running(store, reactions) as pipeline:
        pipeline.submit(story("a"), "s", 1)
        await pipeline.drained()
    assert {key[1] for key in store.done} == {"open_dossier", "check_recordings"}


@pytest.mark.parametrize("events", [4, 7], ids=["open", "ended"])
def test_a_restart_takes_up_pending_promises(events: int) -> None:
    """An ended call is not in memory after a restart: its result must join the stored story, not begin a new one."""

    @simulated
    async def run() -> None:
        store, opener = left_open(*story("a")[:events]), Opener()
        async with running(store, when_answered(opener)) as pipeline:
            restored = await pipeline.restore()
            assert [journey.call_id for journey in restored] == (["a"] if events == 4 else [])
            await pipeline.drained()
        assert store.pending() == []
        assert store.journeys["a"] == folded([opened("a")], folded(story("a")[:events]))

    run()


@simulated
async def test_a_restored_call_goes_on() -> None:
    store = MemoryStore()
    store.journeys = {"a": folded(story("a")[:4])}
    async with running(store) as pipeline:
        await pipeline.restore()
        pipeline.submit(story("a")[4:], "s", 1)
        assert pipeline.waiting == 3, "folded at once, nothing to fetch"
        await pipeline.drained()
    assert store.asked == []
    assert store.journeys["a"] == folded(story("a"))


@simulated
async def test_calls_that_are_over_and_of_which_agents_may_still_speak_are_remembered() -> None:
    line: dict[str, Any] = {"call_id": "a", "line": "a.9"}
    asks = ev.ConsultStarted(**line, at=T0 + 20 * S, agent="arm01", target="801")
    over = folded([*story("a")[:5], asks, story("a")[-1]])
    store = MemoryStore()
    store.journeys = {"a": over, "b": folded(story("b")), "c": folded([*story("c", T0 - 7200 * S)])}
    async with running(store) as pipeline:
        assert await pipeline.restore() == ()
        assert pipeline.outlived() == (over,)
        pipeline.submit([ev.ConsultAnswered(**line, at=T0 + 70 * S, agent="amu01")], "s", 1)
        assert [one.call_id for one in pipeline.outlived()] == ["a"]
        pipeline.submit([ev.ConsultEnded(**line, at=T0 + 90 * S, how=ev.ConsultEnd.RETURNED)], "s", 2)
        assert pipeline.outlived() == ()
        await pipeline.drained()


@simulated
async def test_a_promise_of_a_reaction_that_is_no_more_stays_and_is_said() -> None:
    store = left_open(*story("a"))
    with capture_logs() as logs:
        async with running(store) as pipeline:
            await pipeline.restore()
            await pipeline.drained()
    assert [row["reaction"] for row in logs if row["event"] == "unknown_reaction"] == ["open_dossier"]
    assert store.pending() == [PROMISE]


@simulated
async def test_stop_does_not_wait_for_a_reaction() -> None:
    async def hang(_: Journey) -> None:
        await asyncio.Event().wait()

    store = MemoryStore()
    loop = asyncio.get_running_loop()
    async with running(store, when_answered(Opener(before=hang), attempt_seconds=600)) as pipeline:
        pipeline.submit(story("a"), "s", 1)
        await asyncio.sleep(5)
        stopped_at = loop.time()
    assert loop.time() - stopped_at < 1
    assert [promise.call_id for promise in store.pending()] == ["a"], "the next start asks again"


@simulated
async def test_promises_of_the_last_commit_wait_for_the_next_start() -> None:
    store, opener = MemoryStore(), Opener()
    async with running(store, when_answered(opener), pace=Pace(linger_seconds=3600)) as pipeline:
        pipeline.submit(story("a"), "s", 1)
    assert opener.tries == []
    assert [promise.call_id for promise in store.pending()] == ["a"]
    async with running(store, when_answered(opener)) as pipeline:
        await pipeline.restore()
        await pipeline.drained()
    assert store.pending() == []
    assert len(opener.tries) == 1


@simulated
async def test_a_call_with_an_unkept_promise_is_not_forgotten() -> None:
    store, opener = MemoryStore(), Opener(failures=5)
    async with running(store, when_answered(opener), pace=Pace(ended_kept=1)) as pipeline:
        pipeline.submit(story("a"), "s", 1)
        await pipeline.written()
        for number in range(20):
            pipeline.submit([story(f"c{number}")[0], story(f"c{number}")[-1]], "s", 2 + number)
            await pipeline.written()
        assert pipeline.journey("a") is not None
        await pipeline.drained()
        assert pipeline.counters.reactions == 1
    assert store.asked == []


@simulated
async def test_the_key_of_a_promise_is_its_fact() -> None:
    async with asyncio.TaskGroup() as tasks:
        reactions = {**when_answered(Opener()), CallClosed: when_answered(Opener())[CallAnswered]}
        pipeline = Pipeline(MemoryStore(), at_once, clock, tasks.create_task, reactions, pace=PACE)
        facts = [CallAnswered("a", T0, "arm01", "n1", 0)]
        (promise,) = pipeline._keeper.promises(facts)
    assert (promise.key, promise.deadline_at) == ("CallAnswered", T0 + 2 * S)
