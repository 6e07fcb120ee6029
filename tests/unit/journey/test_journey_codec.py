"""The journal's form of an event, and the words shared by all."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journey_stories import ANY_EVENT, CALL, UNHURRIED, event

from cti.journey import CallEvent
from cti.journey.events import CALL_EVENTS, AgentOffered, CallArrived, OfferEnded
from cti.journey.events.codec import UnknownEvent, from_json, to_json
from cti.journey.words import as_datetime, elapsed_ms, from_datetime, iso


@pytest.mark.parametrize("kind", CALL_EVENTS, ids=lambda kind: kind.__name__)
def test_every_kind_comes_back_as_it_went(kind: type[CallEvent]) -> None:
    one = event(kind, 3)
    back = from_json(kind.__name__, CALL, to_json(one))
    assert back == one
    assert type(back) is kind


@UNHURRIED
@given(ANY_EVENT)
def test_any_event_comes_back_as_it_went(one: CallEvent) -> None:
    back = from_json(type(one).__name__, one.call_id, to_json(one))
    assert back == one
    assert type(back.seen) is type(one.seen)


def test_the_form_is_compact_without_the_call_and_keeps_accents() -> None:
    text = to_json(event(CallArrived, 0, flux="régulé"))
    assert "régulé" in text
    assert ", " not in text
    assert "call_id" not in json.loads(text)


def test_the_journal_outlives_the_code() -> None:
    stored = json.loads(to_json(event(CallArrived, 0)))
    del stored["priority"]
    stored["forgotten"] = 1
    assert from_json("CallArrived", CALL, json.dumps(stored)) == event(CallArrived, 0)


def test_what_cannot_be_read_is_refused_by_name() -> None:
    with pytest.raises(UnknownEvent, match="unknown event type 'Rung'"):
        from_json("Rung", CALL, "{}")
    with pytest.raises(UnknownEvent, match="AgentOffered lacks at, filiere, agent, leg"):
        from_json("AgentOffered", CALL, "{}")
    with pytest.raises(ValueError, match="eaten"):
        from_json("OfferEnded", CALL, json.dumps({"at": 1, "agent": "a", "leg": "l", "how": "eaten"}))
    assert AgentOffered is not OfferEnded


@UNHURRIED
@given(st.integers(-(10**15), 4 * 10**15))
def test_an_instant_survives_the_calendar(at: int) -> None:
    assert from_datetime(as_datetime(at)) == at


def test_instants_are_written_in_milliseconds_cut() -> None:
    at = from_datetime(datetime(2026, 12, 16, 8, 0, 29, 999_999, UTC))
    assert iso(at) == "2026-12-16T08:00:29.999Z"
    assert iso(None) is None
    with pytest.raises(ValueError, match="no time zone"):
        from_datetime(datetime(2026, 12, 16))  # noqa: DTZ001


def test_elapsed_is_cut_and_unknown_stays_unknown() -> None:
    assert elapsed_ms(0, 29_999_999) == 29_999
    assert elapsed_ms(None, 5) is None
    assert elapsed_ms(5, None) is None
