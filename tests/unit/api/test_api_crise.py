"""Crisis mode over HTTP: signed, refused when it stands that way already, and told on the board."""

import pytest
from aiohttp.test_utils import TestClient

from cti.api.contract.crise import CrisisOut
from cti.journey.ledger import StoreUnavailable
from tests.fakes.room import Doubles, S

ON = {"active": True, "by": "Dr Martin", "reason": "accident de car"}


async def test_on_and_off_with_its_history(client: TestClient, doubles: Doubles) -> None:
    before = await (await client.get("/api/v1/crise")).json()
    CrisisOut.model_validate(before)
    assert (before["active"], before["since"], before["history"]) == (False, None, [])
    answer = await client.post("/api/v1/crise", json=ON)
    told = await answer.json()
    CrisisOut.model_validate(told)
    assert answer.status == 200
    assert (told["active"], told["by"], told["reason"], told["pbx"]) == (True, "Dr Martin", "accident de car", False)
    doubles.clock.now += 60 * S
    off = await (await client.post("/api/v1/crise", json={**ON, "active": False, "reason": " retour au calme "})).json()
    assert off["active"] is False
    assert [(act["number"], act["active"], act["reason"]) for act in off["history"]] == [
        (2, False, "retour au calme"),
        (1, True, "accident de car"),
    ]


async def test_the_same_again_is_refused_with_who_and_since(client: TestClient) -> None:
    answer = await client.post("/api/v1/crise", json={**ON, "active": False})
    assert (answer.status, (await answer.json())["detail"]) == (409, "Il n'y a pas de crise à lever.")
    await client.post("/api/v1/crise", json=ON)
    answer = await client.post("/api/v1/crise", json={**ON, "by": "Dr Petit"})
    assert answer.status == 409
    assert "déjà active depuis le 16/12/2026" in (await answer.json())["detail"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"by": " "}, "by"), ({"by": None}, "by"), ({"reason": ""}, "reason"), ({"reason": "a\nb"}, "reason"),
     ({"active": "oui"}, "active"), ({"reason": "x" * 201}, "reason"), ({"why": "?"}, "why")],
)  # fmt: skip
async def test_an_unsigned_wish_is_refused(client: TestClient, doubles: Doubles, changes: dict[str, object], field: str) -> None:
    answer = await client.post("/api/v1/crise", json={**ON, **changes})
    assert answer.status == 422
    assert field in {fault["champ"] for fault in (await answer.json())["erreurs"]}
    assert doubles.crises.rows == []


async def test_a_store_out_of_reach_is_said(client: TestClient, doubles: Doubles) -> None:
    doubles.crises.failure = StoreUnavailable("locked")
    assert (await client.post("/api/v1/crise", json=ON)).status == 503


async def test_the_board_says_it_and_its_thresholds_follow(client: TestClient, doubles: Doubles) -> None:
    await doubles.crisis.read()
    calm = await (await client.get("/api/v1/board")).json()
    assert calm["crise"]["active"] is False
    assert calm["filieres"]["n1"]["attente_rouge_seconds"] == 30
    await client.post("/api/v1/crise", json=ON)
    board = await (await client.get("/api/v1/board")).json()
    assert (board["crise"]["active"], board["crise"]["by"]) == (True, "Dr Martin")
    assert len(board["crise"]["spans"]) == 1
    assert {card["attente_rouge_seconds"] for card in board["filieres"].values()} == {120}
