"""A whole SAS whose every part can be made to fail: the real PBX, the service as a process, SIPp people, our wires and disks."""

import asyncio
import contextlib
import os
import sqlite3
import time
import tomllib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from random import Random
from typing import TypeVar

import tomli_w

from cti.bootstrap.clock import now
from cti.bootstrap.demo.process import ServiceProcess
from cti.bootstrap.demo.show import DemoPlan, demo_site, settled, stored, town_of
from cti.bootstrap.sandbox import Site, machine, render_site
from cti.journey import Journey
from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.host.free import free_port
from cti.sandbox.packages import FetchSettings, fetch
from cti.sandbox.people.town import Town
from cti.sandbox.people.truth import CallerTruth, Offer
from tests.chaos import disks
from tests.chaos.clocks import Clocks, NoClocks, clocks_in
from tests.chaos.proxy import Wire

ROOT = Path(__file__).parents[2]
_BRINK_US = 500_000
_Lived = TypeVar("_Lived", CallerTruth, Offer)


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
    clocks: Clocks | None = None  #: when the day steps them
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

    async def crash_service(self) -> None:
        """SIGKILL to the service at work, as when memory runs out; the time counts from its death."""
        self.alive.append(await asyncio.to_thread(self.calling))
        began = time.monotonic()
        await self.service.crash()
        await self.service.ready(60)
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
    def database_read_only(self) -> Iterator[None]:
        """The file may only be read."""
        copy = Path(f"{self.database}.copy")
        with sqlite3.connect(self.database) as source, sqlite3.connect(copy) as target:
            source.backup(target)
        for each in (source, target):
            each.close()
        with disks.read_only(copy, self.database):
            yield

    def truths(self) -> Sequence[CallerTruth]:
        """What people lived. A phone that picked up for a PBX that was dead talked to nobody."""
        return [
            self._by_the_pbx(
                replace(truth, offers=tuple(o for o in truth.offers if not self._into_the_void(o.offered_at, o.answered_at)))
            )
            for truth in self.town.truth()
        ]

    def _by_the_pbx(self, truth: CallerTruth) -> CallerTruth:
        """People have the true time, a call has the time that the PBX had when it came in, to its end."""
        if self.clocks is None:
            return truth
        clock = self.clocks.pbx
        offset_us = clock.offset_at(truth.invited_at)
        if clock.stepped_near(truth.invited_at, _BRINK_US):
            # Before or after: his own call says on which side he came in.
            both = (offset_us, clock.offset_at(truth.invited_at + _BRINK_US))
            offset_us = min(both, key=lambda offset: self._nearest(truth, truth.invited_at + offset))
        return later(truth, offset_us) if offset_us else truth

    def _nearest(self, truth: CallerTruth, at: int) -> int:
        journeys = self.journeys()
        own = [one for one in journeys if one.caller == truth.number] or [one for one in journeys if one.did == truth.did]
        return min((abs(journey.t0 - at) for journey in own), default=0)

    def _into_the_void(self, offered_at: int, answered_at: int | None) -> bool:
        return answered_at is not None and any(offered_at < since <= answered_at for since, _ in self.pbx_deaths)

    def on_the_brink(self) -> set[str]:
        """Callers whose phone was picked up as the PBX died: no witness can say which came first."""
        return {
            truth.number
            for truth in self.town.truth()
            for offer in truth.offers
            if offer.answered_at is not None and any(abs(offer.answered_at - since) < _BRINK_US for since, _ in self.pbx_deaths)
        } | {
            truth.number
            for truth in self.town.truth()
            if self.clocks is not None and self.clocks.pbx.stepped_near(truth.invited_at, _BRINK_US)
        }

    def dossiers(self) -> list[str]:
        """The call of each dossier in the registry."""
        with contextlib.closing(sqlite3.connect(self.database)) as registry:
            return [call_id for (call_id,) in registry.execute("SELECT call_id FROM dossier")]

    def journeys(self) -> list[Journey]:
        """The store."""
        return stored(self.site)


def later(truth: CallerTruth, by_us: int) -> CallerTruth:
    """The same, with every instant moved."""
    offers = tuple(_moved(offer, by_us) for offer in truth.offers)
    return replace(_moved(truth, by_us), offers=offers)


def _moved(what: _Lived, by_us: int) -> _Lived:
    names = (each.name for each in fields(what) if each.name.endswith("_at"))
    changes = {name: at + by_us for name in names if (at := getattr(what, name)) is not None}
    return replace(what, **changes)


@asynccontextmanager
async def stage(
    folder: Path,
    *,
    seconds: float,
    calls_per_minute: float,
    seed: int,
    agents: int,
    pace: float = 0.15,
    small_disks: Sequence[str] = (),
    drain_seconds: float = 20.0,
    starts: str | None = None,
    disorder: bool = False,
    wires: bool = True,
) -> AsyncIterator[Stage]:
    """Open it all. Nothing stays behind.

    Args:
        small_disks: the folders of the site that are small disks of their own.
        starts: the clocks of PBX and service can be stepped, and begin at this instant (empty: the true one).
        disorder: the wire of AMI gives whole frames in another order than they came.
        wires: AMI and AGI pass through this process, so that they can be cut; a bench, whose loop they would wait for, has none.

    Raises:
        disks.Refused: a small disk cannot be mounted here, or no clock stepped.
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
    try:
        clocks = clocks_in(site.folder, starts) if starts is not None else None
    except NoClocks as why:
        raise disks.Refused(str(why)) from None
    ami = Wire(free_port(), site.ports.ami, disorder=Random(f"disorder/{seed}") if disorder else None)
    agi = Wire(site.ports.agi, free_port())
    if wires:
        _put_wires_between(site, ami, agi)
    async with AsyncExitStack() as stack:
        for name in small_disks:
            stack.enter_context(disks.small_disk(site.folder / name))
        environ = clocks.environ(clocks.pbx, os.environ) if clocks is not None else None
        pbx = await stack.enter_async_context(SandboxAsterisk(install, telephony, site.pbx, machine(site), environ))
        for wire in (ami, agi) if wires else ():
            await stack.enter_async_context(wire)
        service = ServiceProcess(site, clocks.environ(clocks.service, os.environ) if clocks is not None else None)
        stack.push_async_callback(service.stop)
        await service.start()
        town = await stack.enter_async_context(town_of(install, site, plan))
        yield Stage(site, pbx, service, town, ami, agi, Random(f"chaos/{seed}"), clocks)


def _put_wires_between(site: Site, ami: Wire, agi: Wire) -> None:
    """The PBX is rendered already; from now on the service reads where the wires begin and end."""
    file = site.config / "pbx.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    table["ami"]["port"] = ami.listen
    table["pbx"]["agi_port"] = agi.target
    file.write_text(tomli_w.dumps(table), encoding="utf-8")


async def played(scene: Stage) -> None:
    """Until the last caller is gone and the last promise is kept."""
    await scene.town.finished()
    await settled(scene.site)
