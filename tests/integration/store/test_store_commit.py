"""One batch, one transaction: what goes in comes out, and what comes twice is written once."""

from dataclasses import replace
from typing import Any

import pytest
from store_histories import SECOND, T0, batch, folded, full_story

from cti.journey import Journey
from cti.journey.events import (
    CallEnded,
    CallEvent,
    ConsultAnswered,
    ConsultEnd,
    ConsultEnded,
    ConsultRecorded,
    ConsultStarted,
    PbxSurprised,
    RecordingChecked,
)
from cti.journey.ledger import Batch, Entry, Gap, Promise
from cti.store import Store
from cti.store.engine import build_engine
from cti.store.ledger import Ledger
from cti.store.reading import Reading


def test_whole_call_reads_back_as_it_was_after_every_event(store: Store) -> None:
    journeys: dict[str, Journey] = {}
    for n, event in enumerate(full_story("c1")):
        store.commit(batch([event], first=n, before=journeys))
        assert store.journey("c1") == journeys["c1"]
    assert store.reading.events("c1") == full_story("c1")


def test_two_calls_in_one_batch_keep_their_own_parts(store: Store) -> None:
    one, two = full_story("c1"), full_story("c2", T0 + 5, flux="116117", caller=None)
    store.commit(batch([event for pair in zip(one, two, strict=True) for event in pair]))
    assert list(store.reading.journeys(None, None)) == [folded(one), folded(two)]
    assert store.reading.events("c2") == two


def test_two_batches_in_one_go_and_one_after_the_other_give_the_same(store: Store) -> None:
    events, journeys = full_story("c1"), dict[str, Journey]()
    for first, last in ((0, 9), (9, len(events))):
        store.commit(batch(events[first:last], first=first, before=journeys))
    store.commit(batch(full_story("c2"), session="t"))
    after = store.journey("c2")
    assert after is not None
    assert replace(after, call_id="c1").stages[0].wait_ms == journeys["c1"].stages[0].wait_ms
    assert store.journey("c1") == journeys["c1"]


def test_batch_written_twice_is_written_once(store: Store) -> None:
    events = full_story("c1")
    told = replace(
        batch(events),
        promises=(Promise("c1", "open_dossier", "CallAnswered", T0, T0 + SECOND),),
        gaps=(Gap(T0, T0 + SECOND, "liaison perdue"),),
    )
    store.commit(told)
    store.commit(told)
    assert store.reading.events("c1") == events
    assert store.pending() == list(told.promises)
    assert store.reading.gaps(T0, T0 + SECOND) == list(told.gaps)


@pytest.mark.parametrize("calls", [31, 32, 33, 97])
def test_a_batch_of_many_calls_reads_back_whole_and_in_order(store: Store, calls: int) -> None:
    """Rows are written many to a statement: none is lost or told twice where one statement ends and the next begins."""
    names = [f"c{n:03}" for n in range(calls)]
    told = batch([event for n, name in enumerate(names) for event in full_story(name, T0 + n)])
    store.commit(told)
    store.commit(told)
    assert [journey.call_id for journey in store.reading.journeys(None, None)] == names
    assert all(store.reading.events(name) == full_story(name, T0 + n) for n, name in enumerate(names))


def test_frame_repeated_within_a_batch_is_written_once(store: Store) -> None:
    event = full_story("c1")[0]
    store.commit(
        Batch(entries=(Entry(event, "s", 1, 0), Entry(event, "s", 1, 0), Entry(event, "s", 1, 1), Entry(event, "t", 1, 0)))
    )
    assert len(store.reading.events("c1")) == 3


def test_our_own_events_have_no_frame_and_are_all_kept(store: Store) -> None:
    event = PbxSurprised(call_id="c1", at=T0, kind="k", detail="d")
    store.commit(Batch(entries=(Entry(event), Entry(event))))
    assert store.reading.events("c1") == [event, event]


def test_last_state_of_a_call_named_twice_wins(store: Store) -> None:
    events = full_story("c1")
    store.commit(Batch(journeys=(folded(events[:3]), folded(events))))
    assert store.journey("c1") == folded(events)


def test_empty_batch_is_no_work(store: Store) -> None:
    store.commit(Batch())
    assert store.open_journeys() == []


def test_open_calls_are_those_without_an_end(store: Store) -> None:
    running, ended = full_story("c1")[:8], full_story("c2")
    store.commit(batch([*running, *ended]))
    assert store.open_journeys() == [folded(running)]
    assert store.journey("c3") is None


def test_calls_of_which_agents_may_still_speak_are_those_that_ended_in_a_consultation(store: Store) -> None:
    def consulted(call_id: str, t0: int, *, how: ConsultEnd | None) -> list[CallEvent]:
        events = full_story(call_id, t0)
        end = next(n for n, event in enumerate(events) if isinstance(event, CallEnded))
        line: dict[str, Any] = {"call_id": call_id, "line": f"{call_id}.9"}
        began = ConsultStarted(**line, at=events[end].at - 2, agent="mru01", target="801")
        over = [] if how is None else [ConsultEnded(**line, at=events[end].at - 1, how=how)]
        return [*events[:end], began, *over, *events[end:]]

    mine = consulted("c2", T0 + 500 * SECOND, how=None)
    others = consulted("c1", T0, how=None), consulted("c3", T0 + 500 * SECOND, how=ConsultEnd.RETURNED), full_story("c4")
    running = [one for one in consulted("c5", T0 + 500 * SECOND, how=None) if not isinstance(one, CallEnded)]
    store.commit(batch([*mine, *running]))
    for other in others:
        store.commit(batch(other))
    assert store.outlived_journeys(T0 + 500 * SECOND) == [folded(mine)]
    assert [journey.call_id for journey in store.outlived_journeys(T0)] == ["c1", "c2"]


def test_promise_is_made_once_and_kept_once(store: Store) -> None:
    first = Promise("c1", "open_dossier", "CallAnswered", T0, T0 + 9)
    second = Promise("c1", "check_recording", "CallClosed", T0, T0 + 3)
    store.commit(Batch(promises=(first, first, second)))
    assert store.pending() == [second, first], "the nearest deadline comes first"
    store.commit(Batch(promises=(first,), kept=(first, first)))
    assert store.pending() == [second]
    store.commit(Batch(promises=(first,)))
    assert store.pending() == [second], "what was kept is never promised again"
    unheard_of = Promise("c9", "open_dossier", "CallAnswered", T0, T0)
    store.commit(Batch(kept=(unheard_of,)))
    store.commit(Batch(promises=(unheard_of,)))
    assert store.pending() == [second], "kept in the same commit as it was made"


def test_gaps_touch_the_period_or_stay_out(store: Store) -> None:
    gaps = (Gap(10, 20, "a"), Gap(20, 30, "b"), Gap(5, 40, "c"))
    store.commit(Batch(gaps=gaps))
    assert store.reading.gaps(20, 25) == [gaps[2], gaps[1]]
    assert store.reading.gaps(40, 50) == []


def test_journey_told_anew_with_fewer_parts_leaves_none_behind(store: Store) -> None:
    events = full_story("c1")
    store.commit(batch(events))
    shorter = folded(events[:7])
    store.commit(Batch(journeys=(shorter,)))
    assert store.journey("c1") == shorter


def test_call_unknown_to_the_ledger_is_replaced_as_a_whole(database: str, store: Store) -> None:
    events = full_story("c1")
    store.commit(batch(events))
    engine = build_engine(database)
    Ledger(engine).commit(Batch(journeys=(folded(events[:9]),)))
    engine.dispose()
    assert store.journey("c1") == folded(events[:9])


def test_ledger_that_remembers_one_call_writes_the_same(database: str, store: Store) -> None:
    engine = build_engine(database)
    forgetful, journeys = Ledger(engine, remembered=1), dict[str, Journey]()
    stories = zip(*(full_story(f"c{n}", T0 + n) for n in range(3)), strict=True)
    for n, step in enumerate(stories):
        forgetful.commit(batch(list(step), first=3 * n, before=journeys))
    assert list(Reading(engine).journeys(None, None)) == list(journeys.values())
    engine.dispose()
    assert list(store.reading.journeys(None, None)) == list(journeys.values())


def test_text_that_no_database_takes_does_not_stop_the_others(store: Store) -> None:
    broken = full_story("c1", caller="06\ud83d12")
    nul = [PbxSurprised(call_id="c2", at=T0, kind="k\0k", detail="é")]
    sound = full_story("c3")
    store.commit(batch([*broken, *nul, *sound]))
    assert store.journey("c3") == folded(sound)
    kept = store.journey("c1")
    assert kept is not None
    assert kept.caller == "06\N{REPLACEMENT CHARACTER}12"
    assert len(store.reading.events("c1")) == len(broken)
    assert len(store.reading.events("c2")) == 1


@pytest.mark.parametrize("wrong", [2**63, -(2**63) - 1])
def test_our_own_bug_is_raised_and_nothing_of_the_batch_is_written(store: Store, wrong: int) -> None:
    sound = batch(full_story("c1"))
    broken = replace(sound.journeys[0], call_id="c2", last_at=wrong)
    with pytest.raises(Exception) as trouble:
        store.commit(replace(sound, journeys=(*sound.journeys, broken)))
    assert "StoreUnavailable" not in trouble.typename
    assert store.reading.events("c1") == []
    assert store.journey("c1") is None
    store.commit(sound)
    assert store.journey("c1") == sound.journeys[0]


def test_consultations_are_told_in_lists_as_in_one_call(store: Store) -> None:
    story: list[CallEvent] = [
        *full_story("c1")[:8],
        ConsultStarted(call_id="c1", at=T0 + 20 * SECOND, agent="arm01", line="9.1", target="801"),
        ConsultRecorded(call_id="c1", at=T0 + 21 * SECOND, line="9.1", stem="2026/12/c1-apart"),
        ConsultAnswered(call_id="c1", at=T0 + 22 * SECOND, line="9.1", agent="amu01"),
        ConsultEnded(call_id="c1", at=T0 + 23 * SECOND, line="9.1", how=ConsultEnd.RETURNED),
        ConsultStarted(call_id="c1", at=T0 + 24 * SECOND, agent="arm01", line="9.2", target="1021"),
    ]
    journeys: dict[str, Journey] = {}
    for n, event in enumerate(story):
        store.commit(batch([event], first=n, before=journeys))
        assert store.journey("c1") == journeys["c1"]
    assert [(c.target, c.how) for c in journeys["c1"].consults] == [("801", ConsultEnd.RETURNED), ("1021", None)]
    assert list(store.reading.journeys(None, None)) == store.reading.open_journeys() == [journeys["c1"]]
    faulty = RecordingChecked(
        call_id="c1", at=T0 + 99 * SECOND, stem="2026/12/c1-apart", caller_ms=None, agents_ms=None, bytes=0, problem="absent"
    )
    store.commit(batch([faulty], first=len(story), before=journeys))
    assert store.journey("c1") == journeys["c1"]
    recording = journeys["c1"].consults[0].recording
    assert recording is not None
    assert recording.problem == "absent"
