"""A whole SAS whose voice is kept: the real PBX, the service with its archive, a town whose people do all that people do."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import aiohttp

from cti.bootstrap.clock import now
from cti.bootstrap.demo.clicks import Clicks
from cti.bootstrap.demo.process import ServiceProcess
from cti.bootstrap.demo.show import settled, stored
from cti.bootstrap.keeping.sandboxed import archive_of_its_own
from cti.bootstrap.sandbox import Site, free_ports, machine, make_site, render_site
from cti.journey import Journey
from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.host.free import free_port, free_range
from cti.sandbox.packages import FetchSettings, fetch
from cti.sandbox.people.draw import Habits, Identity, Temper
from cti.sandbox.people.staff import phones
from cti.sandbox.people.town import Town, TownPlan
from cti.settings import load
from cti.store import open_store
from tests.voice.outside import Dialling, outside, way_out
from tests.voice.second_lines import SecondLines

ROOT = Path(__file__).parents[2]
#: Nearly everybody stays until somebody answers: it is the voice of answered calls that is proved here.
#: They all have a number, by which a phone that rings for them is known; nobody stays for ever.
_HABITS = Habits(
    identities=((Identity.SHOWN, 90), (Identity.MASKED, 10)),
    tempers=((Temper.POCKET, 2), (Temper.IMPATIENT, 6), (Temper.PATIENT, 92)),
    patience_ms=330_000,
)
_KEPT_SECONDS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicePlan:
    """One run."""

    folder: Path
    callers: int
    calls_per_minute: float
    agents: int
    seed: int
    pace: float
    clicks_per_minute: float = 8.0


@dataclass(slots=True)
class Stage:
    """What a run may touch, and what it leaves for the judge."""

    plan: VoicePlan
    site: Site
    pbx: SandboxAsterisk
    service: ServiceProcess
    town: Town
    lines: SecondLines
    dialling: Dialling
    chance: Random
    clicking: asyncio.Task[None]
    pbx_deaths: list[tuple[int, int]] = field(default_factory=list)  #: from when to when there was no PBX

    @property
    def people(self) -> Path:
        """Logs of every SIPp of the town."""
        return self.site.folder / "people"

    def journeys(self) -> list[Journey]:
        """The store."""
        return stored(self.site)

    async def kill_pbx(self) -> None:
        """SIGKILL, and the PBX again."""
        since = now()
        await self.pbx.kill()
        await self.pbx.start()
        self.pbx_deaths.append((since, now()))

    async def played(self) -> None:
        """Until the last caller is gone, the last promise is kept and the last piece is where it must be."""
        await self.town.finished()
        self.clicking.cancel()
        await settled(self.site, _KEPT_SECONDS)
        await kept(self.site)


async def kept(site: Site, deadline_seconds: float = _KEPT_SECONDS) -> None:
    """Until nothing is left on the recorder's disk, or nothing has moved there for a while: the judge says what is missing."""
    still, left = 0, -1
    async with asyncio.timeout(deadline_seconds):
        while still < 60:
            lying = len(list(site.recordings.rglob("*.wav")))
            if lying == 0 and not await asyncio.to_thread(_unseen, site):
                return
            still = still + 1 if lying == left else 0
            left = lying
            await asyncio.sleep(0.25)


def _unseen(site: Site) -> bool:
    store = open_store(load(site.config, {}).database_url)
    try:
        return bool(store.pending() or store.pieces.unseen(0) or store.pieces.counts()["plain"])
    finally:
        store.close()


@asynccontextmanager
async def stage(plan: VoicePlan) -> AsyncIterator[Stage]:
    """Open it all. Nothing stays behind."""
    install = await asyncio.to_thread(fetch, FetchSettings.from_environ(os.environ))
    folder, trunk = plan.folder.absolute(), free_port(socket.SOCK_DGRAM)
    changes = {"archive": archive_of_its_own(folder), "pbx": way_out(trunk)}
    # More voices than the usual site: every leg of a conference has its own.
    site = make_site(ROOT / "config", folder, phones(plan.agents, free_range(10)), free_ports(2_000), changes)
    async with AsyncExitStack() as stack:
        telephony = render_site(site, ROOT / "dialplans")
        pbx = await stack.enter_async_context(SandboxAsterisk(install, telephony, site.pbx, machine(site)))
        service = ServiceProcess(site)
        stack.push_async_callback(service.stop)
        await service.start()
        await stack.enter_async_context(outside(install, folder / "dehors", trunk, Random(f"{plan.seed}/out"), plan.pace))
        people = TownPlan(
            calls_per_minute=plan.calls_per_minute,
            seed=plan.seed,
            pace=plan.pace,
            waits=0.1,
            habits=_HABITS,
            acts=True,
            most=plan.callers,
        )
        pbx_at = f"127.0.0.1:{site.ports.sip}"
        town = await stack.enter_async_context(Town(install, site.phones, pbx_at, people, folder / "people"))
        lines = SecondLines(
            install, pbx_at, site.phones, folder / "people", folder / "lignes", Random(f"{plan.seed}/lines"), plan.pace
        )
        dialling = Dialling(site, Random(f"{plan.seed}/clicks"), 60 / plan.clicks_per_minute)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        running = [
            tasks.create_task(lines.run()),
            tasks.create_task(dialling.run()),
            tasks.create_task(Clicks(site, plan.seed, plan.pace).run(http)),
        ]
        try:
            yield Stage(plan, site, pbx, service, town, lines, dialling, Random(f"kills/{plan.seed}"), running[1])
        finally:
            for task in running:
                task.cancel()
