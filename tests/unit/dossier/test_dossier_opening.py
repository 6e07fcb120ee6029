from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from dossier_stories import CALL, T0, S, answered

from cti.dossier.opening import OpeningRules, local_day, opens_dossier, summarise
from cti.dossier.words import Origin, Perimeter, Priority
from cti.journey.facts import CallAnswered, CallClosed
from cti.journey.model import Outcome

RULES = OpeningRules(origins={"15": Origin.N15, "C114": Origin.CNR}, perimeters={"amu": Perimeter.AMU})


def _summary(**told):  # type: ignore[no-untyped-def]
    journey, fact = answered(**told)
    assert isinstance(fact, CallAnswered)
    return summarise(journey, fact, RULES)


def test_the_first_answer_opens_a_dossier() -> None:
    assert opens_dossier(*answered())


def test_a_test_call_opens_none() -> None:
    assert not opens_dossier(*answered(test=True))


def test_a_call_that_has_a_dossier_opens_no_other() -> None:
    journey, fact = answered()
    assert not opens_dossier(replace(journey, dossier_id="d1"), fact)


def test_another_fact_opens_none() -> None:
    journey, _ = answered()
    assert not opens_dossier(journey, CallClosed(CALL, T0, Outcome.ANSWERED))


def test_the_summary_tells_what_telephony_knows() -> None:
    assert _summary().told() == {
        "call_id": CALL,
        "received_at": "2026-12-16T08:00:00.000Z",
        "created_at": "2026-12-16T08:00:10.000Z",
        "origin": "15",
        "flux": "15",
        "did": "15",
        "caller": "+33612345678",
        "taker": "arm01",
        "filiere": "n1",
        "perimeter": None,
        "classification": "D",
        "state": "ACTIF",
        "priority": "P2",
    }


@pytest.mark.parametrize("caller", [None, ""])
def test_a_masked_caller_is_left_out(caller: str | None) -> None:
    assert _summary(caller=caller).caller is None


def test_origin_follows_the_flux_and_an_unknown_flux_is_autre() -> None:
    assert _summary(flux="C114").origin is Origin.CNR
    assert _summary(flux="VIP").origin is Origin.AUTRE


def test_perimeter_follows_the_filiere_that_answered() -> None:
    assert _summary(filiere="amu").told()["perimeter"] == "AMU"


def test_the_default_priority_is_the_sites() -> None:
    journey, fact = answered()
    assert isinstance(fact, CallAnswered)
    assert summarise(journey, fact, OpeningRules(default_priority=Priority.NR)).priority is Priority.NR


def test_the_day_is_the_sites_not_greenwichs() -> None:
    new_year_in_paris = 1_798_758_000 * S  # 2026-12-31T23:00:00Z
    assert local_day(new_year_in_paris, ZoneInfo("Europe/Paris")) == date(2027, 1, 1)
    assert local_day(new_year_in_paris - 1, ZoneInfo("Europe/Paris")) == date(2026, 12, 31)
    assert local_day(new_year_in_paris, ZoneInfo("America/Cayenne")) == date(2026, 12, 31)
