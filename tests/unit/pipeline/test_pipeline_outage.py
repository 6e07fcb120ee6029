"""The store is out of reach: the calls go on, the room sees them, nothing is lost."""

import asyncio
from dataclasses import replace

import pytest
from pipeline_rig import Opener, Witness, folded, running, story, when_answered
from structlog.testing import capture_logs

from cti.pipeline import Pace
from tests.fakes.clockwork import simulated
from tests.fakes.store import Gate, MemoryStore

PACE = Pace(linger_seconds=0.02, early_seconds=1.0, retry_first_seconds=0.1, retry_most_seconds=5.0)


@simulated
async def test_events_wait_and_are_committed_in_order_when_the_store_is_back() -> None:
    store, witness = MemoryStore(), Witness()
    async with running(store, {}, witness, pace=PACE) as pipeline:
        store.down = True
        for frame, event in enumerate(story("a")):
            pipeline.submit([event], "a", frame)
            pipeline.submit([story("b")[frame]], "b", frame)
            await asyncio.sleep(2)
        assert store.batches == []
        assert not pipeline.store_ok
        assert pipeline.waiting == 14
        store.down = False
        await pipeline.drained()
        assert pipeline.store_ok
        assert pipeline.waiting == 0
    assert store.events("a") == story("a")
    assert store.events("b") == story("b")
    assert store.journeys["b"] == folded(story("b"))
    assert len(witness.told_events) == 14, "each event once, early or not"


@simulated
async def test_the_room_is_told_after_early_seconds_and_then_at_once() -> None:
    store, witness = MemoryStore(), Witness()
    loop = asyncio.get_running_loop()
    async with running(store, {}, witness, pace=PACE) as pipeline:
        store.down = True
        began = loop.time()
        pipeline.submit(story("a")[:4], "s", 1)
        await asyncio.sleep(0.9)
        pipeline.submit(story("b")[:1], "s", 2)
        assert witness.told_events == []
        await asyncio.sleep(20)
        assert witness.told_events == story("a")[:4] + story("b")[:1]
        assert {round(time - began, 2) for time in witness.times} == {1.02}, "linger, then early_seconds"
        pipeline.submit(story("b")[1:3], "s", 3)
        assert witness.told_events[-2:] == story("b")[1:3], "no new caller waits for the next try"
        store.down = False
        await pipeline.drained()
        assert len(witness.told_events) == 7
        pipeline.submit(story("b")[3:4], "s", 4)
        assert len(witness.told_events) == 7, "the store is back: first the commit again"


@simulated
async def test_a_store_that_hangs_does_not_blind_the_room() -> None:
    """A commit may block for long (a locked file, a lost network) before it fails."""
    store, witness, gate = MemoryStore(), Witness(), Gate()
    async with running(store, {}, witness, pace=PACE, runner=gate) as pipeline:
        gate.open.clear()
        pipeline.submit(story("a"), "s", 1)
        await asyncio.sleep(1.1)
        assert witness.told_events == story("a")
        assert store.attempts == 0
        gate.open.set()
        await pipeline.drained()
    assert store.attempts == 1
    assert len(witness.told_events) == 7


@simulated
async def test_a_call_that_cannot_be_fetched_does_not_hide_the_living_ones() -> None:
    store, witness, gate = MemoryStore(), Witness(), Gate()
    async with running(store, {}, witness, pace=PACE, runner=gate) as pipeline:
        gate.open.clear()
        pipeline.submit(story("old")[4:], "s", 1)
        pipeline.submit(story("new")[:2], "s", 2)
        await asyncio.sleep(1.1)
        assert witness.told_events == story("new")[:2]
        gate.open.set()
        await pipeline.drained()


@simulated
async def test_reactions_wait_for_the_commit() -> None:
    store, witness, opener = MemoryStore(), Witness(), Opener()
    async with running(store, when_answered(opener), witness, pace=PACE) as pipeline:
        store.down = True
        pipeline.submit(story("a"), "s", 1)
        await asyncio.sleep(60)
        assert len(witness.facts) == 4
        assert opener.tries == []
        store.down = False
        await pipeline.drained()
    assert len(opener.tries) == 1


@simulated
async def test_a_result_that_cannot_be_written_is_not_asked_for_again() -> None:
    store = MemoryStore()

    async def cut(_: object) -> None:
        store.down = True

    opener = Opener(before=cut)
    async with running(store, when_answered(opener), pace=PACE) as pipeline:
        pipeline.submit(story("a"), "s", 1)
        await asyncio.sleep(60)
        assert [promise.call_id for promise in store.pending()] == ["a"]
        store.down = False
        await pipeline.drained()
    assert store.pending() == []
    assert len(opener.tries) == 1


@simulated
async def test_strays_wait_for_the_store_too() -> None:
    store = MemoryStore()
    store.journeys = {"old": folded(story("old")[:4])}
    async with running(store, pace=PACE) as pipeline:
        store.down = True
        pipeline.submit(story("old")[4:], "s", 1)
        await asyncio.sleep(60)
        assert pipeline.waiting == 3
        assert not pipeline.store_ok
        store.down = False
        await pipeline.drained()
        assert pipeline.store_ok
    assert store.journeys["old"] == folded(story("old"))


@simulated
async def test_the_store_is_asked_less_and_less_often() -> None:
    store = MemoryStore()
    async with running(store, pace=PACE) as pipeline:
        store.down = True
        pipeline.submit(story("a"), "s", 1)
        await asyncio.sleep(6.4)
        assert store.attempts == 7  # at 0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3 seconds, after the linger
        await asyncio.sleep(50)
        assert store.attempts == 17
        assert pipeline.counters.failed_commits == 17
        store.down = False
        await pipeline.drained()


@simulated
async def test_the_outage_is_said_once_and_so_is_its_end() -> None:
    store = MemoryStore()
    with capture_logs() as logs:
        async with running(store, pace=PACE) as pipeline:
            store.down = True
            pipeline.submit(story("a"), "s", 1)
            await asyncio.sleep(60)
            store.down = False
            await pipeline.drained()
    assert [row["event"] for row in logs] == ["store_unavailable", "store_back"]


@pytest.mark.parametrize("strays", [False, True])
def test_stop_leaves_a_store_that_stays_away(strays: bool) -> None:
    @simulated
    async def run() -> None:
        store = MemoryStore()
        loop = asyncio.get_running_loop()
        with capture_logs() as logs:
            async with running(store, pace=PACE) as pipeline:
                store.down = True
                pipeline.submit(story("a")[4:] if strays else story("a"), "s", 1)
                stopped_at = loop.time()
        assert 1 <= loop.time() - stopped_at < 3
        assert pipeline.waiting == (3 if strays else 7), "what was not written is counted, not forgotten"
        assert "left_without_store" in [row["event"] for row in logs]

    run()


@simulated
async def test_stop_waits_for_a_store_that_comes_back_in_time() -> None:
    store = MemoryStore()

    def back() -> None:
        store.down = False

    async with running(store, pace=PACE) as pipeline:
        store.down = True
        pipeline.submit(story("a"), "s", 1)
        asyncio.get_running_loop().call_later(0.5, back)
    assert store.events("a") == story("a")


@simulated
async def test_a_store_that_stays_away_costs_memory_by_call_and_no_more_by_event() -> None:
    """Beyond the limit each call stays as it is now, with what follows from it; its events are elsewhere."""
    store, witness, opener = MemoryStore(), Witness(), Opener()
    pace = replace(PACE, batch_events=7, waiting_events=28)
    async with running(store, when_answered(opener), witness, pace=pace) as pipeline:
        store.down = True
        pipeline.submit(story("first")[:1], "first", 0)
        await asyncio.sleep(2)  # the room is told early from here on
        for n in range(12):
            for frame, event in enumerate(story(f"c{n}")):
                pipeline.submit([event], f"c{n}", frame)
        assert pipeline.counters.thinned > 0
        assert pipeline.waiting < 12 * 7
        store.down = False
        await pipeline.drained()
    assert store.journeys["first"] == folded(story("first")[:1])
    for n in range(12):
        assert replace(store.journeys[f"c{n}"], dossier_id=None, dossier_ref=None, last_at=0) == replace(
            folded(story(f"c{n}")), last_at=0
        )
        assert [key for key in store.outbox if key[0] == f"c{n}"] != [], "what was promised to each caller is kept"
    assert len({journey.call_id for journey in opener.tries}) == 12
    assert len(witness.told_events) == len({id(event) for event in witness.told_events}), "nothing is told twice"
    written = sum(len(batch.entries) for batch in store.batches)
    assert written + pipeline.counters.thinned == 1 + 12 * 7 + len(opener.tries)


@simulated
async def test_what_is_being_offered_to_the_store_is_not_thinned() -> None:
    """A commit that hangs holds its batch; when it succeeds exactly that batch is gone from memory."""
    store, witness, gate = MemoryStore(), Witness(), Gate()
    pace = replace(PACE, batch_events=7, waiting_events=14)
    async with running(store, {}, witness, pace=pace, runner=gate) as pipeline:
        gate.open.clear()
        pipeline.submit(story("a"), "a", 1)
        await asyncio.sleep(2)
        for n in range(5):
            pipeline.submit(story(f"c{n}"), f"c{n}", 1)
        assert pipeline.counters.thinned > 0
        gate.open.set()
        await pipeline.drained()
    assert store.events("a") == story("a")
    assert [store.journeys[f"c{n}"].ended_at for n in range(5)] == [folded(story("a")).ended_at] * 5
