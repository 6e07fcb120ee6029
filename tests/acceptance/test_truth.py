"""The demo's own promise: SIPp's record and the store agree, call by call."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from cti.bootstrap.demo.clicks import Clicks
from cti.journey.events import DossierOpened, TransferVia
from cti.journey.model import Outcome, Quality
from cti.settings import load
from cti.store import open_store
from tests.acceptance.scene import Scene, scene

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(240)]


async def test_the_store_agrees_with_the_people_call_by_call(tmp_path: Path) -> None:
    async with scene(tmp_path, seconds=30, calls_per_minute=60, seed=11, agents=30) as sas:
        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
            clicks = tasks.create_task(Clicks(sas.site, 11, 0.15).run(http))
            found = await sas.end()
            clicks.cancel()
        assert [difference.line for difference in found.differences] == []
        assert len(found.truths) == len(found.journeys) >= 15
        assert sas.dropped_by_us() == []
        journeys = sas.journeys().values()
        assert max(dossier_delays_ms(sas)) < 1000, "the dossier is there within a second of the décroché"
    answered = [journey for journey in journeys if journey.outcome is Outcome.ANSWERED]
    assert answered
    for journey in answered:
        assert journey.dossier_ref is not None
        assert [recording.problem for recording in journey.recordings] == [None]
        assert min(recording.caller_ms or 0 for recording in journey.recordings) > 0
    assert {journey.quality for journey in journeys} == {Quality.OBSERVED}
    assert [journey.anomalies for journey in journeys if journey.anomalies] == []
    refs = [journey.dossier_ref for journey in answered]
    assert len(set(refs)) == len(refs)
    assert max(found.answer_errors_ms) < 100
    vias = {stage.via for journey in journeys for stage in journey.stages if stage.via is not None}
    assert vias == {TransferVia.REFER, TransferVia.TOUCHE, TransferVia.API}, "phone, feature code and screen all pass callers on"


def dossier_delays_ms(sas: Scene) -> list[int]:
    """From each décroché to its dossier, in milliseconds; PBX and service share this machine's clock."""
    store = open_store(load(sas.site.config, {}).database_url)
    try:
        delays = []
        for journey in store.reading.journeys(None, None):
            opened = [event for event in store.reading.events(journey.call_id) if isinstance(event, DossierOpened)]
            assert len(opened) == (journey.answered_at is not None), "exactly once per answered call"
            delays += [(event.at - (journey.answered_at or 0)) // 1000 for event in opened]
        return delays
    finally:
        store.close()
