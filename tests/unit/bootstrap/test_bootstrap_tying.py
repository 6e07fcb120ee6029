"""To which dossier an outgoing call belongs."""

from datetime import date
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

from cti.bootstrap.answering.tying import TieDossier
from cti.dossier.opening import DossierSummary, OpeningRules
from cti.dossier.reaction import OpenDossier
from cti.journey import Journey, apply
from cti.journey import events as ev
from tests.fakes.store import at_once

T0 = 1_797_408_000_000_000
S = 1_000_000


class Given:
    """A dossier of the registry."""

    dossier_id, ref, opened_at = "d-new", "2026-350-0000009", T0 + 30 * S


class Registry:
    """Notes what is opened."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, DossierSummary]] = []

    def open(self, call_id: str, at: int, local_day: date, summary: DossierSummary) -> Given:
        self.opened.append((call_id, summary))
        return Given()


def a_tie(**known: Journey) -> tuple[TieDossier, Registry]:
    registry = Registry()

    async def fetch(call_id: str) -> Journey | None:
        return known.get(call_id)

    opener = OpenDossier(
        registry=registry,
        runner=at_once,
        clock=lambda: T0,
        zone=ZoneInfo("Europe/Paris"),
        rules=OpeningRules(),
        deadline_seconds=1,
    )
    return TieDossier(fetch, opener, lambda: T0 + 20 * S), registry


def out(
    *, callback: str | None = None, about: str | None = None, reached: bool = True, via: ev.PlacedVia = ev.PlacedVia.ECRAN
) -> Journey:
    told: list[ev.CallEvent] = [
        ev.CallPlaced(
            call_id="o", at=T0, channel="a", agent="arm01", number="0639980007", via=via, callback=callback, about=about
        ),
        ev.CalleeDialled(call_id="o", at=T0 + S, line="b"),
    ]
    if reached:
        told.append(ev.CalleeReached(call_id="o", at=T0 + 5 * S, line="b"))
    return reduce(lambda journey, event: apply(journey, event)[0], told, Journey(call_id="o"))


def caller(call: str, dossier: str | None) -> Journey:
    told: list[ev.CallEvent] = [ev.CallArrived(call_id=call, at=T0, channel=call, did="15", flux="15", caller="0639980007")]
    if dossier is not None:
        told.append(ev.DossierOpened(call_id=call, at=T0 + S, dossier_id=dossier, ref=f"ref-{dossier}"))
    return reduce(lambda journey, event: apply(journey, event)[0], told, Journey(call_id=call))


def dossiers(events: Any) -> list[tuple[str, str, str]]:
    return [(event.call_id, event.dossier_id, event.ref) for event in events]


async def test_the_dossier_of_the_call_it_is_about_even_when_nobody_was_reached() -> None:
    tie, registry = a_tie(c7=caller("c7", "d7"))
    assert dossiers(await tie(out(about="c7"))) == [("o", "d7", "ref-d7")]
    assert dossiers(await tie(out(about="c7", reached=False))) == [("o", "d7", "ref-d7")]
    assert registry.opened == []


async def test_a_lost_caller_who_had_one_keeps_it() -> None:
    tie, registry = a_tie(c1=caller("c1", "d1"))
    assert dossiers(await tie(out(callback="c1"))) == [("o", "d1", "ref-d1")]
    assert registry.opened == []


async def test_a_lost_caller_who_had_none_gets_one_when_he_is_reached() -> None:
    tie, registry = a_tie(c1=caller("c1", None))
    assert await tie(out(callback="c1", reached=False)) == ()
    assert dossiers(await tie(out(callback="c1"))) == [("o", "d-new", "2026-350-0000009")]
    ((call_id, summary),) = registry.opened
    assert (call_id, summary.caller, summary.taker, summary.created_at) == ("o", "0639980007", "arm01", T0 + 5 * S)


async def test_a_number_dialled_on_a_phone_says_nothing_of_a_dossier() -> None:
    tie, registry = a_tie()
    assert await tie(out(via=ev.PlacedVia.POSTE)) == ()
    assert registry.opened == []


async def test_once_is_enough_and_a_callers_call_is_none_of_its_business() -> None:
    tie, registry = a_tie(c1=caller("c1", None))
    tied = apply(out(callback="c1"), ev.DossierOpened(call_id="o", at=T0 + 9 * S, dossier_id="d", ref="r"))[0]
    assert await tie(tied) == ()
    assert await tie(caller("c1", None)) == ()
    assert registry.opened == []
