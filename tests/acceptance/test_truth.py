"""The demo's own promise: SIPp's record and the store agree, call by call."""

from pathlib import Path

import pytest

from cti.journey.model import Outcome, Quality
from tests.acceptance.scene import scene

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(240)]


async def test_the_store_agrees_with_the_people_call_by_call(tmp_path: Path) -> None:
    async with scene(tmp_path, seconds=30, calls_per_minute=60, seed=11, agents=30) as sas:
        found = await sas.end()
        assert [difference.line for difference in found.differences] == []
        assert len(found.truths) == len(found.journeys) >= 15
        assert sas.dropped_by_us() == []
        journeys = sas.journeys().values()
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
