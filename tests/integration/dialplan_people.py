"""People around a real PBX for the dialplan's tests: callers and agents played by SIPp, the service's AMI and FastAGI."""

import asyncio
import contextlib
import math
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cti.ami.dialplan import AgentSpec, AmiSpec, FiliereSpec, FluxSpec, PbxSpec, TrunkSpec, write
from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.host.free import free_port, free_range
from cti.sandbox.install import Install
from cti.sandbox.machine import MachineSettings
from cti.sandbox.sipp import SippProcess, SippRun
from tests.integration.dialplan_scripts import (
    agent,
    caller,
)

Frame = dict[str, str]


def write_tone(path: Path, hertz: float, seconds: float = 2.0) -> Path:
    """A raw A-law tone for rtp_stream."""
    samples = (int(9000 * math.sin(2 * math.pi * hertz * n / 8000)) for n in range(int(8000 * seconds)))
    path.write_bytes(bytes(_alaw(sample) for sample in samples))
    return path


def _alaw(sample: int) -> int:
    """One A-law byte (ITU-T G.711) of a 16 bit sample."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(abs(sample), 32635)
    exponent = max(0, (magnitude >> 8).bit_length())
    mantissa = (magnitude >> (exponent + 3 if exponent else 4)) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


def heard_seconds(path: Path, hertz: float) -> float:
    """How long a tone is what one hears in a recording (8 kHz, 16 bit), header skipped whatever it says."""
    data = path.read_bytes()[44:]
    samples = struct.unpack(f"<{len(data) // 2}h", data[: len(data) // 2 * 2])
    window = 400
    pieces = (samples[at : at + window] for at in range(0, len(samples) - window, window))
    return sum(_is_tone(piece, hertz) for piece in pieces) * window / 8000


def _is_tone(samples: tuple[int, ...], hertz: float) -> bool:
    """Whether most of the energy is at that frequency."""
    energy = sum(sample * sample for sample in samples)
    w = 2 * math.pi * hertz / 8000
    real = sum(s * math.cos(w * n) for n, s in enumerate(samples))
    imaginary = sum(s * math.sin(w * n) for n, s in enumerate(samples))
    return energy > len(samples) * 1000 and 2 * (real * real + imaginary * imaginary) > 0.8 * len(samples) * energy


@dataclass
class Manager:
    """A plain AMI session: keeps every frame, and waits for the one that is looked for."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    frames: list[Frame] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(cls, port: int, login: str, secret: str) -> AsyncIterator["Manager"]:
        """Log in, read until the end of the block."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        session = cls(reader, writer)
        session._task = asyncio.create_task(session._read())
        try:
            answer = await session.do("Login", Username=login, Secret=secret)
            assert answer["Response"] == "Success", answer
            yield session
        finally:
            session._task.cancel()
            await asyncio.gather(session._task, return_exceptions=True)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _read(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                text = (await self.reader.readuntil(b"\r\n\r\n")).decode()
                self.raw.append(text.replace("\r\n", "\n"))
                lines = (line.partition(": ") for line in text.split("\r\n") if line)
                self.frames.append({name.rstrip(":"): value for name, _, value in lines})
                self._news.set()

    async def do(self, action: str, **headers: str) -> Frame:
        """Send one action and wait for its response."""
        mark = f"{action}-{len(self.frames)}"
        lines = [f"Action: {action}", f"ActionID: {mark}", *(f"{name}: {value}" for name, value in headers.items())]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        return await self.wait(lambda frame: frame.get("ActionID") == mark and "Response" in frame)

    async def wait(self, matches: Callable[[Frame], bool], seconds: float = 15.0, start: int = 0) -> Frame:
        """The first frame from `start` on that matches, seen already or still to come."""
        seen = start
        async with asyncio.timeout(seconds):
            while True:
                self._news.clear()
                for frame in self.frames[seen:]:
                    if matches(frame):
                        return frame
                seen = len(self.frames)
                await self._news.wait()

    async def event(self, name: str, seconds: float = 15.0, start: int = 0, **headers: str) -> Frame:
        """The first event of that name (or UserEvent of that name) with these headers."""
        return await self.wait(lambda frame: is_event(frame, name, headers), seconds, start)

    def all(self, name: str, **headers: str) -> list[Frame]:
        """Every such event so far, in order."""
        return [frame for frame in self.frames if is_event(frame, name, headers)]


def is_event(frame: Frame, name: str, headers: Mapping[str, str]) -> bool:
    """Whether a frame is that event, or the UserEvent of that name, with these headers."""
    named = name in (frame.get("Event"), frame.get("UserEvent"))
    return named and all(frame.get(key) == value for key, value in headers.items())


Answers = Callable[[str, list[str]], Mapping[str, str]]


class FastAgi:
    """The service's side of the questions: answers, or accepts and says nothing (`silent`)."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.silent = False
        self.questions: list[tuple[str, list[str]]] = []
        self.answers: Answers = lambda _question, _arguments: {}
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "FastAgi":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            text = (await reader.readuntil(b"\n\n")).decode()
            headers = dict(line.split(": ", 1) for line in text.strip().split("\n") if ": " in line)
            arguments = [headers.get(f"agi_arg_{n}", "") for n in range(1, 9)]
            self.questions.append((headers["agi_network_script"], arguments))
            if self.silent:
                return
            for name, value in self.answers(headers["agi_network_script"], arguments).items():
                writer.write(f'SET VARIABLE {name} "{value}"\n'.encode())
                await reader.readline()
        writer.close()


@dataclass
class Room:
    """A PBX with our dialplan, phones on fixed ports, and the service's side of AMI and FastAGI."""

    base: Path
    install: Install
    spec: PbxSpec
    pbx: SandboxAsterisk
    events: Manager
    actions: Manager
    agi: FastAgi
    patient_tone: Path
    _started: int = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, base: Path, install: Install, serve: bool = True, **changes: object) -> AsyncIterator["Room"]:
        """Render, boot, log in. `serve=False` leaves the FastAGI port closed."""
        spec = replace(room_spec(base), **changes)
        write(spec, base / "telephony", HAND_WRITTEN_FOLDER)
        settings = MachineSettings(agi_dir=base / "telephony" / "agi-bin", rtp_ports=voice_range(400), verbosity=4)
        async with (
            SandboxAsterisk(install, base / "telephony", base / "run", settings) as pbx,
            Manager.connect(spec.ami.port, spec.ami.events_login, spec.ami.events_secret) as events,
            Manager.connect(spec.ami.port, spec.ami.actions_login, spec.ami.actions_secret) as actions,
            contextlib.AsyncExitStack() as stack,
        ):
            agi = FastAgi(spec.agi_port)
            if serve:
                await stack.enter_async_context(agi)
            yield cls(base, install, spec, pbx, events, actions, agi, write_tone(base / "patient.alaw", PATIENT_HERTZ))
            assert [line for line in pbx.problems() if "syntax error" in line or "pbx.c" in line] == []

    async def rerender(self, **changes: object) -> None:
        """Change the description, write it again and have Asterisk read it."""
        self.spec = replace(self.spec, **changes)
        write(self.spec, self.base / "telephony", HAND_WRITTEN_FOLDER)
        for module in ("pbx_config.so", "features", "res_pjsip.so", "app_queue.so"):
            await self.pbx.reload(module)

    def sipp(self, scenario: str, port: int, **run: object) -> SippProcess:
        """One SIPp process."""
        self._started += 1
        path = self.base / f"people-{self._started}.xml"
        path.write_text(scenario, encoding="utf-8")
        plan = SippRun(path, local_port=port, media_ports=voice_range(40), **run)
        return SippProcess(self.install, plan, self.base / f"sipp-{self._started}")

    def phone(self, name: str, scenario: str) -> SippProcess:
        """The phone of an agent, at his fixed contact."""
        contact = next(agent.contact for agent in self.spec.agents if agent.endpoint == name)
        return self.sipp(scenario, int((contact or "").rpartition(":")[2]))

    def patient(self, scenario: str = "", number: str = "15", port: int | None = None, **run: object) -> SippProcess:
        """Somebody who calls a number; without a scenario he talks until he is hung up on."""
        port = port or free_port(socket.SOCK_DGRAM)
        remote = f"127.0.0.1:{self.spec.sip_port}"
        return self.sipp(scenario or caller(self.patient_tone), port, remote=remote, service=number, calls=1, **run)

    def answering(self, name: str, hertz: float, then: str = "", talks_ms: int | None = None) -> SippProcess:
        """An agent who answers soon, with a tone of his own."""
        tone = write_tone(self.base / f"{name}.alaw", hertz)
        return self.phone(name, agent(name, tone, 200, then, talks_ms))

    async def hang_up(self, channel: str) -> None:
        """End a call from the PBX's side, and wait until it is over."""
        await self.actions.do("Hangup", Channel=channel)
        await self.events.event("Hangup", Channel=channel)


HAND_WRITTEN_FOLDER = Path(__file__).parents[2] / "dialplans"
PATIENT_HERTZ = 440.0


def room_spec(base: Path) -> PbxSpec:
    """Two filières that overflow into each other, one agent each, a trunk on this machine, ports of our own."""
    phones = {name: free_port(socket.SOCK_DGRAM) for name in ("arm01", "amu01")}
    return PbxSpec(
        filieres=(
            FiliereSpec("n1", "ARM N1", "800", ring_seconds=2, attente_max_seconds=30, debordement="amu"),
            FiliereSpec("amu", "ARM AMU", "801", ring_seconds=2, attente_max_seconds=30, debordement="n1"),
        ),
        flux=(
            FluxSpec("15", ("15",), priorite=20, accueil="one-moment-please"),
            FluxSpec("116117", ("116117", "0472000000"), priorite=10),
            FluxSpec("VSAV", ("9020",), priorite=60, public=False),
            FluxSpec("TEST", ("9099",), test=True),
        ),
        agents=(
            AgentSpec("arm01", "Camille Durand", ("n1",), "1001", f"sip:arm01@127.0.0.1:{phones['arm01']}"),
            AgentSpec("amu01", "Hélène L'Hôpital", ("amu",), "1002", f"sip:amu01@127.0.0.1:{phones['amu01']}"),
        ),
        trunks=(TrunkSpec("operateur", ("127.0.0.1",)),),
        ami=AmiSpec("secret-events", "secret-actions", port=free_port()),
        secours="amu",
        dernier_recours="amu",
        agi_port=free_port(),
        http_port=free_port(),
        sip_port=free_port(socket.SOCK_DGRAM),
        recordings_dir=str(base / "voix"),
        spool_dir=str(base / "spool"),
        qualify_seconds=0,
    )


def voice_range(count: int) -> tuple[int, int]:
    """First and last of a range of UDP ports for voice."""
    first = free_range(count)
    return first, first + count - 1
