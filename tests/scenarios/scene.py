"""A PBX of our own for one story: the shipped configuration, the phones of the story, our link with the events login."""

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from cti.ami.actions import PbxActions
from cti.ami.agi import AgiAnswer, AgiLimits, AgiServer
from cti.ami.connection import AmiLink, LinkHooks, LinkSettings, LinkTime, wait_for_event
from cti.ami.frames import Frame
from cti.ami.recorded import Recorded
from cti.ami.rooms import RoomActions
from cti.ami.translate import Translator
from cti.ami.translate.outgoing import Click
from cti.bootstrap.answering.placing import place_call
from cti.bootstrap.clock import monotonic_us, now
from cti.bootstrap.sandbox import Phone, Site, machine, make_site, render_site
from cti.journey.words import Instant
from cti.routing.dialplan import agi_routes
from cti.routing.plan import Load
from cti.routing.planner import RoutePlanner
from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.host.free import free_port
from cti.sandbox.install import Install
from cti.sandbox.packages import FetchSettings, fetch
from cti.sandbox.sipp import SippProcess, SippRun
from cti.settings import load
from tests.integration.dialplan_people import voice_range, write_tone

ROOT = Path(__file__).parents[2]
#: Tuesday at ten: every filière with opening hours is open.
_MORNING: Instant = 1_797_411_600_000_000
#: A caller in a story is not kept for minutes.
CHANGES: Mapping[str, Mapping[str, object]] = {
    "filieres": {
        "filieres": {
            "n1": {"ring_seconds": 5, "attente_max_seconds": 20},
            "amu": {"ring_seconds": 5, "attente_max_seconds": 20},
            "mru": {"ring_seconds": 5, "attente_max_seconds": 20},
            "mg": {"ring_seconds": 5, "attente_max_seconds": 6},
        }
    },
    "flux": {"flux": {code: {"accueil": "one-moment-please"} for code in ("15", "112", "116117")}},
}
#: In a story of a crisis: the liberal doctors are swamped, an emergency doctor is free.
IN_CRISIS: Mapping[str, Load] = {"mru": Load(1, 1, 0, 0), "mrg": Load(1, 0, 6, 240_000)}
_ROLES = {"arm": "arm_n1", "amu": "arm_amu", "osnp": "osnp", "mru": "mru"}
NAMES = {
    "arm01": "Camille Durand", "arm02": "Hélène L'Hôpital", "amu01": "Julie Martin",
    "osnp01": "Inès Moreau", "mru01": "Dr Anne Petit", "mru02": "Dr Paul Roux",
}  # fmt: skip

#: Somebody outside, whom the operator's trunk reaches.
PATIENT = "patient"

POSTS = {"arm01": "1001", "arm02": "1002", "amu01": "1004", "osnp01": "1011", "mru01": "1021", "mru02": "1022"}
#: Somebody outside, at the other end of the trunk.
OUTSIDE = "dehors"


@dataclass
class Scene:
    """The room while a story is played."""

    folder: Path
    site: Site
    install: Install
    pbx: SandboxAsterisk
    tone: Path
    outside: int = 0  #: the port of whoever is called on the trunk
    translator: Translator = field(default_factory=Translator)
    frames: list[Frame] = field(default_factory=list)
    records: list[Recorded] = field(default_factory=list)
    people: list[tuple[str, SippProcess]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _actions: PbxActions | None = None
    _link: AmiLink | None = None
    _stack: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def phone(self, name: str, scenario: str) -> None:
        """An agent's phone, from now on; it plays the same scenario for every call."""
        # SIPp answers by itself the NOTIFYs that follow a REFER, whenever they come.
        await self._play(name, scenario, self._port(name), extra=("-aa",))

    async def caller(self, number: str, scenario: str, name: str = "caller") -> SippProcess:
        """Somebody dials; `name` of a phone makes it that phone's call."""
        port = self._port(name) if name in NAMES else free_port(socket.SOCK_DGRAM)
        return await self._play(name, scenario, port, remote=f"127.0.0.1:{self.site.ports.sip}", service=number, calls=1)

    async def guest(self, scenario: str) -> SippProcess:
        """Whoever is called outside, on the trunk."""
        return await self._play(OUTSIDE, scenario, self.outside, extra=("-aa",))

    async def consult(self, name: str, number: str, scenario: str) -> SippProcess:
        """The other line of an agent's phone dials, while a caller is on the first one."""
        remote = f"127.0.0.1:{self.site.ports.sip}"
        port = free_port(socket.SOCK_DGRAM)
        return await self._play(f"{name} (2)", scenario, port, remote=remote, service=number, calls=1, extra=("-aa",))

    async def press(self, name: str, line: str, other: str = "") -> None:
        """A key on an agent's phone: SIPp hears it as an INFO within the call of the channel `line`.

        With `other`, the channel of the second line (or the words that name a line that is gone), it is the transfer key.
        """
        call_id, words = await self._ask(line, "CHANNEL(pjsip,call-id)"), other or "key"
        if other.startswith("PJSIP/"):
            words = await self.dialog(other)
        head = f"INFO sip:{name}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-key\r\n"
        rest = f"From: <sip:key@127.0.0.1>;tag=key\r\nTo: <sip:{name}@127.0.0.1>\r\nCall-ID: {call_id}\r\nCSeq: 1 INFO\r\n"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as finger:
            text = f"{head}{rest}Subject: {words}\r\nContent-Length: 0\r\n\r\n"
            finger.sendto(text.encode(), ("127.0.0.1", self._port(name)))

    async def dialog(self, channel: str) -> str:
        """The words of RFC 3891 that name this line."""
        words = [await self._ask(channel, f"CHANNEL(pjsip,{item})") for item in ("call-id", "local_tag", "remote_tag")]
        words[0] = words[0].replace("@", "%40")
        return "{}%3Bto-tag%3D{}%3Bfrom-tag%3D{}".format(*words)

    async def line(self, name: str, nth: int = 1) -> str:
        """The channel of the nth call of that phone, from its birth on."""
        async with asyncio.timeout(30):
            while True:
                self._news.clear()
                born = [f["Channel"] for f in self.frames if f.event == "Newchannel"]
                named = [channel for channel in born if channel.startswith(f"PJSIP/{name}-")]
                if len(named) >= nth:
                    return named[nth - 1]
                await self._news.wait()

    async def _ask(self, channel: str, variable: str) -> str:
        assert self._link is not None
        answer = await self._link.ask("Getvar", {"Channel": channel, "Variable": variable}, deadline_seconds=3.0)
        return answer.response["Value"]

    async def until(self, name: str, nth: int = 1, **headers: str) -> Frame:
        """The first (or nth) event or UserEvent of that name with these headers, seen or still to come."""
        async with asyncio.timeout(30):
            while True:
                self._news.clear()
                named = (f for f in self.frames if name in (f.event, f.get("UserEvent")))
                found = [f for f in named if all(f.get(key) == value for key, value in headers.items())]
                if len(found) >= nth:
                    return found[nth - 1]
                await self._news.wait()

    async def until_quiet(self) -> None:
        """Until every channel that was born is gone."""
        async with asyncio.timeout(30):
            while True:
                self._news.clear()
                born = {f.get("Uniqueid") for f in self.frames if f.event == "Newchannel"}
                if born and born == {f.get("Uniqueid") for f in self.frames if f.event == "Hangup"}:
                    return
                await self._news.wait()

    async def transfer(self, channel: str, filiere: str, by: str = "jean") -> None:
        """The screen's transfer, as the service does it."""
        assert self._actions is not None
        await self._actions.set_var(channel, "SAS_VIA", f"api:{by}")
        await self._actions.redirect(channel, "sas-transferts", filiere)

    @property
    def rooms(self) -> RoomActions:
        """What an agent does at his screen: the service's own actions."""
        assert self._actions is not None
        return RoomActions(self._actions, self.translator, now)

    async def pause(self, name: str, paused: bool = True) -> None:
        """An agent takes a pause, or is back."""
        assert self._actions is not None
        await self._actions.queue_pause(f"PJSIP/{name}", paused, "repas")

    async def say_crisis(self, active: bool = True) -> None:
        """The service tells the PBX whether there is a crisis."""
        assert self._actions is not None
        await self._actions.set_global("SAS_CRISE_DEMANDEE", int(active))

    async def click(self, name: str, number: str, callback: str | None = None) -> None:
        """An agent clicks on a number: the service has the PBX ring his phone."""
        assert self._actions is not None
        await place_call(self._actions, name, Click(str(uuid4()), number, callback), ring_ms=4000)

    async def hang_up(self, channel: str) -> None:
        """The PBX's operator ends a call."""
        assert self._actions is not None
        await self._actions.hangup(channel)

    def _port(self, name: str) -> int:
        if name == PATIENT:
            return int(load(self.site.config, {}).pbx.trunks[0].contact.rpartition(":")[2])  # type: ignore[union-attr]
        return int(next(p.contact for p in self.site.phones if p.endpoint == name).rpartition(":")[2])

    async def _play(self, name: str, scenario: str, port: int, **run: object) -> SippProcess:
        path = self.folder / f"people-{len(self.people)}.xml"
        path.write_text(scenario, encoding="utf-8")
        plan = SippRun(path, local_port=port, media_ports=voice_range(40), trace_messages=True, **run)  # type: ignore[arg-type]
        process = SippProcess(self.install, plan, self.folder / f"sipp-{len(self.people)}-{name}")
        self.people.append((name, process))
        return await self._stack.enter_async_context(process)

    def _record(self, frame: Frame, epoch: Instant) -> None:
        if frame.event:
            self.records.append(Recorded(frame.raw, frame.received_at, 1))

    def _on_frame(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.translator.read(frame)
        self._news.set()


@contextlib.asynccontextmanager
async def scene(folder: Path, phones: Mapping[str, tuple[str, ...]], service: str = "answers") -> AsyncIterator[Scene]:
    """Boot, log in, and answer the dialplan's questions with the shipped rules.

    Args:
        folder: everything is written there.
        phones: filières served, by endpoint.
        service: ``answers``, ``crisis`` (answers in crisis mode, `IN_CRISIS` on its board), ``silent`` (takes
            the question and says nothing) or ``absent`` (nobody listens).
    """
    install = await asyncio.to_thread(fetch, FetchSettings.from_environ(os.environ))
    wanted = [
        Phone(n, NAMES[n], _ROLES[n.rstrip("0123456789")], f, f"sip:{n}@127.0.0.1:{free_port(socket.SOCK_DGRAM)}")
        for n, f in phones.items()
        if n != PATIENT
    ]
    posts = {"agents": {"agents": {phone.endpoint: {"poste": POSTS[phone.endpoint]} for phone in wanted}}}
    outside = free_port(socket.SOCK_DGRAM)
    trunk = {"pbx": {"trunks": {"operateur": {"contact": f"sip:operateur@127.0.0.1:{outside}"}}}}
    way_out = _way_out() if PATIENT in phones else trunk
    site = make_site(ROOT / "config", folder / "site", wanted, changes={**CHANGES, **posts, **way_out})
    render_site(site, ROOT / "dialplans")
    async with SandboxAsterisk(install, site.telephony, site.pbx, machine(site)) as pbx, contextlib.AsyncExitStack() as stack:
        tone = write_tone(folder / "voice.alaw", 440.0)
        played = Scene(folder, site, install, pbx, tone, outside=outside, _stack=stack)
        await stack.enter_async_context(_service(site, service))
        await stack.enter_async_context(_linked(site, "events", played._on_frame, played._record))
        actions = await stack.enter_async_context(_linked(site, "actions", lambda frame: None, lambda frame, epoch: None))
        played._actions, played._link = PbxActions(actions.ask), actions
        yield played


def _way_out() -> dict[str, dict[str, object]]:
    """The trunk leads to somebody, and the room may call him."""
    contact = f"sip:operateur@127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    sortie = {
        "trunk": "operateur", "numero_presente": "0199001500", "prefixe": "0",
        "formes": ["0[1-9]XXXXXXXX"], "courts": ["18"], "sonnerie_seconds": 6,
    }  # fmt: skip
    return {"pbx": {"trunks": {"operateur": {"contact": contact}}, "sortie": sortie}}


@contextlib.asynccontextmanager
async def _linked(
    site: Site, which: str, on_frame: Callable[[Frame], None], record: Callable[[Frame, Instant], None]
) -> AsyncIterator[AmiLink]:
    ami = load(site.config, {}).pbx.ami
    login = (ami.events_login, ami.events_secret) if which == "events" else (ami.actions_login, ami.actions_secret)
    settings = LinkSettings(which, "127.0.0.1", *login, port=site.ports.ami, events="on" if which == "events" else "off")
    up = asyncio.Event()
    hooks = LinkHooks(on_frame=on_frame, on_up=lambda _: up.set(), record=record)
    link = AmiLink(settings, hooks, LinkTime(now, monotonic_us, random.random, wait_for_event))
    task = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(20):
            await up.wait()
        yield link
    finally:
        link.close()
        await task


@contextlib.asynccontextmanager
async def _service(site: Site, kind: str) -> AsyncIterator[None]:
    if kind in ("answers", "crisis"):
        rules, known = load(site.config, {}).routing, None if kind == "answers" else IN_CRISIS
        planner = RoutePlanner(rules, lambda: known, lambda: _MORNING, lambda *_: None, crise=lambda: known is not None)
        agi = AgiServer("127.0.0.1", site.ports.agi, agi_routes(planner, AgiAnswer), AgiLimits(), now)
        await agi.start()
        try:
            yield
        finally:
            await agi.stop()
    elif kind == "silent":
        held: list[asyncio.StreamWriter] = []
        server = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", site.ports.agi)
        try:
            yield
        finally:
            server.close()
            for writer in held:
                writer.close()
    else:
        yield
