"""The sandbox PBX for real: Debian's Asterisk fetched into the shared cache, booted, called by SIPp, frozen, killed."""

import array
import asyncio
import math
import os
import socket
import sys
import wave
from pathlib import Path

import pytest

from cti.sandbox.asterisk import SandboxAsterisk
from cti.sandbox.errors import AsteriskDied, AsteriskNotRunning, PortTaken
from cti.sandbox.host.free import free_port
from cti.sandbox.install import Install, asterisk_version, check_version
from cti.sandbox.machine import MachineSettings
from cti.sandbox.packages import FetchSettings, fetch
from cti.sandbox.sipp import SippExit, SippProcess, SippRun
from cti.sandbox.verbs import down, running, up

pytestmark = pytest.mark.pbx

MODULES = (
    "chan_pjsip",
    "app_queue",
    "app_mixmonitor",
    "res_agi",
    "cel_custom",
    "func_uuid",
    "res_pjsip_transport_websocket",
)

SCENARIO = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
  <send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[field0]@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:[field0]@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=caller 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
]]></send>
  <recv response="100" optional="true"/>
  <recv response="200" rtd="true"/>
  <send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <nop><action><exec rtp_stream="TONE,-1,8,PCMA/8000"/></action></nop>
  <pause milliseconds="1500"/>
  <send retrans="500"><![CDATA[
BYE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[last_From:]
[last_To:]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200"/>
</scenario>
"""


def alaw(sample: int) -> int:
    """One A-law byte (ITU-T G.711) of a 16 bit sample."""
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(abs(sample), 32635)
    exponent = max(0, (magnitude >> 8).bit_length())
    mantissa = (magnitude >> (exponent + 3 if exponent else 4)) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


@pytest.fixture(scope="session")
def install() -> Install:
    return fetch(FetchSettings.from_environ(os.environ))


class Telephony:
    """A minimal configuration of our own: one anonymous trunk, an echo, a recorded echo, a script."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sip_port = free_port(socket.SOCK_DGRAM)
        self.ami_port = free_port()
        folder.mkdir()
        self.write(
            "pjsip.conf",
            f"[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{self.sip_port}\n\n"
            "[ws]\ntype=transport\nprotocol=ws\nbind=127.0.0.1\n\n"
            "[trunk]\ntype=endpoint\ncontext=incoming\ndisallow=all\nallow=alaw\nlanguage=fr\ndirect_media=no\n\n"
            "[trunk]\ntype=identify\nendpoint=trunk\nmatch=127.0.0.1\n",
        )
        self.write("manager.conf", f"[general]\nenabled=yes\nbindaddr=127.0.0.1\nport={self.ami_port}\n")
        self.write("http.conf", f"[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport={free_port()}\n")
        self.write("cel.conf", "[general]\nenable=yes\napps=queue\nevents=ALL\n")
        self.write("cel_custom.conf", "[cel.json]\nformat=json\nfields=EventType,EventTime(int64),UniqueID,UserField\n")
        self.write("queues.conf", "[general]\n\n[n1]\nstrategy=rrmemory\n")
        self.write("features.conf", "[general]\n")
        self.write(
            "extensions.conf",
            "[incoming]\nexten => 100,1,Answer()\n same => n,Echo()\n\n"
            "exten => 101,1,Answer()\n same => n,Set(__CALL=${UUID()})\n"
            " same => n,MixMonitor(,r(${RECORDINGS}/in.wav)t(${RECORDINGS}/out.wav)i(MIX))\n same => n,Echo()\n\n"
            "exten => 102,1,Answer()\n same => n,AGI(proof.py,${CALLERID(num)})\n same => n,Echo()\n",
        )

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def telephony(tmp_path: Path) -> Telephony:
    return Telephony(tmp_path / "telephony")


@pytest.fixture
def settings(tmp_path: Path) -> MachineSettings:
    first = free_port(socket.SOCK_DGRAM) // 2 * 2 % 40000 + 20000
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    return MachineSettings(rtp_ports=(first, first + 99), agi_dir=scripts)


def caller(tmp_path: Path, telephony: Telephony, number: str, calls: int) -> SippRun:
    tone = tmp_path / "tone.alaw"
    tone.write_bytes(bytes(alaw(int(9000 * math.sin(2 * math.pi * 440 * n / 8000))) for n in range(8000)))
    scenario = tmp_path / "caller.xml"
    scenario.write_text(SCENARIO.replace("TONE", str(tone)), encoding="utf-8")
    people = tmp_path / "people.csv"
    people.write_text("SEQUENTIAL\n+33600000001\n+33600000002\n", encoding="utf-8")
    media = free_port(socket.SOCK_DGRAM) // 4 * 4 % 20000 + 40000
    return SippRun(
        scenario=scenario,
        local_port=free_port(socket.SOCK_DGRAM),
        remote=f"127.0.0.1:{telephony.sip_port}",
        service=number,
        media_ports=(media, media + 199),
        rate=10,
        calls=calls,
        at_once=calls,
        injections=(people,),
        give_up_seconds=20,
        trace_messages=True,
        trace_response_times=True,
    )


async def test_boots_clean_with_all_that_the_service_needs(
    install: Install, telephony: Telephony, settings: MachineSettings, tmp_path: Path
) -> None:
    check_version(install)
    async with SandboxAsterisk(install, telephony.folder, tmp_path / "run", settings) as pbx:
        assert pbx.problems() == []
        assert asterisk_version(install).split()[1] in await pbx.rx("core show version")
        for module in MODULES:
            listed = await pbx.rx(f"module show like {module}")
            assert any(line.startswith(f"{module}.so") and "Running" in line for line in listed.splitlines()), listed
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", free_port()))
        with socket.create_connection(("127.0.0.1", telephony.ami_port)) as ami:
            assert ami.recv(64).startswith(b"Asterisk Call Manager/")
        assert (pbx.run.base / "data" / "sounds" / "fr" / "hello-world.wav").is_file()
        assert (pbx.run.base / "data" / "sounds" / "en" / "hello-world.wav").is_file()
        assert "moh" in await pbx.rx("moh show files")
        assert "n1" in await pbx.rx("queue show")
        assert "res_pjsip.so" in await pbx.reload("res_pjsip.so")
        pid = pbx.pid
    assert not pbx.is_running
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(AsteriskNotRunning):
        await pbx.rx("core show version")


async def test_an_empty_telephony_folder_boots_clean_too(install: Install, settings: MachineSettings, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    async with SandboxAsterisk(install, tmp_path / "empty", tmp_path / "run", settings) as pbx:
        assert pbx.problems() == []
        assert "cel_custom.so" in await pbx.rx("module show like cel_custom")


async def test_sipp_calls_are_answered_recorded_and_written_to_cel(
    install: Install, telephony: Telephony, settings: MachineSettings, tmp_path: Path
) -> None:
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    telephony.write(
        "extensions.conf",
        f"[globals]\nRECORDINGS={recordings}\n\n" + (telephony.folder / "extensions.conf").read_text(encoding="utf-8"),
    )
    async with SandboxAsterisk(install, telephony.folder, tmp_path / "run", settings) as pbx:
        async with SippProcess(install, caller(tmp_path, telephony, "100", calls=4), tmp_path / "echo") as people:
            assert await people.wait(deadline_seconds=30) is SippExit.ALL_SUCCESSFUL, people.errors()
        async with SippProcess(install, caller(tmp_path, telephony, "101", calls=1), tmp_path / "recorded") as people:
            assert await people.wait(deadline_seconds=30) is SippExit.ALL_SUCCESSFUL, people.errors()
        assert pbx.problems() == []
        await pbx.stop(gracefully=True)
        cel = (pbx.run.base / "log" / "cel-custom" / "cel.json").read_text(encoding="utf-8")
    assert cel.count('"CHAN_START"') == 5
    assert cel.count('"HANGUP"') == 5
    for leg in ("in.wav", "out.wav"):
        with wave.open(str(recordings / leg)) as heard:
            samples = array.array("h", heard.readframes(heard.getnframes()))
            assert heard.getframerate() == 8000
        assert len(samples) > 8000, f"{leg} holds less than a second"
        assert max(samples) > 4000, f"{leg} is silent"
    messages = (tmp_path / "echo" / "messages.log").read_text(encoding="utf-8")
    assert "+33600000001" in messages
    assert "+33600000002" in messages


async def test_scripts_run_with_the_machines_own_python(
    install: Install, telephony: Telephony, settings: MachineSettings, tmp_path: Path
) -> None:
    proof = tmp_path / "proof.txt"
    assert settings.agi_dir is not None
    script = settings.agi_dir / "proof.py"
    script.write_text(
        f"#!{sys.executable}\nimport os, sys, ssl\n"
        "asked = dict(line.rstrip('\\n').split(': ', 1) for line in iter(sys.stdin.readline, '\\n'))\n"
        f"open({str(proof)!r}, 'w').write(asked['agi_arg_1'] + ' ' + os.environ.get('LD_LIBRARY_PATH', 'clean'))\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    environment = {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}
    async with SandboxAsterisk(install, telephony.folder, tmp_path / "run", settings, environment) as pbx:
        async with SippProcess(install, caller(tmp_path, telephony, "102", calls=1), tmp_path / "people") as people:
            assert await people.wait(deadline_seconds=30) is SippExit.ALL_SUCCESSFUL, people.errors()
        assert pbx.problems() == []
    assert proof.read_text(encoding="utf-8") == "+33600000001 clean"


async def test_a_refused_call_is_a_result_and_not_an_error(
    install: Install, telephony: Telephony, settings: MachineSettings, tmp_path: Path
) -> None:
    async with SandboxAsterisk(install, telephony.folder, tmp_path / "run", settings):
        async with SippProcess(install, caller(tmp_path, telephony, "999", calls=1), tmp_path / "people") as people:
            assert await people.wait(deadline_seconds=30) is SippExit.SOME_FAILED
        assert "404" in people.errors()


async def test_a_frozen_pbx_holds_its_port_and_is_silent_then_goes_on(
    install: Install, telephony: Telephony, settings: MachineSettings, tmp_path: Path
) -> None:
    async with SandboxAsterisk(install, telephony.folder, tmp_path / "run", settings) as pbx:
        pbx.freeze()
        with pytest.raises(TimeoutError):
            await pbx.rx("core show version", deadline_seconds=0.5)
        assert pbx.is_running
        pbx.thaw()
        assert "Asterisk 2" in await pbx.rx("core show version")


async def test_a_pbx_starts_again_in_the_same_folder_after_a_stop_and_after_a_kill(
    install: Install, telephony: Telephony, settings: MachineSettings, tmp_path: Path
) -> None:
    async with SandboxAsterisk(install, telephony.folder, tmp_path / "run", settings) as pbx:
        await pbx.rx("database put sas key kept")
        pids = {pbx.pid}
        await pbx.stop()
        await pbx.start()
        pids.add(pbx.pid)
        await pbx.kill()
        assert not pbx.is_running
        await pbx.start()
        pids.add(pbx.pid)
        assert len(pids) == 3
        assert pbx.problems() == []
        assert "kept" in await pbx.rx("database get sas key")


async def test_two_boot_side_by_side(install: Install, tmp_path: Path) -> None:
    boxes = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        folder = Telephony(tmp_path / name / "telephony").folder
        boxes.append(SandboxAsterisk(install, folder, tmp_path / name / "run"))
    try:
        await asyncio.gather(*(pbx.start() for pbx in boxes))
        assert boxes[0].pid != boxes[1].pid
        assert [pbx.problems() for pbx in boxes] == [[], []]
    finally:
        await asyncio.gather(*(pbx.stop() for pbx in boxes))


async def test_a_long_run_folder_still_gets_a_control_socket(
    install: Install, telephony: Telephony, settings: MachineSettings, tmp_path: Path
) -> None:
    deep = tmp_path / ("very-long-folder-name-" * 4) / "run"
    async with SandboxAsterisk(install, telephony.folder, deep, settings) as pbx:
        assert len(str(pbx.run.socket)) < 108
        assert "Asterisk 2" in await pbx.rx("core show version")
    assert not pbx.run.control.exists()


async def test_a_taken_port_is_named(install: Install, telephony: Telephony, settings: MachineSettings, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", telephony.sip_port))
        pbx = SandboxAsterisk(install, telephony.folder, tmp_path / "run", settings)
        with pytest.raises(PortTaken, match=rf"port {telephony.sip_port} .*pjsip\.conf"):
            await pbx.start()
        assert not pbx.is_running


async def test_a_port_taken_unseen_is_read_in_the_log(
    install: Install, telephony: Telephony, settings: MachineSettings, tmp_path: Path
) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", telephony.ami_port))
        holder.listen()
        # Said in an included file, the port escapes the look beforehand.
        telephony.write("port.inc", f"enabled=yes\nbindaddr=127.0.0.1\nport={telephony.ami_port}\n")
        telephony.write("manager.conf", "[general]\n#include port.inc\n")
        pbx = SandboxAsterisk(install, telephony.folder, tmp_path / "run", settings)
        with pytest.raises(PortTaken, match=str(telephony.ami_port)):
            await pbx.start()
        assert not pbx.is_running


async def test_a_death_at_start_quotes_the_log(
    install: Install, telephony: Telephony, settings: MachineSettings, tmp_path: Path
) -> None:
    telephony.write("modules.conf", "[modules]\nautoload=no\nrequire=no_such_module.so\n")
    pbx = SandboxAsterisk(install, telephony.folder, tmp_path / "run", settings)
    with pytest.raises(AsteriskDied, match="no_such_module"):
        await pbx.start()
    assert not pbx.is_running


async def test_up_leaves_it_running_and_down_stops_that_very_one(
    install: Install, telephony: Telephony, settings: MachineSettings, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    state = await up(install, telephony.folder, run, settings)
    try:
        assert running(run) == state
        assert (await up(install, telephony.folder, run, settings)).pid == state.pid
        assert any(f":{telephony.sip_port}/udp (pjsip.conf)" in line for line in state.listens)
    finally:
        stopped = await down(run)
    assert stopped.pid == state.pid
    with pytest.raises(AsteriskNotRunning):
        running(run)
    with pytest.raises(AsteriskNotRunning):
        await down(run)
