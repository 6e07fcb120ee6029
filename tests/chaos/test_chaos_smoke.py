"""A short bad day, for every run of the tests; the others are ``make chaos``."""

import asyncio
from pathlib import Path

import pytest

from cti.bootstrap.demo.show import settled
from cti.journey.model import Outcome, Quality
from tests.chaos.stage import stage
from tests.chaos.verdict import judge

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(120)]


async def test_asterisk_killed_during_calls(tmp_path: Path) -> None:
    """Answered stays answered, no end is made up, the new PBX's calls are seen as if nothing had been."""
    async with stage(tmp_path / "site", seconds=18, calls_per_minute=90, seed=7, agents=24, drain_seconds=6) as scene:
        async with asyncio.timeout(30):
            while sum(journey.answered_at is not None and journey.ended_at is None for journey in scene.journeys()) < 2:
                await asyncio.sleep(0.2)
        before = {journey.call_id: journey for journey in scene.journeys()}
        with scene.no_pbx():
            await scene.pbx.kill()
        await scene.pbx.start()
        await scene.recovered()
        await scene.town.finished()
        await settled(scene.site)
        verdict = judge(scene, "smoke", "Asterisk killed")
        after = {journey.call_id: journey for journey in scene.journeys()}
        died_at = scene.pbx_deaths[0][0]
    assert verdict.differences == ()
    assert (verdict.lost, verdict.double, verdict.dropped) == (0, 0, 0)
    cut = [after[call_id] for call_id, journey in before.items() if journey.ended_at is None]
    for journey in cut:
        assert journey.quality is Quality.UNCERTAIN
        assert journey.ended_at is not None
        assert journey.ended_at < died_at + 1_000_000, "a call does not outlive its PBX"
    stayed = [after[call_id] for call_id, journey in before.items() if journey.answered_at is not None]
    assert stayed
    assert {journey.outcome for journey in stayed} == {Outcome.ANSWERED}
    assert [after[j.call_id].answered_at for j in stayed] == [before[j.call_id].answered_at for j in stayed]
    new = [journey for journey in after.values() if journey.t0 > scene.pbx_deaths[0][1]]
    assert new
    assert {journey.quality for journey in new} <= {Quality.OBSERVED, Quality.RECONSTRUCTED}
