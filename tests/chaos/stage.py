"""A whole SAS whose every part can be made to fail: the real PBX, the service as a process, SIPp people, our wires and disks."""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import time
import tomllib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import tomli_w

from cti.bootstrap.clock import now
from cti.bootstrap.demo.process import ServiceProcess
from cti.bootstrap.demo.show import DemoPlan, demo_site, settled, stored, town_of
from cti.bootstrap.sandbox import Site, machine, render_site
from cti.journey import Journey
from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.packages import FetchSettings, fetch
from cti.sandbox.people.sip.places import free_port
from cti.sandbox.people.town import Town
from cti.sandbox.people.truth import CallerTruth
from tests.chaos.proxy import Wire

ROOT = Path(__file__).parents[2]
_DISK_MIB = 48
_BRINK_US = 500_000


class Refused(Exception):
    """This machine does not let the fault be made; the message says why."""


@dataclass(slots=True)
class Stage:
    """What a fault may touch, and what it must leave behind for the judge."""

    site: Site
    pbx: SandboxAsterisk
    service: ServiceProcess
    town: Town
    ami: Wire
    agi: Wire
    chance: Random
    recoveries: list[float] = field(default_factory=list)  #: seconds from the start of the process to ready, each time
    alive: list[int] = field(default_factory=list)  #: people on the telephone at each kill of the service
    pbx_deaths: list[tuple[int, int]] = field(default_factory=list)  #: from when to when there was no PBX

    async def between(self, least: float, most: float) -> None:
        """Let a random time pass."""
        await asyncio.sleep(self.chance.uniform(least, most))

    async def kill_service(self) -> None:
        """SIGKILL; how many people were calling is noted."""
        self.alive.append(await asyncio.to_thread(self.calling))
        await self.service.kill()

    async def restart_service(self) -> None:
        """Start it again; how long it took until it saw everything is noted."""
        began = time.monotonic()
        await self.service.start()
        self.recoveries.append(time.monotonic() - began)

    async def recovered(self) -> None:
        """Wait until it is ready again after a fault that it lived through."""
        began = time.monotonic()
        await self.service.ready(60)
        self.recoveries.append(time.monotonic() - began)

    def calling(self) -> int:
        """People who are on the telephone now."""
        return sum(truth.heard and truth.ended_at is None for truth in self.town.truth())

    @contextmanager
    def no_pbx(self) -> Iterator[None]:
        """Note that there is no PBX."""
        since = now()
        try:
            yield
        finally:
            self.pbx_deaths.append((since, now()))

    @property
    def database(self) -> Path:
        """The file of the store."""
        return self.site.var / "cti.db"

    @contextmanager
    def database_locked(self) -> Iterator[None]:
        """Another program writes and does not end."""
        other = sqlite3.connect(self.database, isolation_level=None)
        try:
            other.execute("PRAGMA busy_timeout=5000")
            other.execute("BEGIN IMMEDIATE")
            yield
        finally:
            other.close()

    @contextmanager
    def database_gone(self) -> Iterator[None]:
        """The file is somewhere else; what it holds comes back with it."""
        files = [path for end in ("", "-wal", "-shm") if (path := Path(f"{self.database}{end}")).exists()]
        for path in files:
            path.rename(f"{path}.away")
        try:
            yield
        finally:
            for path in files:
                path.unlink(missing_ok=True)
                Path(f"{path}.away").rename(path)

    @contextmanager
    def full(self, folder: Path) -> Iterator[None]:
        """Not one byte more goes on that disk."""
        filler = folder / "filler"
        with filler.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
            while True:
                stream.write(b"\0" * 4096)
        try:
            yield
        finally:
            filler.unlink()

    def truths(self) -> Sequence[CallerTruth]:
        """What people lived. A phone that picked up for a PBX that was dead talked to nobody."""
        return [
            replace(truth, offers=tuple(o for o in truth.offers if not self._into_the_void(o.offered_at, o.answered_at)))
            for truth in self.town.truth()
        ]

    def _into_the_void(self, offered_at: int, answered_at: int | None) -> bool:
        return answered_at is not None and any(offered_at < since <= answered_at for since, _ in self.pbx_deaths)

    def on_the_brink(self) -> set[str]:
        """Callers whose phone was picked up as the PBX died: no witness can say which came first."""
        return {
            truth.number
            for truth in self.town.truth()
            for offer in truth.offers
            if offer.answered_at is not None and any(abs(offer.answered_at - since) < _BRINK_US for since, _ in self.pbx_deaths)
        }

    def journeys(self) -> list[Journey]:
        """The store."""
        return stored(self.site)


@asynccontextmanager
async def stage(
    folder: Path,
    *,
    seconds: float,
    calls_per_minute: float,
    seed: int,
    agents: int,
    pace: float = 0.15,
    disks: Sequence[str] = (),
    drain_seconds: float = 20.0,
) -> AsyncIterator[Stage]:
    """Open it all; ``disks`` names the folders of the site that are small disks of their own. Nothing stays behind.

    Raises:
        Refused: a small disk cannot be mounted here.
    """
    install = fetch(FetchSettings.from_environ(os.environ))
    plan = DemoPlan(
        folder=folder,
        shipped=ROOT / "config",
        hand_written=ROOT / "dialplans",
        duration_seconds=seconds,
        calls_per_minute=calls_per_minute,
        agents=agents,
        seed=seed,
        pace=pace,
        drain_seconds=drain_seconds,
    )
    site = demo_site(plan)
    telephony = render_site(site, plan.hand_written)
    ami, agi = Wire(free_port(), site.ports.ami), Wire(site.ports.agi, free_port())
    _put_wires_between(site, ami, agi)
    async with AsyncExitStack() as stack:
        for name in disks:
            stack.enter_context(_small_disk(site.folder / name))
        pbx = await stack.enter_async_context(SandboxAsterisk(install, telephony, site.pbx, machine(site)))
        for wire in (ami, agi):
            await stack.enter_async_context(wire)
        service = ServiceProcess(site)
        stack.push_async_callback(service.stop)
        await service.start()
        town = await stack.enter_async_context(town_of(install, site, plan))
        yield Stage(site, pbx, service, town, ami, agi, Random(f"chaos/{seed}"))


def _put_wires_between(site: Site, ami: Wire, agi: Wire) -> None:
    """The PBX is rendered already; from now on the service reads where the wires begin and end."""
    file = site.config / "pbx.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    table["ami"]["port"] = ami.listen
    table["pbx"]["agi_port"] = agi.target
    file.write_text(tomli_w.dumps(table), encoding="utf-8")


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MIB}m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        raise Refused(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


async def played(scene: Stage) -> None:
    """Until the last caller is gone and the last promise is kept."""
    await scene.town.finished()
    await settled(scene.site)
