"""What is folded is committed in order, in groups, and told only then."""

import asyncio
import itertools

import pytest
from pipeline_rig import PACE, T0, Opener, S, Witness, folded, running, story, when_answered

from cti.journey import events as ev
from cti.journey.ledger import Gap
from cti.pipeline import Pace
from tests.fakes.clockwork import simulated
from tests.fakes.store import Gate, MemoryStore


@simulated
async def test_two_calls_interleaved_keep_their_order() -> None:
    store, witness = MemoryStore(), Witness()
    async with running(store, {}, witness) as pipeline:
        for frame, pair in enumerate(zip(story("a"), story("b", T0 + S), strict=True)):
            pipeline.submit(pair, "s", frame)
            await asyncio.sleep(0.015 if frame % 2 else 0)  # some commits fall in between
        await pipeline.drained()
    assert len(store.batches) > 1
    assert store.events("a") == story("a")
    assert store.events("b") == story("b", T0 + S)
    assert store.journeys == {"a": folded(story("a")), "b": folded(story("b", T0 + S))}
    assert witness.told_events == [event for pair in zip(story("a"), story("b", T0 + S), strict=True) for event in pair]


@simulated
async def test_what_comes_together_is_one_commit() -> None:
    store = MemoryStore()
    async with running(store) as pipeline:
        for number in range(50):
            pipeline.submit(story(f"c{number}"), "s", number)
        pipeline.gap(Gap(T0, T0 + S, "aveugle"))
        await pipeline.drained()
        assert pipeline.counters.commits == 1
    (batch,) = store.batches
    assert len(batch.entries) == 50 * len(story("x"))
    assert len(batch.journeys) == 50, "each call's last state, once"
    assert batch.gaps == (Gap(T0, T0 + S, "aveugle"),)
    assert {(e.frame, e.part) for e in batch.entries} == set(itertools.product(range(50), range(7)))


@simulated
async def test_a_flood_is_cut_into_batches_without_losing_order() -> None:
    store = MemoryStore()
    async with running(store, pace=Pace(batch_events=3)) as pipeline:
        pipeline.submit([*story("a"), *story("b")], "s", 1)
        await pipeline.drained()
    assert [len(batch.entries) for batch in store.batches] == [3, 3, 3, 3, 2]
    assert store.events("a") + store.events("b") == story("a") + story("b")
    assert store.journeys["b"] == folded(story("b"))


@simulated
async def test_listeners_are_told_after_the_commit() -> None:
    store = MemoryStore()
    witness = Witness(store)
    async with running(store, {}, witness) as pipeline:
        pipeline.submit(story("a"), "s", 1)
        pipeline.submit(story("b"), "s", 2)
        assert witness.told_events == []
        assert pipeline.journey("a") == folded(story("a")), "memory knows at once"
        await pipeline.drained()
    assert witness.on_disk == [True] * 14


@simulated
async def test_promises_start_after_the_commit() -> None:
    store, opener, gate = MemoryStore(), Opener(), Gate()
    gate.open.clear()
    async with running(store, when_answered(opener), runner=gate) as pipeline:
        pipeline.submit(story("a")[:4], "s", 1)
        await asyncio.sleep(30)
        assert gate.entered == 1, "the commit is under way"
        assert opener.tries == []
        gate.open.set()
        await pipeline.drained()
        assert [journey.call_id for journey in opener.tries] == ["a"]


@simulated
async def test_the_room_hears_of_agents_and_links_at_once_and_blindness_is_written_down() -> None:
    store, witness = MemoryStore(), Witness()
    gone, back = ev.LinkDown(at=T0, reason="reset"), ev.LinkUp(at=T0 + 8 * S)
    again = ev.LinkDown(at=T0 + 2 * S, reason="refused")
    async with running(store, {}, witness) as pipeline:
        pipeline.submit([gone])
        pipeline.submit([again])
        pipeline.submit([back])
        assert witness.room == [gone, again, back]
        await pipeline.drained()
    assert [(gap.since, gap.until) for gap in store.gaps] == [(T0, T0 + 8 * S)]


@simulated
async def test_a_stray_is_folded_into_the_call_that_the_store_holds() -> None:
    store = MemoryStore()
    store.journeys = {"a": folded(story("a"))}
    late = ev.RecordingChecked(call_id="a", at=T0 + 99 * S, stem="x", caller_ms=1, agents_ms=1, bytes=9)
    async with running(store) as pipeline:
        pipeline.submit([late], "s", 1)
        assert pipeline.waiting == 1
        await pipeline.drained()
        assert pipeline.waiting == 0
    assert store.asked == ["a"]
    assert store.journeys["a"] == folded([late], folded(story("a")))


@simulated
async def test_later_events_wait_behind_the_stray_of_their_call() -> None:
    store = MemoryStore()
    store.journeys = {call: folded(story(call)[:3]) for call in "abc"}
    rest = {call: story(call)[3:] for call in "abc"}
    async with running(store, pace=Pace(linger_seconds=0)) as pipeline:
        for call in "abc":
            pipeline.submit(rest[call][:1], call, 0)
        for n in range(1, len(rest["a"])):  # while the calls are being fetched one after the other
            await asyncio.sleep(0)
            for call in "cab":
                pipeline.submit(rest[call][n : n + 1], call, n)
        await pipeline.drained()
    for call in "abc":
        assert store.events(call) == rest[call]
        assert store.journeys[call] == folded(story(call))
        assert not store.journeys[call].anomalies


@simulated
async def test_an_unknown_call_begins_with_whatever_was_seen_of_it() -> None:
    store = MemoryStore()
    async with running(store) as pipeline:
        pipeline.submit(story("a")[-1:], "s", 1)
        await pipeline.drained()
    assert store.journeys["a"].ended_at == T0 + 60 * S


@simulated
async def test_repeated_frames_change_nothing() -> None:
    store, opener = MemoryStore(), Opener()
    async with running(store, when_answered(opener)) as pipeline:
        for _ in range(3):
            for frame, event in enumerate(story("a")):
                pipeline.submit([event], "s", frame)
            await pipeline.drained()
    assert store.journeys["a"] == folded([*story("a"), store.events("a")[-1]])
    assert len(store.events("a")) == len(story("a")) + 1
    assert len(opener.tries) == 1


@simulated
async def test_memory_forgets_ended_calls_and_keeps_living_ones() -> None:
    store = MemoryStore()
    async with running(store, pace=Pace(ended_kept=100)) as pipeline:
        pipeline.submit(story("living")[:4], "s", 0)
        most = 0
        for number in range(20_000):
            pipeline.submit([story(f"c{number}")[0], story(f"c{number}")[-1]], "s", number + 1)
            if number % 500 == 499:
                await pipeline.drained()
                most = max(most, len(pipeline._lanes._journeys))
        assert most <= 101
        assert len(store.journeys) == 20_001
        assert pipeline.journey("living") is not None
        assert pipeline.journey("c19999") is not None
        assert pipeline.journey("c0") is None
        assert [journey.call_id for journey in pipeline.live()] == ["living"]


@simulated
async def test_memory_forgets_under_a_stream_that_never_pauses() -> None:
    store = MemoryStore()
    sizes = []
    async with running(store, pace=Pace(linger_seconds=0, ended_kept=10)) as pipeline:
        for number in range(2_000):
            pipeline.submit(story(f"c{number}"), "s", number)
            await asyncio.sleep(0)
            sizes.append(len(pipeline._lanes._journeys))
    assert max(sizes[200:]) < 100


@simulated
async def test_nothing_is_forgotten_before_it_is_on_disk() -> None:
    store = MemoryStore()
    async with running(store, pace=Pace(ended_kept=0, batch_events=7)) as pipeline:
        for number in range(20):
            pipeline.submit(story(f"c{number}"), "s", number)
        late = [ev.PbxSurprised(call_id="c19", at=T0 + 61 * S, kind="odd", detail="odd")]
        await pipeline.written()
        pipeline.submit(late, "s", 99)
        await pipeline.drained()
    assert store.journeys["c19"] == folded(story("c19") + late)


@simulated
async def test_written_waits_for_all_that_was_submitted_before() -> None:
    store, gate = MemoryStore(), Gate()
    async with running(store, runner=gate, pace=Pace(batch_events=2)) as pipeline:
        await asyncio.wait_for(pipeline.written(), 1)  # nothing to wait for
        store.journeys = {"old": folded(story("old")[:4])}
        pipeline.submit(story("old")[4:], "s", 1)  # strays: folded after what comes next
        pipeline.submit(story("new"), "s", 2)
        await pipeline.written()
        assert store.events("old") == story("old")[4:]
        assert store.events("new") == story("new")


@simulated
async def test_written_is_not_satisfied_by_others_events() -> None:
    """The file of a call routed by the PBX alone is removed after this: counting commits would lose the call."""
    store = MemoryStore()
    async with running(store, pace=Pace(early_seconds=0.5)) as pipeline:
        store.down = True
        pipeline.submit(story("old")[4:], "s", 1)
        await asyncio.sleep(0.05)
        written = asyncio.ensure_future(pipeline.written())
        pipeline.submit(story("new"), "s", 2)
        await asyncio.sleep(30)
        assert not written.done()
        store.down = False
        await written
        assert store.events("old") == story("old")[4:]


@simulated
async def test_stop_commits_what_is_folded() -> None:
    store, witness = MemoryStore(), Witness()
    async with running(store, {}, witness, pace=Pace(linger_seconds=3600)) as pipeline:
        pipeline.submit(story("a"), "s", 1)
        pipeline.submit(story("b")[-1:], "s", 2)
        pipeline.gap(Gap(T0, T0 + S, "aveugle"))
    assert store.events("a") == story("a")
    assert store.events("b") == story("b")[-1:]
    assert store.gaps == [Gap(T0, T0 + S, "aveugle")]
    assert len(witness.told_events) == 8
    assert pipeline.waiting == 0


@pytest.mark.parametrize("late", [False, True])
@simulated
async def test_a_listener_may_come_later(late: bool) -> None:
    witness = Witness()
    async with running(MemoryStore(), pace=PACE) as pipeline:
        if late:
            pipeline.submit(story("a"), "s", 1)
            await pipeline.drained()
        pipeline.listen(witness)
        if not late:
            pipeline.submit(story("a"), "s", 1)
            await pipeline.drained()
    assert witness.told_events == ([] if late else story("a"))
