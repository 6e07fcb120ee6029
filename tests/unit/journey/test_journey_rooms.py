"""Several people with one caller: stages that accompany, guests, and what it means for the call."""

from dataclasses import replace

import pytest
from journey_stories import event, fold, talking

from cti.journey import Journey, Outcome, State
from cti.journey import events as ev
from cti.journey.events import GuestEnd, TransferVia
from cti.journey.folding.rooms import retold
from cti.journey.model import StageEnd

MRU = {"agent": "mru01", "leg": "leg-m", "filiere": "mru"}


def p0(journey: Journey | None = None) -> Journey:
    """An ARM talks, and has asked for the physicians."""
    return fold(event(ev.ReinforcementAsked, 20, via=TransferVia.TOUCHE, p0=True), journey=journey or talking())


def three() -> Journey:
    """A physician has come."""
    rang, came = event(ev.AgentOffered, 20.1, **MRU), event(ev.AgentJoined, 26.1, agent="mru01", leg="leg-m")
    return fold(rang, event(ev.AgentAnswered, 26, **MRU), came, journey=p0())


def ends(journey: Journey) -> list[tuple[str, StageEnd | None]]:
    return [(stage.filiere, stage.end) for stage in journey.stages]


def test_a_p0_moves_nobody_and_its_wait_runs_from_the_request_to_the_decroche() -> None:
    assert p0().state is State.TALKING
    assert ends(p0()) == [("n1", None), ("mru", None)]
    stage = three().stages[1]
    assert (stage.motif, stage.wait_ms, stage.agent) == ("P0", 6000, "mru01")
    assert three().wait_ms == talking().wait_ms, "the caller was answered once, by the ARM"


def test_the_arm_leaves_and_the_physician_goes_on() -> None:
    journey = fold(event(ev.AgentLeft, 40), journey=three())
    assert journey.state is State.TALKING
    assert (journey.stages[0].end, journey.stages[0].via) == (StageEnd.TRANSFERRED, TransferVia.TOUCHE)
    over = fold(event(ev.AgentLeft, 50, agent="mru01", leg="leg-m"), event(ev.CallEnded, 50.1), journey=journey)
    assert ends(over) == [("n1", StageEnd.TRANSFERRED), ("mru", StageEnd.AGENT_HANGUP)]
    assert over.lost_waiting is None


def test_the_physician_leaves_first_and_the_arm_goes_on() -> None:
    journey = fold(event(ev.AgentLeft, 40, agent="mru01", leg="leg-m"), journey=three())
    assert journey.state is State.TALKING
    assert ends(journey) == [("n1", None), ("mru", StageEnd.AGENT_HANGUP)]
    assert ends(fold(event(ev.AgentLeft, 50), journey=journey))[0] == ("n1", StageEnd.AGENT_HANGUP)


def test_a_request_withdrawn_leaves_the_talk_alone() -> None:
    journey = fold(event(ev.AgentOffered, 20.1, **MRU), event(ev.ReinforcementEnded, 25), journey=p0())
    assert journey.state is State.TALKING
    assert journey.stages[1].end is StageEnd.WITHDRAWN
    assert not journey.stages[1].ringing
    assert fold(event(ev.ReinforcementEnded, 25), journey=journey) == journey


def test_a_caller_who_hangs_up_while_the_physicians_ring_is_not_to_be_called_back() -> None:
    journey = fold(event(ev.AgentOffered, 20.1, **MRU), event(ev.CallEnded, 25), journey=p0())
    assert ends(journey) == [("n1", StageEnd.AGENT_HANGUP), ("mru", StageEnd.WITHDRAWN)]
    assert journey.outcome is Outcome.ANSWERED
    assert journey.lost_waiting is None, "the ARM was with him"


def test_the_last_agent_leaves_a_caller_for_whom_a_physician_rings() -> None:
    journey = fold(event(ev.AgentLeft, 24), event(ev.QueueEntered, 24.2, filiere="mru"), journey=p0())
    assert journey.state is State.WAITING
    assert ends(journey) == [("n1", StageEnd.AGENT_HANGUP), ("mru", StageEnd.WITHDRAWN), ("mru", None)]
    assert fold(event(ev.CallEnded, 30), journey=journey).lost_waiting == "mru"


def test_a_transfer_from_a_room_ends_every_stage() -> None:
    journey = fold(event(ev.TransferAsked, 30), journey=three())
    assert journey.state is State.MOVING
    assert ends(journey) == [("n1", StageEnd.TRANSFERRED), ("mru", StageEnd.TRANSFERRED)]
    assert all(leg.ended_at is not None for stage in journey.stages for leg in stage.legs)


def test_a_request_told_by_two_witnesses_is_one() -> None:
    again = fold(event(ev.ReinforcementAsked, 20.3, via=TransferVia.TOUCHE, p0=True), journey=p0())
    assert again.stages == p0().stages


@pytest.mark.parametrize("how", [GuestEnd.LEFT, GuestEnd.BUSY])
def test_a_guest_is_no_stage_and_his_leaving_ends_nothing(how: GuestEnd) -> None:
    asked = event(ev.GuestAsked, 20, libelle="CTA pompiers", number="0199001811", by="arm01")
    journey = fold(asked, event(ev.GuestAnswered, 25), event(ev.GuestLeft, 30, how=how), journey=talking())
    (guest,) = journey.guests
    assert (guest.libelle, guest.how, guest.present) == ("CTA pompiers", how, False)
    assert journey.state is State.TALKING
    assert len(journey.stages) == 1
    assert fold(asked, event(ev.GuestAnswered, 25), journey=journey).guests == journey.guests


def test_a_caller_with_only_a_guest_still_talks_until_he_is_taken_back() -> None:
    journey = fold(event(ev.GuestAsked, 20), event(ev.GuestAnswered, 25), event(ev.AgentLeft, 30), journey=talking())
    assert journey.state is State.TALKING
    back = fold(event(ev.QueueEntered, 30.1), journey=journey)
    assert back.state is State.WAITING
    assert ends(back) == [("n1", StageEnd.AGENT_HANGUP), ("n1", None)]


def test_the_end_of_the_call_releases_guests_and_the_journal_tells_them_again() -> None:
    story = [event(ev.GuestAsked, 20), event(ev.GuestAnswered, 25)]
    journey = fold(*story, event(ev.CallEnded, 40), journey=talking())
    assert [guest.how for guest in journey.guests] == [GuestEnd.RELEASED]
    bare = fold(event(ev.CallEnded, 40), journey=talking())
    assert retold(bare, [*story, event(ev.CallEnded, 40)]).guests == journey.guests
    of_others = event(ev.AgentLeft, 30), event(ev.CallEnded, 40), event(ev.CallEnded, 45)
    assert retold(bare, [*story, *of_others]).guests == journey.guests, "what others did, and a second end, change no guest"
    assert fold(event(ev.GuestAsked, 41, guest="late"), journey=journey).guests[1:] == ()


def test_guests_told_after_the_end_are_not_still_there_and_keep_what_they_did_before_it() -> None:
    end, asked = event(ev.CallEnded, 40), event(ev.GuestAsked, 20)
    late = [end, asked, event(ev.GuestAnswered, 25)]
    journey = fold(*late, journey=talking())
    (guest,) = journey.guests
    assert (guest.asked_at, guest.answered_at) == (asked.at, late[2].at)
    assert (guest.left_at, guest.how, guest.present) == (end.at, GuestEnd.RELEASED, False)
    bare = fold(end, journey=talking())
    assert retold(bare, late) == replace(bare, guests=journey.guests)
    left = event(ev.GuestLeft, 30, how=GuestEnd.LEFT)
    gone = fold(left, event(ev.GuestLeft, 50, how=GuestEnd.BUSY), journey=journey)
    assert [(g.left_at, g.how) for g in gone.guests] == [(left.at, GuestEnd.LEFT)]
    assert retold(bare, [*late, left]).guests == gone.guests


@pytest.mark.parametrize(("left", "how"), [(39.99, GuestEnd.LEFT), (40.01, GuestEnd.LEFT), (40.6, GuestEnd.RELEASED)])
def test_a_guest_who_hung_up_as_the_caller_did_left_whichever_is_told_first(left: float, how: GuestEnd) -> None:
    """The PBX says that his own phone hung up; AMI and CEL may stamp the two hang-ups in another order."""
    events = sorted([event(ev.CallEnded, 40), event(ev.GuestLeft, left, how=GuestEnd.LEFT)], key=lambda e: e.at)
    journey = fold(event(ev.GuestAsked, 20), event(ev.GuestAnswered, 25), *events, journey=talking())
    (guest,) = journey.guests
    assert (guest.how, guest.left_at) == (how, min(e.at for e in events))
    assert fold(*events, journey=journey).guests == journey.guests


@pytest.mark.parametrize("left", [39.99, 40.01, 40.6])
def test_a_guest_whom_the_pbx_let_go_was_released_whichever_is_told_first(left: float) -> None:
    events = sorted([event(ev.CallEnded, 40), event(ev.GuestLeft, left, how=GuestEnd.RELEASED)], key=lambda e: e.at)
    journey = fold(event(ev.GuestAsked, 20), event(ev.GuestAnswered, 25), *events, journey=talking())
    assert [(guest.how, guest.left_at) for guest in journey.guests] == [(GuestEnd.RELEASED, min(e.at for e in events))]
