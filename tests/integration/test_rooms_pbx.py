"""The room on a real PBX, with the service dead: who hears whom is read from the recording, by each person's tone."""

import math
import os
import socket
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from cti.ami.dialplan import AgentSpec, EffecteurSpec, FiliereSpec, PbxSpec, TrunkSpec
from cti.sandbox.host.free import free_port
from cti.sandbox.install import Install
from cti.sandbox.packages import FetchSettings, fetch
from cti.sandbox.sipp import SippExit
from tests.integration.dialplan_people import PATIENT_HERTZ, Room, room_spec, write_tone
from tests.integration.dialplan_scripts import agent, presses

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(120)]
#: Every tone is a multiple of 20 Hz, so that in 50 ms none is mistaken for another.
ARM, MRU, CTA, SECOND = 1000.0, 1600.0, 2200.0, 1300.0
_WINDOW = 400


@pytest.fixture(scope="module")
def install() -> Install:
    return fetch(FetchSettings.from_environ(os.environ))


def tones(path: Path, *hertz: float) -> float:
    """How many seconds of a recording (8 kHz, 16 bit) hold every one of these tones, whatever else is heard."""
    data = path.read_bytes()[44:]
    samples = struct.unpack(f"<{len(data) // 2}h", data[: len(data) // 2 * 2])
    pieces = [samples[at : at + _WINDOW] for at in range(0, len(samples) - _WINDOW, _WINDOW)]
    return sum(all(_amplitude(piece, tone) > 3000 for tone in hertz) for piece in pieces) * _WINDOW / 8000


def _amplitude(samples: tuple[int, ...], hertz: float) -> float:
    w = 2 * math.pi * hertz / 8000
    real = sum(s * math.cos(w * n) for n, s in enumerate(samples))
    imaginary = sum(s * math.sin(w * n) for n, s in enumerate(samples))
    return 2 * math.hypot(real, imaginary) / len(samples)


def several(base: Path, outside: int) -> PbxSpec:
    """The usual room, with a physician, a second ARM, and a fire service at the other end of the trunk."""
    spec = room_spec(base)
    mru = AgentSpec("mru01", "Dr Anne Petit", ("mru",), "1021", f"sip:mru01@127.0.0.1:{free_port(socket.SOCK_DGRAM)}")
    return replace(
        spec,
        filieres=(*spec.filieres, FiliereSpec("mru", "Médecin urgentiste", "802", debordement="amu", p0=True)),
        agents=(replace(spec.agents[0], filieres=("n1", "amu")), spec.agents[1], mru),
        trunks=(TrunkSpec("operateur", ("127.0.0.1",), f"sip:operateur@127.0.0.1:{outside}"),),
        effecteurs=(EffecteurSpec("cta", "CTA pompiers", "0199001811", "*9718"),),
        trunk_sortant="operateur",
    )


def faults(room: Room) -> list[str]:
    """What Asterisk complains of, besides the service that is not there, and who left between a look and being shown out."""
    expected = ("res_agi.c", "No participants found in conference bridge")
    return [line for line in room.pbx.problems() if not any(words in line for words in expected)]


async def opened(room: Room) -> str:
    """The stem of the caller's recording."""
    return (await room.events.event("SasRecording"))["File"]


async def test_p0_by_its_key_without_the_service_and_every_voice_is_kept(tmp_path: Path, install: Install) -> None:
    spec = several(tmp_path, free_port(socket.SOCK_DGRAM))
    async with Room.open(tmp_path, install, serve=False, filieres=spec.filieres, agents=spec.agents) as room:
        typed = presses("amu01", "*90", 1000)
        async with (
            room.answering("amu01", ARM, typed, talks_ms=3000),
            room.answering("mru01", MRU, talks_ms=5500),
            room.patient() as patient,
        ):
            stem = await opened(room)
            asked = await room.events.event("SasDemande", Genre="p0", Cible="mru", By="amu01", Via="touche")
            joined = await room.events.event("AgentConnect", Queue="sas-mru-p0")
            assert float(joined["Timestamp"]) - float(asked["Timestamp"]) < 2
            assert await patient.wait(20) is SippExit.ALL_SUCCESSFUL
        caller, agents = Path(f"{stem}-caller.wav"), Path(f"{stem}-agents.wav")
        # Alone with the ARM 1 s and his keys, which silence him by 0.2 s each; the three 2.7 s; alone with the physician.
        assert tones(agents, ARM) > 3.6
        assert tones(agents, MRU) > 5.0
        assert tones(agents, ARM, MRU) > 2.0
        assert tones(caller, PATIENT_HERTZ) > 6.4
        assert tones(caller, ARM) == tones(caller, MRU) == 0
        assert faults(room) == []


async def test_a_conference_whose_last_agent_leaves_and_the_voice_of_the_next_one(tmp_path: Path, install: Install) -> None:
    outside = free_port(socket.SOCK_DGRAM)
    spec = several(tmp_path, outside)
    changes = {name: getattr(spec, name) for name in ("filieres", "agents", "trunks", "effecteurs", "trunk_sortant")}
    async with Room.open(tmp_path, install, serve=False, **changes) as room:
        phones = {name: tone_of(room, name, hertz) for name, hertz in (("amu01", ARM), ("arm01", SECOND), ("cta", CTA))}
        first = agent("amu01", phones["amu01"], 200, presses("amu01", "*9718", 800), talks_ms=2500)
        port = int((spec.agents[1].contact or "").rpartition(":")[2])
        await room.actions.do("QueuePause", Interface="PJSIP/arm01", Paused="true")
        async with (
            room.sipp(first, port, calls=1),
            room.sipp(agent("cta", phones["cta"], 300), outside),
            room.phone("arm01", agent("arm01", phones["arm01"], 200, talks_ms=3000)),
            room.patient() as patient,
        ):
            stem = await opened(room)
            guest = await room.events.event("SasDemande", Genre="invite", Cible="cta", Libelle="CTA pompiers")
            left = await room.events.event("SasRoute", Source="retour")
            assert (left["Filiere"], left["Prio"]) == ("amu", str(spec.priorite_p0))
            await room.actions.do("QueuePause", Interface="PJSIP/arm01", Paused="false")
            assert await patient.wait(30) is SippExit.ALL_SUCCESSFUL
            await room.events.event("Hangup", Uniqueid=guest["Uniqueid"])
        caller, agents = Path(f"{stem}-caller.wav"), Path(f"{stem}-agents.wav")
        assert tones(agents, ARM) > 2.5
        assert tones(agents, CTA) > 1.4
        assert tones(agents, ARM, CTA) > 1.4
        assert tones(agents, SECOND) > 2.6, "the agent after the room is in the recording from the first second"
        assert tones(caller, PATIENT_HERTZ) > 6
        assert faults(room) == []


async def test_the_key_back_to_the_caller_breaks_no_conference(tmp_path: Path, install: Install) -> None:
    """The agent consults, joins all three, and types the key of a consultation once more: they go on talking."""
    spec = several(tmp_path, free_port(socket.SOCK_DGRAM))
    async with Room.open(tmp_path, install, serve=False, filieres=spec.filieres, agents=spec.agents) as room:
        typed = presses("amu01", "*7802", 700) + presses("amu01", "*93", 1800, cseq=40) + presses("amu01", "*94", 1500, cseq=60)
        async with (
            room.answering("amu01", ARM, typed, talks_ms=1500),
            room.answering("mru01", MRU, talks_ms=8500),
            room.patient() as patient,
        ):
            stem = await opened(room)
            together = await room.events.event("SasSalle", Motif="conference", By="amu01", Via="touche")
            assert await patient.wait(30) is SippExit.ALL_SUCCESSFUL
            ended = await room.events.event("SasEnd")
        assert room.events.all("SasRoute", Source="retour") == []
        assert float(ended["Timestamp"]) - float(together["Timestamp"]) > 3
        # With both until the ARM hangs up, 1.5 s after his last key.
        assert tones(Path(f"{stem}-agents.wav"), ARM, MRU) > 2.0
        assert faults(room) == []


async def test_nobody_stays_alone_in_a_room_apart_and_nobody_rings_on(tmp_path: Path, install: Install) -> None:
    """The physician has picked up, the ARM and the caller go at that moment: nobody is left who would let him go.

    Then a caller whose ARM goes back to him while it still rings: the physician's phone falls silent.
    """
    spec = several(tmp_path, free_port(socket.SOCK_DGRAM))
    async with Room.open(tmp_path, install, serve=False, filieres=spec.filieres, agents=spec.agents) as room:
        async with (
            room.answering("amu01", ARM, presses("amu01", "*7802", 700)),
            room.answering("mru01", MRU),
            room.patient(),
        ):
            asked = await room.events.event("SasDemande", Genre="consultation", Cible="mru")
            await room.events.event("ConfbridgeJoin", Conference=asked["Piece"], Channel=f"{asked['Channel'][:-1]}1")
            waits = await room.events.event("SasAttente")
            arm = await room.events.event("ConfbridgeJoin", Conference=asked["Piece"])
            for channel in (arm["Channel"], waits["Channel"]):
                await room.actions.do("Hangup", Channel=channel)
            released = await room.events.event("ConfbridgeLeave", Conference=asked["Piece"], Channel=f"{asked['Channel'][:-1]}1")
            gone = await room.events.event("Hangup", Uniqueid=waits["Uniqueid"])
            assert float(released["Timestamp"]) - float(gone["Timestamp"]) < 2
            await room.events.event("ConfbridgeEnd", Conference=asked["Piece"])
        seen = len(room.events.frames)
        ringing = agent("mru01", tone_of(room, "mru01", MRU), None)
        async with (
            room.answering("amu01", ARM, presses("amu01", "*7802", 700) + presses("amu01", "*94", 1500, cseq=40), talks_ms=1500),
            room.phone("mru01", ringing),
            room.patient() as patient,
        ):
            asked = await room.events.event("SasDemande", start=seen, Genre="consultation", Cible="mru")
            back = await room.events.event("SasSalle", start=seen, Motif="retour", By="amu01", Via="touche")
            silent = await room.events.event("Hangup", start=seen, Uniqueid=asked["Uniqueid"])
            assert float(silent["Timestamp"]) - float(back["Timestamp"]) < 0.5
            assert await patient.wait(30) is SippExit.ALL_SUCCESSFUL
        assert faults(room) == []


def tone_of(room: Room, name: str, hertz: float) -> Path:
    return write_tone(room.base / f"{name}.alaw", hertz)
