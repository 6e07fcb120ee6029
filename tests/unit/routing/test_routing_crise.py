"""A crisis: the doctors' filières answer for each other, by their stories, then for any rules, any load and any hour."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from test_routing_plan import (
    CODES,
    DEEP_NIGHT,
    EMPTY,
    NOON,
    PAUSED,
    STAFFED,
    any_facts,
    any_load,
    any_rules,
    any_time,
    load,
    overflow,
)

from cti.routing.crise import CriseRules, Proposition, Seuils, from_mapping, proposal
from cti.routing.filieres import PRIORITE_MAX
from cti.routing.horaires import is_open
from cti.routing.plan import Cause, Decision, Facts, Load, Reason, RoutingRules, decide
from cti.routing.planner import RoutePlanner
from cti.routing.reading import RoutingConfigError

FREE, BUSY, SWAMPED = Load(2, 1, 0, 0), Load(2, 0, 3, 60_000), Load(2, 0, 9, 200_000)


def crisis(facts: Facts, rules: RoutingRules, known: Mapping[str, Load] | None, at: datetime = NOON) -> Decision:
    return decide(facts, rules, known, at, crise=True)


def test_without_a_crisis_nothing_changes(rules: RoutingRules) -> None:
    decision = decide(Facts("18MU", ""), rules, load(mru=SWAMPED, mrg=FREE), NOON)
    assert (decision.filiere, decision.reason_code, decision.attente_seconds) == ("mru", Reason.FLUX, 120)


def test_a_call_for_the_busy_emergency_doctors_goes_to_a_free_liberal_one(rules: RoutingRules) -> None:
    decision = crisis(Facts("18MU", ""), rules, load(mru=BUSY, mrg=FREE))
    assert (decision.filiere, decision.reason_code, decision.attente_seconds) == ("mrg", Reason.CRISE, 30)
    assert decision.motif == "crise : 18 pompiers vers le médecin vers Médecin régulateur généraliste, plus vite libre"


def test_and_the_other_way_round(rules: RoutingRules) -> None:
    assert crisis(Facts("SOS", ""), rules, load(mru=FREE, mrg=SWAMPED)).filiere == "mru"


@pytest.mark.parametrize("known", [None, {}, load(mru=FREE, mrg=FREE), load(mru=BUSY, mrg=BUSY)])
def test_at_entry_equal_or_unknown_waits_keep_the_call_where_it_belongs(
    rules: RoutingRules, known: Mapping[str, Load] | None
) -> None:
    assert crisis(Facts("18MU", ""), rules, known).filiere == "mru"
    assert crisis(Facts("SOS", ""), rules, known).filiere == "mrg"


@pytest.mark.parametrize("known", [None, {}, load(mru=BUSY, mrg=BUSY), load(mru=FREE, mrg=FREE), load(mru=FREE, mrg=SWAMPED)])
def test_who_waited_in_vain_goes_to_the_other_doctors(rules: RoutingRules, known: Mapping[str, Load] | None) -> None:
    decision = crisis(overflow("mrg", Cause.TIMEOUT, flux="SOS"), rules, known)
    assert (decision.filiere, decision.reason_code, decision.attente_seconds) == ("mru", Reason.CRISE, 120)


def test_but_not_to_a_longer_wait(rules: RoutingRules) -> None:
    decision = crisis(overflow("mrg", Cause.TIMEOUT, flux="SOS"), rules, load(mru=SWAMPED, mrg=BUSY))
    assert (decision.filiere, decision.attente_seconds) == ("mrg", 300)


def test_a_queue_that_refused_is_no_choice(rules: RoutingRules) -> None:
    decision = crisis(overflow("mrg", Cause.VIDE, flux="SOS"), rules, load(mru=SWAMPED, mrg=BUSY))
    assert decision.filiere == "mru"


@pytest.mark.parametrize("nobody", [EMPTY, PAUSED])
def test_nobody_in_the_other_filiere_leaves_the_ordinary_way(rules: RoutingRules, nobody: Load) -> None:
    assert crisis(Facts("18MU", ""), rules, load(mru=SWAMPED, mrg=nobody)).filiere == "mru"
    decision = crisis(overflow("mru", Cause.TIMEOUT, flux="18MU"), rules, load(mrg=nobody))
    assert (decision.filiere, decision.reason_code) == ("mru", Reason.RETOUR)


def test_doctors_called_in_at_night_take_calls_although_their_filiere_is_closed(rules: RoutingRules) -> None:
    assert crisis(Facts("18MU", ""), rules, load(mru=SWAMPED, mrg=FREE), DEEP_NIGHT).filiere == "mrg"
    assert crisis(Facts("18MU", ""), rules, None, DEEP_NIGHT).filiere == "mru", "closed, and nobody known to be there"
    strict = replace(rules, crise=replace(rules.crise, ouvrir_si_present=False))
    assert crisis(Facts("18MU", ""), strict, load(mru=SWAMPED, mrg=FREE), DEEP_NIGHT).filiere == "mru"


def test_other_filieres_keep_their_way_and_take_the_waits_of_a_crisis(rules: RoutingRules) -> None:
    first = crisis(Facts("15", ""), rules, load())
    assert (first.filiere, first.reason_code, first.attente_seconds) == ("n1", Reason.FLUX, 120)
    later = crisis(overflow("n1", Cause.TIMEOUT), rules, load())
    assert (later.filiere, later.reason_code, later.attente_seconds) == ("amu", Reason.DEBORDEMENT, 90)


def test_after_enough_overflows_the_last_resort_keeps_the_caller(rules: RoutingRules) -> None:
    decision = crisis(overflow("mrg", Cause.TIMEOUT, 5), rules, load(mru=FREE))
    assert (decision.filiere, decision.reason_code, decision.attente_seconds) == ("amu", Reason.SECOURS, 3_600)


@pytest.mark.parametrize(
    ("known", "filiere", "reason"),
    [
        (load(mru=BUSY, mrg=FREE), "mrg", Reason.TRANSFERT),
        (load(mru=FREE, mrg=SWAMPED), "mru", Reason.CRISE),
        (load(mru=FREE, mrg=EMPTY), "mru", Reason.CRISE),
        (load(mru=EMPTY, mrg=EMPTY), "mrg", Reason.TRANSFERT),
        (None, "mrg", Reason.TRANSFERT),
    ],
)
def test_a_transfer_to_doctors_goes_to_the_quicker_ones(
    rules: RoutingRules, known: Mapping[str, Load] | None, filiere: str, reason: Reason
) -> None:
    decision = crisis(Facts("15", "", cible="mrg"), rules, known)
    assert (decision.filiere, decision.reason_code, decision.attente_seconds) == (
        filiere,
        reason,
        {"mrg": 30, "mru": 25}[filiere],
    )
    ordinary = decide(Facts("15", "", cible="mrg"), rules, known, NOON)
    assert (ordinary.filiere, ordinary.reason_code, ordinary.attente_seconds) == ("mrg", Reason.TRANSFERT, 300)


def test_a_human_s_choice_of_another_filiere_stands_even_closed(rules: RoutingRules) -> None:
    assert crisis(Facts("15", "", cible="dentaire"), rules, load(dentaire=EMPTY)).filiere == "dentaire"


# Any rules, any load, any hour.

groups = st.lists(st.sampled_from(CODES), unique=True, max_size=5).map(
    lambda codes: tuple(group for group in (tuple(codes[:2]), tuple(codes[2:])) if len(group) > 1)
)
any_crise = st.builds(
    CriseRules,
    mutualisees=groups,
    ouvrir_si_present=st.booleans(),
    attentes=st.dictionaries(st.sampled_from(CODES), st.integers(5, 600)),
)


def staffed_or_last(decision: Decision, rules: RoutingRules, known: Mapping[str, Load] | None, local: datetime) -> None:
    """A caller is in the last resort, or where somebody may answer: not known to be deserted, and open or known to be staffed."""
    filiere = rules.filieres.by_code[decision.filiere]
    if filiere is not rules.filieres.secours:
        there = None if known is None else known.get(filiere.code)
        assert there is None or not there.deserted
        opened = filiere.horaires is None or is_open(filiere.horaires, local)
        assert opened or (rules.crise.ouvrir_si_present and there is not None)
    assert 0 <= decision.priorite <= PRIORITE_MAX
    assert decision.attente_seconds >= 5
    assert decision.motif
    assert len({one.filiere for one in decision.considered}) == len(decision.considered)


@settings(max_examples=300, deadline=None)
@given(any_rules(), any_crise, any_facts, any_load, any_time)
def test_there_is_always_somewhere_to_go(
    rules: RoutingRules, crise: CriseRules, facts: Facts, known: Mapping[str, Load] | None, local: datetime
) -> None:
    rules = replace(rules, crise=crise)
    staffed_or_last(crisis(facts, rules, known, local), rules, known, local)


@settings(max_examples=150, deadline=None)
@given(
    any_rules(),
    any_crise,
    any_load,
    any_time,
    st.lists(st.tuples(st.sampled_from(Cause), st.booleans()), min_size=22, max_size=22),
)
def test_a_caller_whom_nobody_takes_ends_in_the_last_resort_however_often_the_switch_turns(
    rules: RoutingRules,
    crise: CriseRules,
    known: Mapping[str, Load] | None,
    local: datetime,
    turns: list[tuple[Cause, bool]],
) -> None:
    rules = replace(rules, crise=crise)
    decision = crisis(Facts("x", ""), rules, known, local)
    for nth, (cause, on) in enumerate(turns, 1):
        decision = decide(Facts("x", "", decision.filiere, cause, nth=nth), rules, known, local, crise=on)
        staffed_or_last(decision, rules, known, local)
        if nth > rules.filieres.debordements_max:
            assert decision.reason_code is Reason.SECOURS
    assert decision.filiere == rules.filieres.secours.code


@settings(max_examples=150, deadline=None)
@given(any_rules(), any_facts, any_load, any_time)
def test_a_crisis_that_changes_nothing_changes_nothing(
    rules: RoutingRules, facts: Facts, known: Mapping[str, Load] | None, local: datetime
) -> None:
    assert crisis(facts, rules, known, local) == decide(facts, rules, known, local)


# The file.


def test_the_shipped_file(rules: RoutingRules) -> None:
    assert rules.crise.mutualisees == (("mru", "mrg"),)
    assert rules.crise.seuils(crise=False) == Seuils(20, 30, 180, 20)
    assert rules.crise.seuils(crise=True).attente_rouge_seconds == 120
    assert rules.crise.proposition.active


def test_a_line_may_have_its_own_greeting() -> None:
    read = from_mapping({"accueil": "", "accueils": {"15": "crise/15"}}, "crise.toml", (), ("15", "112"))
    assert (read.accueil, read.accueils) == (None, {"15": "crise/15"})


def test_an_empty_file_changes_nothing() -> None:
    assert from_mapping({}, "crise.toml", (), ()) == CriseRules()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"acueil": "beep"}, "[(top)] acueil: unknown field"),
        ({"accueil": 3}, "[(top)] accueil: a text is expected"),
        ({"repartition": {"mutualisees": "mru"}}, "[repartition] mutualisees: a list of lists"),
        ({"repartition": {"mutualisees": [["fa", "fb"], ["fb", "fc"]]}}, "[repartition] mutualisees: 'fb' stands twice"),
        ({"repartition": {"mutualisees": [["fa"]]}}, "[repartition] mutualisees: ['fa']: at least two filières"),
        ({"repartition": {"mutualisees": [["fa", "fz"]]}}, "[repartition] mutualisees: unknown filière 'fz'"),
        ({"accueils": {"999": "crise/999"}}, "[accueils] 999: unknown flux '999'"),
        ({"attentes": {"fz": 60}}, "[attentes] fz: unknown filière 'fz'"),
        (
            {"seuils": {"crise": {"attente_orange_seconds": 90, "attente_rouge_seconds": 60}}},
            "[seuils.crise] attente_orange_seconds: amber must not come after red",
        ),
        ({"attentes": {"fa": 2}}, "[attentes] fa: 2 is not between"),
        ({"seuils": {"panique": {}}}, "[seuils] panique: unknown field"),
        ({"proposition": {"duree": 3}}, "[proposition] duree: unknown field"),
    ],
)
def test_faults_name_their_place(data: dict[str, Any], told: str) -> None:
    with pytest.raises(RoutingConfigError) as refused:
        from_mapping(data, "crise.toml", ("fa", "fb", "fc"), ("15",))
    assert f"crise.toml: {told}" in str(refused.value)


def test_every_value_of_the_shipped_file_is_a_default_or_has_its_reason() -> None:
    text = (Path(__file__).parents[3] / "config" / "crise.toml").read_text(encoding="utf-8")
    assert "22 novembre 2026" in text
    assert tomllib.loads(text)["proposition"]["active"] is True


@pytest.mark.parametrize(
    ("waiting", "oldest_ms", "told"),
    [
        (14, 179_999, None),
        (15, 0, "15 appelants en attente (seuil 15)"),
        (2, 180_000, "un appelant attend depuis 180 s (seuil 180 s)"),
    ],
)
def test_when_it_is_proposed(waiting: int, oldest_ms: int, told: str | None) -> None:
    assert proposal(Proposition(active=True), waiting, oldest_ms) == told
    assert proposal(Proposition(), waiting, oldest_ms) is None


def test_the_planner_asks_at_each_question(
    rules: RoutingRules, tables: dict[str, Any], build: Callable[..., RoutingRules]
) -> None:
    state = {"on": False}
    known = load(mru=BUSY, mrg=FREE)
    planner = RoutePlanner(
        build(tables), lambda: known, lambda: 1_797_411_600_000_000, lambda *_: None, crise=lambda: state["on"]
    )
    assert planner.route("c1", "18MU", "").filiere == "mru"
    state["on"] = True
    assert planner.route("c1", "18MU", "").filiere == "mrg"
    state.clear()
    with structlog.testing.capture_logs() as logs:
        assert planner.route("c1", "18MU", "").filiere == "mru", "a switch that cannot be read is no crisis"
    assert [log["event"] for log in logs] == ["crisis_unknown"]
    assert STAFFED.expected_turns == 0
