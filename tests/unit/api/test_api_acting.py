"""Who acts: the name of whoever is known stands in place of what is typed; the site says a name itself."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from cti.bootstrap.access.desk import AccessDesk
from cti.journey.around.access import AccessRole
from tests.fakes.room import Doubles

TRANSFER = "/api/v1/calls/c/transfer"


def bearer(doubles: Doubles, personne: str = "", name: str = "anne.petit") -> dict[str, str]:
    token = doubles.accounts.give(name, AccessRole.SUPERVISEUR, personne=personne)
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("typed", [{}, {"by": "quelqu'un d'autre"}, {"by": ""}, {"by": " "}])
async def test_a_known_person_acts_under_her_own_name(client: TestClient, doubles: Doubles, typed: dict[str, Any]) -> None:
    for headers, name in ((bearer(doubles, "mru01"), "mru01"), (bearer(doubles, name="paul"), "paul")):
        response = await client.post(TRANSFER, json={"filiere": "amu", **typed}, headers=headers)
        assert response.status == 202, await response.text()
        assert doubles.transfers.asked[-1][-1] == name


@pytest.mark.parametrize("typed", [None, 3, {}, "\x00", "x" * 65])
async def test_what_is_no_name_is_refused_even_of_a_known_person(client: TestClient, doubles: Doubles, typed: object) -> None:
    response = await client.post(TRANSFER, json={"filiere": "amu", "by": typed}, headers=bearer(doubles, "mru01"))
    assert (response.status, doubles.transfers.asked) == (422, [])


async def test_every_act_takes_it_without_a_word_of_its_own(client: TestClient, doubles: Doubles) -> None:
    headers = bearer(doubles, "mru01")
    switched = await client.post("/api/v1/crise", json={"active": True, "reason": "afflux"}, headers=headers)
    assert switched.status == 200
    assert (await switched.json())["by"] == "mru01"
    assert (await client.post("/api/v1/calls/c/p0", json={}, headers=headers)).status == 202
    assert doubles.rooms.asked[-1][1].by == "mru01"
    taken = await client.post("/api/v1/agents/p01/prise", json={"personne": "helene"}, headers=headers)
    assert taken.status == 200, await taken.text()


async def test_the_site_says_who_acts_and_must(client: TestClient, doubles: Doubles) -> None:
    refused = await client.post(TRANSFER, json={"filiere": "amu"})
    assert refused.status == 422
    assert "by" in await refused.text()
    assert (await client.post(TRANSFER, json={"filiere": "amu", "by": "arm01"})).status == 202
    assert doubles.transfers.asked[-1][-1] == "arm01"


async def test_a_name_that_is_long_or_strange_is_made_fit(
    client: TestClient, doubles: Doubles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AccessDesk, "nom", lambda *_: "Dr\x07 " + "x" * 100)
    await client.post(TRANSFER, json={"filiere": "amu"}, headers=bearer(doubles))
    assert doubles.transfers.asked[-1][-1] == "Dr " + "x" * 61


async def test_the_document_says_that_the_name_may_be_absent(client: TestClient) -> None:
    schemas = (await (await client.get("/api/openapi.json")).json())["components"]["schemas"]
    acts = {
        name: schema
        for name, schema in schemas.items()
        if "by" in schema.get("properties", {}) and name.endswith(("Wish", "Ask", "Act"))
    }
    assert {"CrisisWish", "Act", "TakeWish"} <= set(acts)
    assert [name for name, schema in acts.items() if "by" in schema.get("required", [])] == []
