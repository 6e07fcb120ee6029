"""Consultations in the frames: whose the second line is, and what happens to it when a witness is missing."""

from test_translate import CALL, CALLER, LEG, TALKING, born, bridge, frame, ours

from cti.ami.frames import Frame
from cti.ami.translate import Translator
from cti.ami.translate.cel import CelRow
from cti.ami.translate.channels import ChannelBook
from cti.ami.translate.witness import CelTranslator
from cti.journey import events as ev

LINE, ASKED = "1797408009.2", "1797408009.3"
OTHER_CALL = "5b0a51ad-11aa-4d9e-9b5a-36c5a8a5d6f1"


def dials(number: str = "801") -> Frame:
    return born(LINE, "PJSIP/arm01-00000002", 50, Context="sas-postes", Exten=number, Linkedid=LINE)


def rings(phone: str = "amu01") -> Frame:
    return born(ASKED, f"PJSIP/{phone}-00000003", 60, Context="sas-postes", Exten="s", Linkedid=LINE)


def joins(kind: str, result: str = "Success") -> Frame:
    sides = {"OrigTransfererUniqueid": LEG, "SecondTransfererUniqueid": LINE}
    return frame("AttendedTransfer", 90, Result=result, DestType=kind, **sides)


NAMED = ours("SasArrived", 51, Uniqueid=LINE, CallId=OTHER_CALL, Flux="POSTE", Did="801")
ENTERS = frame("QueueCallerJoin", 55, Uniqueid=LINE, Channel="PJSIP/arm01-00000002", Queue="sas-amu", Position="1")
PICKED_UP = frame("DialEnd", 70, Uniqueid=LINE, DestUniqueid=ASKED, DialStatus="ANSWER")


def after_talking(*frames: Frame) -> list[ev.Event]:
    translator = Translator()
    for one in TALKING:
        translator.read(one)
    return [event for one in frames for event in translator.read(one)]


def kinds(events: list[ev.Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_the_second_line_belongs_to_the_caller_s_call_from_its_first_frame() -> None:
    events = after_talking(dials(), NAMED, ENTERS, rings(), PICKED_UP)
    assert kinds(events) == ["ConsultStarted", "ConsultAnswered"]
    assert {event.call_id for event in events if isinstance(event, ev.CallEvent)} == {CALL}


def test_a_phone_without_a_caller_makes_a_call_of_its_own() -> None:
    translator = Translator()
    events = [event for one in (dials(), NAMED) for event in translator.read(one)]
    assert [(type(e).__name__, getattr(e, "call_id", "")) for e in events] == [("CallArrived", OTHER_CALL)]


def test_a_caller_who_was_left_is_consulted_for_no_more() -> None:
    events = after_talking(bridge("BridgeLeave", LEG, 45), dials(), NAMED)
    assert kinds(events) == ["AgentLeft", "CallArrived"]


def test_what_the_dialplan_says_of_the_second_line_is_no_caller_s() -> None:
    route = ours("SasRoute", 54, Uniqueid=LINE, CallId=OTHER_CALL, Filiere="amu", Source="transfert")
    file = ours("SasRecording", 53, Uniqueid=LINE, CallId=OTHER_CALL, File="a/b")
    on = ours("SasRecording", 53.5, Uniqueid=LINE, CallId=OTHER_CALL, File="a/b", Gap="101")
    events = after_talking(dials(), NAMED, file, on, route)
    assert kinds(events) == ["ConsultStarted", "ConsultRecorded"]


def test_a_failed_transfer_changes_nothing() -> None:
    assert after_talking(dials(), NAMED, ENTERS, rings(), joins("Fail"), joins("Bridge", "Fail"))[1:] == []


def test_the_queue_s_own_frame_is_enough_when_the_birth_of_the_phone_was_not_seen() -> None:
    asked = frame("AgentCalled", 61, Uniqueid=LINE, DestUniqueid=ASKED, Queue="sas-amu", Interface="PJSIP/amu01")
    events = after_talking(dials(), NAMED, ENTERS, asked, asked, PICKED_UP)
    assert kinds(events) == ["ConsultStarted", "ConsultAnswered"]


def test_a_busy_colleague_and_one_who_does_not_answer() -> None:
    over = frame("Hangup", 80, Uniqueid=LINE, Cause="17")
    for status, how in (("BUSY", ev.ConsultEnd.BUSY), ("NOANSWER", ev.ConsultEnd.NO_ANSWER)):
        refused = frame("DialEnd", 70, Uniqueid=LINE, DestUniqueid=ASKED, DialStatus=status)
        (ended,) = after_talking(dials("1021"), rings("mru01"), refused, over, over)[1:]
        assert isinstance(ended, ev.ConsultEnded)
        assert ended.how is how


def test_joined_while_it_rings_the_caller_takes_the_line_s_place() -> None:
    events = after_talking(dials(), NAMED, ENTERS, rings(), joins("App"), joins("App"))
    assert kinds(events)[1:] == ["ConsultEnded", "TransferAsked", "CallRouted", "QueueEntered", "AgentOffered"]
    entered = events[4]
    assert isinstance(entered, ev.QueueEntered)
    assert entered.at < events[1].at, "his wait began when the agent entered the queue for him"


def test_afterwards_the_variables_of_the_line_are_the_caller_s() -> None:
    """His channel runs in the second line's place: the dialplan then names him by the second line's identity."""
    route = ours("SasRoute", 95, Uniqueid=CALLER, CallId=OTHER_CALL, Filiere="mru", Source="debordement")
    events = after_talking(dials(), NAMED, ENTERS, rings(), joins("App"), route)
    assert isinstance(events[-1], ev.CallRouted)
    assert events[-1].call_id == CALL


def test_a_phone_rung_after_that_is_offered_to_the_caller() -> None:
    events = after_talking(dials(), NAMED, ENTERS, joins("App"), rings())
    assert kinds(events)[-1] == "AgentOffered"


def test_a_colleague_who_only_joins_the_talk_ends_nobody_s_stage() -> None:
    """A conference: the agent who asked is still in the bridge."""
    events = after_talking(dials("1021"), rings("mru01"), PICKED_UP, bridge("BridgeEnter", ASKED, 80))
    assert kinds(events) == ["ConsultStarted", "ConsultAnswered"]


def test_a_line_whose_caller_is_gone_joins_nobody() -> None:
    gone = frame("Hangup", 75, Uniqueid=CALLER, Cause="16")
    events = after_talking(dials(), NAMED, ENTERS, rings(), gone, joins("Link"))
    assert kinds(events) == ["ConsultStarted", "AgentLeft", "CallEnded"]


def test_phones_that_are_told_of_after_their_line_is_gone_belong_to_nobody() -> None:
    gone = frame("Hangup", 68, Uniqueid=LINE, Cause="16")
    for status in ("ANSWER", "CANCEL"):
        late = frame("DialEnd", 70, Uniqueid=LINE, DestUniqueid=ASKED, DialStatus=status)
        assert kinds(after_talking(dials("1021"), rings("mru01"), gone, late)) == ["ConsultStarted", "ConsultEnded"]


def test_a_transfer_in_cel_of_lines_nobody_knows_tells_nothing() -> None:
    row = CelRow(
        kind="ATTENDEDTRANSFER", at=1, uniqueid="9.1", linkedid="9.1", channel="PJSIP/arm01-00000009", caller="", exten="",
        context="", app="", data="", extra={"channel2_uniqueid": "9.2"},
    )  # fmt: skip
    assert list(CelTranslator(ChannelBook()).read([row], 2)) == []


# --- after the join -----------------------------------------------------------------------------------------------------


def fetches(ms: float = 91) -> Frame:
    """Our dialplan joins the caller and his new agent again, by themselves; a Local channel says so."""
    return ours("SasJonction", ms, Uniqueid="1797408009.9", Agent="PJSIP/amu01-00000003", Leg=ASKED)


AGAIN = (
    bridge("BridgeLeave", ASKED, 92, "b2"), bridge("BridgeEnter", ASKED, 95, "b3"), bridge("BridgeEnter", CALLER, 96, "b3"),
)  # fmt: skip
ASKED_AND_ANSWERED = (dials(), NAMED, ENTERS, rings(), PICKED_UP, bridge("BridgeEnter", ASKED, 71, "b2"))
JOINS = ["ConsultEnded", "TransferAsked", "CallRouted", "QueueEntered", "AgentOffered", "AgentAnswered", "AgentJoined"]


def test_on_his_way_from_one_bridge_to_the_other_the_new_agent_has_not_left() -> None:
    left = bridge("BridgeLeave", ASKED, 200, "b3")
    events = after_talking(*ASKED_AND_ANSWERED, joins("Link"), fetches(), *AGAIN, left)[2:]
    assert kinds(events) == [*JOINS, "AgentLeft"]
    assert events[-1].at > events[0].at


def test_the_dialplan_may_say_so_before_asterisk_does() -> None:
    """Both orders were seen on 22.10."""
    events = after_talking(*ASKED_AND_ANSWERED, fetches(), *AGAIN, joins("Link"))[2:]
    assert kinds(events) == JOINS


def test_a_colleague_who_hangs_up_on_his_way_is_gone() -> None:
    gone = frame("Hangup", 93, Uniqueid=ASKED, Cause="16")
    events = after_talking(*ASKED_AND_ANSWERED, joins("Link"), fetches(), AGAIN[0], gone, fetches(94))[2:]
    assert kinds(events) == [*JOINS, "AgentLeft"]


def test_a_phone_nobody_knows_is_fetched_by_nobody() -> None:
    assert after_talking(fetches()) == []


def test_a_second_line_is_recorded_on_the_phone_that_answers() -> None:
    file = ours("SasRecording", 69, Uniqueid=ASKED, CallId=OTHER_CALL, File="a/b")
    (recorded,) = [e for e in after_talking(dials(), NAMED, ENTERS, rings(), file) if isinstance(e, ev.ConsultRecorded)]
    assert (recorded.call_id, recorded.line, recorded.stem) == (CALL, LINE, "a/b")


def test_three_who_talk_together_are_told_as_a_surprise_and_nobody_is_passed_on() -> None:
    """Asterisk says Threeway only of its own feature code, which our configuration does not have."""
    events = after_talking(*ASKED_AND_ANSWERED, joins("Threeway"))[2:]
    assert kinds(events) == ["PbxSurprised"]


def test_two_callers_joined_by_one_agent_are_a_surprise_on_both() -> None:
    other, leg = "1797408020.1", "1797408020.2"
    queue = {"Uniqueid": other, "Queue": "sas-n1", "Position": "1"}
    theirs = (
        born(other, "PJSIP/operateur-00000020", 60),
        ours("SasArrived", 61, Uniqueid=other, CallId=OTHER_CALL, Did="15", Flux="15"),
        frame("QueueCallerJoin", 62, **queue),
        frame("AgentCalled", 63, DestUniqueid=leg, Interface="PJSIP/arm01", **queue),
        frame("DialEnd", 64, Uniqueid=other, DestUniqueid=leg, DialStatus="ANSWER"),
    )
    sides = {"OrigTransfererUniqueid": LEG, "SecondTransfererUniqueid": leg}
    surprises = after_talking(*theirs, frame("AttendedTransfer", 90, Result="Success", DestType="Link", **sides))[-2:]
    assert [(type(e).__name__, getattr(e, "kind", "")) for e in surprises] == [("PbxSurprised", "callers_joined")] * 2
    assert {e.call_id for e in surprises if isinstance(e, ev.CallEvent)} == {CALL, OTHER_CALL}
