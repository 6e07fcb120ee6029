"""The phone of a post over HTTP: for her who sits there, and for nobody else."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from cti.api import build_app
from cti.api.poste.telephone import PhoneOut
from cti.api.telephone_port import PhoneUnreachable
from cti.journey.around.access import AccessRole
from tests.fakes.room import Doubles

PHONE = "/api/v1/poste/telephone"


async def sits(client: TestClient, poste: str, personne: str) -> None:
    await client.post(f"/api/v1/agents/{poste}/prise", json={"by": "chef", "personne": personne})


async def test_she_who_sits_there_is_given_a_phone(client: TestClient, doubles: Doubles) -> None:
    await sits(client, "p01", "helene")
    token = doubles.accounts.give("helene.lhopital", AccessRole.ARM_N1, personne="helene")
    mine = {"Authorization": f"Bearer {token}"}
    answer = await client.post(PHONE, json={"poste": "p01"}, headers=mine)
    told = await answer.json()
    assert answer.status == 200
    PhoneOut.model_validate(told)
    assert (told["poste"], told["username"], told["echo"]) == ("p01", "p01", "*43")
    assert (await client.delete(PHONE, json={"poste": "p01"}, headers=mine)).status == 204
    assert doubles.telephone.out == {}


async def test_her_token_names_her_whatever_the_body_says(client: TestClient, doubles: Doubles) -> None:
    await sits(client, "p01", "helene")
    karim = doubles.accounts.give("karim", AccessRole.ARM_N1, personne="karim")
    answer = await client.post(PHONE, json={"poste": "p01", "by": "helene"}, headers={"Authorization": f"Bearer {karim}"})
    assert answer.status == 403


async def test_an_account_that_is_nobody_of_the_room_has_no_phone(client: TestClient, doubles: Doubles) -> None:
    token = doubles.accounts.give("qualite", AccessRole.QUALITE)
    answer = await client.post(PHONE, json={"poste": "p01"}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 403


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"poste": "p01", "by": "anne"}, 403, "Quelqu'un d'autre"),
        ({"poste": "p02", "by": "helene"}, 409, "d'abord le prendre"),
        ({"poste": "arm01", "by": "arm01"}, 404, "n'est pas un poste dans le navigateur"),
        ({"poste": "p01"}, 422, "by"),
        ({"poste": "p01", "by": "a\r\nb"}, 422, "by"),
        ({"poste": "p01/../x", "by": "helene"}, 422, "poste"),
        ({"by": "helene"}, 422, "poste"),
    ],
)
async def test_refusals(client: TestClient, body: dict[str, Any], status: int, said: str) -> None:
    await sits(client, "p01", "helene")
    for asked in (client.post, client.delete):
        answer = await asked(PHONE, json=body)
        assert answer.status == status
        assert said in (await answer.json())["detail"]


async def test_without_the_pbx_it_says_so(client: TestClient, doubles: Doubles) -> None:
    await sits(client, "p01", "helene")
    doubles.telephone.failure = PhoneUnreachable("gone")
    answer = await client.post(PHONE, json={"poste": "p01", "by": "helene"})
    assert answer.status == 503


async def test_the_page_of_a_post_alone_may_hear_and_reach_the_pbx(doubles: Doubles) -> None:
    app = build_app(doubles.ports(), connect=["wss://pbx.example.fr:8089"])
    async with TestClient(TestServer(app)) as client:
        for path in ("/poste", "/poste/web01"):
            headers = (await client.get(path)).headers
            assert "connect-src 'self' wss://pbx.example.fr:8089;" in headers["Content-Security-Policy"]
            assert "microphone=(self)" in headers["Permissions-Policy"]
        for path in ("/supervision", "/postes", "/api/v1/board"):
            headers = (await client.get(path)).headers
            assert "wss:" not in headers["Content-Security-Policy"]
            assert "microphone=()" in headers["Permissions-Policy"]
