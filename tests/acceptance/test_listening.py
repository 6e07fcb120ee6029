"""The next regulator hears what the ARM was told, on the real PBX: by dossier, during the call; nobody else does."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import numpy as np
import pytest
import soundfile
import tomli_w

from cti.bootstrap.access import accounts
from cti.bootstrap.clock import now
from cti.bootstrap.demo.process import ServiceProcess
from cti.bootstrap.keeping.sandboxed import archive_of_its_own
from cti.sandbox.people.sip.tones import agents_hertz, caller_hertz, write_tone
from cti.settings import load
from tests.acceptance.test_archive import heard_ms
from tests.scenarios.people import answers, calls, keys
from tests.scenarios.scene import Scene as Story
from tests.scenarios.scene import scene as story

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(180)]

CALLER = "0639980007"
ARM, DOCTOR = agents_hertz(("arm01", "osnp01")).values()
#: His phone rings for so long (milliseconds): meanwhile the caller waits, and nothing of him is his to hear.
_RINGS_MS = 3_500


@asynccontextmanager
async def room(tmp_path: Path) -> AsyncIterator[tuple[Story, ServiceProcess]]:
    phones = {"arm01": ("n1",), "arm02": ("amu",), "osnp01": ("mg",)}
    async with story(tmp_path, phones, "absent") as s:
        (s.site.config / "archive.toml").write_text(tomli_w.dumps(archive_of_its_own(s.site.folder)), encoding="utf-8")
        service = ServiceProcess(s.site, None)
        try:
            await service.start()
            yield s, service
        finally:
            await service.stop()


class Ear:
    """One account and what it asks for."""

    def __init__(self, s: Story, http: aiohttp.ClientSession, name: str, role: str) -> None:
        settings = load(s.site.config, {})
        accounts.add(settings, name, (role,), name, "test", now())
        shown, _ = accounts.give_token(settings, name, 1, "test", now())
        self._headers = {"Authorization": f"Bearer {shown}"}
        self._http, self._web = http, s.site.web

    async def get(self, path: str) -> tuple[int, Any]:
        async with self._http.get(f"{self._web}{path}", headers=self._headers) as answer:
            return answer.status, await answer.json() if "json" in answer.content_type else await answer.read()

    async def listen(self, piece_id: str) -> tuple[int, Any]:
        path = f"{self._web}/api/v1/enregistrements/{piece_id}/ecoutes"
        async with self._http.post(path, json={"motif": ""}, headers=self._headers) as answer:
            return answer.status, await answer.json()


async def the_call(http: aiohttp.ClientSession, s: Story, filiere: str, *, answered: bool) -> dict[str, Any]:
    """The one call, once it stands in that filière, answered there or not; with its dossier."""
    async with asyncio.timeout(30):
        while True:
            async with http.get(f"{s.site.web}/api/v1/calls") as answer:
                for call in (await answer.json())["calls"]:
                    last = call["stages"][-1] if call["stages"] else None
                    there = last is not None and last["filiere"] == filiere and last["legs"] and call["dossier_id"]
                    if there and bool(last["answered_at"]) is answered:
                        return dict(call)
            await asyncio.sleep(0.05)


async def test_the_doctor_hears_the_first_part_as_soon_as_he_has_answered_and_not_before(tmp_path: Path) -> None:
    tones = {name: write_tone(tmp_path / f"{name}.alaw", hertz) for name, hertz in (("n1", ARM), ("mg", DOCTOR))}
    caller = write_tone(tmp_path / "caller.alaw", caller_hertz(CALLER))
    async with room(tmp_path) as (s, _), aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        doctor, colleague, arm = Ear(s, http, "osnp01", "mrg"), Ear(s, http, "arm02", "arm_n1"), Ear(s, http, "arm01", "arm_n1")
        # Three seconds of talk with N1 before the key: the recorder writes two seconds at a time.
        await s.phone("arm01", answers("arm01", tones["n1"], then=keys("arm01", "*803", 3000)))
        await s.phone("osnp01", answers("osnp01", tones["mg"], after_ms=_RINGS_MS))
        talk = await s.caller("15", calls(caller, CALLER, hangs_up_after_ms=16_000))
        waiting = await the_call(http, s, "mg", answered=False)
        by_dossier = f"/api/v1/dossiers/{waiting['dossier_id']}/enregistrements"
        piece_id = waiting["recordings"][0]["stem"].rpartition("/")[2]
        # --- while it rings: whoever has talked hears, whoever is asked does not yet
        assert (await doctor.get(by_dossier))[0] == 403
        assert (await doctor.listen(piece_id))[0] == 403
        assert (await doctor.get("/api/v1/enregistrements/miens"))[1]["items"] == []
        assert (await colleague.get(by_dossier))[0] == 403
        assert (await arm.get(by_dossier))[0] == 200
        # --- he has answered
        await the_call(http, s, "mg", answered=True)
        since = monotonic()
        status, told = await doctor.get(f"/api/v1/dossiers/{waiting['dossier_ref']}/enregistrements")
        assert status == 200, told
        (row,) = told["items"]
        assert (row["piece_id"], row["en_cours"], row["state"]) == (piece_id, True, "started")
        assert row["peut"]["ecouter"] == "oui"
        assert [one["piece_id"] for one in (await doctor.get("/api/v1/enregistrements/miens"))[1]["items"]] == [piece_id]
        status, ticket = await doctor.listen(piece_id)
        assert (status, ticket["en_cours"], ticket["formats"]) == (201, True, ["wav"])
        status, sound = await doctor.get(ticket["audio"])
        took = monotonic() - since
        assert status == 200
        pcm, rate = soundfile.read(io.BytesIO(sound), dtype="int16", always_2d=True)
        assert len(heard_ms(pcm[:, 1], rate, ARM)) * 50 >= 2000, "the agents' side: the ARM"
        assert len(heard_ms(pcm[:, 0], rate, caller_hertz(CALLER))) * 50 >= 2000, "the caller's side"
        assert not heard_ms(pcm[:, 0], rate, ARM)
        print(f"answered to heard: {took * 1000:.0f} ms; {ticket['duration_ms']} ms of sound")
        assert took < 3.0
        # --- and never more than five seconds behind
        begun = next(one["started_at"] for one in waiting["recordings"])
        status, state = await doctor.get(f"/api/v1/ecoutes/{ticket['ecoute_id']}")
        behind = (now() - _us(begun)) // 1000 - state["duration_ms"]
        print(f"behind live: {behind} ms")
        assert behind < 5000
        assert (await colleague.listen(piece_id))[0] == 403
        assert (await colleague.get(ticket["audio"]))[0] == 403, "another person's ticket"
        # --- the call ends and is archived in the middle of his listening
        first = (await doctor.get(f"{ticket['audio']}?until_ms=2000"))[1]
        await talk.wait(40)
        async with asyncio.timeout(60):
            while (await doctor.get(f"/api/v1/ecoutes/{ticket['ecoute_id']}"))[1]["formats"] != ["flac", "wav"]:
                await asyncio.sleep(0.2)
            while list(s.site.recordings.rglob("*.wav")):
                await asyncio.sleep(0.2)
        assert (await doctor.get(f"{ticket['audio']}?until_ms=2000"))[1] == first, "the same bytes, from the archive"
        flac, _ = soundfile.read(io.BytesIO((await doctor.get(f"{ticket['audio']}?format=flac"))[1]), dtype="int16")
        assert np.array_equal(flac[:16_000], soundfile.read(io.BytesIO(first), dtype="int16")[0])


def _us(text: str) -> int:
    from datetime import datetime  # noqa: PLC0415

    from cti.journey.words import from_datetime  # noqa: PLC0415

    return from_datetime(datetime.fromisoformat(text))
