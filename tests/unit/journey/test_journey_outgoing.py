"""Outgoing calls folded: placed, dialled, reached or not, passed on; never an entrant's answer."""

import pytest
from journey_stories import CALL, at, dialling, event, fold, fold_all

from cti.journey import Outcome, Quality, State
from cti.journey import events as ev
from cti.journey.around.callers import dial_key
from cti.journey.events import OfferEnd, PlacedVia
from cti.journey.events.placed import SORTANT, Direction
from cti.journey.facts import CallAnswered, CallClosed, CallOpened, CallReached, StageAnswered
from cti.journey.model import StageEnd
from cti.journey.telling import tell


def reached() -> list[ev.CallEvent]:
    return [
        event(ev.CallPlaced, 0),
        event(ev.PlacerReady, 2),
        event(ev.CalleeDialled, 2.1),
        event(ev.CalleeRinging, 2.2),
        event(ev.CalleeReached, 6),
        event(ev.AgentJoined, 6.01, leg="1.1"),
    ]


def test_a_click_goes_through_its_phases_and_is_reached() -> None:
    states = [fold(*reached()[:upto]).state for upto in range(1, 7)]
    assert states == [State.PLACED, State.DIALLING, State.DIALLING, State.DIALLING, State.TALKING, State.TALKING]
    journey, facts = fold_all([*reached(), event(ev.AgentLeft, 30, leg="1.1"), event(ev.CallEnded, 30.1, cause=16)])
    assert (journey.outcome, journey.answered_at, journey.answered_by) == (Outcome.REACHED, at(6), "arm01")
    assert journey.channel == "1.2", "the call ends with the trunk's channel from now on"
    (talk,) = journey.stages
    assert (talk.filiere, talk.talk_ms, talk.end) == (SORTANT, 24_000, StageEnd.AGENT_HANGUP)
    assert [type(fact) for fact in facts] == [CallOpened, CallReached, StageAnswered, CallClosed]
    assert not any(isinstance(fact, CallAnswered) for fact in facts), "nobody who called was answered"


def test_a_phone_that_dials_is_off_the_hook_already() -> None:
    journey = fold(event(ev.CallPlaced, 0, via=PlacedVia.POSTE))
    assert journey.state is State.DIALLING
    assert journey.placed is not None
    assert journey.placed.ready_at == at(0)
    assert journey.stages[0].legs[0].talking


@pytest.mark.parametrize("how", OfferEnd)
def test_nobody_reached(how: OfferEnd) -> None:
    journey = fold(event(ev.CalleeMissed, 20, how=how), event(ev.CallEnded, 20.1, cause=17), journey=dialling())
    assert (journey.outcome, journey.abandon_phase, journey.lost_waiting) == (Outcome.UNREACHED, None, None)
    assert journey.placed is not None
    assert (journey.placed.missed, journey.stages[0].end) == (how, StageEnd.UNREACHED)
    assert journey.anomalies == ()


def test_the_agent_who_does_not_pick_up_ends_it() -> None:
    journey = fold(
        event(ev.CallPlaced, 0), event(ev.OfferEnded, 20, leg="1.1", how=OfferEnd.NO_ANSWER), event(ev.CallEnded, 20, cause=19)
    )
    assert journey.outcome is Outcome.UNREACHED
    assert journey.stages[0].legs[0].how is OfferEnd.NO_ANSWER


def test_passed_on_it_stays_outgoing_and_answered_once() -> None:
    journey, facts = fold_all(
        [
            *reached(),
            event(ev.TransferAsked, 20, target="mru"),
            event(ev.QueueEntered, 20.1, filiere="mru"),
            event(ev.AgentOffered, 20.2, filiere="mru", agent="mru01", leg="9"),
            event(ev.AgentAnswered, 25, agent="mru01", leg="9"),
            event(ev.CallEnded, 60),
        ]
    )
    assert (journey.direction, journey.outcome, journey.answered_at) == (Direction.SORTANT, Outcome.REACHED, at(6))
    assert [(s.filiere, s.end, s.wait_ms) for s in journey.stages[1:]] == [("mru", StageEnd.AGENT_HANGUP, 4900)]
    assert journey.stages[0].end is StageEnd.TRANSFERRED
    assert not any(isinstance(fact, CallAnswered) for fact in facts)


def test_known_first_by_its_end() -> None:
    journey = fold(event(ev.CallEnded, 9), event(ev.CallPlaced, 0), event(ev.CalleeMissed, 8))
    assert (journey.state, journey.outcome, journey.t0) == (State.ENDED, Outcome.UNREACHED, at(0))
    assert journey.stages[0].left_at == at(9)


def test_a_request_told_before_the_placing_takes_nothing_from_it() -> None:
    journey = fold(event(ev.ReinforcementAsked, 0, filiere="mru"), event(ev.CallPlaced, 1), event(ev.CalleeReached, 6))
    (own,) = [stage for stage in journey.stages if stage.filiere == SORTANT]
    assert (own.answered_at, journey.answered_at, own.legs[0].answered_at) == (at(6), at(6), at(6))


def test_told_twice_and_late_changes_nothing() -> None:
    journey = fold(*reached())
    for again in reached():
        assert fold(again, journey=journey) == journey


def test_an_arrived_call_is_never_an_outgoing_one() -> None:
    arrived = fold(event(ev.CallArrived, 0))
    after = fold(*(event(kind, 1) for kind in (ev.CallPlaced, ev.CalleeDialled, ev.CalleeReached)), journey=arrived)
    assert (after.direction, after.answered_at, len(after.anomalies)) == (Direction.ENTRANT, None, 3)


def test_seen_by_cel_it_is_reconstructed() -> None:
    journey = fold(event(ev.CallPlaced, 0, seen=ev.Seen.CEL))
    assert journey.quality is Quality.RECONSTRUCTED


def test_it_is_told_with_who_called_whom() -> None:
    told = tell(fold(*reached()))
    assert (told["call_id"], told["direction"], told["caller"]) == (CALL, "sortant", None)
    assert told["placed"]["number"] == "0639980007"
    assert tell(fold(event(ev.CallArrived, 0)))["placed"] is None
    assert dial_key(told["caller"]) is None, "a call that we placed is no repeat of anybody's"
