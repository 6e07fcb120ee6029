"""The table of states, and what becomes of an event that has no row in it."""

import pytest
from journey_stories import CALL, T0, dialling, event, fold, talking, waiting

from cti.journey import Journey, State, apply
from cti.journey import events as ev
from cti.journey.events import CALL_EVENTS
from cti.journey.facts import AnomalyNoted
from cti.journey.folding import fold as folding
from cti.journey.states import TRANSITIONS, next_state


def in_state(state: State) -> Journey:
    match state:
        case State.EXPECTED:
            return Journey(call_id=CALL)
        case State.PLACED:
            return fold(event(ev.CallPlaced, 0))
        case State.DIALLING:
            return dialling()
        case State.GREETING:
            return fold(event(ev.CallArrived, 0))
        case State.WAITING:
            return waiting()
        case State.TALKING:
            return talking()
        case State.HELD:
            return fold(event(ev.CallerHeld, 20), journey=talking())
        case State.MOVING:
            return fold(event(ev.TransferAsked, 20), journey=talking())
        case State.ENDED:
            return fold(event(ev.CallEnded, 20), journey=talking())


def test_every_state_has_its_rows_and_every_event_its_function_and_a_place() -> None:
    assert set(TRANSITIONS) == set(State)
    assert set(folding._FOLDS) == set(CALL_EVENTS)
    assert {kind for rows in TRANSITIONS.values() for kind in rows} == set(CALL_EVENTS)
    assert {cls.__name__ for cls in CALL_EVENTS} == {
        name
        for name, cls in vars(ev).items()
        if isinstance(cls, type) and issubclass(cls, ev.CallEvent) and cls is not ev.CallEvent
    }


def test_the_end_is_final_and_reachable_from_everywhere() -> None:
    assert set(TRANSITIONS[State.ENDED].values()) == {State.ENDED}
    for state in set(State) - {State.ENDED}:
        assert TRANSITIONS[state][ev.CallEnded] is State.ENDED


@pytest.mark.parametrize("state", State)
def test_the_states_of_these_tests(state: State) -> None:
    assert in_state(state).state is state


_NEW_LEG = {"leg": "leg-9", "agent": "arm09"}
_ILLEGAL = [(state, kind) for state in State for kind in CALL_EVENTS if next_state(state, kind) is None]
#: Repeats that the fold knows to be harmless: the arrival and the end of a call that has already arrived or ended.
_TOLD_ALREADY = {(state, kind) for state in State for kind in (ev.CallArrived, ev.CallEnded)}
_TOLD_ALREADY |= {(State.PLACED, ev.CallPlaced), (State.DIALLING, ev.CallPlaced)}


@pytest.mark.parametrize(("state", "kind"), [pair for pair in _ILLEGAL if pair not in _TOLD_ALREADY], ids=str)
def test_an_event_without_a_row_is_an_anomaly_and_the_state_stays(state: State, kind: type[ev.CallEvent]) -> None:
    before = in_state(state)
    given = _NEW_LEG if kind in (ev.AgentOffered, ev.OfferEnded, ev.AgentAnswered, ev.AgentJoined, ev.AgentLeft) else {}
    after, facts = apply(before, event(kind, 30, **given))
    assert after.state is before.state
    (note,) = after.anomalies
    assert (note.kind, note.detail, note.at) == ("unexpected", f"{kind.__name__} while {state}", T0 + 30_000_000)
    assert facts == (AnomalyNoted(CALL, note.at, note.kind, note.detail),)
    assert (after.stages, after.answered_at, after.ended_at) == (before.stages, before.answered_at, before.ended_at)


@pytest.mark.parametrize(("state", "kind"), [pair for pair in _ILLEGAL if pair in _TOLD_ALREADY], ids=str)
def test_an_arrival_or_an_end_that_comes_twice_is_no_surprise(state: State, kind: type[ev.CallEvent]) -> None:
    before = in_state(state)
    assert apply(before, event(kind, 30)) == (before, ())


@pytest.mark.parametrize(
    ("state", "kind"), [(state, kind) for state in State for kind in CALL_EVENTS if next_state(state, kind) is state], ids=str
)
def test_a_row_that_stays_stays(state: State, kind: type[ev.CallEvent]) -> None:
    assert apply(in_state(state), event(kind, 30))[0].state is state


def test_the_event_of_another_call_is_our_own_bug() -> None:
    with pytest.raises(ValueError, match="call other folded into call call-1"):
        apply(Journey(call_id=CALL), ev.CallerHeld(call_id="other", at=1))


def test_anomalies_are_told_once_and_bounded() -> None:
    journey = fold(*(event(ev.PbxSurprised, 1, detail=str(n)) for n in range(80)))
    assert len(journey.anomalies) == folding.MAX_ANOMALIES
    assert apply(journey, event(ev.PbxSurprised, 1, detail="more")) == (journey, ())
