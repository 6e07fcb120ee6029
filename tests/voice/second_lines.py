"""The second lines of agents' phones: whoever holds his caller asks a colleague there, then joins the two by his phone's key.

The agents' SIPps say in their logs who holds whom (`HELD call-id name number`); each second line is a SIPp of its own, which says
with which dialog it talks. The key is an INFO within the agent's call, as a finger on the phone.
"""

import asyncio
import contextlib
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from cti.sandbox.errors import SippFailed
from cti.sandbox.host.free import free_port
from cti.sandbox.install import Install
from cti.sandbox.people.acting.steps import TAKEN_BACK
from cti.sandbox.people.sip import messages as sip
from cti.sandbox.people.sip.places import free_media_ports
from cti.sandbox.people.staff import Phone
from cti.sandbox.sipp import SippProcess, SippRun

_HELD = re.compile(r"HELD (\S+) (\S+) (\S+)")
_MET = re.compile(r"MET (\S+) \S*?tag=(\S+) \S*?tag=(\S+)")
_LOOK_SECONDS = 0.1
_NOBODY_SECONDS = 6.0
_ANSWER_MS = 8_000
#: The longest that a second line may last: the agent who forgot it.
_LONGEST_MS = 40_000

_ME = sip.Side("<sip:[$me]@[local_ip]:[local_port]>;tag=[pid]c[call_number]", "<sip:pbx@pbx.invalid>[peer_tag_param]")


def scenario(name: str, tone: Path) -> str:
    """Dials, says with whom it talks, goes on until it is hung up on; gives up when nobody answers."""
    progress = {100: "", 180: "", 183: ""}
    refused = dict.fromkeys((400, 403, 404, 408, 480, 486, 487, 488, 500, 502, 503, 504, 603), "refused")
    gives_up_ms = int(_NOBODY_SECONDS * 1000)
    head = (
        "INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n"
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
        f"From: <sip:{name}@[local_ip]:[local_port]>;tag=[pid]c[call_number]\nTo: <sip:[service]@[remote_ip]:[remote_port]>\n"
        f"Call-ID: [call_id]\nCSeq: 1 INVITE\nContact: <sip:{name}@[local_ip]:[local_port]>\nMax-Forwards: 70\n"
        "Content-Type: application/sdp\nContent-Length: [len]\n\n"
        "v=0\no=- 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\n"
        "m=audio [rtpstream_audio_port] RTP/AVP 8 101\na=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000\n"
    )
    cancel = (
        "CANCEL sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n[last_Via:]\n[last_From:]\n"
        "To: <sip:[service]@[remote_ip]:[remote_port]>\nCall-ID: [call_id]\nCSeq: 1 CANCEL\n"
        "Max-Forwards: 70\nContent-Length: 0\n\n"
    )
    remembered = (
        '  <recv response="200" rrs="true" timeout="{ms}" ontimeout="{late}"><action>\n'
        '    <ereg regexp="[ ]*(.*)" search_in="hdr" header="From:" assign_to="all1,mine"/>\n'
        '    <ereg regexp="[ ]*(.*)" search_in="hdr" header="To:" assign_to="all2,theirs"/>\n'
        "  </action></recv>\n"
    )
    within = f'timeout="{gives_up_ms}" ontimeout="gives_up"'
    waiting = "".join(f'  <recv response="{code}" optional="true" {within}/>\n' for code in progress) + "".join(
        f'  <recv response="{code}" optional="true" {within} next="refused"/>\n' for code in refused
    )
    steps = [
        sip.send(head, retrans=True),
        waiting,
        remembered.format(ms=gives_up_ms, late="gives_up"),
        '  <Reference variables="all1,all2"/>\n',
        sip.send(sip.ack()),
        sip.talks(str(tone)),
        sip.actions('    <log message="MET [call_id] [$theirs] [$mine]"/>\n'),
        sip.label("talking"),
        sip.waits("BYE", _LONGEST_MS, "hangs_up", {"INVITE": "asked", "INFO": "hangs_up"}, goto="hung_up_on"),
        sip.label("asked"),
        sip.send(sip.response(200, "OK", sdp=True), retrans=True),
        sip.waits("ACK", _ANSWER_MS, "talking", {"BYE": "hung_up_on"}, goto="talking"),
        sip.label("hangs_up"),
        sip.send(sip.request("BYE", 90, sip.Side("[$mine]", "[$theirs]")), retrans=True),
        sip.waits(200, _ANSWER_MS, "end", {481: "end", "BYE": "hung_up_on"}, goto="end"),
        sip.label("gives_up"),
        sip.send(cancel),
        sip.waits(487, _ANSWER_MS, "end", {200: "", 180: "", 183: ""}, goto="refused"),
        sip.label("refused"),
        sip.send(sip.ack(refused=True), goto="end"),
        sip.label("hung_up_on"),
        sip.send(sip.response(200, "OK"), goto="end"),
        sip.label("end"),
        "  <nop/>\n",
    ]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="second line">\n{"".join(steps)}</scenario>\n'


@dataclass(slots=True)
class SecondLines:
    """Plays them. Use `run` as a task."""

    install: Install
    pbx: str
    phones: tuple[Phone, ...]
    town: Path  #: the town's folder: logs and tones
    folder: Path
    chance: Random
    pace: float
    asked: int = 0
    joined: int = 0
    returned: int = 0
    _read: dict[Path, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled; then every line is hung up."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                for call_id, name, number in self._held():
                    tasks.create_task(self._consults(call_id, name, number))
                await asyncio.sleep(_LOOK_SECONDS)

    def _held(self) -> Iterator[tuple[str, str, str]]:
        """Who has put a caller on hold since the last look."""
        for log in self.town.glob("postes-*/actions.log"):
            text = log.read_bytes()[self._read.get(log, 0) :]
            whole = text[: text.rfind(b"\n") + 1]
            self._read[log] = self._read.get(log, 0) + len(whole)
            yield from _HELD.findall(whole.decode("utf-8", errors="replace"))

    async def _consults(self, call_id: str, name: str, number: str) -> None:
        self.asked += 1
        path = self.folder / f"ligne-{name}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(scenario(name, self.town / f"{name}.alaw"), encoding="utf-8")
        port = free_port(socket.SOCK_DGRAM)
        run = SippRun(
            path,
            local_port=port,
            remote=self.pbx,
            service=number,
            media_ports=free_media_ports(8),
            calls=1,
            trace_messages=True,
            extra=("-aa",),
        )
        line = SippProcess(self.install, run, self.folder / f"ligne-{self.asked:03d}-{name}")
        async with line:
            met = await self._met(line)
            if met is None:
                self.returned += 1
                self._press(name, call_id, TAKEN_BACK)
                return
            await asyncio.sleep(self.chance.uniform(8, 24) * self.pace)
            self.joined += 1
            self._press(name, call_id, met)
            with contextlib.suppress(SippFailed):
                await line.wait(_LONGEST_MS / 1000)

    async def _met(self, line: SippProcess) -> str | None:
        """The words that name the dialog of the second line, once somebody has answered; None when nobody does."""
        log = line.folder / "actions.log"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_NOBODY_SECONDS + 2):
                while line.is_running:
                    if log.exists() and (found := _MET.search(log.read_text(encoding="utf-8", errors="replace"))):
                        call, theirs, mine = found.groups()
                        return f"{call.replace('@', '%40')}%3Bto-tag%3D{theirs}%3Bfrom-tag%3D{mine}"
                    await asyncio.sleep(_LOOK_SECONDS)
        return None

    def _press(self, name: str, call_id: str, words: str) -> None:
        """The key, on the agent's phone."""
        port = next(phone.port for phone in self.phones if phone.endpoint == name)
        head = f"INFO sip:{name}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-key\r\n"
        rest = f"From: <sip:key@127.0.0.1>;tag=key\r\nTo: <sip:{name}@127.0.0.1>\r\nCall-ID: {call_id}\r\nCSeq: 1 INFO\r\n"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as finger:
            finger.sendto(f"{head}{rest}Subject: {words}\r\nContent-Length: 0\r\n\r\n".encode(), ("127.0.0.1", port))
