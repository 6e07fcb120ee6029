"""Crisis mode on the real PBX: what the next caller hears and where he goes; service killed, PBX restarted."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cti.bootstrap.demo.process import ServiceProcess
from cti.bootstrap.sandbox import Phone, Site, machine, make_site, render_site
from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.host.free import free_port
from cti.sandbox.install import Install
from cti.sandbox.packages import FetchSettings, fetch
from cti.sandbox.sipp import SippProcess, SippRun
from cti.settings import load
from tests.integration.dialplan_people import Manager, voice_range, write_tone
from tests.scenarios.people import answers, calls, never_answers

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
ORDINARY, IN_CRISIS = "one-moment-please", "queue-thankyou"
PEOPLE = {"arm01": ("arm_n1", "n1"), "amu01": ("arm_amu", "amu"), "mru01": ("mru", "mru"), "mrg01": ("mrg", "mrg")}
CHANGES: dict[str, dict[str, Any]] = {
    "flux": {"flux": {code: {"accueil": ORDINARY} for code in ("15", "112", "116117")}},
    # Whatever the hour of the test; and a doctor's phone that rings in vain is given up quickly.
    "filieres": {"filieres": {"mrg": {"horaires": None, "ring_seconds": 5, "attente_max_seconds": 120}}},
    "crise": {"accueil": IN_CRISIS, "attentes": {"mrg": 6}},
}


class Room:
    """The site, its PBX, its service, and people who call."""

    def __init__(self, folder: Path, install: Install) -> None:
        phones = [
            Phone(name, name, kind, (filiere,), f"sip:{name}@127.0.0.1:{free_port(socket.SOCK_DGRAM)}")
            for name, (kind, filiere) in PEOPLE.items()
        ]
        self.folder = folder
        self.install = install
        self.site: Site = make_site(ROOT / "config", folder / "site", phones, changes=CHANGES)
        render_site(self.site, ROOT / "dialplans")
        self.pbx = SandboxAsterisk(install, self.site.telephony, self.site.pbx, machine(self.site))
        self.service = ServiceProcess(self.site)
        self.tone = write_tone(folder / "voice.alaw", 440.0)
        self._people = 0

    def person(self, scenario: str, port: int, **run: object) -> SippProcess:
        self._people += 1
        path = self.folder / f"people-{self._people}.xml"
        path.write_text(scenario, encoding="utf-8")
        plan = SippRun(path, local_port=port, media_ports=voice_range(40), **run)
        return SippProcess(self.install, plan, self.folder / f"sipp-{self._people}")

    def phone(self, name: str, scenario: str) -> SippProcess:
        contact = next(phone.contact for phone in self.site.phones if phone.endpoint == name)
        return self.person(scenario, int(contact.rpartition(":")[2]), extra=("-aa",))

    def caller(self, number: str, hangs_up_after_ms: int) -> SippProcess:
        scenario = calls(self.tone, hangs_up_after_ms=hangs_up_after_ms)
        remote = f"127.0.0.1:{self.site.ports.sip}"
        return self.person(scenario, free_port(socket.SOCK_DGRAM), remote=remote, service=number, calls=1)

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[Manager]:
        ami = load(self.site.config, {}).pbx.ami
        async with Manager.connect(self.site.ports.ami, ami.events_login, ami.events_secret) as events:
            yield events

    async def greeting(self) -> str:
        """What the next caller of 15 hears."""
        async with self.heard() as events, self.caller("15", 2500) as caller:
            said = await events.event("SasGreeting", Step="start")
            await events.event("SasEnd", CallId=said["CallId"])
            await caller.wait(20)
        return said["Sound"]

    async def api(self, method: str = "GET", **body: object) -> tuple[int, dict[str, Any]]:
        asked = {"json": body} if body else {}
        async with aiohttp.ClientSession() as http, http.request(method, f"{self.site.web}/api/v1/crise", **asked) as answer:
            return answer.status, await answer.json()

    async def pause(self, poste: str) -> None:
        """As its screen does it: a pause that nobody of ours asked for is undone at once."""
        url, asked = f"{self.site.web}/api/v1/agents/{poste}/pause", {"by": poste, "motif": "repas"}
        async with aiohttp.ClientSession() as http, http.post(url, json=asked) as answer:
            assert answer.status == 200, await answer.json()

    async def sees_paused(self, filiere: str) -> None:
        async with asyncio.timeout(20), aiohttp.ClientSession() as http:
            while True:
                async with http.get(f"{self.site.web}/api/v1/board") as answer:
                    if (await answer.json())["filieres"][filiere]["agents"]["paused"] == 1:
                        return
                await asyncio.sleep(0.1)

    async def only_call(self) -> dict[str, Any]:
        """The only call of the store, once it has ended."""
        async with asyncio.timeout(20), aiohttp.ClientSession() as http:
            while True:
                async with http.get(f"{self.site.web}/api/v1/calls") as answer:
                    (call,) = (await answer.json())["calls"]
                if call["ended_at"] is not None:
                    return call
                await asyncio.sleep(0.1)

    async def pbx_knows(self, active: bool) -> None:
        async with asyncio.timeout(30):
            while True:
                _, state = await self.api()
                if (state["active"], state["pbx"]) == (active, True):
                    return
                await asyncio.sleep(0.1)

    async def cti(self, *words: str) -> str:
        run = [sys.executable, "-m", "cti", *words, "--config", str(self.site.config)]
        process = await asyncio.create_subprocess_exec(*run, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
        return said.decode()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    room = Room(tmp_path, fetch(FetchSettings.from_environ(os.environ)))
    async with room.pbx:
        await room.service.start()
        try:
            yield room
        finally:
            await room.service.stop()


async def test_the_switch_holds_through_the_death_of_the_service_and_of_the_pbx(room: Room) -> None:
    async with room.phone("arm01", never_answers("arm01")), room.phone("amu01", never_answers("amu01")):
        await room.pbx_knows(False)
        assert await room.greeting() == ORDINARY
        status, state = await room.api("POST", active=True, by="Dr Martin", reason="accident de car")
        assert (status, state["active"]) == (200, True)
        status, refused = await room.api("POST", active=True, by="Dr Petit", reason="moi aussi")
        assert status == 409
        assert "Dr Martin" in refused["detail"]
        await room.pbx_knows(True)
        assert await room.greeting() == IN_CRISIS

        await room.service.kill()
        assert await room.greeting() == IN_CRISIS, "the PBX remembers by itself"

        await room.pbx.kill()
        await room.pbx.start()
        assert await room.greeting() == IN_CRISIS, "the PBX remembers over its own restart"

        await room.pbx.rx("database del sas crise")
        await room.pbx.kill()
        await room.pbx.start()
        await room.service.start()
        await room.pbx_knows(True)
        assert await room.greeting() == IN_CRISIS, "our database is the truth"

        await room.pbx.kill()
        await room.pbx.start()
        await room.service.ready(60)
        await room.pbx_knows(True)
        assert "SAS_CRISE_DEMANDEE=1" in await room.pbx.rx("dialplan show globals")

        said = await room.cti("crise", "off", "--par", "Dr Martin", "--raison", "retour au calme")
        assert said.startswith("Pas de crise en cours")
        await room.pbx_knows(False)
        assert await room.greeting() == ORDINARY
        assert "par Dr Martin : accident de car" in await room.cti("qos")


async def test_in_a_crisis_a_call_for_the_liberal_doctors_goes_to_the_emergency_doctor(room: Room) -> None:
    """The liberal doctor's phone rings in vain: ordinarily the caller waits two minutes there, now six seconds."""
    mrg, mru = room.phone("mrg01", never_answers("mrg01")), room.phone("mru01", answers("mru01", room.tone))
    async with mrg, mru, room.heard() as events:
        await room.api("POST", active=True, by="Dr Martin", reason="canicule")
        await room.pbx_knows(True)
        async with room.caller("9026", 14_000) as caller:
            first = await events.event("SasRoute")
            assert (first["Filiere"], first["Attente"]) == ("mrg", "6")
            second = await events.event("SasRoute", start=events.frames.index(first) + 1)
            assert (second["Filiere"], second["Source"], second["Attente"]) == ("mru", "debordement", "120")
            assert second["Motif"].startswith("crise : ")
            connect = await events.event("AgentConnect")
            assert connect["Interface"] == "PJSIP/mru01"
            await caller.wait(30)
        assert 5.5 < float(second["Timestamp"]) - float(first["Timestamp"]) < 9.0


async def test_in_a_crisis_a_transfer_to_doctors_who_are_not_there_goes_straight_to_the_others(room: Room) -> None:
    """The liberal doctor takes a pause: the ARM sends the caller to him, and the emergency doctor's phone rings at once."""
    mrg, mru = room.phone("mrg01", never_answers("mrg01")), room.phone("mru01", answers("mru01", room.tone))
    ami = load(room.site.config, {}).pbx.ami
    async with (
        mrg, mru, room.phone("arm01", answers("arm01", room.tone)), room.heard() as events,
        Manager.connect(room.site.ports.ami, ami.actions_login, ami.actions_secret) as actions,
    ):  # fmt: skip
        await room.api("POST", active=True, by="Dr Martin", reason="canicule")
        await room.pbx_knows(True)
        await room.pause("mrg01")
        await room.sees_paused("mrg")
        async with room.caller("15", 14_000) as caller:
            met = await events.event("AgentConnect", Queue="sas-n1")
            await actions.do("Redirect", Channel=met["Channel"], Context="sas-transferts", Exten="804", Priority="1")
            asked = await events.event("SasTransfer")
            sent = await events.event("SasRoute", start=events.frames.index(asked))
            assert (asked["Filiere"], sent["Filiere"], sent["Source"], sent["Attente"]) == ("mrg", "mru", "transfert", "25")
            assert "crise : 15 vers" in sent["Motif"]
            assert (await events.event("AgentConnect", Queue="sas-mru"))["Uniqueid"] == met["Uniqueid"]
            await caller.wait(30)
            assert float(sent["Timestamp"]) - float(asked["Timestamp"]) < 1.0
        journey = await room.only_call()
        assert [stage["filiere"] for stage in journey["stages"]] == ["n1", "mru"]
        assert (journey["stages"][1]["source"], journey["anomalies"]) == ("transfert", [])


async def test_in_a_crisis_a_transfer_waits_less_and_goes_on_to_the_other_doctors(room: Room) -> None:
    """An ARM passes the caller to the liberal doctors; the service is dead, so the PBX overflows alone."""
    mrg, mru = room.phone("mrg01", never_answers("mrg01")), room.phone("mru01", answers("mru01", room.tone))
    amu = room.phone("amu01", answers("amu01", room.tone))
    async with mrg, mru, amu, room.heard() as events:
        await room.api("POST", active=True, by="Dr Martin", reason="canicule")
        await room.pbx_knows(True)
        await room.service.kill()
        async with room.caller("15", 18_000) as caller:
            met = await events.event("AgentConnect", Queue="sas-amu")
            ami = load(room.site.config, {}).pbx.ami
            async with Manager.connect(room.site.ports.ami, ami.actions_login, ami.actions_secret) as actions:
                await actions.do("Redirect", Channel=met["Channel"], Context="sas-transferts", Exten="mrg", Priority="1")
            sent = await events.event("SasRoute", Filiere="mrg")
            assert sent["Attente"] == "6"
            assert (await events.event("SasRoute", Filiere="mru"))["Source"] == "debordement"
            assert (await events.event("AgentConnect", Queue="sas-mru"))["Interface"] == "PJSIP/mru01"
            await caller.wait(30)
