"""CEL rows to events, beyond what the recorded stories hold."""

from typing import Any

import pytest

from cti.ami.translate.cel import CelRow
from cti.ami.translate.channels import ChannelBook
from cti.ami.translate.witness import CelTranslator
from cti.journey import events as ev

T0 = 1_797_408_000_000_000
CALLER, LEG, CALL = "1.0", "1.1", "u-1"


def row(kind: str, ms: float, uniqueid: str = CALLER, **said: Any) -> CelRow:
    values = {"channel": "PJSIP/operateur-00000000" if uniqueid == CALLER else "PJSIP/arm01-00000001", **said}
    plain = {name: values.pop(name, "") for name in ("channel", "caller", "exten", "context", "app", "data")}
    linkedid = values.pop("linkedid", CALLER)
    extra = {key: str(value) for key, value in values.items()}
    return CelRow(kind=kind, at=T0 + int(ms * 1000), uniqueid=uniqueid, linkedid=linkedid, extra=extra, **plain)


def route(ms: float, text: str) -> CelRow:
    return row("SAS_ROUTE", ms, extra=text)


def queue(ms: float, name: str = "sas-n1", wait: str = "20") -> CelRow:
    return row("APP_START", ms, app="Queue", data=f"{name},,,,{wait}")


def left(ms: float) -> CelRow:
    return row("APP_END", ms, app="Queue")


BORN = row("CHAN_START", 0, context="sas-entree", exten="15", caller="0639980001")
ARRIVED = row("SAS_ARRIVED", 1, extra=f"{CALL}|15|15|0639980001|1|0")
WAITING = (BORN, ARRIVED, route(1500, f"{CALL}|n1"), queue(1501))
TALKING = (*WAITING, row("CHAN_START", 1502, LEG), row("ANSWER", 2000, LEG))


def told(*rows: CelRow, until: float = 10_000_000) -> list[ev.CallEvent]:
    return list(CelTranslator(ChannelBook()).read(rows, T0 + int(until * 1000)))


def last(kind: type[ev.CallEvent], events: list[ev.CallEvent]) -> Any:
    return [event for event in events if isinstance(event, kind)][-1]


def test_every_event_says_that_cel_told_it() -> None:
    events = told(*TALKING, row("HANGUP", 5000, hangupcause=16))
    assert {event.seen for event in events} == {ev.Seen.CEL}
    assert events[0].at == T0


def test_rows_younger_than_the_interval_are_left_to_live_frames() -> None:
    assert [type(e).__name__ for e in told(*TALKING, until=1501)] == ["CallArrived", "CallRouted", "QueueEntered"]


def test_a_younger_route_still_tells_why_the_queue_was_left() -> None:
    rows = (*WAITING, left(9000), route(9600, f"{CALL}|amu"), queue(9601, "sas-amu"))
    events = told(*rows, until=9100)
    assert last(ev.QueueGaveUp, events).at == T0 + 9_000_000
    assert [e.filiere for e in events if isinstance(e, ev.CallRouted)] == ["n1"]
    assert [e for e in told(*rows, until=8000) if isinstance(e, ev.QueueGaveUp)] == [], "he was still waiting then"
    assert told(route(5, "unknown|amu"), until=1) == []


@pytest.mark.parametrize(
    ("wait", "left_ms", "how"),
    [("20", 21_501, ev.QueueEnd.TIMEOUT), ("20", 9_000, ev.QueueEnd.OTHER), ("", 90_000, ev.QueueEnd.OTHER)],
)
def test_why_a_queue_gave_a_caller_back(wait: str, left_ms: float, how: ev.QueueEnd) -> None:
    rows = (BORN, ARRIVED, queue(1501, wait=wait), left(left_ms), route(left_ms + 5, f"{CALL}|amu"))
    assert last(ev.QueueGaveUp, told(*rows)).how is how


def test_a_queue_that_would_not_take_him_is_no_stage() -> None:
    rows = (BORN, ARRIVED, queue(1501), left(1501.1), route(1530, f"{CALL}|amu"), queue(1531, "sas-amu"), row("HANGUP", 3000))
    events = told(*rows)
    assert [e.filiere for e in events if isinstance(e, ev.QueueEntered)] == ["amu"]
    assert last(ev.QueueGaveUp, events).how is ev.QueueEnd.EMPTY


def test_a_caller_who_leaves_as_soon_as_he_waits_did_wait() -> None:
    events = told(BORN, ARRIVED, queue(1501), left(1502), row("HANGUP", 1503))
    assert [type(e).__name__ for e in events] == ["CallArrived", "QueueEntered", "CallEnded"]


def test_a_route_that_says_who_decided_is_believed() -> None:
    events = told(*WAITING, left(9000), route(9001, f"{CALL}|amu|transfert|21"))
    assert last(ev.TransferAsked, events).via is ev.TransferVia.OTHER
    routed = last(ev.CallRouted, events)
    assert (routed.source, routed.priority) == (ev.RouteSource.TRANSFERT, 21)
    assert last(ev.CallRouted, told(BORN, ARRIVED, route(5, f"{CALL}|n1|cti|20"))).source is ev.RouteSource.CTI


def test_a_route_while_the_queue_application_has_not_ended_settles_at_the_route() -> None:
    assert last(ev.QueueGaveUp, told(*WAITING, route(9000, f"{CALL}|amu"))).at == T0 + 9_000_000


def test_a_phones_transfer_names_the_filiere_that_follows() -> None:
    events = told(*TALKING, row("BLINDTRANSFER", 3000, LEG, extension="801"), route(3001, f"{CALL}|amu"))
    asked = last(ev.TransferAsked, events)
    assert (asked.target, asked.via, asked.by, asked.at) == ("amu", ev.TransferVia.REFER, "arm01", T0 + 3_000_000)
    assert last(ev.CallRouted, events).source is ev.RouteSource.TRANSFERT


@pytest.mark.parametrize(
    ("cause", "also", "how"),
    [
        (17, (), ev.OfferEnd.BUSY), (21, (), ev.OfferEnd.REFUSED), (34, (), ev.OfferEnd.UNREACHABLE),
        (0, (), ev.OfferEnd.NO_ANSWER), (0, (left(6010),), ev.OfferEnd.CANCELLED),
        (26, (row("CHAN_START", 5000, "1.2"), row("ANSWER", 5990, "1.2")), ev.OfferEnd.CANCELLED),
    ],
)  # fmt: skip
def test_how_an_offer_ended(cause: int, also: tuple[CelRow, ...], how: ev.OfferEnd) -> None:
    rows = sorted(
        [*WAITING, row("CHAN_START", 1502, LEG), row("HANGUP", 6000, LEG, hangupcause=cause), *also], key=lambda r: r.at
    )
    assert [e.how for e in told(*rows) if isinstance(e, ev.OfferEnded)] == [how]


def test_a_talk_ends_with_the_bridge_or_with_the_callers_channel() -> None:
    bridged = (*TALKING, row("BRIDGE_ENTER", 2001, LEG, bridge_id="b"), row("BRIDGE_ENTER", 2002, bridge_id="b"))
    events = told(*bridged, row("HANGUP", 5000, hangupcause="x"), row("BRIDGE_EXIT", 5001, LEG), row("HANGUP", 5002, LEG))
    assert [type(e).__name__ for e in events[-3:]] == ["AgentJoined", "AgentLeft", "CallEnded"]
    assert last(ev.CallEnded, events).cause == 0
    other_order = (*TALKING, row("BRIDGE_ENTER", 2001, bridge_id="b"), row("BRIDGE_ENTER", 2002, LEG, bridge_id="b"))
    events = told(*other_order, row("BRIDGE_EXIT", 5000), row("BRIDGE_EXIT", 5001, LEG))
    assert [type(e).__name__ for e in events[-2:]] == ["AgentJoined", "AgentLeft"]


def test_an_agent_alone_in_a_bridge_has_not_talked() -> None:
    alone = (row("BRIDGE_ENTER", 2001, LEG, bridge_id="b"), row("BRIDGE_EXIT", 2002, LEG))
    assert told(*TALKING, *alone) == told(*TALKING)


def test_two_agents_in_one_bridge_hear_the_caller_when_he_comes() -> None:
    both = (*TALKING, row("CHAN_START", 2100, "1.2"), row("ANSWER", 2200, "1.2"))
    inside = (row("BRIDGE_ENTER", 2300, LEG, bridge_id="b"), row("BRIDGE_ENTER", 2301, "1.2", bridge_id="b"))
    events = told(*both, *inside, row("BRIDGE_ENTER", 2302, bridge_id="b"))
    assert [e.leg for e in events if isinstance(e, ev.AgentJoined)] == [LEG, "1.2"]


def test_a_caller_gone_before_the_dialplan_named_the_call() -> None:
    events = told(BORN, row("HANGUP", 3, hangupcause=0))
    assert [type(e).__name__ for e in events] == ["CallArrived", "PbxSurprised", "CallEnded"]
    phone = row("CHAN_START", 0, LEG, context="sas-postes")
    assert told(phone, row("HANGUP", 3, LEG)) == []


def test_rows_that_say_nothing_of_ours() -> None:
    nobody = [row(kind, 1, "9.9") for kind in ("ANSWER", "BRIDGE_ENTER", "BRIDGE_EXIT", "HANGUP", "BLINDTRANSFER", "APP_END")]
    empty = [row(kind, 2, extra="") for kind in ("SAS_ARRIVED", "SAS_ROUTE", "SAS_RECORDING")]
    assert told(*nobody, *empty, row("LINKEDID_END", 3), queue(4), row("APP_START", 5, app="Dial", data="PJSIP/arm01")) == []
    calls = [type(e).__name__ for e in told(*TALKING, queue(3000, "support"), row("ANSWER", 3001), row("ANSWER", 3002, LEG))]
    assert calls == [type(e).__name__ for e in told(*TALKING)]
    assert told(*WAITING, row("BRIDGE_ENTER", 2000))[-1] == told(*WAITING)[-1], "a bridge without a name"


def test_a_queue_that_is_over_without_having_been_entered() -> None:
    assert [type(e).__name__ for e in told(BORN, ARRIVED, left(5), row("APP_END", 6, app="Dial"))] == ["CallArrived"]


def test_a_leg_answered_before_its_queue_was_seen() -> None:
    rows = (BORN, ARRIVED, row("CHAN_START", 5, LEG), row("ANSWER", 6, LEG))
    assert [type(e).__name__ for e in told(*rows)] == ["CallArrived", "AgentOffered", "AgentAnswered"]


def test_a_recording() -> None:
    assert last(ev.RecordingStarted, told(BORN, ARRIVED, row("SAS_RECORDING", 5, extra=f"{CALL}|/voix/x"))).stem == "/voix/x"


@pytest.mark.parametrize(("told_gap", "gap_ms"), [("|103", 103), ("|", 0), ("", 0), ("|abc", 0), ("|-5", 0)])
def test_a_recorder_that_goes_on_says_how_long_it_was_silent(told_gap: str, gap_ms: int) -> None:
    event = last(ev.RecordingStarted, told(BORN, ARRIVED, row("SAS_RECORDING", 5, extra=f"{CALL}/2|/voix/x{told_gap}")))
    assert (event.stem, event.gap_ms) == ("/voix/x", gap_ms)


# --- rows that our dialplan numbers --------------------------------------------------------------------------------------


def test_what_the_dialplan_says_to_ami_it_says_to_cel() -> None:
    events = told(
        BORN,
        row("SAS_ARRIVED", 1, extra=f"{CALL}/1|15|15|0639980001|1|0|20|prohib_passed_screen"),
        row("SAS_GREETING", 2, extra=f"{CALL}/2|start|bonjour"),
        row("SAS_GREETING", 900, extra=f"{CALL}/3|end|bonjour"),
        row("SAS_SECOURS", 901, extra=f"{CALL}/4|muet|"),
        route(902, f"{CALL}/5|n1|secours|20|60||service muet; hélas"),
        queue(903),
        left(20_904),
        row("SAS_QUEUE_END", 20_905, extra=f"{CALL}/6|n1|TIMEOUT"),
        row("SAS_TRANSFER", 20_906, extra=f"{CALL}/7|amu|n1|jean|api|"),
    )
    names = ["CallArrived", "GreetingStarted", "GreetingEnded", "ServiceSilent", "CallRouted", "QueueEntered", "QueueGaveUp"]
    assert [type(event).__name__ for event in events] == [*names, "TransferAsked"]
    assert (events[0].priority, events[1].sound, events[3].reason) == (20, "bonjour", "muet")  # type: ignore[attr-defined]
    assert (events[4].source, events[4].motif) == (ev.RouteSource.SECOURS, "service muet; hélas")  # type: ignore[attr-defined]
    assert events[6].how is ev.QueueEnd.TIMEOUT  # type: ignore[attr-defined]
    assert (events[7].via, events[7].by) == (ev.TransferVia.API, "jean")  # type: ignore[attr-defined]


def test_a_younger_route_that_is_numbered_is_left_to_live_frames() -> None:
    rows = (*WAITING, left(9000), route(9600, f"{CALL}/7|amu"))
    assert [e for e in told(*rows, until=9100) if isinstance(e, ev.QueueGaveUp)] == []


@pytest.mark.parametrize("context", ["sas-entree", "sas-postes"])
def test_a_caller_whose_arrival_is_missing_is_named_by_a_later_row(context: str) -> None:
    born = row("CHAN_START", 0, context=context, exten="15", caller="0639980001")
    (arrived, started) = told(born, row("SAS_RECORDING", 5, extra=f"{CALL}/2|/voix/x"))
    assert isinstance(arrived, ev.CallArrived)
    assert (arrived.call_id, arrived.at, arrived.did, arrived.caller) == (CALL, T0, "15", "0639980001")
    assert isinstance(started, ev.RecordingStarted)


def test_an_agent_who_dials_out_is_no_caller_whose_arrival_is_missing() -> None:
    phone = row("CHAN_START", 0, context="sas-postes", channel="PJSIP/arm01-00000000")
    placed = row("SAS_PLACED", 3, channel="PJSIP/arm01-00000000", extra=f"{CALL}/1|0639980007")
    (event,) = told(phone, placed)
    assert isinstance(event, ev.CallPlaced)
    assert told(phone, row("SAS_UNREACHED", 9, extra=f"{CALL}/2|BUSY")) == [], "what is missing is no caller"


def test_rows_of_ours_that_name_no_call_say_nothing() -> None:
    room = ("SAS_PLACED", "SAS_DIALLED", "SAS_DEMANDE", "SAS_ATTENTE")
    kinds = ("SAS_GREETING", "SAS_SECOURS", "SAS_QUEUE_END", "SAS_TRANSFER", "SAS_END", *room)
    assert told(BORN, *(row(kind, 2, extra="") for kind in kinds)) == told(BORN)


def test_music_for_somebody_who_waits_is_no_hold() -> None:
    assert told(*TALKING, row("STREAM_BEGIN", 3000, **{"class": "default"})) == told(*TALKING)
    bridged = (*TALKING, row("BRIDGE_ENTER", 2001, LEG, bridge_id="b"), row("BRIDGE_ENTER", 2002, bridge_id="b"))
    music = row("STREAM_BEGIN", 3000, **{"class": "default"}), row("STREAM_END", 4000), row("STREAM_END", 4001)
    assert [type(e).__name__ for e in told(*bridged, *music)[-2:]] == ["CallerHeld", "CallerUnheld"]
    assert told(*bridged, row("STREAM_BEGIN", 3000, sound="beep")) == told(*bridged), "a message is no music"


# --- beside the caller ---------------------------------------------------------------------------------------------------

JOINED = (*TALKING, row("BRIDGE_ENTER", 2001, LEG, bridge_id="b"), row("BRIDGE_ENTER", 2002, bridge_id="b"))
#: The agent dials a filière on his second line.
LINE = "1.2"
CONSULTING = (*JOINED, row("CHAN_START", 3000, LINE, context="sas-postes", exten="802"))


def test_a_second_line_that_nobody_takes_moves_the_caller_nowhere() -> None:
    gave_up = row("SAS_QUEUE_END", 9000, LINE, extra="u-2/3|amu|TIMEOUT")
    assert [type(event).__name__ for event in told(*CONSULTING)[-2:]] == ["AgentJoined", "ConsultStarted"]
    assert told(*CONSULTING, gave_up) == told(*CONSULTING), "it is the agent's queue, not the caller's"


def test_two_lines_joined_when_the_caller_is_gone_pass_nobody_on() -> None:
    gone = row("HANGUP", 5000, hangupcause=16)
    joined = row("ATTENDEDTRANSFER", 5001, LEG, channel2_uniqueid=LINE)
    assert last(ev.CallEnded, told(*CONSULTING, gone)).at == T0 + 5_000_000
    assert told(*CONSULTING, gone, joined) == told(*CONSULTING, gone)


def test_somebody_in_a_room_who_is_no_caller_changes_no_call() -> None:
    room = row("SAS_SALLE", 4000, LEG, extra=f"{CALL}/-|r|conference|arm01|api")
    assert told(*JOINED, room) == told(*JOINED)
    assert told(row("SAS_SALLE", 4000, "9.9", extra=f"{CALL}/4|r|p0|arm01|api")) == []


def test_a_guest_whose_phone_is_busy_says_so() -> None:
    request = {"uniqueid": "1.5", "channel": "Local/cta@sas-invites-00000001;2"}
    phone = {"uniqueid": "1.6", "channel": "PJSIP/operateur-00000009"}
    events = told(
        *JOINED,
        row("CHAN_START", 4000, context="sas-invites", **request),
        row("SAS_DEMANDE", 4001, extra=f"{CALL}/-|invite|cta|arm01|api|0199001811|r|CTA", **request),
        row("CHAN_START", 4002, **phone),
        row("HANGUP", 4500, hangupcause=17, **phone),
        row("HANGUP", 4501, hangupcause=17, **request),
    )
    left = last(ev.GuestLeft, events)
    assert (left.guest, left.how) == ("1.5", ev.GuestEnd.BUSY)
