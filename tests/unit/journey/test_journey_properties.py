"""What holds for any sequence of events of one call."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from journey_stories import ANY_EVENT, ANY_STORY, CALL, TIMELY_STORY, UNHURRIED, fold, fold_all

from cti.journey import CallEvent, Journey, Outcome, State, apply
from cti.journey import events as ev
from cti.journey.facts import CallAnswered, CallClosed, CallOpened, CallReached, StageAnswered
from cti.journey.telling import tell


def but_for_the_clock(journey: Journey) -> Journey:
    return replace(journey, last_at=0)


@UNHURRIED
@given(ANY_STORY)
def test_nothing_that_the_pbx_may_tell_raises(story: list[CallEvent]) -> None:
    tell(fold(*story))


@UNHURRIED
@given(ANY_STORY, ANY_EVENT)
def test_an_event_told_twice_changes_nothing_the_second_time(story: list[CallEvent], event: CallEvent) -> None:
    once = fold(*story, event)
    twice, facts = apply(once, event)
    assert but_for_the_clock(twice) == but_for_the_clock(once)
    if not isinstance(event, ev.RecordingChecked):  # known: test_a_repeated_check_states_its_fault_once
        assert facts == ()


@UNHURRIED
@given(ANY_STORY)
def test_the_same_story_gives_the_same_journey(story: list[CallEvent]) -> None:
    assert fold_all(story) == fold_all(story)


@UNHURRIED
@given(ANY_STORY)
def test_an_ended_call_has_one_outcome_and_stays_ended(story: list[CallEvent]) -> None:
    journey = Journey(call_id=CALL)
    for event in story:
        before, (journey, _) = journey, apply(journey, event)
        if before.state is State.ENDED:
            assert journey.state is State.ENDED
            assert (journey.ended_at, journey.answered_at) == (before.ended_at, before.answered_at)
            if before.channel == journey.channel:  # an arrival told after the end may say that it was a test call
                assert journey.outcome is before.outcome
        assert (journey.outcome in set(Outcome)) is (journey.state is State.ENDED)
        assert (journey.abandon_phase is not None) is (journey.outcome is Outcome.ABANDONED)


@UNHURRIED
@given(ANY_STORY)
def test_facts_of_the_whole_call_are_stated_once(story: list[CallEvent]) -> None:
    journey, facts = fold_all(story)
    outgoing = journey.placed is not None
    for kind, happened in (
        (CallAnswered, journey.answered_at is not None and not outgoing),
        (CallReached, journey.answered_at is not None and outgoing),
        (CallClosed, journey.ended_at is not None),
        (CallOpened, journey.channel != ""),
    ):
        assert sum(isinstance(fact, kind) for fact in facts) <= 1
        if kind is not CallOpened:
            assert any(isinstance(fact, kind) for fact in facts) is happened
    answered = [fact.stage for fact in facts if isinstance(fact, StageAnswered)]
    assert len(answered) == len(set(answered))
    assert set(answered) == {index for index, stage in enumerate(journey.stages) if stage.answered_at is not None}


@UNHURRIED
@given(TIMELY_STORY)
def test_stages_follow_each_other_in_time(story: list[CallEvent]) -> None:
    journey = fold(*story)
    alone = [stage for stage in journey.stages if stage.accompanied is None]
    for before, after in pairwise(alone):
        assert before.left_at is not None
        assert before.entered_at <= before.left_at <= after.entered_at
    for stage in journey.stages:
        assert stage.wait_ms is None or stage.wait_ms >= 0
    assert journey.last_at >= journey.t0


@UNHURRIED
@given(TIMELY_STORY)
def test_a_refused_event_leaves_the_story_alone(story: list[CallEvent]) -> None:
    journey = Journey(call_id=CALL)
    for event in story:
        before, (journey, _) = journey, apply(journey, event)
        if len(journey.anomalies) > len(before.anomalies) and journey.anomalies[-1].kind == "unexpected":
            assert replace(journey, anomalies=before.anomalies, last_at=before.last_at) == before


@UNHURRIED
@given(st.lists(ANY_EVENT, max_size=10))
def test_last_at_is_the_latest_event_that_counted(story: list[CallEvent]) -> None:
    assert fold(*story).last_at in {0, *(event.at for event in story)}
