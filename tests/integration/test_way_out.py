"""The way out on the real PBX: only the allowed forms leave, nobody outside can use it, a phone picks up by itself."""

import asyncio
import socket
from pathlib import Path

import pytest

from cti.ami.translate.outgoing import Click
from cti.bootstrap.answering.placing import place_call
from tests.scenarios.people import answers, calls, dials_in_vain, gives_up
from tests.scenarios.scene import scene

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(120)]


async def test_nothing_else_goes_out(tmp_path: Path) -> None:
    async with scene(tmp_path, {"arm01": ("n1",), "patient": ()}, "absent") as s:
        await s.phone("patient", answers("patient", s.tone))
        for number in ("0899", "0639980007", "00639980007777", "015", "017", "operateur"):
            await (await s.caller(number, dials_in_vain("arm01"), name="arm01")).wait(20)
        # Somebody on the trunk, and somebody who gives himself the name of the way out, are callers and nothing else.
        for name in ("0639980001", "operateur-sortie"):
            await (await s.caller("00639980007", calls(s.tone, name, hangs_up_after_ms=600))).wait(20)
        await s.until_quiet()
        born = {f["Channel"].rpartition("-")[0] for f in s.frames if f.event == "Newchannel"}
        assert "PJSIP/operateur-sortie" not in born, born
        arrived = [f["Flux"] for f in s.frames if f.get("UserEvent") == "SasArrived"]
        assert arrived == ["INCONNU", "INCONNU"], "an unknown number is a caller, not a way out"


async def invited(port: int) -> str:
    """The INVITE that comes to this port; nobody answers it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.setblocking(False)
        phone.bind(("127.0.0.1", port))
        async with asyncio.timeout(20):
            while True:
                heard = (await asyncio.get_running_loop().sock_recv(phone, 65_535)).decode()
                if heard.startswith("INVITE"):
                    return heard


@pytest.mark.parametrize("auto", [True, False])
async def test_the_phone_is_told_to_pick_up_when_the_site_wants_it(tmp_path: Path, auto: bool) -> None:
    async with scene(tmp_path, {"arm01": ("n1",), "patient": ()}, "absent") as s:
        assert s._actions is not None
        heard = asyncio.create_task(invited(s._port("arm01")))
        await place_call(s._actions, "arm01", Click("call-1", "0639980007"), ring_ms=3000, auto_answer=auto)
        invite = await heard
        assert ("answer-after=0" in invite) is auto
        assert "<sip:0639980007@" in invite, "his phone shows whom it is about"
        await s.until_quiet()


async def test_the_patient_sees_the_centre_and_nobodys_name(tmp_path: Path) -> None:
    async with scene(tmp_path, {"arm01": ("n1",), "patient": ()}, "absent") as s:
        heard = asyncio.create_task(invited(s._port("patient")))
        dialling = await s.caller("00639980007", gives_up("arm01", 100, rings=False), name="arm01")
        invite = await heard
        await dialling.wait(20)
        assert "From: <sip:0199001500@" in invite
        assert "Camille" not in invite
        assert "1001" not in invite.partition("\r\n\r\n")[0].replace("0199001500", "")
        await s.until_quiet()
