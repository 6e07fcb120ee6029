"""The service killed, frozen and absent, during calls: no caller dropped, none held, every call in the store afterwards."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from cti.journey.events import ObservationLost
from cti.journey.model import Outcome, Quality
from cti.sandbox.people.pairing import pair
from tests.acceptance.scene import Scene, scene, told_of, usual

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(300)]

#: What no fault of ours may add to a caller's way to his queue.
MOST_ADDED_SECONDS = 2.5


def nobody_was_held(sas: Scene) -> None:
    seconds = sas.seconds_to_the_queue()
    assert seconds
    assert max(seconds) - usual(seconds) < MOST_ADDED_SECONDS, seconds


def covered_by_cel(sas: Scene) -> None:
    """The calls that were alive while we were blind are known again, by CEL, and their décrochés within a second of SIPp's."""
    journeys = sas.journeys()
    lost = {event.call_id: event for event in told_of(sas, ObservationLost) if isinstance(event, ObservationLost)}
    qualities = Counter(journeys[call_id].quality for call_id in lost)
    doubts = [f"{journey.quality} {note.detail}" for journey in journeys.values() for note in journey.anomalies]
    print(f"{len(lost)} alive across the gap: {dict(qualities)}; all: {Counter(j.quality for j in journeys.values())}; {doubts}")
    assert lost, "nobody was on the line while we were dead: the test proves nothing"
    assert qualities[Quality.RECONSTRUCTED] > 0.8 * len(lost), doubts
    assert Quality.RECONSTRUCTED in {j.quality for c, j in journeys.items() if c not in lost}, "a call that we never saw"
    for truth, journey in pair(sas.town.truth(), tuple(journeys.values())).pairs:
        if journey.quality is Quality.RECONSTRUCTED and journey.answered_at is not None and truth.first_human_at is not None:
            assert abs(journey.answered_at - truth.first_human_at) < 1_000_000, journey


async def everybody_is_told(sas: Scene) -> None:
    """Every caller is one call in the store, with the outcome he lived; what was not seen says so."""
    found = await sas.end()
    assert [difference.line for difference in found.differences] == []
    assert len(found.truths) == len(found.journeys) >= 10
    for journey in sas.journeys().values():
        assert journey.outcome is not None
        assert journey.outcome is not Outcome.ANSWERED or journey.dossier_ref is not None


async def calls_in_progress(sas: Scene, at_least: int) -> None:
    """Wait until so many people have called and are still there."""
    async with asyncio.timeout(60):
        while sum(truth.ended_at is None for truth in sas.town.truth()) < at_least:
            await asyncio.sleep(0.2)


async def callers_so_far(sas: Scene, at_least: int) -> None:
    async with asyncio.timeout(90):
        while len(sas.town.truth()) < at_least:
            await asyncio.sleep(0.2)


async def test_killed_during_calls(tmp_path: Path) -> None:
    async with scene(tmp_path, seconds=30, calls_per_minute=60, seed=21) as sas:
        await calls_in_progress(sas, 3)
        await sas.service.kill()
        await callers_so_far(sas, len(sas.town.truth()) + 5)
        await sas.service.start()
        await everybody_is_told(sas)
        nobody_was_held(sas)
        covered_by_cel(sas)


async def test_frozen_during_calls(tmp_path: Path) -> None:
    async with scene(tmp_path, seconds=30, calls_per_minute=60, seed=22) as sas:
        await calls_in_progress(sas, 2)
        sas.service.freeze()
        try:
            await callers_so_far(sas, len(sas.town.truth()) + 6)
        finally:
            sas.service.thaw()
        await sas.service.ready()
        await everybody_is_told(sas)
        nobody_was_held(sas)


async def test_absent_from_the_start(tmp_path: Path) -> None:
    async with scene(tmp_path, seconds=25, calls_per_minute=60, seed=23, service=False) as sas:
        await callers_so_far(sas, 8)
        await sas.service.start()
        await everybody_is_told(sas)
        nobody_was_held(sas)
        spool = sas.site.folder / "secours"
        async with asyncio.timeout(20):
            while list(spool.glob("*.json")):
                await asyncio.sleep(0.2)
        alone = [journey for journey in sas.journeys().values() if journey.silent]
        assert alone, "the PBX routed some calls alone, and we know it"
