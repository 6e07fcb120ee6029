"""The planner and the dialplan's two questions: an answer whatever is missing, wrong or broken around it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from cti.journey.around.callers import Repeat
from cti.routing import planner as planner_module
from cti.routing.dialplan import MOTIF_LENGTH, agi_routes, dialplan_safe
from cti.routing.plan import Decision, Load, Reason, RoutingRules
from cti.routing.planner import RoutePlanner

#: Monday 23 November 2026, 20:59:59.5 in Paris, in microseconds.
EVENING = 1_795_463_999_500_000


class Site:
    """A planner with a clock to turn, a load to break and a sink to read."""

    def __init__(self, rules: RoutingRules) -> None:
        self.now = EVENING
        self.load: Mapping[str, Load] | None = None
        self.told: list[tuple[str, Decision, int]] = []
        self.broken = False
        self.planner = RoutePlanner(rules, self._load, lambda: self.now, self._sink)
        self.routes = agi_routes(self.planner, dict)

    def _load(self) -> Mapping[str, Load] | None:
        if self.broken:
            raise RuntimeError("no link")
        return self.load

    def _sink(self, call_id: str, decision: Decision, asked_at: int) -> None:
        if self.broken:
            raise RuntimeError("disk full")
        self.told.append((call_id, decision, asked_at))


@dataclass
class Asked:
    args: tuple[str, ...]
    caller: str = ""


@pytest.fixture
def site(rules: RoutingRules) -> Site:
    return Site(rules)


def test_the_wall_clock_decides_to_the_second(site: Site) -> None:
    assert site.planner.debordement("c1", "dentaire", "ferme", "1").filiere == "mg"
    site.now += 500_000
    assert site.planner.debordement("c2", "dentaire", "ferme", "1").filiere == "amu"


def test_each_decision_is_told_with_its_instant(site: Site) -> None:
    decision = site.planner.route("c1", "15", "15")
    assert site.told == [("c1", decision, EVENING)]


def test_nothing_broken_around_it_keeps_an_answer_back(site: Site) -> None:
    site.broken = True
    with structlog.testing.capture_logs() as logs:
        assert site.planner.route("c1", "18", "").filiere == "amu"
    assert [log["event"] for log in logs] == ["route_load_unknown", "route_decision_not_recorded"]


def test_a_memory_of_callers_that_fails_is_nobody_remembered_and_the_caller_has_his_answer(rules: RoutingRules) -> None:
    def forgets(caller: str, call_id: str, at: int) -> Repeat | None:
        raise RuntimeError("no memory")

    planner = RoutePlanner(rules, lambda: None, lambda: EVENING, lambda *_: None, recent=forgets)
    usual = RoutePlanner(rules, lambda: None, lambda: EVENING, lambda *_: None)
    with structlog.testing.capture_logs() as logs:
        assert planner.route("c1", "15", "15", caller="0612345678") == usual.route("c1", "15", "15", caller="0612345678")
    assert [log["event"] for log in logs] == ["repeat_unknown"]


def test_the_load_is_looked_at(site: Site) -> None:
    site.load = {"n1": Load(0, 0, 0, 0)}
    assert site.planner.route("c1", "15", "").filiere == "amu"


def test_a_call_keeps_its_flux_and_ages_on_its_way(site: Site) -> None:
    site.planner.route("c1", "18", "")
    site.planner.route("c2", "15", "", "P1")
    assert site.planner.debordement("c1", "amu", "timeout", "1").priorite == 75
    assert site.planner.debordement("c1", "n1", "timeout", "2").priorite == 80
    assert site.planner.debordement("c2", "n1", "timeout", "1").priorite == 65


def test_the_count_begins_again_when_a_human_decided(site: Site) -> None:
    site.planner.route("c1", "15", "")
    assert site.planner.debordement("c1", "n1", "timeout", "5").reason_code is Reason.SECOURS
    assert site.planner.debordement("c1", "mg", "timeout", "1", "n1").reason_code is Reason.DEBORDEMENT


def test_a_dialplan_that_cannot_count_does_not_turn_in_circles(site: Site) -> None:
    filiere = site.planner.route("c1", "15", "").filiere
    seen = []
    for _ in range(6):
        decision = site.planner.debordement("c1", filiere, "timeout", "")
        filiere = decision.filiere
        seen.append(filiere)
    assert seen == ["amu", "n1", "amu", "n1", "amu", "amu"]
    assert decision.reason_code is Reason.SECOURS


def test_a_call_never_seen_at_entry_is_the_default_flux(site: Site) -> None:
    decision = site.planner.debordement("c8", "amu", "timeout", "1")
    assert (decision.flux, decision.filiere, decision.anomalies) == ("15", "n1", ("ligne inconnue",))


def test_those_who_sent_the_caller_are_known(site: Site) -> None:
    site.load = {"mrg": Load(0, 0, 0, 0)}
    site.planner.route("c1", "15", "")
    assert site.routes["debordement"](Asked(("c1", "mru", "vide", "1", "n1")))["ROUTE"].startswith("n1|")


@pytest.mark.parametrize("nth", ["", "x", "-1", "0", "1e3", "\u0661", "9" * 5_000])
def test_a_rank_that_cannot_be_read_is_an_anomaly(site: Site, nth: str) -> None:
    site.planner.route("c1", "15", "")
    decision = site.planner.debordement("c1", "n1", "timeout", nth)
    assert decision.filiere == "amu"
    assert decision.anomalies[0].startswith("rang de débordement illisible")


def test_a_cause_unknown_is_an_anomaly(site: Site) -> None:
    site.planner.route("c1", "15", "")
    decision = site.planner.debordement("c1", "n1", "panne", "1")
    assert decision.anomalies == ("cause de débordement inconnue panne",)


def test_the_memory_is_bounded_and_forgets_the_oldest(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner_module, "MEMORY", 2)
    for call_id in ("c1", "c2", "c3"):
        site.planner.route(call_id, "18", "")
    assert site.planner.debordement("c3", "amu", "timeout", "1").flux == "18"
    assert site.planner.debordement("c1", "amu", "timeout", "1").flux == "15"


def test_new_rules_hold_from_the_next_question(site: Site, rules: RoutingRules) -> None:
    site.planner.use(RoutingRules(rules.filieres, type(rules.flux)({}, {}, rules.flux.by_code["18MU"]), rules.zone))
    assert site.planner.route("c1", "15", "").filiere == "mru"


def test_both_questions_answer_with_one_variable(site: Site) -> None:
    entry = site.routes["route"](Asked(("c1", "18", "18")))
    assert entry == {"ROUTE": "amu|70|90|18 pompiers vers ARM AMU"}
    assert site.routes["debordement"](Asked(("c1", "amu", "timeout", "1")))["ROUTE"].startswith("n1|")
    assert site.routes["route"](Asked(("c2", "15", "15", "P0", "more")))["ROUTE"].split("|")[1] == "90"


def test_a_transfer_is_answered_with_its_target(site: Site) -> None:
    site.planner.route("c1", "15", "")
    assert site.routes["transfert"](Asked(("c1", "mrg")))["ROUTE"].startswith("mrg|")
    site.routes["transfert"](Asked(("c1",)))
    assert site.told[-1][1].anomalies == ("filière inconnue ",)


def test_missing_arguments_refuse_nobody(site: Site) -> None:
    assert site.routes["route"](Asked(()))["ROUTE"].startswith("n1|")
    assert site.routes["debordement"](Asked(()))["ROUTE"].startswith("amu|")
    assert all("appel sans identité" in decision.anomalies for _, decision, _ in site.told)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ('débordement de l\'AMU, puis ${SHELL(x)};\n"fin"', "débordement de l’AMU puis SHELL x fin"),
        ("  a\t b\\c|d&e[f]{g} ", "a b c d e f g"),
        ("", ""),
        ("é" * 500, "é" * MOTIF_LENGTH),
        ("x" * (MOTIF_LENGTH - 1) + " y", "x" * (MOTIF_LENGTH - 1)),
    ],
)
def test_a_reason_may_stand_in_a_dialplan(text: str, safe: str) -> None:
    assert dialplan_safe(text) == safe


@given(st.text(max_size=300))
def test_any_text_is_made_safe_once_for_all(text: str) -> None:
    safe = dialplan_safe(text)
    assert not set(safe) & set(",;\"'$`{}[]()\\|&<>\r\n\t\0")
    assert safe.isprintable()
    assert dialplan_safe(safe) == safe
    assert len(safe) <= MOTIF_LENGTH
