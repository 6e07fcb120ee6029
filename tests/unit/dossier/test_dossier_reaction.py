import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dossier_stories import CALL, T0, S, answered

from cti.dossier.opening import DossierSummary, OpeningRules
from cti.dossier.reaction import OpenDossier, RegistryUnavailable
from cti.dossier.refs import DossierRef
from cti.journey import Instant, Seen, apply
from cti.journey.events import DossierOpened
from cti.journey.facts import CallClosed
from cti.journey.ledger import StoreUnavailable
from cti.journey.model import Outcome

NOW = T0 + 60 * S


@dataclass(frozen=True)
class Kept:
    dossier_id: str
    ref: str
    opened_at: Instant


@dataclass
class Registry:
    """Numbers dossiers as the port demands: once per call, in the order of asking."""

    kept: dict[str, Kept] = field(default_factory=dict)
    summaries: list[DossierSummary] = field(default_factory=list)
    fault: Exception | None = None

    def open(self, call_id: str, at: Instant, local_day: date, summary: DossierSummary) -> Kept:
        if self.fault is not None:
            raise self.fault
        self.summaries.append(summary)
        number = len(self.kept) + 1
        return self.kept.setdefault(call_id, Kept(f"id-{number}", str(DossierRef.of(local_day, number)), at))


async def elsewhere(work: Callable[[], Any]) -> Any:
    return work()


async def never(_work: Callable[[], Any]) -> Any:
    await asyncio.Event().wait()


def reaction(registry: Registry, *, runner: Any = elsewhere, now: int = NOW, deadline_seconds: float = 60) -> OpenDossier:
    return OpenDossier(registry, runner, lambda: now, ZoneInfo("Europe/Paris"), OpeningRules(), deadline_seconds)


async def test_the_answer_opens_the_dossier() -> None:
    registry = Registry()
    journey, fact = answered()
    opened = await reaction(registry)(journey, fact)
    assert opened == DossierOpened(call_id=CALL, at=NOW, seen=Seen.OWN, dossier_id="id-1", ref="2026-350-0000001")
    assert registry.summaries[0].call_id == CALL
    after, _ = apply(journey, opened)
    assert (after.dossier_id, after.dossier_ref) == ("id-1", "2026-350-0000001")


async def test_asked_twice_it_tells_the_same_and_the_call_keeps_one_dossier() -> None:
    registry = Registry()
    journey, fact = answered()
    first = await reaction(registry)(journey, fact)
    again = await reaction(registry, now=NOW + S)(journey, fact)
    assert again == first
    assert first is not None
    after, _ = apply(journey, first)
    assert apply(after, again) == (after, ())
    assert len(registry.kept) == 1


async def test_two_calls_get_two_numbers() -> None:
    registry = Registry()
    journey, fact = answered()
    other = replace(journey, call_id="other")
    refs = [(await reaction(registry)(each, replace(fact, call_id=each.call_id))).ref for each in (journey, other)]  # type: ignore[union-attr,type-var]
    assert refs == ["2026-350-0000001", "2026-350-0000002"]


async def test_a_late_opening_keeps_the_day_of_the_answer() -> None:
    registry = Registry()
    opened = await reaction(registry, now=NOW + 30 * 86_400 * S)(*answered())
    assert opened is not None
    assert opened.ref.startswith("2026-350-")
    assert opened.at == NOW + 30 * 86_400 * S


async def test_a_test_call_and_a_known_dossier_ask_nothing() -> None:
    registry = Registry()
    journey, fact = answered()
    assert await reaction(registry)(*answered(test=True)) is None
    assert await reaction(registry)(replace(journey, dossier_id="d"), fact) is None
    assert await reaction(registry)(journey, CallClosed(CALL, T0, Outcome.ANSWERED)) is None
    assert registry.kept == {}


async def test_a_registry_that_is_down_is_told_as_such() -> None:
    with pytest.raises(RegistryUnavailable, match="disk full") as raised:
        await reaction(Registry(fault=StoreUnavailable("disk full")))(*answered())
    assert isinstance(raised.value.__cause__, StoreUnavailable)


async def test_a_registry_that_is_too_slow_is_told_as_such() -> None:
    with pytest.raises(RegistryUnavailable, match="within 0 s"):
        await reaction(Registry(), runner=never, deadline_seconds=0)(*answered())


async def test_our_own_bug_is_not_disguised() -> None:
    with pytest.raises(KeyError):
        await reaction(Registry(fault=KeyError("bug")))(*answered())
