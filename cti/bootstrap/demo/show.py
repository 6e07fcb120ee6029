"""The demo itself: everything started in order, shown while it runs, stopped, and compared with what the people did.

The truth is SIPp's own log; the store must agree with it call by call. A difference is printed, reported and makes the exit
code 1.
"""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.live import Live

from cti.bootstrap.clock import now
from cti.bootstrap.demo import desk
from cti.bootstrap.demo.clicks import Clicks
from cti.bootstrap.demo.process import ServiceProcess, get_json
from cti.bootstrap.demo.table import picture, plainly
from cti.bootstrap.keeping.sandboxed import archive_of_its_own
from cti.bootstrap.sandbox import Site, browser_posts, free_ports, machine, make_site, render_site
from cti.journey import Journey
from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.host.address import own_address
from cti.sandbox.host.free import free_range
from cti.sandbox.install import Install
from cti.sandbox.people.compare import Comparison, compare
from cti.sandbox.people.staff import phones
from cti.sandbox.people.town import Town, TownPlan
from cti.sandbox.verbs import fetch_shown
from cti.settings import load
from cti.store import open_store

#: How long the last calls and their reactions may take to settle once the last caller has hung up.
_SETTLE_SECONDS = 20.0
#: Without a terminal the live table is one plain line now and then.
_PLAIN_EVERY_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """What the demo is asked to do."""

    folder: Path
    shipped: Path
    hand_written: Path
    duration_seconds: float | None = None
    calls_per_minute: float = 20.0
    agents: int | None = None
    """People in the room; None staffs it for the rate, so that callers are answered and now and then wait."""
    browsers: int = 0
    """Posts for browsers, that nobody plays: open them on this machine."""
    desk: bool = False
    """People sit down in the room: accounts, and a post in a browser for each."""
    drain_seconds: float = 45.0
    """How long the last callers may stay once nobody calls any more; then they hang up."""
    seed: int = 1
    pace: float = 0.35
    report: Path | None = None


async def demo(plan: DemoPlan, console: Console) -> int:
    """Run it; the exit code: 0 when store and people agree, 1 when they differ."""
    install = fetch_shown(os.environ)
    site = demo_site(plan)
    async with AsyncExitStack() as stack:
        pbx = await stack.enter_async_context(
            SandboxAsterisk(install, render_site(site, plan.hand_written), site.pbx, machine(site))
        )
        service = ServiceProcess(site)
        await service.start()
        stack.push_async_callback(service.stop)
        console.print(f"\n  tableau de supervision :  [bold]{site.web}/supervision[/bold]")
        console.print(f"  les appels : cti calls --config {site.config}   (Ctrl-C pour arrêter)\n", soft_wrap=True)
        if plan.browsers and not plan.desk:
            _tell_browsers(plan, site, console)
        if plan.desk:
            for line in desk.told(site, await asyncio.to_thread(desk.open_accounts, site)):
                console.print(line, highlight=False, soft_wrap=True)
        town = town_of(install, site, plan)
        await _live(plan, site, town, service, console)
        await settled(site)
        problems = pbx.problems()
    comparison = _without_people(site, town, console) if plan.desk else judge(site, town)
    return _tell(plan, comparison, problems, town, console)


def _tell_browsers(plan: DemoPlan, site: Site, console: Console) -> None:
    told = f"  postes dans le navigateur : web01 à web{plan.browsers:02d} (ws://127.0.0.1:{site.ports.pbx_http}/ws)"
    if own_address() is None:
        told += "\n  cette machine n'a que l'adresse 127.0.0.1 : leur voix ne passera pas (ICE)"
    console.print(told, highlight=False, soft_wrap=True)


def demo_site(plan: DemoPlan) -> Site:
    """The site of the demo: the shipped configuration, simulated phones, free ports, patience scaled to the pace."""
    room = phones(plan.agents or max(16, round(plan.calls_per_minute * 0.8)), free_range(10))
    seats = desk.posts() if plan.desk else browser_posts(plan.browsers)
    changes = {"archive": archive_of_its_own(plan.folder.absolute()), **seats}
    return make_site(plan.shipped, plan.folder, room, free_ports(), changes)


def town_of(install: Install, site: Site, plan: DemoPlan) -> Town:
    """The people of the demo."""
    people = TownPlan(
        calls_per_minute=plan.calls_per_minute,
        duration_seconds=plan.duration_seconds,
        home_by_seconds=None if plan.duration_seconds is None else plan.duration_seconds + plan.drain_seconds,
        seed=plan.seed,
        pace=plan.pace,
        waits=0.1,
    )
    return Town(install, site.phones, f"127.0.0.1:{site.ports.sip}", people, site.folder / "people")


async def _live(plan: DemoPlan, site: Site, town: Town, service: ServiceProcess, console: Console) -> None:
    """Open the town and show the room until everybody is gone, or until Ctrl-C."""
    with Live(console=console, refresh_per_second=2, transient=not console.is_terminal) as live:
        told_at = asyncio.get_running_loop().time()
        async with town, aiohttp.ClientSession() as http, _interrupted() as stopped, asyncio.TaskGroup() as tasks:
            everybody = tasks.create_task(town.finished())
            clicks = tasks.create_task(Clicks(site, plan.seed, plan.pace).run(http))
            while not everybody.done() and not stopped.is_set():
                board = await get_json(http, f"{site.web}/api/v1/board")
                _ = service.guardian  # a service that died ends the demo with the end of its log
                done = f"{town.tally().successful} appels terminés côté SIPp"
                live.update(picture(board, now(), done))
                if not console.is_terminal and asyncio.get_running_loop().time() - told_at > _PLAIN_EVERY_SECONDS:
                    told_at = asyncio.get_running_loop().time()
                    console.print(f"  {plainly(board)} ; {done}", highlight=False, soft_wrap=True)
                await asyncio.wait({everybody}, timeout=1.0)
            for task in (everybody, clicks):
                task.cancel()


@asynccontextmanager
async def _interrupted() -> AsyncIterator[asyncio.Event]:
    """An event that Ctrl-C and SIGTERM set, instead of tearing the demo down before it could compare."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    try:
        yield stopped
    finally:
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(name)


async def settled(site: Site, deadline_seconds: float = _SETTLE_SECONDS) -> None:
    """Wait until no call is in progress and every promise has been kept; after the deadline the comparison tells."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(deadline_seconds), aiohttp.ClientSession() as http:
            while True:
                board = await get_json(http, f"{site.web}/api/v1/board")
                if board is not None and not board["calls"] and not await asyncio.to_thread(_pending, site):
                    return
                await asyncio.sleep(0.25)


def _pending(site: Site) -> int:
    store = open_store(load(site.config, {}).database_url)
    try:
        return len(store.pending())
    finally:
        store.close()


def stored(site: Site) -> list[Journey]:
    """Every call of the site's store, by t0."""
    store = open_store(load(site.config, {}).database_url)
    try:
        return list(store.reading.journeys(None, None))
    finally:
        store.close()


def judge(site: Site, town: Town) -> Comparison:
    """What the people did against what the store says."""
    return compare(town.truth(), stored(site))


def _without_people(site: Site, town: Town, console: Console) -> Comparison:
    """The same for those whom nobody at a browser took."""
    truths, journeys, left_out = desk.without_people(town.truth(), stored(site))
    console.print(f"\n  {left_out} appel(s) pris ou reçus dans un navigateur : hors de la comparaison")
    return compare(truths, journeys)


def _tell(plan: DemoPlan, found: Comparison, problems: list[str], town: Town, console: Console) -> int:
    console.print("\n[bold]Vérité de SIPp contre base[/bold]")
    for line in _summary_lines(found):
        console.print(f"  {line}", highlight=False, soft_wrap=True)
    for difference in found.differences:
        console.print(f"  {difference.line}", style="red", highlight=False, soft_wrap=True)
    for problem in problems:
        console.print(f"  PBX : {problem}", style="yellow", highlight=False, soft_wrap=True)
    if plan.report is not None:
        told = {**found.summary(), "pbx_problems": problems, "sipp_troubles": list(town.troubles)}
        plan.report.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        console.print(f"  rapport : {plan.report}")
    if found.differences:
        console.print(f"\n[bold red]{len(found.differences)} différence(s)[/bold red] ; tout est gardé dans {plan.folder}")
        return 1
    console.print("\n[bold green]aucune différence[/bold green]")
    return 0


def _summary_lines(found: Comparison) -> list[str]:
    told = found.summary()
    error = told["answer_error_ms"]
    lines = [
        f"appelants (SIPp) : {told['callers']} {told['truth']}",
        f"appels (base)    : {told['calls']} {told['service']}",
        f"conversations    : {told['talks']}",
    ]
    if error["compared"]:
        lines.append(
            f"instant du décroché, écart entre SIPp et base : p50 {error['p50']:.1f} ms, p99 {error['p99']:.1f} ms, "
            f"max {error['max']:.1f} ms sur {error['compared']} appels"
        )
    return lines
