"""Where calls go: each rule by its story, then any rules and any load."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.routing.filieres import PRIORITE_MAX, STRATEGIES
from cti.routing.horaires import is_open
from cti.routing.plan import Cause, Decision, Facts, Load, Reason, RoutingRules, decide
from cti.routing.rules import Source, read_rules

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 11, 23, 12, tzinfo=PARIS)
NIGHT = datetime(2026, 11, 23, 22, tzinfo=PARIS)
DEEP_NIGHT = datetime(2026, 11, 24, 3, tzinfo=PARIS)

STAFFED = Load(3, 1, 0, 0)
BUSY = Load(3, 0, 12, 90_000)
EMPTY = Load(0, 0, 2, 5_000)
PAUSED = Load(3, 0, 2, 5_000, paused=3)


def load(**known: Load) -> Mapping[str, Load]:
    return dict.fromkeys(("n1", "amu", "mru", "mg", "mrg", "psy", "dentaire"), STAFFED) | known


def overflow(origine: str, cause: Cause, nth: int = 1, flux: str = "15") -> Facts:
    return Facts(flux, "", origine, cause, nth=nth)


@pytest.mark.parametrize(
    ("flux", "filiere", "priorite"),
    [("15", "n1", 20), ("112", "n1", 20), ("116117", "n1", 10), ("18", "amu", 70), ("18MU", "mru", 70), ("TEST", "n1", 0)],
)
def test_each_flux_enters_its_filiere(rules: RoutingRules, flux: str, filiere: str, priorite: int) -> None:
    decision = decide(Facts(flux, ""), rules, load(), NOON)
    assert (decision.filiere, decision.priorite, decision.reason_code) == (filiere, priorite, Reason.FLUX)
    assert (decision.flux, decision.considered, decision.anomalies) == (flux, (), ())


def test_the_number_dialled_tells_the_flux_when_the_dialplan_does_not(rules: RoutingRules) -> None:
    decision = decide(Facts("", "9018"), rules, None, NOON)
    assert (decision.flux, decision.filiere, decision.anomalies) == ("18", "amu", ())


@pytest.mark.parametrize(
    ("flux", "did", "told", "taken"),
    [
        ("", "0299000000", "ligne inconnue 0299000000", "15"),
        ("XX", "", "ligne inconnue XX", "15"),
        ("", "", "ligne inconnue", "15"),
        ("XX", "18", "flux inconnu XX", "18"),
        ("15", "18", "numéro du flux 18, annoncé 15", "15"),
    ],
)
def test_an_odd_line_is_answered_and_said_to_be_odd(rules: RoutingRules, flux: str, did: str, told: str, taken: str) -> None:
    decision = decide(Facts(flux, did), rules, None, NOON)
    assert (decision.flux, decision.anomalies) == (taken, (told,))


def test_a_closed_filiere_sends_to_its_overflow(rules: RoutingRules) -> None:
    decision = decide(Facts("SOS", ""), rules, load(), DEEP_NIGHT)
    assert (decision.filiere, decision.reason_code) == ("mru", Reason.FERMETURE)
    assert [(one.filiere, one.code) for one in decision.considered] == [("mrg", "fermee")]
    assert (
        decision.motif
        == "SOS Médecins vers Médecin régulateur urgentiste car Médecin régulateur généraliste fermée à cette heure"
    )


@pytest.mark.parametrize(("state", "why"), [(EMPTY, "ARM N1 personne en poste"), (PAUSED, "ARM N1 tous en pause")])
def test_nobody_there_sends_to_the_overflow(rules: RoutingRules, state: Load, why: str) -> None:
    decision = decide(Facts("15", ""), rules, load(n1=state), NOON)
    assert (decision.filiere, decision.reason_code) == ("amu", Reason.SANS_AGENT)
    assert decision.considered[0].why == why


def test_all_busy_is_not_deserted(rules: RoutingRules) -> None:
    assert decide(Facts("15", ""), rules, load(n1=BUSY), NOON).filiere == "n1"


@pytest.mark.parametrize("unknown", [None, {}])
def test_an_unknown_load_never_means_nobody(rules: RoutingRules, unknown: Mapping[str, Load] | None) -> None:
    for code, flux in rules.flux.by_code.items():
        assert decide(Facts(code, ""), rules, unknown, NOON).filiere == flux.filiere


def test_nobody_anywhere_leaves_the_last_resort(rules: RoutingRules) -> None:
    decision = decide(Facts("15", ""), rules, load(n1=EMPTY, amu=EMPTY), NOON)
    assert (decision.filiere, decision.reason_code, decision.attente_seconds) == ("amu", Reason.SECOURS, 3_600)
    assert decision.motif == "dernier recours ARM AMU"


def test_a_chain_is_walked_over_what_is_closed_or_deserted(rules: RoutingRules) -> None:
    decision = decide(overflow("dentaire", Cause.FERME), rules, load(), NIGHT)
    assert (decision.filiere, decision.reason_code) == ("amu", Reason.DEBORDEMENT)
    assert [one.filiere for one in decision.considered] == ["mg"]


def test_waiting_too_long_goes_to_the_overflow(rules: RoutingRules) -> None:
    decision = decide(overflow("mg", Cause.TIMEOUT), rules, load(), NOON)
    assert (decision.filiere, decision.reason_code, decision.attente_seconds) == ("amu", Reason.DEBORDEMENT, 90)
    assert decision.motif == "débordement vers ARM AMU"


def test_a_slow_queue_is_better_than_a_deserted_one(rules: RoutingRules) -> None:
    decision = decide(overflow("n1", Cause.TIMEOUT), rules, load(n1=BUSY, amu=EMPTY), NOON)
    assert (decision.filiere, decision.reason_code) == ("n1", Reason.RETOUR)
    assert decision.motif == "retour vers ARM N1 car ARM AMU personne en poste"


@pytest.mark.parametrize("cause", [Cause.VIDE, Cause.PLEINE, Cause.FERME, Cause.AUTRE, None])
def test_a_queue_that_refused_is_not_tried_again(rules: RoutingRules, cause: Cause | None) -> None:
    decision = decide(Facts("15", "", "n1", cause, nth=1), rules, load(amu=EMPTY), NOON)
    assert (decision.filiere, decision.reason_code) == ("amu", Reason.SECOURS)


@pytest.mark.parametrize("cause", Cause)
def test_with_no_overflow_left_the_caller_goes_back_to_those_who_sent_him(rules: RoutingRules, cause: Cause) -> None:
    facts = Facts("15", "", "mru", cause, venant="n1", nth=1)
    decision = decide(facts, rules, load(mrg=EMPTY, amu=EMPTY), NOON)
    assert (decision.filiere, decision.reason_code) == ("n1", Reason.RETOUR)
    assert decision.motif == "retour vers ARM N1 car Médecin régulateur généraliste personne en poste"


@pytest.mark.parametrize(
    ("venant", "filiere"), [("mru", "mru"), ("zz", "mru"), ("mrg", "mru"), ("dentaire", "mru"), ("psy", "psy")]
)
def test_those_who_sent_him_must_be_there(rules: RoutingRules, venant: str, filiere: str) -> None:
    facts = Facts("15", "", "mru", Cause.TIMEOUT, venant=venant, nth=1)
    decision = decide(facts, rules, load(mrg=EMPTY), NOON)
    assert (decision.filiere, decision.reason_code) == (filiere, Reason.RETOUR)
    assert len({one.filiere for one in decision.considered}) == len(decision.considered)


def test_a_return_needs_somebody_there(rules: RoutingRules) -> None:
    decision = decide(overflow("n1", Cause.TIMEOUT), rules, load(n1=EMPTY, amu=EMPTY), NOON)
    assert (decision.filiere, decision.reason_code) == ("amu", Reason.SECOURS)


def test_without_an_overflow_a_slow_queue_is_entered_again(
    tables: dict[str, Any], build: Callable[[dict[str, Any]], RoutingRules]
) -> None:
    del tables["filieres.toml"]["filieres"]["psy"]["debordement"]
    decision = decide(overflow("psy", Cause.TIMEOUT), build(tables), load(), NOON)
    assert (decision.filiere, decision.motif) == ("psy", "retour vers Psychiatrie car aucun débordement")


def test_after_enough_overflows_the_last_resort_keeps_the_caller(rules: RoutingRules) -> None:
    assert decide(overflow("amu", Cause.TIMEOUT, 4), rules, load(), NOON).filiere == "n1"
    decision = decide(overflow("n1", Cause.TIMEOUT, 5), rules, load(), NOON)
    assert (decision.filiere, decision.reason_code, decision.attente_seconds) == ("amu", Reason.SECOURS, 3_600)


def test_the_last_resort_does_not_return_to_itself(rules: RoutingRules) -> None:
    decision = decide(overflow("amu", Cause.TIMEOUT), rules, load(n1=EMPTY), NOON)
    assert decision.reason_code is Reason.SECOURS


def test_an_unknown_origin_is_an_anomaly_and_the_last_resort_answers(rules: RoutingRules) -> None:
    for origine in ("zz", None):
        decision = decide(Facts("15", "", origine, Cause.TIMEOUT, nth=1), rules, load(), NOON)
        assert (decision.filiere, decision.reason_code) == ("amu", Reason.SECOURS)
        assert decision.anomalies == (("filière inconnue zz",) if origine else ())


def test_priority_of_regulation_and_of_age(rules: RoutingRules) -> None:
    def priorite(flux: str, nth: int = 0, regulation: str = "") -> int:
        facts = Facts(flux, "", "n1" if nth else None, Cause.TIMEOUT if nth else None, nth=nth, regulation=regulation)
        return decide(facts, rules, load(), NOON).priorite

    assert priorite("15", regulation="P0") == 90
    assert priorite("15", regulation="P1") == 60
    assert priorite("18", regulation="P2") == 70
    assert priorite("15", regulation="P9") == 20
    assert priorite("15", nth=2) == 30
    assert priorite("18", nth=19) == 89
    assert priorite("15", nth=3, regulation="P0") == 90
    assert priorite("15", nth=-3) == 20


# Any rules, any load.

CODES = ("fa", "fb", "fc", "fd", "fe")
code = st.sampled_from(CODES)
hours_text = st.lists(st.sampled_from(["00:00-06:00", "08:00-12:00", "14:00-20:00", "22:00-24:00"]), unique=True)


@st.composite
def any_rules(draw: st.DrawFn) -> RoutingRules:
    """Rules that load: the ring check is satisfied by leaving the last resort without an overflow or always open."""
    horaires = {"horaires": {"h": {"tous_les_jours": draw(hours_text), "dimanche": draw(hours_text)}}}
    filieres = {}
    for number, name in enumerate(CODES):
        filieres[name] = {
            "libelle": name.upper(),
            "niveau": draw(st.integers(1, 3)),
            "numero": str(800 + number),
            "strategy": draw(st.sampled_from(STRATEGIES)),
            "attente_max_seconds": draw(st.integers(5, 600)),
            "priorite_defaut": draw(st.integers(0, PRIORITE_MAX)),
        }
        # Downwards in the alphabet only, or to the last resort, which may send anywhere: every ring holds "fe".
        target = draw(st.none() | (code if name == "fe" else st.sampled_from(CODES[number + 1 :])))
        if target is not None:
            filieres[name]["debordement"] = target
        if name != "fe" and draw(st.booleans()):
            filieres[name]["horaires"] = "h"
    top = {
        "secours": "fe",
        "debordements_max": draw(st.integers(1, 20)),
        "bonus_debordement": draw(st.integers(0, 50)),
        "priorites": {"P0": draw(st.integers(0, PRIORITE_MAX))},
        "filieres": filieres,
    }
    flux = {
        name: {"libelle": name, "dids": [str(90 + n)], "filiere": draw(code), "priorite": draw(st.integers(0, 100))}
        for n, name in enumerate(("x", "y"))
    }
    return read_rules(
        Source("filieres.toml", top),
        Source("flux.toml", {"flux_par_defaut": "x", "flux": flux}),
        Source("horaires.toml", horaires),
    )


counts = st.integers(0, 3)
any_load = st.none() | st.dictionaries(code, st.builds(Load, counts, counts, counts, counts, counts))
words = st.text(max_size=5)
any_facts = st.builds(
    Facts,
    st.sampled_from(["x", "y", "", "?"]) | words,
    st.sampled_from(["90", "91", ""]) | words,
    st.none() | code | words,
    st.none() | st.sampled_from(Cause),
    st.none() | code | words,
    st.integers(-2, 30),
    st.sampled_from(["", "P0", "P1", "NR"]) | words,
)
any_time = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(PARIS))  # noqa: DTZ001


def check(decision: Decision, rules: RoutingRules, known: Mapping[str, Load] | None, local: datetime) -> None:
    filiere = rules.filieres.by_code[decision.filiere]
    if filiere is not rules.filieres.secours:
        assert filiere.horaires is None or is_open(filiere.horaires, local)
        assert known is None or filiere.code not in known or not known[filiere.code].deserted
    assert 0 <= decision.priorite <= PRIORITE_MAX
    assert decision.attente_seconds >= 5
    assert decision.motif
    assert decision.reason_code is not Reason.SANS_AGENT or known is not None


@settings(max_examples=300, deadline=None)
@given(any_rules(), any_facts, any_load, any_time)
def test_there_is_always_somewhere_to_go(
    rules: RoutingRules, facts: Facts, known: Mapping[str, Load] | None, local: datetime
) -> None:
    check(decide(facts, rules, known, local), rules, known, local)


@settings(max_examples=150, deadline=None)
@given(any_rules(), any_load, any_time, st.lists(st.sampled_from(Cause), min_size=22, max_size=22))
def test_a_caller_whom_nobody_ever_takes_ends_in_the_last_resort(
    rules: RoutingRules, known: Mapping[str, Load] | None, local: datetime, causes: list[Cause]
) -> None:
    decision = decide(Facts("x", ""), rules, known, local)
    check(decision, rules, known, local)
    for nth, cause in enumerate(causes, 1):
        before = decision
        decision = decide(Facts("x", "", before.filiere, cause, nth=nth), rules, known, local)
        check(decision, rules, known, local)
        if decision.reason_code is Reason.RETOUR:
            assert decision.filiere == before.filiere
            assert cause is Cause.TIMEOUT
        if nth > rules.filieres.debordements_max:
            assert decision.reason_code is Reason.SECOURS
    assert decision.filiere == rules.filieres.secours.code
