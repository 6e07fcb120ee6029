"""Credentials for a while, on the real PBX: whoever holds them is let in, and nobody once they are gone."""

from pathlib import Path

import pytest

from tests.integration.sip_plain import Login, invite, register
from tests.integration.telephone_scene import until_out, web_room

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(180)]


async def test_credentials_open_while_they_last_and_nothing_afterwards(tmp_path: Path) -> None:
    async with web_room(tmp_path, posts=2) as sas:
        url = f"{sas.site.web}/api/v1/poste/telephone"
        assert await register(Login("web01", "anything-at-all-of-this-length", sas.site.ports.sip)) == 401
        await sas.act("web01", "prise", personne="helene")
        async with sas.http.post(url, json={"poste": "web01", "by": "helene"}) as answer:
            given = await answer.json()
        good = Login("web01", given["password"], sas.site.ports.sip)
        assert await register(good) == 200
        assert "web01" in await sas.pbx.rx("pjsip show contacts")
        # Another opening replaces the first.
        async with sas.http.post(url, json={"poste": "web01", "by": "helene"}) as answer:
            again = await answer.json()
        assert await register(good) == 401
        good = Login("web01", again["password"], sas.site.ports.sip)
        assert await register(good) == 200
        # The service is killed and started anew: a phone that is registered stays so.
        await sas.service.kill()
        assert await register(good) == 200
        await sas.service.start()
        assert await register(good) == 200
        # Asterisk is killed and started anew: AstDB remembers.
        await sas.pbx.kill()
        await sas.pbx.start()
        assert await register(good) == 200
        # She leaves her post.
        await sas.act("web01", "fin")
        await until_out(sas, set())
        assert await register(good) == 401
        assert await invite(good, "*43") == 401
        # The service asked about a contact that had just gone.
        assert [line for line in sas.pbx.problems() if "func_pjsip_contact" not in line] == []


async def test_those_of_somebody_who_left_while_the_service_was_dead_are_taken_back_at_its_start(tmp_path: Path) -> None:
    async with web_room(tmp_path) as sas:
        await sas.act("web01", "prise", personne="helene")
        url = f"{sas.site.web}/api/v1/poste/telephone"
        async with sas.http.post(url, json={"poste": "web01", "by": "helene"}) as answer:
            given = await answer.json()
        good = Login("web01", given["password"], sas.site.ports.sip)
        assert await register(good) == 200
        await sas.service.kill()
        await sas.pbx.rx("database put sas-telephone/auth web09 {}")
        await sas.service.start()
        assert await register(good) == 200
        await sas.act("web01", "fin")
        await until_out(sas, set())
        assert await register(good) == 401
