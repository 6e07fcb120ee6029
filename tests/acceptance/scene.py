"""A whole SAS for one test: the real PBX, the service as its own process, SIPp people; SIPp's log is the truth."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from cti.ami.translate.cel import rows_since
from cti.bootstrap.demo.process import ServiceProcess
from cti.bootstrap.demo.show import DemoPlan, demo_site, judge, settled, stored, town_of
from cti.bootstrap.sandbox import Site, machine, render_site
from cti.journey import Journey
from cti.journey.events import CallEvent
from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.packages import FetchSettings, fetch
from cti.sandbox.people.compare import Comparison
from cti.sandbox.people.town import Town
from cti.settings import load
from cti.store import open_store

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Scene:
    """What a test may touch."""

    site: Site
    pbx: SandboxAsterisk
    service: ServiceProcess
    town: Town

    async def end(self) -> Comparison:
        """Wait for the last caller and the last reaction, then compare."""
        await self.town.finished()
        await settled(self.site)
        return judge(self.site, self.town)

    def journeys(self) -> Mapping[str, Journey]:
        """The store, by call."""
        return {journey.call_id: journey for journey in stored(self.site)}

    def seconds_to_the_queue(self) -> list[float]:
        """From each caller's arrival to his first queue, as Asterisk's own log tells it."""
        arrived: dict[str, int] = {}
        waited: dict[str, float] = {}
        for row in rows_since(self.site.pbx / "log" / "cel-custom" / "cti-cel.csv", 0):
            if row.kind == "SAS_ARRIVED":
                arrived[row.uniqueid] = row.at
            elif row.kind == "APP_START" and row.app == "Queue" and row.uniqueid in arrived:
                waited.setdefault(row.uniqueid, (row.at - arrived[row.uniqueid]) / 1e6)
        return sorted(waited.values())

    def dropped_by_us(self) -> list[str]:
        """Lines of the PBX's log that no caller should be the subject of."""
        return [line for line in self.pbx.problems() if "WARNING" in line or "ERROR" in line]


def told_of(sas: Scene, kind: type[CallEvent]) -> list[CallEvent]:
    """The events of that kind in the store's journal."""
    store = open_store(load(sas.site.config, {}).database_url)
    try:
        calls = [journey.call_id for journey in store.reading.journeys(None, None)]
        return [event for call_id in calls for event in store.reading.events(call_id) if isinstance(event, kind)]
    finally:
        store.close()


@asynccontextmanager
async def scene(
    tmp_path: Path,
    *,
    seconds: float,
    calls_per_minute: float,
    seed: int,
    agents: int = 16,
    service: bool = True,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Scene]:
    """Open it all; the service runs unless the test wants it absent. Nothing stays behind."""
    install = fetch(FetchSettings.from_environ(os.environ))
    plan = DemoPlan(
        folder=tmp_path / "site",
        shipped=ROOT / "config",
        hand_written=ROOT / "dialplans",
        duration_seconds=seconds,
        calls_per_minute=calls_per_minute,
        agents=agents,
        seed=seed,
        pace=0.15,
        drain_seconds=25,
    )
    site = demo_site(plan)
    async with AsyncExitStack() as stack:
        pbx = await stack.enter_async_context(
            SandboxAsterisk(install, render_site(site, plan.hand_written), site.pbx, machine(site))
        )
        process = ServiceProcess(site, environ)
        stack.push_async_callback(process.stop)
        if service:
            await process.start()
        town = await stack.enter_async_context(town_of(install, site, plan))
        yield Scene(site, pbx, process, town)


def usual(seconds: list[float]) -> float:
    """The usual time to the queue: greeting included, no fault."""
    return median(seconds)
