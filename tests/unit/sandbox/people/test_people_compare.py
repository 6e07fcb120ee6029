"""What happened beside what the service believes: every kind of disagreement is found, and agreement is silent."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.journey import Journey, Leg, Recording, Stage, State
from cti.journey.model import Consult
from cti.sandbox.people.compare import Comparison, Kind, compare
from cti.sandbox.people.truth import CallerTruth, Offer, Side

T0 = 1_795_372_854_000_000
SECOND = 1_000_000


def truth(**changes: Any) -> CallerTruth:
    talk = Offer(agent="arm01", number="0612345678", offered_at=T0 + SECOND, answered_at=T0 + 3 * SECOND)
    told = CallerTruth(
        number="0612345678",
        did="15",
        shown=True,
        invited_at=T0,
        answered_by_pbx_at=T0 + 5_000,
        heard=True,
        ended_at=T0 + 30 * SECOND,
        ended_by=Side.PBX,
        offers=(talk,),
    )
    return replace(told, **changes)


def journey(**changes: Any) -> Journey:
    leg = Leg(agent="arm01", leg="2.2", offered_at=T0 + SECOND, answered_at=T0 + 3 * SECOND + 2_000)
    seen = Journey(
        call_id="call-1",
        state=State.ENDED,
        t0=T0 + 2_000,
        did="15",
        flux="15",
        caller="0612345678",
        answered_at=T0 + 3 * SECOND + 2_000,
        ended_at=T0 + 30 * SECOND,
        dossier_id="d1",
        recordings=(Recording(stem="a", started_at=T0),),
        stages=(Stage(filiere="n1", entered_at=T0 + SECOND, legs=(leg,)),),
    )
    return replace(seen, **changes)


def kinds(comparison: Comparison) -> list[Kind]:
    return [difference.kind for difference in comparison.differences]


def test_a_service_that_saw_everything_agrees() -> None:
    found = compare([truth()], [journey()])
    assert found.agrees
    assert found.answer_errors_ms == (2.0,)
    assert found.summary()["answer_error_ms"] == {"compared": 1, "p50": 2.0, "p99": 2.0, "max": 2.0}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"answered_at": None}, Kind.OUTCOME),
        ({"answered_at": T0 + 3 * SECOND + 100_001}, Kind.ANSWER_INSTANT),
        ({"answered_at": T0 + 3 * SECOND - 100_001}, Kind.ANSWER_INSTANT),
        ({"stages": ()}, Kind.STAGE),
        ({"dossier_id": None}, Kind.DOSSIER_MISSING),
        ({"recordings": ()}, Kind.RECORDING),
        ({"recordings": (Recording(stem="a", started_at=T0, problem="vide"),)}, Kind.RECORDING),
        ({"ended_at": None}, Kind.UNFINISHED),
    ],
)
def test_each_way_of_being_wrong_about_a_call_is_told(changes: dict[str, Any], kind: Kind) -> None:
    (difference,) = compare([truth()], [journey(**changes)]).differences
    assert difference.kind is kind
    assert (difference.number, difference.call_id) == ("0612345678", "call-1")
    assert difference.line.endswith("[0612345678, appel call-1]")


def test_whoever_was_consulted_and_never_met_the_caller_is_told_as_that() -> None:
    """His phone rang with the caller's number and picked up, as at a transfer."""
    asked = Offer(agent="mru01", number="0612345678", offered_at=T0 + 8 * SECOND, answered_at=T0 + 9 * SECOND)
    lived = truth(offers=(*truth().offers, asked))
    assert kinds(compare([lived], [journey()])) == [Kind.STAGE]
    consult = Consult(agent="arm01", line="", target="mru", started_at=T0 + 7 * SECOND, answered_by="mru01")
    assert compare([lived], [journey(consults=(replace(consult, answered_at=T0 + 9 * SECOND + 2_000),))]).agrees
    later, another = {"answered_at": T0 + 12 * SECOND}, {"answered_by": "mru02", "answered_at": T0 + 9 * SECOND}
    for other in (replace(consult, **later), replace(consult, **another)):
        assert kinds(compare([lived], [journey(consults=(other,))])) == [Kind.STAGE]


def test_a_tenth_of_a_second_is_still_the_same_instant() -> None:
    for error in (-100_000, 100_000):
        assert compare([truth()], [journey(answered_at=T0 + 3 * SECOND + error)]).agrees


def test_missing_invented_and_doubled_calls_are_told() -> None:
    other = truth(number="0699999999", offers=())
    twice = journey(call_id="call-2", t0=T0 + SECOND, dossier_id="d2")
    stranger = journey(call_id="call-3", caller="0477777777", dossier_id="d3")
    assert kinds(compare([truth(), other], [journey(), twice, stranger])) == [Kind.MISSING, Kind.DOUBLE, Kind.INVENTED]


def test_a_dossier_belongs_to_one_call() -> None:
    second = truth(number="0699999999")
    found = compare([truth(), second], [journey(), journey(call_id="call-2", caller="+33699999999")])
    assert kinds(found) == [Kind.DOSSIER_SHARED]


@pytest.mark.parametrize("changes", [{"heard": False}, {"refused": 503}])
def test_a_caller_whom_the_pbx_never_took_in_may_leave_no_trace(changes: dict[str, Any]) -> None:
    assert compare([truth(offers=(), answered_by_pbx_at=None, **changes)], []).agrees


def test_an_abandon_is_an_abandon() -> None:
    gone = truth(offers=())
    assert compare([gone], [journey(answered_at=None, stages=(), dossier_id=None, recordings=())]).agrees
    assert kinds(compare([gone], [journey()])) == [Kind.OUTCOME]


def test_who_answers_at_the_very_moment_of_the_hang_up_may_or_may_not_have_answered() -> None:
    edge = truth(ended_at=T0 + 3 * SECOND + 40_000, ended_by=Side.CALLER)
    assert compare([edge], [journey(ended_at=edge.ended_at)]).agrees
    assert compare([edge], [journey(ended_at=edge.ended_at, answered_at=None, stages=())]).agrees


def test_callers_without_a_number_are_known_by_line_and_hour() -> None:
    hidden = [
        truth(number=number, shown=False, did=did, invited_at=T0 + late * SECOND, offers=())
        for number, did, late in (("inconnu-000001", "15", 0), ("inconnu-000002", "15", 20), ("0611111111", "112", 1))
    ]
    seen = [
        journey(call_id=call, caller=None, did=did, t0=T0 + late * SECOND + 5_000, answered_at=None, dossier_id=None)
        for call, did, late in (("c", "112", 1), ("b", "15", 20), ("a", "15", 0))
    ]
    assert compare(hidden, seen).agrees
    assert kinds(compare(hidden, seen[:2])) == [Kind.MISSING]
    assert kinds(compare(hidden[:2], seen)) == [Kind.INVENTED]


@given(st.lists(st.integers(0, 10**9), max_size=40), st.randoms())
def test_callers_without_a_number_are_never_lost_nor_shared(instants: list[int], chance: Any) -> None:
    hidden = [truth(number=f"inconnu-{n}", shown=False, invited_at=T0 + at, offers=()) for n, at in enumerate(instants)]
    seen = [journey(call_id=str(n), caller=None, t0=T0 + at, answered_at=None, dossier_id=None) for n, at in enumerate(instants)]
    chance.shuffle(seen)
    assert compare(hidden, seen).agrees


def test_the_summary_is_plain_data_in_words_that_people_read() -> None:
    summary = compare([truth()], [journey(answered_at=T0 + 4 * SECOND)]).summary()
    assert json.loads(json.dumps(summary, ensure_ascii=False)) == summary
    assert summary["counts"] == {"instant_du_decroche": 1}
    assert summary["agrees"] is False
    assert summary["differences"][0]["words"] == "décroché à 18:40:57.000, pour le service 18:40:58.000 (+1000.0 ms)"
