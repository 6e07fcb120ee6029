"""The figures on small sets whose answer is known by hand."""

from dataclasses import replace
from typing import Any

import pytest
from qos_calls import (
    DAY,
    PARIS,
    SITE,
    T0,
    abandoned_while_ringing,
    call,
    paris,
    settings,
    ten_calls,
    then,
    us,
)

from cti.journey import Journey, Quality, State, apply
from cti.journey import events as ev
from cti.qos import Figure, Period, from_mapping, report
from cti.qos.figures import DEFINITIONS


def figures(*journeys: Journey, profile: str = "sas_public", period: Period = DAY) -> dict[str, Figure]:
    return {figure.code: figure for figure in report(journeys, SITE, profile, period).figures}


def parts(figure: Figure) -> tuple[int | None, int | None]:
    return figure.numerator, figure.denominator


# --- the ten calls on which the systems disagree --------------------------------------------------------------------


def test_ten_calls_by_the_regulatory_rules() -> None:
    found = figures(*ten_calls())
    assert (parts(found["qs30"]), found["qs30"].value) == ((2, 5), 0.4)
    assert (parts(found["taux_accueil"]), found["taux_accueil"].value) == ((5, 8), 0.625)
    assert found["taux_accueil"].excluded == {"abandon_court": 2}
    assert parts(found["qs30_entrants"]) == (2, 8)
    assert (found["entrants"].value, found["decroches"].value, found["abandons"].value) == (10, 5, 5)
    assert found["abandons_courts"].value == 2


def test_ten_calls_by_sae() -> None:
    found = figures(*ten_calls(), profile="sae")
    assert (parts(found["taux_decroche"]), found["taux_decroche"].value) == ((5, 10), 0.5)
    assert parts(found["qs60"]) == (5, 5)


@pytest.mark.parametrize(
    ("into_the_second", "qos", "sl2", "inclusive"),
    [
        (0.0, (4, 5), (8, 10), (4, 10)),  # 30.4 s is seen as 30: Wazo 80 %, Asterisk SL2 80 %, QueueMetrics inclusive 40 %
        (0.7, (3, 5), (7, 10), (3, 10)),  # the second ticks: 30.4 s is seen as 31: 60 %, 70 %, 30 %
    ],
)
def test_ten_calls_as_asterisk_would(
    into_the_second: float, qos: tuple[int, int], sl2: tuple[int, int], inclusive: tuple[int, int]
) -> None:
    found = figures(*ten_calls(T0 + us(into_the_second)), profile="asterisk_compatible")
    assert parts(found["qs30"]) == qos
    assert parts(found["asterisk_sl2"]) == sl2
    assert parts(found["qs30_entrants"]) == inclusive
    assert parts(found["taux_decroche"]) == (5, 10)


# --- edges of the rules ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wait", "within"), [(29.999, 1), (29.9999, 1), (30.0, 0)])
def test_thirty_seconds_is_strict_and_compared_before_rounding(wait: float, within: int) -> None:
    assert parts(figures(call(answered=wait, ended=99))["qs30"]) == (within, 1)


@pytest.mark.parametrize(("wait", "short"), [(9.999, 1), (10.0, 0)])
def test_ten_seconds_is_strict(wait: float, short: int) -> None:
    assert figures(call(ended=wait))["abandons_courts"].value == short


def test_nothing_to_divide_by_is_not_computable() -> None:
    for found in (figures(), figures(call(ended=3))):
        for code in ("taux_accueil", "qs30", "qs60", "attente_moyenne", "attente_p99", "duree_osnp"):
            assert found[code].value is None
    assert figures()["qs30"].denominator == 0
    assert figures()["entrants"].value == 0


def test_the_value_of_the_day_of_each_call() -> None:
    data = settings()
    data["regles"]["seuil_qs30"]["values"] = {"2019-01-01": 30000, "2026-11-18": 20000}
    both = Period(paris("2026-11-17"), paris("2026-11-19"), PARIS)
    calls = [call(answered=25, ended=60, t0=paris(f"2026-11-{day}T10:00:00")) for day in (17, 18)]
    figure = report(calls, from_mapping(data, "f"), "sas_public", both).figure("qs30")
    assert parts(figure) == (1, 2)
    assert figure.formula == "décrochés < 30 s puis 20 s / décrochés"
    assert figure.rule_version == "2026-11 ; seuil_qs30@2019-01-01 ; seuil_qs30@2026-11-18"


def test_a_target_is_that_of_the_last_day() -> None:
    assert figures()["qs60"].objectif == 0.99
    assert figures()["qs30"].objectif is None
    data = settings()
    data["regles"]["objectif_qs60"]["values"] = {"2027-01-01": 0.99}
    assert report((), from_mapping(data, "f"), "sas_public", DAY).figure("qs60").objectif is None


def test_every_figure_prints_its_formula_and_reference() -> None:
    found = figures(*ten_calls(), profile="tous_flux")
    assert set(found) == set(DEFINITIONS) - {"asterisk_sl2"}
    for figure in found.values():
        assert figure.formula
        assert figure.reference
        assert figure.libelle
        assert figure.rule_version.startswith("2026-11")
        assert figure.as_dict()["code"] == figure.code


# --- scope ----------------------------------------------------------------------------------------------------------


def test_what_a_profile_leaves_out_is_told() -> None:
    calls = (
        call(answered=5, ended=60),
        call(answered=5, ended=60, test=True),
        call(answered=5, ended=60, flux="18", public=False),
        call(answered=5, ended=60, t0=paris("2026-11-18T21:00:00")),
        call(answered=5, ended=60, t0=paris("2026-11-19T10:00:00")),
    )
    found = figures(*calls)
    assert found["entrants"].value == 1
    assert found["taux_accueil"].excluded == {"test": 1, "hors_plage": 1, "flux_non_public": 1}
    assert found["tests"].value == 1
    assert figures(*calls, profile="public_24h")["entrants"].value == 2
    assert figures(*calls, profile="tous_flux")["entrants"].value == 3


def test_a_call_belongs_to_the_hours_of_its_arrival() -> None:
    late = call(answered=12, ended=60, t0=paris("2026-11-18T19:59:58"))
    assert figures(late)["decroches"].value == 1


def test_pdsa_hours_are_the_complement() -> None:
    data = settings()
    data["profils"]["sas_public"]["plage"] = "pdsa"
    calls = [call(answered=5, ended=60), call(answered=5, ended=60, t0=paris("2026-11-18T21:00:00"))]
    found = report(calls, from_mapping(data, "f"), "sas_public", DAY)
    assert found.figure("entrants").value == 1
    assert found.excluded == {"hors_plage": 1}


def test_refused_calls_are_counted_apart_unless_the_profile_says_so() -> None:
    calls = (call(answered=5, ended=60), call(ended=0.1, in_queue=False, cause=34))
    found = figures(*calls)
    assert (found["entrants"].value, found["refuses"].value, found["taux_accueil"].value) == (1, 1, 1.0)
    assert found["entrants"].excluded == {"refuse": 1}
    assert found["abandons"].value == 0
    assert parts(figures(*calls, profile="sae")["taux_decroche"]) == (1, 2)


def test_calls_still_open() -> None:
    waiting, talking = call(), call(answered=5)
    found = figures(waiting, talking)
    assert (found["entrants"].value, found["en_attente"].value, found["en_cours"].value) == (2, 1, 2)
    assert parts(found["taux_accueil"]) == (1, 1)
    assert found["taux_accueil"].excluded == {"en_attente": 1}


# --- clocks ---------------------------------------------------------------------------------------------------------


def test_clock_after_the_greeting() -> None:
    data = settings()
    data["profils"]["sas_public"]["horloge"] = "apres_accueil"
    site = from_mapping(data, "f")
    greeted = {"greeting_started_at": T0, "greeting_ended_at": T0 + us(12)}
    answered = replace(call(answered=40, ended=60), **greeted)
    left_in_greeting = replace(call(ended=11, in_queue=False), greeting_started_at=T0)
    plain = call(answered=20, ended=60)
    found = report((answered, left_in_greeting, plain), site, "sas_public", DAY)
    assert parts(found.figure("qs30")) == (2, 2)
    assert found.figure("abandons_courts").value == 1
    assert found.figure("attente_max").value == 28_000
    assert parts(figures(answered, left_in_greeting, plain)["qs30"]) == (1, 2)


def test_a_call_that_never_reached_a_queue_is_unknown_to_asterisk() -> None:
    found = figures(call(ended=11, in_queue=False), call(answered=20, ended=60, queued=12), profile="asterisk_compatible")
    assert (found["entrants"].value, found["entrants"].excluded) == (1, {"hors_file": 1})
    assert found["attente_max"].value == 8_000


# --- what is not known ----------------------------------------------------------------------------------------------


def test_an_uncertain_call_without_an_answer_seen_has_no_known_issue() -> None:
    found = figures(call(ended=45, quality=Quality.UNCERTAIN), call(answered=5, ended=60))
    assert (found["entrants"].value, found["abandons"].value, found["issue_inconnue"].value) == (2, 0, 1)
    assert (found["entrants"].uncertain, found["taux_accueil"].uncertain) == (1, 0)
    assert parts(found["taux_accueil"]) == (1, 1)
    assert found["taux_accueil"].excluded == {"issue_inconnue": 1}
    assert found["abandons"].excluded == {"issue_inconnue": 1}


def test_an_uncertain_answer_counts_but_its_delay_does_not_when_the_offer_was_not_seen() -> None:
    unseen = call(answered=3, ended=60, quality=Quality.UNCERTAIN, offer_seen=False)
    seen = call(answered=3, ended=60, quality=Quality.UNCERTAIN)
    found = figures(unseen, seen)
    assert (found["decroches"].value, found["delai_inconnu"].value, found["incertains"].value) == (2, 1, 2)
    assert (parts(found["qs30"]), found["qs30"].uncertain, found["qs30"].excluded) == ((1, 1), 1, {"delai_inconnu": 1})
    assert found["attente_moyenne"].denominator == 1
    assert report((unseen, seen), SITE, "sas_public", DAY).stages[0].wait_mean_ms == 3_000


def test_clocks_that_run_backwards_give_no_delay() -> None:
    found = figures(call(answered=-2, ended=60), call(ended=-1))
    assert (found["delai_inconnu"].value, found["qs30"].value, found["abandons_courts"].value) == (1, None, 0)
    assert found["taux_accueil"].excluded == {"duree_inconnue": 1}
    assert found["attente_max"].value is None


def test_an_arrival_that_nobody_saw_is_in_no_figure() -> None:
    by_end = Journey(call_id="x", state=State.ENDED, t0=T0, ended_at=T0, cause=16, last_at=T0)
    expected = Journey(call_id="y", state=State.EXPECTED, last_at=T0)
    found = figures(by_end, expected, profile="tous_flux")
    assert (found["entrants"].value, found["entrants"].excluded) == (0, {"arrivee_inconnue": 2})


def test_a_call_answered_while_we_were_blind_as_the_fold_tells_it() -> None:
    def story(*events: ev.CallEvent) -> Journey:
        journey = Journey(call_id="c")
        for event in events:
            journey, _ = apply(journey, event)
        return journey

    def at(seconds: float) -> dict[str, Any]:
        return {"call_id": "c", "at": T0 + us(seconds)}

    arrived = (
        ev.CallArrived(**at(0), channel="1.1", did="15", flux="15", caller="0299000001"),
        ev.QueueEntered(**at(1), filiere="n1"),
    )
    blind = ev.ObservationLost(**at(90), since=T0 + us(2), reason="link lost")
    ended = ev.CallEnded(**at(120), cause=16)
    back = story(*arrived, blind, ev.AgentAnswered(**at(90), agent="arm01", leg="2.1"), ended)
    gone = story(*arrived, blind, ended)
    found = figures(back, gone)
    assert (found["entrants"].value, found["decroches"].value, found["abandons"].value) == (2, 1, 0)
    assert (found["delai_inconnu"].value, found["issue_inconnue"].value, found["incertains"].value) == (1, 1, 2)
    assert (found["qs30"].value, parts(found["taux_accueil"])) == (None, (1, 1))


# --- phases, waits, talks, people -----------------------------------------------------------------------------------


def test_abandons_by_phase() -> None:
    found = figures(
        call(ended=11, in_queue=False), call(ended=20), call(ended=20), abandoned_while_ringing(call(ended=30)), call(ended=1)
    )
    phases = [found[f"abandons_{phase}"].value for phase in ("accueil", "file", "sonnerie")]
    assert phases == [1, 3, 1]
    assert sum(phases) == found["abandons"].value


def test_waits() -> None:
    found = figures(*(call(answered=n, ended=300) for n in range(1, 101)))
    assert found["attente_moyenne"].value == 50_500
    assert parts(found["attente_moyenne"]) == (5_050_000, 100)
    names = ("mediane", "p90", "p95", "p99", "max")
    assert [found[f"attente_{name}"].value for name in names] == [50_000, 90_000, 95_000, 99_000, 100_000]


def test_talks_and_second_waits_by_filiere() -> None:
    passed_on = then(call(answered=5, ended=None), "mg", entered=65, answered=105, left=405)
    lost = then(call(answered=5, ended=None), "mg", entered=25, answered=None, left=125)
    found = figures(passed_on, lost)
    assert (found["duree_arm_front"].value, found["duree_arm_front"].denominator) == (40_000, 2)
    assert parts(found["duree_osnp"]) == (300_000, 1)
    assert found["duree_mrl"].value is None
    assert found["perdus_n2"].value == 1
    assert (found["abandons"].value, found["decroches"].value) == (0, 2)
    assert found["attente_max"].value == 5_000
    mg, n1 = report((passed_on, lost), SITE, "sas_public", DAY).stages
    assert (mg.filiere, mg.entered, mg.answered, mg.abandoned, mg.after_answer) == ("mg", 2, 1, 1, 2)
    assert (mg.second_wait_mean_ms, mg.second_wait_p90_ms, mg.wait_median_ms) == (40_000, 40_000, 40_000)
    assert (n1.transferred, n1.after_answer, n1.second_wait_mean_ms, n1.talk_mean_ms) == (2, 0, None, 40_000)


def test_answer_and_release() -> None:
    found = figures(call(answered=5, ended=8), call(answered=5, ended=15), call(answered=5))
    assert found["conversations_courtes"].value == 1


def test_callers() -> None:
    calls = (*(call(ended=20) for _ in range(3)), call(ended=20, caller="0299000002"), call(ended=20, caller=None))
    found = figures(*calls)
    assert (found["entrants"].value, found["appelants_distincts"].value, found["tentatives_repetees"].value) == (5, 2, 2)
    assert (found["sans_numero"].value, found["appelants_distincts"].excluded) == (1, {"sans_numero": 1})
