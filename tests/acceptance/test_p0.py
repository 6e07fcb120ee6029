"""P0 through the service's own API: a caller of the town keeps his ARM, and a physician comes."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cti.bootstrap.demo.process import get_json
from cti.bootstrap.demo.show import settled
from cti.journey.events import TransferVia
from tests.acceptance.scene import Scene, scene

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(240)]


async def board(http: aiohttp.ClientSession, sas: Scene) -> dict[str, Any]:
    found = await get_json(http, f"{sas.site.web}/api/v1/board")
    calls: dict[str, Any] = (found or {}).get("calls", {})
    return calls


async def until_asked(http: aiohttp.ClientSession, sas: Scene) -> str:
    """Ask a P0 for whoever talks with an ARM of the front office, until one is taken."""
    async with asyncio.timeout(60):
        while True:
            for call_id, call in (await board(http, sas)).items():
                if (call["state"], call["filiere"], call["room"]) != ("talking", "n1", None):
                    continue
                async with http.post(f"{sas.site.web}/api/v1/calls/{call_id}/p0", json={"by": call["agents"][0]}) as answer:
                    if answer.status == 202:
                        return call_id
            await asyncio.sleep(0.2)


async def test_a_p0_asked_over_http_is_told_by_the_store(tmp_path: Path) -> None:
    async with scene(tmp_path, seconds=25, calls_per_minute=30, seed=5, agents=24) as sas, aiohttp.ClientSession() as http:
        call_id = await until_asked(http, sas)
        async with http.post(f"{sas.site.web}/api/v1/calls/{call_id}/guests", json={"by": "x", "effecteur": "?"}) as refused:
            assert refused.status == 422
        await sas.town.finished()
        await settled(sas.site)
        journey = sas.journeys()[call_id]
        assert sas.dropped_by_us() == []
    accompanied = [stage for stage in journey.stages if stage.accompanied is TransferVia.API]
    assert [(stage.filiere, stage.motif) for stage in accompanied] == [("mru", "P0")]
    assert journey.stages[0].filiere == "n1"
    assert journey.answered_by == journey.stages[0].agent, "answered once, by the ARM"
    assert journey.anomalies == ()
    assert {recording.problem for recording in journey.recordings} == {None}
