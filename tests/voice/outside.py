"""Whoever is called outside, on the trunk (guests of a conference, patients whom agents call), and the agents who click."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import aiohttp

from cti.bootstrap.sandbox import Site
from cti.sandbox.install import Install
from cti.sandbox.people.draw import around
from cti.sandbox.people.lines import write_gestures
from cti.sandbox.people.scenarios import agent
from cti.sandbox.people.sip.places import free_media_ports
from cti.sandbox.people.sip.tones import caller_hertz, write_tone
from cti.sandbox.people.staff import Fate, Gesture, Then
from cti.sandbox.sipp import SippProcess, SippRun

GUEST = "0199001811"
PATIENTS = tuple(f"063998000{digit}" for digit in range(10))
_LINES = 500
_CLICKERS = 8
_PATIENCE = aiohttp.ClientTimeout(total=5)


def way_out(port: int) -> dict[str, object]:
    """The changes to ``pbx.toml`` with which the trunk leads to them and the room may call them."""
    return {
        "trunks": {"operateur": {"contact": f"sip:operateur@127.0.0.1:{port}"}},
        "sortie": {
            "trunk": "operateur", "numero_presente": "0199001500", "prefixe": "0",
            "formes": ["0[1-9]XXXXXXXX"], "courts": ["18"], "sonnerie_seconds": 10,
        },
    }  # fmt: skip


def _gestures(chance: Random, pace: float) -> Iterator[Gesture]:
    for _ in range(_LINES):
        fate = Fate.BUSY if chance.random() < 0.05 else Fate.ANSWERS
        yield Gesture(fate, around(4_000 * pace, 0.4, chance), around(45_000 * pace, 0.4, chance), Then.HANGS_UP, "")


@asynccontextmanager
async def outside(install: Install, folder: Path, port: int, chance: Random, pace: float) -> AsyncIterator[SippProcess]:
    """One SIPp for all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    tones = {number: write_tone(folder / f"{number}.alaw", caller_hertz(number)) for number in (*PATIENTS, GUEST)}
    scenario = folder / "dehors.xml"
    scenario.write_text(agent(tones), encoding="utf-8")
    run = SippRun(
        scenario,
        local_port=port,
        media_ports=free_media_ports(200),
        injections=(write_gestures(folder / "dehors.csv", _gestures(chance, pace)),),
        trace_messages=True,
        extra=("-aa", "-skip_rlimit"),
    )
    async with SippProcess(install, run, folder / "dehors") as process:
        yield process


@dataclass(slots=True)
class Dialling:
    """Agents who click on a number now and then."""

    site: Site
    chance: Random
    every_seconds: float
    placed: list[str] = field(default_factory=list)  #: the calls that the service accepted

    async def run(self) -> None:
        """Until cancelled."""
        async with aiohttp.ClientSession() as http:
            while True:
                await asyncio.sleep(self.every_seconds * self.chance.uniform(0.5, 1.5))
                await self._click(http)

    async def _click(self, http: aiohttp.ClientSession) -> None:
        """Whoever is at rest gets his call; an agent who has somebody on the line is refused, and another one clicks."""
        for phone in self.chance.sample(self.site.phones, min(_CLICKERS, len(self.site.phones))):
            body = {"poste": phone.endpoint, "numero": self.chance.choice(PATIENTS), "by": phone.endpoint}
            try:
                async with http.post(f"{self.site.web}/api/v1/appels", json=body, timeout=_PATIENCE) as answer:
                    if answer.status == 202:
                        self.placed.append((await answer.json())["call_id"])
                        return
            except (aiohttp.ClientError, TimeoutError, OSError):
                return  # the service is dead: nobody can click
