"""The switch wired: read from the store, told to the PBX until it takes it, proposed after a lasting load, alarmed."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from cti.ami.actions import PbxActions
from cti.ami.answers import LinkLost
from cti.api.ports import CrisisRefused
from cti.bootstrap.answering.crisis import VARIABLE, CrisisDesk, refusal
from cti.journey.around.crisis import switched
from cti.live.views import CrisisView
from cti.routing.crise import CriseRules, Proposition, Seuils
from cti.routing.plan import Load
from tests.fakes.room import T0, Clock, MemoryCrises, S
from tests.fakes.store import at_once

RULES = CriseRules(normal=Seuils(20, 30, 180, 20), crise=Seuils(60, 120, 600, 100), proposition=Proposition(active=True))


class Wall:
    """What the board was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[CrisisView, int, int]] = []

    def show_crisis(self, view: CrisisView, orange_seconds: int, rouge_seconds: int) -> None:
        self.shown.append((view, orange_seconds, rouge_seconds))

    @property
    def last(self) -> CrisisView:
        return self.shown[-1][0]


class Site:
    """A desk, its store, its board, a PBX that can be away, and the turns of its loop."""

    def __init__(self) -> None:
        self.shelf, self.wall, self.clock = MemoryCrises(), Wall(), Clock()
        self.load: Mapping[str, Load] | None = None
        self.away = False
        self.told: list[tuple[str, str]] = []
        self.turns = 0
        self.desk = CrisisDesk(self.shelf, RULES, self.wall, at_once, self.clock, lambda: self.load, self._wait, {"n1": "ARM N1"})

    async def _wait(self, event: asyncio.Event, seconds: float) -> bool:
        self.turns -= 1
        if self.turns <= 0:
            raise asyncio.CancelledError
        return event.is_set()

    async def _ask(self, action: str, headers: Mapping[str, object], *, deadline_seconds: float) -> Any:
        if self.away:
            raise LinkLost("away")
        assert action == "Setvar"
        self.told.append((str(headers["Variable"]), str(headers["Value"])))  # a number is written as text on the wire
        return cast("Any", type("Answer", (), {"response": {}}))

    async def turn(self, times: int = 1) -> None:
        self.turns = times
        with pytest.raises(asyncio.CancelledError):
            await self.desk.run(PbxActions(self._ask))


@pytest.fixture
def site() -> Site:
    return Site()


async def test_the_pbx_is_told_at_each_turn_and_once(site: Site) -> None:
    await site.turn(3)
    assert site.told == [(VARIABLE, "0")], "a PBX that was left in a crisis is told that there is none"
    await site.desk.switch(active=True, by="a", reason="b")
    assert not site.wall.last.pbx
    await site.turn(2)
    assert site.told[1:] == [(VARIABLE, "1")]
    assert site.wall.last.pbx


async def test_what_the_command_line_wrote_is_taken_over(site: Site) -> None:
    await site.turn()
    site.shelf.add(lambda acts: switched(acts, active=True, at=T0, by="cli", reason="c"))
    assert not site.desk.active
    await site.turn()
    assert site.desk.active
    assert site.told[-1] == (VARIABLE, "1")


async def test_a_pbx_away_is_told_when_it_can_be_and_again_after_each_connection(site: Site) -> None:
    site.away = True
    await site.desk.switch(active=True, by="a", reason="b")
    await site.turn(3)
    assert site.told == []
    assert not site.wall.last.pbx
    site.away = False
    await site.turn()
    site.desk.hooks().on_up(cast("Any", None))
    assert not site.wall.last.pbx
    await site.turn()
    assert site.told == [(VARIABLE, "1")] * 2


async def test_the_same_again_is_refused(site: Site) -> None:
    with pytest.raises(CrisisRefused, match="Il n'y a pas de crise"):
        await site.desk.switch(active=False, by="a", reason="b")
    await site.desk.switch(active=True, by="a", reason="b")
    with pytest.raises(CrisisRefused, match="déjà active"):
        await site.desk.switch(active=True, by="c", reason="d")
    await site.desk.switch(active=False, by="a", reason="b")
    with pytest.raises(CrisisRefused, match="déjà levée"):
        await site.desk.switch(active=False, by="c", reason="d")
    assert refusal(None)


async def test_thresholds_follow_the_switch(site: Site) -> None:
    await site.desk.read()
    assert site.wall.shown[-1][1:] == (20, 30)
    await site.desk.switch(active=True, by="a", reason="b")
    assert site.wall.shown[-1][1:] == (60, 120)


async def test_a_load_that_lasts_is_proposed_and_never_switched(site: Site) -> None:
    site.load = {"n1": Load(3, 0, 9, 20_000), "mru": Load(2, 0, 6, 10_000)}
    await site.turn()
    assert site.wall.last.proposal is None, "a peak is no crisis"
    site.clock.now += 119 * S
    await site.turn()
    assert site.wall.last.proposal is None
    site.clock.now += S
    await site.turn()
    assert site.wall.last.proposal == "15 appelants en attente (seuil 15)"
    assert site.shelf.rows == []
    site.load = {"n1": replace(site.load["n1"], waiting=1), "mru": site.load["mru"]}
    await site.turn()
    assert site.wall.last.proposal is None, "a calm begins the count again"
    site.load = None
    await site.turn()
    assert site.wall.last.proposal is None, "what is not seen is not proposed"


async def test_nothing_is_proposed_in_a_crisis(site: Site) -> None:
    site.load = {"n1": Load(3, 0, 99, 900_000)}
    await site.desk.switch(active=True, by="a", reason="b")
    await site.turn()
    site.clock.now += 900 * S
    await site.turn()
    assert site.wall.last.proposal is None


async def test_alarms_take_the_thresholds_that_hold(site: Site) -> None:
    count = 21
    pbx, waits, callbacks = site.desk.conditions(lambda: count)
    site.load = {"n1": Load(3, 0, 1, 200_000), "mru": Load(1, 1, 0, 0)}
    told = [trouble.text for one in (pbx, waits, callbacks) if (trouble := one.look(T0)) is not None]
    assert told == [
        "Mode crise : le PBX peut être resté en crise (accueil et attentes)",
        "Attente trop longue : plus de 180 s, ARM N1",
        "Appelants à rappeler : plus de 20",
    ]
    await site.desk.switch(active=True, by="a", reason="b")
    await site.turn()
    assert [one.look(T0) for one in (pbx, waits, callbacks)] == [None, None, None]


async def test_old_crises_are_no_longer_drawn(site: Site) -> None:
    await site.desk.switch(active=True, by="a", reason="b")
    site.clock.now += 60 * S
    await site.desk.switch(active=False, by="a", reason="b")
    assert len(site.wall.last.spans) == 1
    site.clock.now += 25 * 3600 * S
    await site.desk.read()
    assert site.wall.last.spans == ()
