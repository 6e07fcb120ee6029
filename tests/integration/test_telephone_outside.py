"""A telephone outside, on the real PBX: TLS and SRTP, or nothing; and what a wrong password leaves in the security log."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.duty_scene import Room
from tests.integration.sip_plain import SEALED_VOICE, Login, invite, register
from tests.integration.telephone_scene import tls_of, web_room

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(120)]
PASSWORD = "un-mot-de-passe-long-2026"


@asynccontextmanager
async def open_to_outside(folder: Path) -> AsyncIterator[tuple[Room, Login, Login]]:
    """A PBX with a certificate and a distant post: the room, the post over TLS, the same in clear."""
    tls = tls_of(folder)
    loin = {"nom": "Dr Anne Petit", "role": "mru", "filieres": ["mru"], "poste": "1021", "password": PASSWORD, "distant": True}
    # The operator elsewhere: on this machine he would be whoever is not known by name.
    changes = {"pbx": {"tls": tls, "trunks": {"operateur": {"match": ["192.0.2.10"]}}}}
    async with web_room(folder / "room", posts=0, changes=changes, free={"p01": "1101"}, others={"loin01": loin}) as sas:
        over_tls = Login("loin01", PASSWORD, tls["sip_port"], tls=True)
        yield sas, over_tls, replace(over_tls, port=sas.site.ports.sip, tls=False)


async def test_a_distant_phone_phones_over_tls_with_srtp_and_not_otherwise(tmp_path: Path) -> None:
    async with open_to_outside(tmp_path) as (_, over_tls, in_clear):
        assert await register(over_tls) == 200
        assert await invite(over_tls, "*43", SEALED_VOICE) == 200
        assert await invite(over_tls, "*43") == 488, "a voice in clear"
        assert await invite(in_clear, "*43") == 488
        assert await invite(in_clear, "*43", SEALED_VOICE) == 403, "a signalling in clear"
        assert await invite(over_tls, "00612345678", SEALED_VOICE) == 404, "nothing more than other phones may dial"


async def test_the_tls_port_is_tls_and_no_old_one(tmp_path: Path) -> None:
    async with open_to_outside(tmp_path) as (_, over_tls, _):
        for words, accepted in ((["-tls1_2"], True), (["-tls1_1"], False)):
            asked = ["openssl", "s_client", "-connect", f"127.0.0.1:{over_tls.port}", *words]
            done = await asyncio.to_thread(subprocess.run, asked, input=b"", capture_output=True, check=False, timeout=20)
            assert (b"BEGIN CERTIFICATE" in done.stdout) is accepted, done.stderr.decode()


async def test_a_wrong_password_is_refused_and_written_for_fail2ban(tmp_path: Path) -> None:
    async with open_to_outside(tmp_path) as (sas, over_tls, _):
        assert await register(replace(over_tls, password="x" * 20)) == 401
        assert await register(replace(over_tls, user="nobody", password="x" * 20)) == 401, "an unknown name looks the same"
        log = (sas.site.pbx / "log" / "security").read_text(encoding="utf-8")
        assert re.search(r'SecurityEvent="(ChallengeResponseFailed|InvalidPassword)".*AccountID="loin01".*127\.0\.0\.1', log)
        assert re.search(r'SecurityEvent="InvalidAccountID".*AccountID="nobody"', log)
