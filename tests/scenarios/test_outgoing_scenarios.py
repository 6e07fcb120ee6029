"""Outgoing calls, replayed against what SIPp says that both sides did: the agent's phone and whoever was called."""

import pytest

from cti.journey import Journey
from cti.journey import events as ev
from cti.journey.around.callers import dial_key
from cti.journey.events import OfferEnd, PlacedVia
from cti.journey.events.placed import SORTANT, Direction
from tests.scenarios.reading import fold, session, span_ms
from tests.scenarios.test_scenarios import CALLING, CLOSE_MS, OPENED_MS, Dialog, blind, dialogs

#: A phone that SIPp was still starting heard the INVITE when it was sent again, half a second later (RFC 3261, T1).
RUNG_MS = OPENED_MS + 500
names = pytest.mark.parametrize("name", sorted(CALLING))


def outgoing(name: str) -> Journey:
    (journey,) = (j for j in fold(session(name)).calls if j.direction is Direction.SORTANT)
    return journey


def of(name: str, person: str) -> Dialog | None:
    """The dialog of this person that belongs to the outgoing call."""
    return next((dialog for dialog in dialogs(name) if dialog.person == person), None)


@names
def test_both_phones_rang_answered_and_were_done_when_sipp_says_so(name: str) -> None:
    journey = outgoing(name)
    placed, line, callee = journey.placed, of(name, "arm01"), of(name, "patient")
    assert placed is not None
    assert line is not None
    assert span_ms(line.began_at, journey.t0) < RUNG_MS
    assert line.mine is (placed.via is PlacedVia.POSTE)
    assert (callee is None) == (placed.dialled_at is None), "nobody outside is rung before the agent is there"
    if placed.via is PlacedVia.ECRAN and line.answered_at is not None:
        assert span_ms(placed.ready_at, line.answered_at) < CLOSE_MS
    if callee is not None:
        assert span_ms(placed.dialled_at, callee.began_at) < OPENED_MS
        assert (callee.answered_at is None) == (journey.answered_at is None)
    if callee is not None and callee.answered_at is not None:
        assert span_ms(journey.answered_at, callee.answered_at) < CLOSE_MS
        assert span_ms(journey.ended_at, callee.ended_at) < CLOSE_MS
        assert span_ms(journey.stages[0].left_at, line.ended_at) < CLOSE_MS


@names
def test_it_is_no_entrant_and_no_callers_call(name: str) -> None:
    journey = outgoing(name)
    assert journey.placed is not None
    assert (journey.caller, journey.did, journey.public) == (None, "", False)
    assert dial_key(journey.placed.number) == "0639980007"
    assert journey.stages[0].filiere == SORTANT
    assert journey.answered_by in (None, "arm01")
    kinds = {type(e) for e in fold(session(name)).events if isinstance(e, ev.CallEvent) and e.call_id == journey.call_id}
    assert ev.CallArrived not in kinds


@names
def test_cel_tells_who_called_whom_and_why_nobody_was_reached(name: str) -> None:
    seen, told = outgoing(name).placed, blind(name)[outgoing(name).call_id].placed
    assert seen is not None
    assert told is not None
    for field in ("agent", "line", "number", "via", "callback", "about", "missed"):
        assert getattr(told, field) == getattr(seen, field), field
    assert told.ringing_at is None, "when CEL has learnt to tell the ringing, say so in the README"


@pytest.mark.parametrize(
    ("name", "missed", "leg"),
    [
        ("outgoing_call_not_answered", OfferEnd.NO_ANSWER, None),
        ("outgoing_call_busy", OfferEnd.BUSY, None),
        ("outgoing_call_given_up", OfferEnd.CANCELLED, None),
        ("click_to_call_busy", OfferEnd.BUSY, None),
        ("click_to_call_agent_does_not_answer", None, OfferEnd.NO_ANSWER),
    ],
)
def test_why_nobody_was_reached(name: str, missed: OfferEnd | None, leg: OfferEnd | None) -> None:
    journey = outgoing(name)
    assert journey.placed is not None
    assert (journey.placed.missed, journey.stages[0].legs[0].how) == (missed, leg)
    assert journey.recordings == (), "nobody spoke"


def test_a_call_back_by_click_leaves_the_lost_call_as_it_was() -> None:
    lost, back = fold(session("callback_by_click")).calls
    assert back.placed is not None
    assert back.placed.callback == lost.call_id
    assert (lost.outcome, lost.answered_at) == ("abandoned", None)


def test_the_recording_begins_before_anybody_hears_anybody() -> None:
    for name in CALLING:
        journey = outgoing(name)
        if journey.answered_at is not None:
            (recording,) = journey.recordings
            assert recording.started_at <= (journey.stages[0].joined_at or 0)
