"""Frames to events: what each frame tells, what is not ours, and what can never stop the translation."""

from typing import Any

import pytest

from cti.ami.frames import Frame, parse
from cti.ami.translate import UNDERSTOOD, Role, Translator, endpoint_of
from cti.ami.translate.telephony import caller_number
from cti.journey import events as ev

T0 = 1_797_408_000_000_000
CALLER, LEG, OTHER = "1797408000.0", "1797408001.1", "1797408001.2"
CALL = "3e505971-4d89-47c4-abd9-906f04bad7dc"
QUEUE = {"Uniqueid": CALLER, "Channel": "PJSIP/operateur-00000000", "Queue": "sas-n1"}


def frame(event: str, ms: float = 0, **headers: str) -> Frame:
    at = T0 + int(ms * 1000)
    lines = [f"Event: {event}", f"Timestamp: {at // 1_000_000}.{at % 1_000_000:06d}"]
    return parse("\r\n".join(lines + [f"{name}: {value}" for name, value in headers.items()]).encode(), T0)


def ours(name: str, ms: float = 0, **headers: str) -> Frame:
    return frame("UserEvent", ms, UserEvent=name, **{"Uniqueid": CALLER, "CallId": CALL, **headers})


def born(uniqueid: str, name: str, ms: float = 0, **headers: str) -> Frame:
    return frame("Newchannel", ms, Uniqueid=uniqueid, Channel=name, **headers)


ARRIVED = ours("SasArrived", 1, Did="15", Flux="15", Caller="0639980001", Public="1", Test="0", Prio="20")
JOINED = frame("QueueCallerJoin", 10, Position="2", **QUEUE)


def called(leg: str = LEG, phone: str = "arm01", ms: float = 20) -> Frame:
    return frame(
        "AgentCalled", ms, DestUniqueid=leg, DestChannel=f"PJSIP/{phone}-00000001", Interface=f"PJSIP/{phone}", **QUEUE
    )  # fmt: skip


def dialled(status: str, leg: str = LEG, ms: float = 30) -> Frame:
    return frame("DialEnd", ms, Uniqueid=CALLER, DestUniqueid=leg, DialStatus=status)


def bridge(event: str, channel: str, ms: float, bridge_id: str = "b1") -> Frame:
    return frame(event, ms, Uniqueid=channel, BridgeUniqueid=bridge_id)


def told(*frames: Frame) -> list[ev.Event]:
    translator = Translator()
    return [event for one in frames for event in translator.read(one)]


def kinds(events: list[ev.Event]) -> list[str]:
    return [type(event).__name__ for event in events]


TALKING = (
    born(CALLER, "PJSIP/operateur-00000000"), ARRIVED, JOINED, called(), dialled("ANSWER"),
    bridge("BridgeEnter", LEG, 31), bridge("BridgeEnter", CALLER, 32),
)  # fmt: skip


# --- a call -----------------------------------------------------------------------------------------------------------


def test_a_call_is_told_from_its_first_channel_event() -> None:
    (arrived,) = told(TALKING[0], ARRIVED)
    assert arrived == ev.CallArrived(
        call_id=CALL, at=T0, channel=CALLER, did="15", flux="15", caller="0639980001", priority=20
    )  # fmt: skip


def test_an_answered_call() -> None:
    events = told(*TALKING, bridge("BridgeLeave", LEG, 5000), frame("Hangup", 5001, Uniqueid=CALLER, Cause="16"))
    assert kinds(events) == [
        "CallArrived", "QueueEntered", "AgentOffered", "AgentAnswered", "AgentJoined", "AgentLeft", "CallEnded",
    ]  # fmt: skip
    answered = events[3]
    assert answered == ev.AgentAnswered(call_id=CALL, at=T0 + 30_000, agent="arm01", leg=LEG, filiere="n1")
    assert events[1] == ev.QueueEntered(call_id=CALL, at=T0 + 10_000, filiere="n1", position=2)
    assert events[-1] == ev.CallEnded(call_id=CALL, at=T0 + 5_001_000, cause=16)


@pytest.mark.parametrize("first", [LEG, CALLER])
def test_either_side_may_leave_the_bridge_first(first: str) -> None:
    events = told(*TALKING, bridge("BridgeLeave", first, 5000), bridge("BridgeLeave", LEG if first == CALLER else CALLER, 5001))
    assert [e.at for e in events if isinstance(e, ev.AgentLeft)] == [T0 + 5_000_000]


def test_the_caller_who_hangs_up_in_a_bridge_ends_the_talk_too() -> None:
    events = told(*TALKING, frame("Hangup", 5000, Uniqueid=CALLER, Cause=""))
    assert kinds(events)[-2:] == ["AgentLeft", "CallEnded"]
    assert isinstance(events[-1], ev.CallEnded)
    assert events[-1].cause == 0


def test_an_agent_who_hangs_up_outside_any_bridge_has_left() -> None:
    answered_only = TALKING[:5]
    assert kinds(told(*answered_only, frame("Hangup", 40, Uniqueid=LEG)))[-1] == "AgentLeft"


def test_a_phone_that_vanishes_while_ringing_stopped_ringing() -> None:
    events = told(*TALKING[:4], frame("Hangup", 40, Uniqueid=LEG))
    assert events[-1] == ev.OfferEnded(call_id=CALL, at=T0 + 40_000, agent="arm01", leg=LEG, how=ev.OfferEnd.CANCELLED)


def test_a_bridge_of_three_loses_each_agent_once() -> None:
    events = told(
        *TALKING, called(OTHER, "amu01", 40), dialled("ANSWER", OTHER, 50),
        bridge("BridgeEnter", OTHER, 51), bridge("BridgeLeave", LEG, 60), bridge("BridgeLeave", CALLER, 70),
    )  # fmt: skip
    assert [(type(e).__name__, getattr(e, "agent", "")) for e in events[-5:]] == [
        ("AgentOffered", "amu01"), ("AgentAnswered", "amu01"), ("AgentJoined", "amu01"),
        ("AgentLeft", "arm01"), ("AgentLeft", "amu01"),
    ]  # fmt: skip


def test_a_channel_that_enters_another_bridge_has_left_the_first() -> None:
    translator = Translator()
    for one in (
        *TALKING,
        bridge("BridgeEnter", CALLER, 40, "b2"),
        bridge("BridgeLeave", LEG, 50),
        bridge("BridgeLeave", LEG, 51),
    ):
        translator.read(one)
    assert translator.book.bridges == {"b2": {CALLER}}


def test_two_strangers_in_one_bridge_are_nobody_s_talk() -> None:
    events = told(born("9.1", "PJSIP/arm01-00000009"), bridge("BridgeEnter", "9.1", 1), bridge("BridgeLeave", "9.1", 2))
    assert events == []


def test_an_agent_alone_in_a_bridge_hears_nobody() -> None:
    assert kinds(told(*TALKING[:6])) == ["CallArrived", "QueueEntered", "AgentOffered", "AgentAnswered"]
    assert kinds(told(*TALKING[:6], bridge("BridgeLeave", LEG, 40)))[-1] == "AgentAnswered"


@pytest.mark.parametrize(
    ("status", "how"),
    [
        ("NOANSWER", ev.OfferEnd.NO_ANSWER), ("BUSY", ev.OfferEnd.BUSY), ("CANCEL", ev.OfferEnd.CANCELLED),
        ("CHANUNAVAIL", ev.OfferEnd.UNREACHABLE), ("DONTCALL", ev.OfferEnd.REFUSED), ("martian", ev.OfferEnd.UNREACHABLE),
    ],
)  # fmt: skip
def test_offers_end_once(status: str, how: ev.OfferEnd) -> None:
    events = told(*TALKING[:4], dialled(status), dialled("CANCEL"), frame("Hangup", 40, Uniqueid=LEG))
    assert [e.how for e in events if isinstance(e, ev.OfferEnded)] == [how]


@pytest.mark.parametrize(
    ("cause", "how"),
    [
        ("17", ev.OfferEnd.BUSY), ("21", ev.OfferEnd.REFUSED), ("34", ev.OfferEnd.UNREACHABLE),
        ("16", ev.OfferEnd.NO_ANSWER), ("", ev.OfferEnd.NO_ANSWER), ("¹7", ev.OfferEnd.NO_ANSWER),
    ],
)  # fmt: skip
def test_what_the_queue_calls_no_answer_is_what_the_phone_said(cause: str, how: ev.OfferEnd) -> None:
    refused = frame("HangupRequest", 29, Uniqueid=LEG, Cause=cause)
    events = told(*TALKING[:4], refused, dialled("NOANSWER"))
    assert [e.how for e in events if isinstance(e, ev.OfferEnded)] == [how]


def test_a_hangup_request_of_the_caller_or_of_a_talking_agent_says_nothing() -> None:
    requests = [frame("HangupRequest", 50, Uniqueid=uid, Cause="17") for uid in (LEG, CALLER, "unknown")]
    assert kinds(told(*TALKING, *requests)) == kinds(told(*TALKING))


def test_hold_is_the_agents_only() -> None:
    hold = [frame(event, 40, Uniqueid=uid) for uid in (LEG, CALLER, "unknown") for event in ("Hold", "Unhold")]
    assert kinds(told(*TALKING, *hold))[-2:] == ["CallerHeld", "CallerUnheld"]


def test_a_renamed_channel_is_the_same() -> None:
    translator = Translator()
    translator.read(TALKING[0])
    for uniqueid in (CALLER, "unknown"):
        translator.read(frame("Rename", Uniqueid=uniqueid, Channel="a", Newname="PJSIP/operateur-00000007"))
    channel = translator.book.get(CALLER)
    assert channel is not None
    assert channel.name == "PJSIP/operateur-00000007"
    translator.book.clear()
    assert translator.book.get(CALLER) is None


# --- what our dialplan announces ----------------------------------------------------------------------------------------


def test_announcements() -> None:
    events = told(
        ours("SasGreeting", 1, Step="start", Sound="sas/accueil"), ours("SasGreeting", 2, Step="end"),
        ours("SasRecording", 3, File="/voix/x"), ours("SasRecording", 3, File="/voix/x", Gap="103"),
        ours("SasSecours", 4, Reason="muet"),
        ours("SasRoute", 5, Filiere="n1", Source="cti", Motif="15 vers ARM N1", Prio="20"),
        ours("SasRoute", 6, Filiere="n1", Source="?", Prio="vingt"),
        ours("SasQueueEnd", 7, Filiere="n1", Status="JOINEMPTY"), ours("SasQueueEnd", 8, Filiere="n1", Status="?"),
        ours("SasTransfer", 9, Filiere="amu", Via="touche", By="arm01"), ours("SasTransfer", 10, Filiere="amu"),
        ours("SasEnd", 11), frame("UserEvent", UserEvent="Unrelated"), frame("UserEvent"),
    )  # fmt: skip
    base: dict[str, Any] = {"call_id": CALL}
    assert events == [
        ev.GreetingStarted(at=T0 + 1000, sound="sas/accueil", **base),
        ev.GreetingEnded(at=T0 + 2000, **base),
        ev.RecordingStarted(at=T0 + 3000, stem="/voix/x", **base),
        ev.RecordingStarted(at=T0 + 3000, stem="/voix/x", gap_ms=103, **base),
        ev.ServiceSilent(at=T0 + 4000, reason="muet", **base),
        ev.CallRouted(at=T0 + 5000, filiere="n1", source=ev.RouteSource.CTI, motif="15 vers ARM N1", priority=20, **base),
        ev.CallRouted(at=T0 + 6000, filiere="n1", source=ev.RouteSource.SECOURS, **base),
        ev.QueueGaveUp(at=T0 + 7000, filiere="n1", how=ev.QueueEnd.EMPTY, **base),
        ev.QueueGaveUp(at=T0 + 8000, filiere="n1", how=ev.QueueEnd.OTHER, **base),
        ev.TransferAsked(at=T0 + 9000, target="amu", via=ev.TransferVia.TOUCHE, by="arm01", **base),
        ev.TransferAsked(at=T0 + 10_000, target="amu", via=ev.TransferVia.OTHER, **base),
    ]


def test_a_transfer_that_cel_has_told_is_not_told_again() -> None:
    translator = Translator()
    translator.read(ARRIVED)
    channel = translator.book.get(CALLER)
    assert channel is not None
    channel.filiere, channel.entered_at = "amu", T0 + 8_000
    assert translator.read(ours("SasTransfer", 9, Filiere="amu")) == []
    assert kinds(translator.read(ours("SasTransfer", 9, Filiere="mg"))) == ["TransferAsked"]
    assert kinds(translator.read(ours("SasTransfer", 3000, Filiere="amu"))) == ["TransferAsked"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("0639980001", "0639980001"), ("+33639980001", "+33639980001"), ("anonymous", None), ("***", None), ("", None), ("٣", None)],
)
def test_callers_without_a_number(given: str, kept: str | None) -> None:
    assert caller_number(given) == kept


def test_a_number_the_network_gives_against_the_callers_wish_is_kept() -> None:
    (arrived,) = told(ours("SasArrived", Caller="0639980003", Presentation="prohib_not_screened"))
    assert isinstance(arrived, ev.CallArrived)
    assert arrived.caller == "0639980003"


def test_an_attended_transfer_is_never_silent() -> None:
    transfer = frame("AttendedTransfer", 40, OrigTransfererUniqueid=LEG, DestType="App", DestApp="Queue")
    (surprise,) = told(*TALKING, transfer)[-1:]
    assert surprise == ev.PbxSurprised(
        call_id=CALL, at=T0 + 40_000, kind="attended_transfer", detail="attended transfer App Queue"
    )  # fmt: skip
    assert kinds(told(*TALKING, frame("AttendedTransfer", SecondTransfererUniqueid=LEG)))[-1] == "PbxSurprised"
    assert told(frame("AttendedTransfer", OrigTransfererUniqueid="unknown")) == []


# --- beginnings that were not seen --------------------------------------------------------------------------------------


def test_a_caller_gone_before_the_dialplan_named_the_call_is_a_caller() -> None:
    entry = born(CALLER, "PJSIP/operateur-00000000", Context="sas-entree", Exten="15", CallerIDNum="0639980001")
    gone = frame("Hangup", 3, Uniqueid=CALLER, Cause="0")
    events = told(entry, gone)
    assert kinds(events) == ["CallArrived", "PbxSurprised", "CallEnded"]
    assert {e.call_id for e in events if isinstance(e, ev.CallEvent)} == {e.call_id for e in told(entry, gone)}  # type: ignore[union-attr]
    arrived = events[0]
    assert isinstance(arrived, ev.CallArrived)
    assert (arrived.did, arrived.caller, arrived.at) == ("15", "0639980001", T0)
    phone = born(LEG, "PJSIP/arm01-00000001", Context="sas-postes")
    assert told(phone, frame("Hangup", Uniqueid=LEG)) == []


def test_a_call_is_adopted_by_the_variable_that_its_frames_carry() -> None:
    adopting = frame("QueueCallerJoin", 10, **QUEUE, **{"ChanVariable(x)": "", "ChanVariable": f"SAS_CALL={CALL}"})
    assert kinds(told(adopting, called())) == ["QueueEntered", "AgentOffered"]
    assert told(JOINED) == [], "nobody knows whose channel that is"
    assert told(called()) == []


def test_an_agents_channel_is_never_taken_for_a_caller() -> None:
    odd = frame("QueueCallerJoin", 50, Uniqueid=LEG, Queue="sas-n1")
    assert kinds(told(*TALKING, odd)) == kinds(told(*TALKING))


def test_frames_of_channels_that_nobody_saw_are_passed_over() -> None:
    unknown = "5.5"
    assert told(
        frame("Hangup", Uniqueid=unknown), bridge("BridgeEnter", unknown, 1), bridge("BridgeLeave", unknown, 1),
        dialled("ANSWER", unknown), frame("Hold", Uniqueid=unknown),
    ) == []  # fmt: skip


def test_other_queues_of_the_pbx_are_none_of_our_business() -> None:
    other = {"Uniqueid": CALLER, "Queue": "support"}
    frames = [
        frame("QueueCallerJoin", **other),
        frame("AgentCalled", DestUniqueid=LEG, Interface="PJSIP/arm01", **other),
        frame("QueueMemberStatus", Queue="support", Interface="PJSIP/arm01", Status="1"),
        frame("QueueMemberRemoved", Queue="support", Interface="PJSIP/arm01"),
    ]
    assert kinds(told(ARRIVED, *frames)) == ["CallArrived"]


# --- agents ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "paused", "in_call", "presence"),
    [
        ("0", "0", "0", ev.Presence.UNREACHABLE), ("1", "0", "0", ev.Presence.FREE), ("1", "1", "0", ev.Presence.PAUSED),
        ("1", "0", "1", ev.Presence.TALKING), ("2", "0", "0", ev.Presence.TALKING), ("2", "1", "0", ev.Presence.TALKING),
        ("3", "0", "0", ev.Presence.TALKING), ("4", "0", "0", ev.Presence.UNREACHABLE), ("5", "0", "0", ev.Presence.UNREACHABLE),
        ("6", "0", "0", ev.Presence.RINGING), ("7", "0", "0", ev.Presence.RINGING), ("8", "0", "0", ev.Presence.TALKING),
        ("9", "0", "0", ev.Presence.UNREACHABLE), ("", "1", "0", ev.Presence.UNREACHABLE),
    ],
)  # fmt: skip
def test_what_a_phone_does(status: str, paused: str, in_call: str, presence: ev.Presence) -> None:
    state = {"Status": status, "Paused": paused, "InCall": in_call, "PausedReason": "repas", "MemberName": "Camille"}
    (seen,) = told(frame("QueueMemberStatus", 5, Queue="sas-n1", Interface="PJSIP/arm01", **state))
    reason = "repas" if paused == "1" else ""
    assert seen == ev.AgentSeen(
        at=T0 + 5000, agent="arm01", filiere="n1", presence=presence, nom="Camille", reason=reason
    )  # fmt: skip


def test_rows_of_queue_status_say_location_and_name() -> None:
    (seen,) = told(frame("QueueMember", Queue="sas-n1", Location="PJSIP/arm02", Name="Hélène", Status="1"))
    assert isinstance(seen, ev.AgentSeen)
    assert (seen.agent, seen.nom) == ("arm02", "Hélène")


def test_an_agent_who_leaves_a_queue_is_gone() -> None:
    removed = frame("QueueMemberRemoved", 5, Queue="sas-n1", Interface="PJSIP/arm01")
    assert told(removed) == [ev.AgentGone(at=T0 + 5000, agent="arm01", filiere="n1")]


@pytest.mark.parametrize(
    ("interface", "endpoint"),
    [
        ("PJSIP/arm01", "arm01"), ("PJSIP/arm01-0000002a", "arm01"), ("PJSIP/mrg-dupont-00000003", "mrg-dupont"),
        ("PJSIP/mrg-dupont", "mrg-dupont"), ("Local/arm01@sas-postes-0000002a;1", "arm01@sas-postes"),
        ("PJSIP/arm01/sip:arm01@192.0.2.1:5060", "arm01"), ("arm01", "arm01"), ("", ""),
    ],
)  # fmt: skip
def test_endpoints(interface: str, endpoint: str) -> None:
    assert endpoint_of(interface) == endpoint


# --- what is broken -------------------------------------------------------------------------------------------------------


def test_a_frame_that_lacks_a_header_is_a_surprise_on_its_call_or_nothing() -> None:
    broken = frame("AgentCalled", 20, **QUEUE)
    (surprise,) = told(ARRIVED, broken)[1:]
    assert isinstance(surprise, ev.PbxSurprised)
    assert (surprise.call_id, surprise.kind) == (CALL, "unreadable_frame")
    assert "DestUniqueid" in surprise.detail
    assert told(frame("QueueCallerJoin")) == []
    (by_name,) = told(frame("UserEvent", UserEvent="SasRoute", CallId=CALL))
    assert isinstance(by_name, ev.PbxSurprised)


def test_a_cause_that_is_no_number_is_a_surprise() -> None:
    (surprise,) = told(ARRIVED, frame("Hangup", 5, Uniqueid=CALLER, Cause="rouge"))[1:]
    assert isinstance(surprise, ev.PbxSurprised)


def test_a_frame_without_its_timestamp_counts_from_when_it_was_read() -> None:
    raw = parse(f"Event: UserEvent\r\nUserEvent: SasSecours\r\nCallId: {CALL}".encode(), T0 + 7)
    assert told(raw) == [ev.ServiceSilent(call_id=CALL, at=T0 + 7)]


def test_what_is_not_understood_is_passed_over() -> None:
    assert "DeviceStateChange" not in UNDERSTOOD
    assert told(frame("DeviceStateChange", Device="PJSIP/arm01", State="INUSE"), frame("")) == []


def test_every_frame_twice_tells_no_second_answer() -> None:
    twice = kinds(told(*(one for one in TALKING for _ in range(2))))
    assert twice.count("AgentAnswered") == twice.count("AgentJoined") == 1
    assert sorted(set(twice)) == sorted(kinds(told(*TALKING)))


def test_members_of_a_bridge_that_are_gone_are_not_together() -> None:
    translator = Translator()
    for one in TALKING:
        translator.read(one)
    channel = translator.book.get(CALLER)
    assert channel is not None
    del translator.book.channels[LEG]
    assert translator.book.together(channel, Role.AGENT) == []
    translator.book.bridges.clear()
    translator.book.leave(channel)
    assert (channel.bridge, translator.book.close("unknown")) == (None, None)
