"""The voices after a phone's own attended transfer, on the real PBX: every agent has a tone of his own and is heard in the files.

Asterisk's recorder drops a voice whose RTP sequence number is behind the voice before (docs/decisions/0010); SIPp's streams all
begin at the same number, so whoever picks up later is behind.
"""

import asyncio
from pathlib import Path

import pytest

from tests.integration.dialplan_people import heard_seconds, write_tone
from tests.scenarios.people import answers, calls, consults, is_asked, passes_on, puts_on_hold, refers
from tests.scenarios.scene import Scene, scene

pytestmark = pytest.mark.pbx

PATIENT, ARM, AMU, DOCTOR = 440.0, 1000.0, 1600.0, 2200.0
PHONES = {"arm01": ("n1",), "amu01": ("amu",), "mru01": ("mru",)}


def tone(s: Scene, hertz: float) -> Path:
    return write_tone(s.folder / f"{hertz:.0f}.alaw", hertz)


def passing_on(s: Scene, number: str) -> str:
    then = puts_on_hold("arm01", after_ms=1500) + passes_on("arm01", number)
    return answers("arm01", tone(s, ARM), then=then, talks_ms=0)


async def stem(s: Scene, nth: int = 1) -> str:
    return (await s.until("SasRecording", nth=nth))["File"]


async def heard(file: str, hertz: float) -> None:
    """Until the file holds two seconds of that voice."""
    async with asyncio.timeout(15):
        while heard_seconds(Path(file), hertz) < 2.0:
            await asyncio.sleep(0.2)  # the PBX writes, and tells nobody


async def test_who_was_consulted_and_who_comes_after_him_are_heard(tmp_path: Path) -> None:
    """N1 asks AMU on a second line, joins the two; AMU passes the caller on to the physician by his phone's transfer key."""
    async with scene(tmp_path, PHONES) as s:
        await s.phone("arm01", passing_on(s, "801"))
        await s.phone("amu01", is_asked("amu01", tone(s, AMU), then=refers("amu01", "802")))
        await s.phone("mru01", answers("mru01", tone(s, DOCTOR)))
        caller = await s.caller("15", calls(tone(s, PATIENT), hangs_up_after_ms=14000))
        line = await s.line("arm01")
        await s.until("Hold", Channel=line)
        await s.consult("arm01", "801", consults("arm01", tone(s, ARM)))
        other = await s.line("arm01", 2)
        await s.until("BridgeEnter", Channel=other)
        await s.press("arm01", line, other)
        colleague = await s.line("amu01")
        await s.until("BridgeEnter", nth=2, Channel=colleague)
        mine, apart = await stem(s), await stem(s, 2)
        await heard(f"{mine}-agents.wav", AMU)
        await s.press("amu01", colleague)
        await caller.wait(30)
        await s.until_quiet()
    assert heard_seconds(Path(f"{mine}-agents.wav"), ARM) > 1.0
    assert heard_seconds(Path(f"{mine}-agents.wav"), AMU) > 2.0
    assert heard_seconds(Path(f"{mine}-agents.wav"), DOCTOR) > 2.0
    assert heard_seconds(Path(f"{mine}-caller.wav"), PATIENT) > 12.0
    assert heard_seconds(Path(f"{apart}-caller.wav"), ARM) > 0.5
    assert heard_seconds(Path(f"{apart}-agents.wav"), AMU) > 0.5
    assert heard_seconds(Path(f"{apart}-agents.wav"), PATIENT) == 0.0


async def test_a_caller_who_takes_the_place_of_a_line_that_rings_keeps_his_recording(tmp_path: Path) -> None:
    """Joined while AMU's phone rings; nobody was recorded apart, and his own two files hold everybody."""
    async with scene(tmp_path, PHONES) as s:
        await s.phone("arm01", passing_on(s, "801"))
        await s.phone("amu01", is_asked("amu01", tone(s, AMU), after_ms=2500))
        caller = await s.caller("15", calls(tone(s, PATIENT), hangs_up_after_ms=11000))
        line = await s.line("arm01")
        await s.until("Hold", Channel=line)
        await s.consult("arm01", "801", consults("arm01", tone(s, ARM)))
        await s.until("DialState", DialStatus="RINGING", DestChannel=await s.line("amu01"))
        await s.press("arm01", line, await s.line("arm01", 2))
        await caller.wait(30)
        await s.until_quiet()
        (mine,) = {frame["File"] for frame in s.frames if frame.get("UserEvent") == "SasRecording"}
    assert heard_seconds(Path(f"{mine}-agents.wav"), ARM) > 1.0
    assert heard_seconds(Path(f"{mine}-agents.wav"), AMU) > 3.0
    assert heard_seconds(Path(f"{mine}-caller.wav"), PATIENT) > 9.0
    assert heard_seconds(Path(f"{mine}-caller.wav"), ARM) == 0.0


async def test_a_colleague_joined_at_his_post_is_heard(tmp_path: Path) -> None:
    async with scene(tmp_path, PHONES) as s:
        await s.phone("arm01", passing_on(s, "1021"))
        await s.phone("mru01", is_asked("mru01", tone(s, DOCTOR)))
        caller = await s.caller("15", calls(tone(s, PATIENT), hangs_up_after_ms=10000))
        line = await s.line("arm01")
        await s.until("Hold", Channel=line)
        await s.consult("arm01", "1021", consults("arm01", tone(s, ARM)))
        other = await s.line("arm01", 2)
        await s.until("BridgeEnter", Channel=other)
        await s.press("arm01", line, other)
        await caller.wait(30)
        await s.until_quiet()
        mine = await stem(s)
    assert heard_seconds(Path(f"{mine}-agents.wav"), DOCTOR) > 4.0
    assert heard_seconds(Path(f"{mine}-caller.wav"), PATIENT) > 8.0
