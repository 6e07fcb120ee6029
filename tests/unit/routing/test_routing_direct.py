"""Direct flows: those who never wait behind the public, at N1 or anywhere (SAS guide 2022, fiche 1)."""

from pathlib import Path

import pytest

from cti.journey import Journey, apply
from cti.journey import events as ev
from cti.journey.words import as_datetime
from cti.qos.period import local_day
from cti.qos.report import report
from cti.routing.plan import RoutingRules
from cti.routing.planner import RoutePlanner
from cti.settings import load

CONFIG = Path(__file__).parents[3] / "config"
#: Wednesday 16 December 2026, 09:00 in Paris: SAS hours.
T0 = 1_797_408_000_000_000
S = 1_000_000

DIRECT = (
    ("18", "amu", 70),
    ("18MU", "mru", 70),
    ("VSAV", "amu", 60),
    ("SMUR", "mru", 65),
    ("PRO", "amu", 30),
)


@pytest.mark.parametrize(("flux", "filiere", "priority"), DIRECT)
def test_they_bypass_n1_with_their_own_priority(rules: RoutingRules, flux: str, filiere: str, priority: int) -> None:
    planner = RoutePlanner(rules, lambda: None, lambda: T0, lambda *_: None)
    for did in rules.flux.by_code[flux].dids:
        decision = planner.route("c1", "", did)
        assert (decision.flux, decision.filiere, decision.priorite) == (flux, filiere, priority)
    public = planner.route("c2", "15", "15")
    assert public.filiere == "n1"
    assert priority > public.priorite


def call(flux: str, *, public: bool) -> Journey:
    """Answered after five seconds."""
    ids, journey = {"call_id": f"call-{flux}"}, Journey(call_id=f"call-{flux}")
    for event in (
        ev.CallArrived(**ids, at=T0, channel=flux, did=flux, flux=flux, caller="0612345678", public=public),
        ev.QueueEntered(**ids, at=T0 + S, filiere="amu"),
        ev.AgentAnswered(**ids, at=T0 + 5 * S, agent="arm01", leg="1.1", filiere="amu"),
        ev.CallEnded(**ids, at=T0 + 60 * S, cause=16),
    ):
        journey, _ = apply(journey, event)
    return journey


@pytest.mark.parametrize(("flux", "filiere", "priority"), DIRECT)
def test_they_are_out_of_the_public_figures_and_in_those_of_all_flux(flux: str, filiere: str, priority: int) -> None:
    settings = load(CONFIG, {})
    line = settings.routing.flux.by_code[flux]
    assert not line.public
    assert line.accueil is None, "no greeting for professionals"
    calls = [call(code, public=settings.routing.flux.by_code[code].public) for code in ("15", flux)]
    period = local_day(as_datetime(T0).astimezone(settings.zone).date(), settings.zone)

    def answered(profile: str) -> object:
        found = report(calls, settings.qos, profile, period, []).as_dict()
        return next(one["value"] for one in found["figures"] if one["code"] == "decroches")

    assert (answered("public_24h"), answered("tous_flux")) == (1, 2)
