"""A real PBX, a real `cti run` and nothing else: what the benches measure on.

Everything lives in one folder, listens on free ports of the loopback address, and ends with its context.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from bench.scene.people import Manner, Voices, callers, phones
from cti.bootstrap.clock import now
from cti.bootstrap.demo.process import children_of
from cti.bootstrap.sandbox import Site, machine, make_site, render_site
from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.host.free import free_port
from cti.sandbox.install import Install
from cti.sandbox.people.staff import Phone
from cti.sandbox.sipp import SippProcess
from cti.sandbox.verbs import fetch_shown
from cti.settings import load

ROOT = Path(__file__).parents[2]
#: A login that receives every class of frames; the service has none like it.
CURIOUS = ("bench-curious", "bench")
#: A greeting of the sandbox's own sounds, about 1.5 s long.
GREETING = "one-moment-please"
_READY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Team:
    """Some phones of one filière: as many endpoints, one SIPp that plays them all; with `refer_to` they pass callers on."""

    name: str
    filiere: str
    count: int
    port: int
    refer_to: str = ""

    def phones(self) -> list[Phone]:
        """Each endpoint at the same address: SIPp tells calls apart by their Call-ID."""
        names = [f"{self.name}{number:02d}" for number in range(1, self.count + 1)]
        role = f"arm_{self.filiere}"
        return [Phone(n, f"Poste {n}", role, (self.filiere,), f"sip:{n}@127.0.0.1:{self.port}") for n in names]


@dataclass(frozen=True, slots=True)
class Stage:
    """A PBX with our dialplan, and the phones it knows."""

    folder: Path
    install: Install
    site: Site
    pbx: SandboxAsterisk
    teams: tuple[Team, ...]
    voices: Voices

    @contextlib.asynccontextmanager
    async def staffed(self, manner: Manner, *, traced: bool = False) -> AsyncIterator[None]:
        """Every phone of the room is played; `traced`: each team keeps its messages in its folder."""
        async with contextlib.AsyncExitStack() as stack:
            for team in self.teams:
                folder = self.folder / team.name
                await stack.enter_async_context(
                    phones(self.install, folder, team.port, manner, self.voices, refer_to=team.refer_to, traced=traced)
                )
            yield

    def callers(self, manner: Manner, *, calls: int, rate: float) -> SippProcess:
        """Callers of 15."""
        folder = self.folder / f"callers-{secrets.token_hex(3)}"
        return callers(self.install, folder, self.trunk, manner, self.voices, calls=calls, rate=rate)

    @property
    def trunk(self) -> str:
        """Where callers send their INVITE."""
        return f"127.0.0.1:{self.site.ports.sip}"

    @contextlib.asynccontextmanager
    async def service(self) -> AsyncIterator[psutil.Process]:
        """`cti run` in a process of its own, ready and seeing the PBX."""
        async with running_service(self.site.config, self.site.web, self.folder / "service.log") as process:
            yield process


@contextlib.asynccontextmanager
async def open_stage(
    folder: Path, *, n1: int, amu: int, greeting: bool = True, passing: int | None = None, wrapup_seconds: int | None = None
) -> AsyncIterator[Stage]:
    """Boot the PBX with so many phones in two filières.

    Callers of 15 reach n1, where `passing` phones (every third by default) pass them on to amu; `wrapup_seconds`: of both.
    """
    passing = n1 // 3 if passing is None else passing
    teams = (
        Team("garde", "n1", n1 - passing, free_port(socket.SOCK_DGRAM)),
        Team("passe", "n1", passing, free_port(socket.SOCK_DGRAM), refer_to="801"),
        Team("amu", "amu", amu, free_port(socket.SOCK_DGRAM)),
    )
    sound = {"accueil": GREETING if greeting else None}
    changes: dict[str, Mapping[str, Any]] = {"flux": {"flux": {"15": sound}}}
    if wrapup_seconds is not None:
        changes["filieres"] = {"filieres": {code: {"wrapup_seconds": wrapup_seconds} for code in ("n1", "amu")}}
    site = make_site(ROOT / "config", folder, [phone for team in teams for phone in team.phones()], changes=changes)
    telephony = render_site(site, ROOT / "dialplans")
    _let_in(telephony / "manager.conf")
    install = await asyncio.to_thread(fetch_shown, os.environ)
    async with SandboxAsterisk(install, telephony, site.pbx, machine(site)) as pbx:
        yield Stage(folder, install, site, pbx, teams, Voices())


def _let_in(manager_conf: Path) -> None:
    name, secret = CURIOUS
    rights = "system,call,agent,user,dialplan,dtmf,reporting,cdr,cc,aoc,test,security,message,verbose"
    with manager_conf.open("a", encoding="utf-8") as file:
        file.write(f"\n[{name}]\nsecret = {secret}\ndeny = 0.0.0.0/0.0.0.0\npermit = 127.0.0.1/32\n")
        file.write(f"read = {rights}\nwrite = system\nwritetimeout = 10000\n")


@contextlib.asynccontextmanager
async def running_service(config: Path, web: str, log: Path) -> AsyncIterator[psutil.Process]:
    """`cti run --config`, from ready to stopped in peace: the service at work, not its guardian.

    Raises:
        RuntimeError: it ended, or was not ready in time; the message quotes the end of its log.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CTI_")}
    with log.open("ab") as output:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cti", "--log-json", "run", "--config", str(config),
            cwd=ROOT, env=environment, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        await _until_ready(child, web, log)
        yield psutil.Process(children_of(child.pid)[0])
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(20):
                    await child.wait()
            except TimeoutError:
                child.kill()
                await child.wait()


async def _until_ready(child: asyncio.subprocess.Process, web: str, log: Path) -> None:
    async with aiohttp.ClientSession() as http:
        for _ in range(int(_READY_SECONDS / 0.1)):
            if child.returncode is not None:
                break
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with http.get(f"{web}/readyz", timeout=aiohttp.ClientTimeout(5)) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
    raise RuntimeError(f"cti run is not ready:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process, its threads included, its children not."""
    times = process.cpu_times()
    return float(times.user + times.system)


async def until_written(site: Site, calls: int) -> None:
    """Wait until that many calls have ended and been checked.

    Raises:
        TimeoutError: they are not all there in time.
    """
    query = """SELECT count(*) FROM call WHERE ended_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM recording r WHERE r.call_id = call.call_id AND r.checked_at IS NULL)"""
    await count(site, query, calls)


async def count(site: Site, query: str, wanted: int, seconds: float = 60.0) -> None:
    """Wait until a query counts that many, asked of the database itself so that the service does nothing for it.

    Raises:
        TimeoutError: it does not in time; the message says how many there were.
    """
    found = 0
    try:
        async with asyncio.timeout(seconds):
            with contextlib.closing(sqlite3.connect(f"file:{site.var / 'cti.db'}?mode=ro", uri=True)) as database:
                while found < wanted:
                    await asyncio.sleep(0.5)
                    found = database.execute(query).fetchone()[0]
    except TimeoutError:
        raise TimeoutError(f"{found} of {wanted} after {seconds:g} s: {query}") from None


async def told(web: str) -> list[dict[str, Any]]:
    """The latest calls (500 at most) as the service tells them."""
    async with aiohttp.ClientSession() as http, http.get(f"{web}/api/v1/calls", params={"limit": "500"}) as answer:
        answer.raise_for_status()
        rows: list[dict[str, Any]] = (await answer.json())["calls"]
        return rows


@contextlib.asynccontextmanager
async def screen(web: str) -> AsyncIterator[None]:
    """A screen that follows the board, and does nothing with it."""

    async def follow() -> None:
        forever = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(timeout=forever) as http, http.get(f"{web}/api/v1/board/stream") as stream:
            stream.raise_for_status()
            async for _ in stream.content.iter_any():
                pass

    task = asyncio.get_running_loop().create_task(follow())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def listen(stage: Stage, login: tuple[str, str] | None = None) -> AsyncIterator[list[tuple[int, bytes]]]:
    """Every block that a login (by default the service's) is sent while the context lasts, with the microsecond it came."""
    ami = load(stage.site.config, {}).pbx.ami
    name, secret = login or (ami.events_login, ami.events_secret)
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.site.ports.ami)
    writer.write(f"Action: Login\r\nUsername: {name}\r\nSecret: {secret}\r\nEvents: on\r\n\r\n".encode())
    blocks: list[tuple[int, bytes]] = []

    async def keep() -> None:
        while True:
            block = await reader.readuntil(b"\r\n\r\n")
            blocks.append((now(), block.removesuffix(b"\r\n\r\n")))

    task = asyncio.get_running_loop().create_task(keep())
    try:
        yield blocks
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        writer.close()


def header(block: bytes, name: bytes) -> bytes:
    """The value of a header of a block, empty when it has none."""
    return block.partition(b"\r\n" + name + b": ")[2].partition(b"\r\n")[0]


def stamp(block: bytes) -> int:
    """When the PBX made the block, microseconds."""
    return int(header(block, b"Timestamp").replace(b".", b"") or 0)
