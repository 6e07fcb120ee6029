"""A room whose posts are anybody's: the real PBX, the real service as a process, its API, and phones that dial codes."""

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from cti.ami.actions import MemberRow, PbxActions
from cti.ami.connection import AmiLink, LinkHooks, LinkSettings, LinkTime, wait_for_event
from cti.ami.frames import Frame
from cti.bootstrap.clock import monotonic_us, now
from cti.bootstrap.demo.process import ServiceProcess
from cti.bootstrap.sandbox import Phone, Site, machine, make_site, render_site
from cti.journey.around.duty import DutyAct
from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.host.free import free_port
from cti.sandbox.install import Install
from cti.sandbox.packages import FetchSettings, fetch
from cti.sandbox.sipp import SippProcess, SippRun
from cti.settings import load
from cti.store import open_store
from tests.integration.dialplan_people import voice_range, write_tone
from tests.integration.dialplan_scripts import presses
from tests.scenarios.people import calls

ROOT = Path(__file__).parents[2]
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "helene": {"nom": "Hélène L'Hôpital", "role": "arm_n1", "filieres": ["n1", "amu"], "numero": "201"},
    "karim": {"nom": "Karim Benali", "role": "arm_amu", "filieres": ["amu"], "numero": "202"},
    "anne": {"nom": "Dr Anne Petit", "role": "mru", "filieres": ["mru"], "numero": "301"},
}
#: Short waits: nobody in a test is kept for minutes.
FILIERES = {
    code: {"ring_seconds": 5, "attente_max_seconds": 20, **more}
    for code, more in {"n1": {"wrapup_seconds": 20}, "amu": {}, "mru": {}}.items()
}


@dataclass
class Room:
    """What a test may touch."""

    folder: Path
    site: Site
    install: Install
    pbx: SandboxAsterisk
    service: ServiceProcess
    http: aiohttp.ClientSession
    tone: Path
    frames: list[Frame] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    link: AmiLink | None = None
    _played: int = 0

    # --- the service ------------------------------------------------------------------------------------------------------

    async def ask(self, path: str) -> Any:
        async with self.http.get(f"{self.site.web}/api/v1/{path}") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def act(self, poste: str, verb: str, status: int = 200, **body: Any) -> Any:
        async with self.http.post(f"{self.site.web}/api/v1/agents/{poste}/{verb}", json={"by": "test", **body}) as answer:
            told = await answer.json()
            assert answer.status == status, told
            return told

    async def post(self, poste: str) -> Any:
        return next(one for one in (await self.ask("agents"))["posts"] if one["poste"] == poste)

    async def board(self) -> Any:
        return await self.ask("board")

    async def until_board(self, true_of: Callable[[Any], bool], seconds: float = 10) -> Any:
        """Wait until this is true of the board."""
        board = None
        try:
            async with asyncio.timeout(seconds):
                while True:
                    board = await self.board()
                    if true_of(board):
                        return board
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"the board shows {board}") from None

    async def until_alarm(self, code: str, seconds: float = 10) -> Any:
        """Wait until the board shows it."""
        return (await self.until_board(lambda told: code in told["alarms"], seconds))["alarms"][code]

    def acts(self) -> list[DutyAct]:
        """The journal of acts, as the database has it."""
        store = open_store(load(self.site.config, {}).database_url)
        try:
            return store.duty.acts(0, now() + 10**12)
        finally:
            store.close()

    async def until_post(self, poste: str, seconds: float = 10, **expected: Any) -> Any:
        """Wait until the service tells this of a post: what the PBX holds is read by it a moment later."""
        found: Any = None
        try:
            async with asyncio.timeout(seconds):
                while True:
                    found = await self.post(poste)
                    if all(found[key] == value for key, value in expected.items()):
                        return found
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"the service tells {found}, not {expected}") from None

    async def until_acts(self, expected: list[tuple[str, str, str]], seconds: float = 10) -> None:
        """Wait until the journal of acts has just these: (kind, post, by what means)."""
        found: list[tuple[str, str, str]] = []
        try:
            async with asyncio.timeout(seconds):
                while True:
                    found = [(act.kind, act.poste, act.via) for act in self.acts()]
                    if found == expected:
                        return
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"the journal has {found}, not {expected}\n{self.service.last_lines(30)}") from None

    def told(self, call_id: str) -> set[str]:
        """The kinds of events of a call, as the database has them."""
        store = open_store(load(self.site.config, {}).database_url)
        try:
            return {type(event).__name__ for event in store.reading.events(call_id)}
        finally:
            store.close()

    # --- the PBX ----------------------------------------------------------------------------------------------------------

    @property
    def actions(self) -> PbxActions:
        assert self.link is not None
        return PbxActions(self.link.ask)

    async def members(self) -> dict[tuple[str, str], MemberRow]:
        """By queue and post, what app_queue itself says."""
        rows = (await self.actions.queue_status()).members
        return {(row.queue.removeprefix("sas-"), row.interface.removeprefix("PJSIP/")): row for row in rows}

    async def held(self) -> dict[tuple[str, str], str | None]:
        """By queue and post: None when calls are offered there, else the reason why not."""
        return {key: (row.paused_reason if row.paused else None) for key, row in (await self.members()).items()}

    async def until_held(self, expected: Mapping[tuple[str, str], str | None], seconds: float = 15) -> None:
        """Wait until the PBX holds just this."""
        found: Mapping[tuple[str, str], str | None] = {}
        try:
            async with asyncio.timeout(seconds):
                while True:
                    with contextlib.suppress(Exception):
                        found = await self.held()
                    if found == expected:
                        return
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"the PBX holds {found}, not {expected}\n{self.service.last_lines(30)}") from None

    # --- people -----------------------------------------------------------------------------------------------------------

    async def dial(self, poste: str, number: str, typing: str = "", seconds: float = 20) -> None:
        """The post's phone dials a code, types what is asked, and is hung up on."""
        await (await self.phone_call(poste, number, typing=typing)).wait(seconds)

    async def phone_call(self, poste: str, number: str, hangs_up_after_ms: int | None = None, typing: str = "") -> SippProcess:
        """The post's phone, or somebody in town (`poste` empty), dials."""
        name = poste or "0639980001"
        typed = presses(name, typing, after_ms=2500, is_caller=True) if typing else ""
        return await self.play(
            calls(self.tone, name, hangs_up_after_ms, then=typed), free_port(socket.SOCK_DGRAM), service=number, calls=1,
            remote=f"127.0.0.1:{self.site.ports.sip}",
        )  # fmt: skip

    async def sits(self, poste: str, scenario: str) -> SippProcess:
        """The post's phone, from now on."""
        return await self.play(scenario, next(p.port for p in self.site.phones if p.endpoint == poste), extra=("-aa",))

    async def play(self, scenario: str, port: int, **run: Any) -> SippProcess:
        self._played += 1
        path = self.folder / f"people-{self._played}.xml"
        path.write_text(scenario, encoding="utf-8")
        plan = SippRun(path, local_port=port, media_ports=voice_range(40), **run)
        return await self.stack.enter_async_context(SippProcess(self.install, plan, self.folder / f"sipp-{self._played}"))

    async def until(self, name: str, nth: int = 1, **headers: str) -> Frame:
        """The first (or nth) event or UserEvent of that name with these headers, seen or still to come."""
        async with asyncio.timeout(30):
            while True:
                self.news.clear()
                named = (f for f in self.frames if name in (f.event, f.get("UserEvent")))
                found = [f for f in named if all(f.get(key) == value for key, value in headers.items())]
                if len(found) >= nth:
                    return found[nth - 1]
                await self.news.wait()

    def on_frame(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.news.set()


@asynccontextmanager
async def room(
    folder: Path,
    free: Mapping[str, str],
    fixed: Mapping[str, tuple[str, ...]] | None = None,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
    people: Mapping[str, Mapping[str, Any]] = PEOPLE,
) -> AsyncIterator[Room]:
    """Boot, start the service, log in with the events login.

    Args:
        folder: everything is written there.
        free: internal numbers of the posts that are anybody's, by endpoint.
        fixed: filières of the other posts.
        changes: of the configuration.
        people: who may take a post.
    """
    install = await asyncio.to_thread(fetch, FetchSettings.from_environ(os.environ))
    ends = {name: f"sip:{name}@127.0.0.1:{free_port(socket.SOCK_DGRAM)}" for name in (*free, *(fixed or {}))}
    phones = [Phone(name, f"Poste {name}", "arm_n1", (fixed or {}).get(name, ()), contact) for name, contact in ends.items()]
    posts = {name: {"fixe": False, "poste": number} for name, number in free.items()}
    mine = {"agents": {"agents": posts, "personnes": people}, "filieres": {"filieres": FILIERES}, **(changes or {})}
    site = make_site(ROOT / "config", folder / "site", phones, changes=mine)
    render_site(site, ROOT / "dialplans")
    async with AsyncExitStack() as stack:
        pbx = await stack.enter_async_context(SandboxAsterisk(install, site.telephony, site.pbx, machine(site)))
        service = ServiceProcess(site)
        stack.push_async_callback(service.stop)
        await service.start()
        http = await stack.enter_async_context(aiohttp.ClientSession())
        tone = write_tone(folder / "voice.alaw", 440.0)
        opened = Room(folder, site, install, pbx, service, http, tone, stack=stack)
        opened.link = await stack.enter_async_context(_linked(site, opened))
        yield opened


@asynccontextmanager
async def _linked(site: Site, opened: Room) -> AsyncIterator[AmiLink]:
    """Our own eyes: the events login lists queues too."""
    ami = load(site.config, {}).pbx.ami
    login = ami.events_login, ami.events_secret
    settings = LinkSettings("test", "127.0.0.1", *login, port=site.ports.ami, backoff_longest_seconds=1.0)
    up = asyncio.Event()
    hooks = LinkHooks(on_frame=opened.on_frame, on_up=lambda _: up.set())
    link = AmiLink(settings, hooks, LinkTime(now, monotonic_us, random.random, wait_for_event))
    task = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(20):
            await up.wait()
        yield link
    finally:
        link.close()
        await task
