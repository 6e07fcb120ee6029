"""Calling back by a click, with the real service: the phone rings, the patient is reached, and no figure moves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cti.ami.translate.cel import rows_since
from cti.bootstrap.clock import now
from cti.bootstrap.demo.process import ServiceProcess
from cti.bootstrap.demo.show import stored
from cti.bootstrap.telling import reports
from cti.journey import Journey, Outcome
from cti.journey.events.placed import Direction
from cti.settings import load
from tests.scenarios.people import LEARNS, answers, calls, never_answers
from tests.scenarios.scene import Scene, scene

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(240)]

PATIENT = "0639980007"


@asynccontextmanager
async def sas(tmp_path: Path) -> AsyncIterator[tuple[Scene, ServiceProcess, aiohttp.ClientSession]]:
    """A PBX with one ARM and somebody outside, the service, and a screen."""
    async with scene(tmp_path, {"arm01": ("n1",), "patient": ()}, "absent") as s:
        service = ServiceProcess(s.site, None)
        try:
            await service.start()
            async with aiohttp.ClientSession(s.site.web) as screen:
                yield s, service, screen
        finally:
            await service.stop()


async def until(ask: Callable[[], Awaitable[Any]]) -> Any:
    """The first answer that is not empty."""
    async with asyncio.timeout(40):
        while not (found := await ask()):
            await asyncio.sleep(0.2)
        return found


async def the_entry(screen: aiohttp.ClientSession, state: str) -> Any:
    body = await (await screen.get("/api/v1/rappels", params={"state": state})).json()
    return next(iter(body["entries"]), None)


async def outgoing(s: Scene) -> Journey | None:
    """The outgoing call once its recording was looked at."""
    done = (j for j in stored(s.site) if j.direction is Direction.SORTANT and j.recordings and j.recordings[0].checked_at)
    return next(done, None)


async def test_a_lost_caller_is_called_back_by_a_click(tmp_path: Path) -> None:
    async with sas(tmp_path) as (s, _, screen):
        await (await s.caller("15", calls(s.tone, PATIENT, hangs_up_after_ms=700))).wait(20)
        lost = await until(lambda: the_entry(screen, "a_rappeler"))
        await s.phone("patient", answers("patient", s.tone, after_ms=1500))
        await s.phone("arm01", answers("arm01", s.tone, after_ms=400, then=LEARNS, talks_ms=3000))
        wish = {"poste": "arm01", "by": "Camille", "rappel": lost["id"], "version": lost["version"]}

        asked = await screen.post("/api/v1/appels", json=wish)
        told = await asked.json()
        assert (asked.status, told["verdict"]) == (202, "asked"), told
        again = await screen.post("/api/v1/appels", json=wish)
        assert (again.status, (await again.json())["call_id"]) == (200, told["call_id"]), "a second click is no second call"
        other = await screen.post("/api/v1/appels", json={"poste": "arm01", "by": "Camille", "numero": "0639980008"})
        assert other.status == 409, await other.json()

        await until(lambda: board_says(screen, told["call_id"]))
        closed = await until(lambda: the_entry(screen, "clos"))
        journey = await until(lambda: outgoing(s))

        assert closed["reason"] == "joint"
        tries = [(a["kind"], a["by"], a["result"], a["call_id"]) for a in closed["acts"]]
        assert tries == [("prendre", "Camille", None, None), ("essai", "Camille", "joint", told["call_id"])]
        assert (journey.call_id, journey.outcome, journey.answered_by) == (told["call_id"], Outcome.REACHED, "arm01")
        assert journey.recordings[0].problem is None
        assert abs((journey.recordings[0].caller_ms or 0) - (journey.stages[0].talk_ms or 0)) < 500, "from the first word"
        assert journey.anomalies == ()
        assert journey.dossier_ref is not None, "a lost caller had no dossier: he has one now that he was reached"
        abandon = next(j for j in stored(s.site) if j.direction is Direction.ENTRANT)
        assert (abandon.outcome, abandon.dossier_ref) == (Outcome.ABANDONED, None), "a call-back answers nothing"
        figures = reports.qos(load(s.site.config, {}), None, None, "public_24h", now())
        assert (figures.figure("entrants").value, figures.figure("decroches").value) == (1, 0)
        assert figures.outgoing.as_dict()["callbacks_reached"] == 1


async def board_says(screen: aiohttp.ClientSession, call_id: str) -> bool:
    """The agent is in an outgoing call, which counts in no filière."""
    board = await (await screen.get("/api/v1/board")).json()
    if board["agents"]["arm01"]["outgoing"] != call_id or board["calls"][call_id]["state"] != "talking":
        return False
    assert board["calls"][call_id]["filiere"] is None
    assert board["filieres"]["n1"]["agents"]["free"] == 0
    assert (board["totals"]["outgoing"], board["totals"]["talking"]) == (1, 0)
    return True


async def test_nobody_is_reached_and_the_entry_keeps_the_try(tmp_path: Path) -> None:
    async with sas(tmp_path) as (s, _, screen):
        await (await s.caller("15", calls(s.tone, PATIENT, hangs_up_after_ms=700))).wait(20)
        lost = await until(lambda: the_entry(screen, "a_rappeler"))
        await s.phone("patient", never_answers("patient"))
        await s.phone("arm01", answers("arm01", s.tone, after_ms=300))
        wish = {"poste": "1001", "by": "Camille", "rappel": lost["id"], "version": lost["version"]}
        assert (await screen.post("/api/v1/appels", json=wish)).status == 202

        async def tried() -> Any:
            entry = await the_entry(screen, "pris")
            return entry if entry is not None and len(entry["acts"]) == 2 else None

        entry = await until(tried)
        assert [(a["kind"], a["result"]) for a in entry["acts"]] == [("prendre", None), ("essai", "sans_reponse")]


async def test_the_room_dials_out_while_the_service_is_dead(tmp_path: Path) -> None:
    async with sas(tmp_path) as (s, service, screen):
        assert (await screen.post("/api/v1/appels", json={"poste": "arm01", "by": "C", "numero": "0899"})).status == 422
        await service.kill()
        await s.phone("patient", answers("patient", s.tone, after_ms=500, talks_ms=1500))
        began = now()
        await (await s.caller(f"0{PATIENT}", calls(s.tone, "arm01"), name="arm01")).wait(20)
        log = s.site.pbx / "log" / "cel-custom" / "cti-cel.csv"
        dialled = next(row.at for row in rows_since(log, began) if row.kind == "SAS_DIALLED")
        assert dialled - began < 2_000_000
        await service.start()

        async def told() -> Any:
            return [j for j in stored(s.site) if j.outcome is Outcome.REACHED]

        (journey,) = await until(told)
        assert (journey.quality, journey.placed.number) == ("reconstructed", PATIENT)  # type: ignore[union-attr]
