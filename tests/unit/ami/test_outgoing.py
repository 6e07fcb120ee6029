"""Outgoing calls told by frames that are missing, doubled or out of order."""

import pytest

from cti.ami.frames import Frame, parse
from cti.ami.translate import Translator
from cti.ami.translate.outgoing import Click
from cti.journey import Journey, Outcome, apply
from cti.journey import events as ev
from cti.journey.events import OfferEnd
from tests.scenarios.reading import session

CLICK = Click("8d7f0c9e-0000-4000-8000-000000000001", "0639980007", "c1", None)


def frame(event: str, at: float, **headers: str) -> Frame:
    lines = [f"Event: {event}", f"Timestamp: {1_797_408_000 + at:.6f}", *(f"{name}: {value}" for name, value in headers.items())]
    return parse(("\r\n".join(lines) + "\r\n\r\n").encode(), 0)


def born(uniqueid: str, name: str, at: float, context: str = "sas-postes", exten: str = "s") -> Frame:
    return frame("Newchannel", at, Uniqueid=uniqueid, Channel=name, Linkedid=uniqueid, Context=context, Exten=exten)


def told(*frames: Frame) -> tuple[dict[str, Journey], list[ev.Event]]:
    translator, journeys, events = Translator(), dict[str, Journey](), list[ev.Event]()
    for one in frames:
        for event in translator.read(one):
            events.append(event)
            if isinstance(event, ev.CallEvent):
                held = journeys.get(event.call_id) or Journey(call_id=event.call_id)
                journeys[event.call_id] = apply(held, event)[0]
    return journeys, events


def test_a_click_is_told_by_the_uniqueid_alone() -> None:
    assert Click.read(CLICK.channel_id) == CLICK
    assert Click.read("1795383271.0") is None
    assert Click.read("cti~1~2") is None
    longest = Click("8" * 36, "00" + "9" * 15, "8" * 36, "8" * 36).channel_id
    assert len(longest) <= 149, "Asterisk takes no longer uniqueid"


@pytest.mark.parametrize(
    ("cause", "how"), [("19", OfferEnd.NO_ANSWER), ("17", OfferEnd.BUSY), ("21", OfferEnd.REFUSED), ("0", OfferEnd.CANCELLED)]
)
def test_the_agents_phone_is_not_picked_up(cause: str, how: OfferEnd) -> None:
    journeys, _ = told(
        born(CLICK.channel_id, "PJSIP/arm01-00000001", 0), frame("Hangup", 20, Uniqueid=CLICK.channel_id, Cause=cause)
    )
    journey = journeys[CLICK.call_id]
    assert (journey.outcome, journey.stages[0].legs[0].how) == (Outcome.UNREACHED, how)
    assert journey.placed is not None
    assert (journey.placed.number, journey.placed.callback, journey.placed.dialled_at) == ("0639980007", "c1", None)


def test_a_call_whose_beginning_was_not_seen_is_reached_all_the_same() -> None:
    b = {"Uniqueid": "9.2", "Channel": "PJSIP/operateur-sortie-00000002"}
    journeys, events = told(
        frame("UserEvent", 1, UserEvent="SasDialled", CallId="x", Line="9.1", **b),
        frame("DialEnd", 5, DestUniqueid="9.2", DialStatus="ANSWER"),
        frame("Hangup", 9, Uniqueid="9.2", Cause="16"),
    )
    assert [type(event) for event in events] == [ev.CalleeDialled, ev.CalleeReached, ev.CallEnded]
    assert journeys.keys() == {"x"}


def test_a_trunk_channel_that_was_dialled_is_no_caller_who_left_early() -> None:
    journeys, _ = told(
        born("9.1", "PJSIP/arm01-00000001", 0, exten="00639980007"),
        frame("UserEvent", 0.01, UserEvent="SasPlaced", CallId="x", Number="0639980007", Uniqueid="9.1"),
        frame(
            "Newchannel", 0.02, Uniqueid="9.2", Channel="PJSIP/operateur-sortie-00000002", Linkedid="9.1", Context="sas-appele"
        ),
        frame("Hangup", 0.03, Uniqueid="9.2", Cause="34"),
        frame("Hangup", 0.04, Uniqueid="9.1", Cause="34"),
    )
    assert {call: journey.outcome for call, journey in journeys.items()} == {"x": Outcome.UNREACHED}


@pytest.mark.parametrize("name", ["outgoing_call_reached", "outgoing_call_transferred_to_mru", "click_to_call_busy"])
def test_any_frame_may_be_missing(name: str) -> None:
    """Whatever single frame is lost: nothing raises, and no second call is invented."""
    records = session(name)
    for missing in range(len(records)):
        journeys, _ = told(*(record.frame() for number, record in enumerate(records) if number != missing))
        assert len(journeys) == 1, (missing, records[missing].frame().event)


def test_the_book_forgets_a_call_that_is_over() -> None:
    for name in ("outgoing_call_reached", "outgoing_call_given_up", "click_to_call_agent_does_not_answer"):
        translator = Translator()
        for record in session(name):
            translator.read(record.frame())
        assert translator.book.placed == {}
        assert translator.book.channels == {}
