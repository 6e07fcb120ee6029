"""A bug of ours in one call, or in one listener, stays there."""

from collections.abc import Sequence

import pytest
from pipeline_rig import T0, Opener, S, Witness, folded, opened, running, story, when_answered
from structlog.testing import capture_logs

from cti.journey import CallEvent, Journey
from cti.journey import events as ev
from cti.journey.ledger import Gap
from cti.pipeline import lanes
from tests.fakes.clockwork import simulated
from tests.fakes.store import MemoryStore

ODD = ev.PbxSurprised(call_id="b", at=T0 + 7 * S, kind="odd", detail="odd")


@simulated
async def test_only_the_guilty_call_is_lost_from_a_batch() -> None:
    store, witness, opener = MemoryStore(), Witness(), Opener()
    store.guilty = {"b"}
    with capture_logs() as logs:
        async with running(store, when_answered(opener), witness) as pipeline:
            for frame, events in enumerate(zip(*(story(call) for call in "abc"), strict=True)):
                pipeline.submit(events, "s", frame)
            pipeline.gap(Gap(T0, T0 + S, "aveugle"))
            await pipeline.drained()
            assert pipeline.counters.rejected == 7 + 1, "its story, and the dossier that joined it"
            assert pipeline.waiting == 0
            assert pipeline.store_ok
    assert set(store.journeys) == {"a", "c"}
    assert store.events("a") == [*story("a"), opened("a")]
    assert store.events("c") == [*story("c"), opened("c")]
    assert store.events("b") == []
    assert store.gaps == [Gap(T0, T0 + S, "aveugle")]
    assert [event for event in witness.told_events if event.call_id == "b"] == [*story("b"), opened("b")], "the room sees him"
    assert "batch_rejected" in [row["event"] for row in logs]


@simulated
async def test_the_guilty_calls_promise_is_committed_before_it_is_begun() -> None:
    """The caller has his dossier though we cannot write his story: the promise alone is on disk, and is noted as kept."""
    store, opener = MemoryStore(), Opener()
    store.guilty = {"b"}
    seen: list[set[str]] = []

    async def look(_: Journey) -> None:
        seen.append({promise.call_id for promise in store.outbox.values()})

    opener.before = look
    async with running(store, when_answered(opener)) as pipeline:
        pipeline.submit(story("b"), "s", 1)
        await pipeline.drained()
    assert [journey.call_id for journey in opener.tries] == ["b"]
    assert seen == [{"b"}]
    assert store.pending() == []


@simulated
async def test_the_guilty_call_alone_with_a_gap_does_not_take_the_gap_with_it() -> None:
    store = MemoryStore()
    store.guilty = {"b"}
    async with running(store) as pipeline:
        pipeline.submit(story("b"), "s", 1)
        pipeline.gap(Gap(T0, T0 + S, "aveugle"))
        await pipeline.drained()
    assert store.gaps == [Gap(T0, T0 + S, "aveugle")]


@simulated
async def test_a_promise_that_no_column_takes_is_not_begun() -> None:
    class Refusing(MemoryStore):
        def commit(self, batch: object) -> None:
            self.attempts += 1
            raise ValueError("nothing is right")

    store, opener = Refusing(), Opener()
    async with running(store, when_answered(opener)) as pipeline:
        pipeline.submit([*story("a"), *story("b")], "s", 1)
        await pipeline.drained()
    assert opener.tries == []
    assert store.attempts < 10, "not for ever"


@simulated
async def test_a_kept_promise_of_another_call_survives_a_guilty_one() -> None:
    async def nothing(_: Journey) -> Sequence[CallEvent]:
        store.guilty = {"b"}
        pipeline.submit([*story("b")[:1], *story("c")[:1]], "s", 2)  # the note joins this batch
        return ()

    store = MemoryStore()
    async with running(store, when_answered(nothing)) as pipeline:
        pipeline.submit(story("a"), "s", 1)
        await pipeline.drained()
    assert store.pending() == []
    assert set(store.journeys) == {"a", "c"}


@simulated
async def test_when_the_bug_is_gone_the_calls_next_events_are_written() -> None:
    store = MemoryStore()
    store.guilty = {"b"}
    async with running(store) as pipeline:
        pipeline.submit(story("b")[:3], "s", 1)
        await pipeline.drained()
        store.guilty = set()
        pipeline.submit(story("b")[3:], "s", 2)
        await pipeline.drained()
    assert store.journeys["b"] == folded(story("b"))


@simulated
async def test_a_listener_that_fails_disturbs_nobody() -> None:
    class Broken:
        def told(self, *_: object) -> None:
            raise KeyError("told")

        def seen(self, *_: object) -> None:
            raise KeyError("seen")

    store, witness, opener = MemoryStore(), Witness(), Opener()
    with capture_logs() as logs:
        async with running(store, when_answered(opener), Broken(), witness) as pipeline:
            pipeline.submit([*story("a"), ev.LinkUp(at=T0)], "s", 1)
            pipeline.submit(story("b"), "s", 2)
            await pipeline.drained()
            assert pipeline.counters.listener_failures == 14 + 2 + 1
    assert len(witness.told_events) == 16
    assert len(witness.room) == 1
    assert len(opener.tries) == 2
    assert all("Broken" in row["listener"] for row in logs)


@simulated
async def test_an_event_that_the_fold_cannot_take_is_journalled_and_the_call_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    real = lanes.apply

    def faulty(journey: Journey, event: CallEvent) -> tuple[Journey, tuple[object, ...]]:
        if event == ODD:
            raise ZeroDivisionError
        return real(journey, event)

    monkeypatch.setattr(lanes, "apply", faulty)
    store = MemoryStore()
    async with running(store) as pipeline:
        pipeline.submit([*story("b")[:3], ODD, *story("b")[3:]], "s", 1)
        pipeline.submit(story("a"), "s", 2)
        await pipeline.drained()
        assert pipeline.counters.rejected == 1
    assert ODD in store.events("b")
    assert store.journeys == {"a": folded(story("a")), "b": folded(story("b"))}


@simulated
async def test_a_call_that_cannot_be_read_back_stops_nobody_and_is_not_overwritten() -> None:
    store = MemoryStore()
    kept = folded(story("old")[:4])
    store.journeys = {"old": kept, "b": folded(story("b")[:4])}
    store.illegible = {"old"}
    with capture_logs() as logs:
        async with running(store) as pipeline:
            pipeline.submit(story("old")[4:], "s", 1)
            pipeline.submit(story("b")[4:], "s", 2)
            pipeline.submit(story("a"), "s", 3)
            await pipeline.drained()
            assert pipeline.counters.rejected == 3
    assert store.journeys == {"old": kept, "a": folded(story("a")), "b": folded(story("b"))}
    assert [row["call_id"] for row in logs if row["event"] == "call_unreadable"] == ["old"]
