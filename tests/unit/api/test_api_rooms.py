"""Several people with one caller, over HTTP: what is asked of the port, and what is refused before."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from cti.api import RoomAct, RoomWish, TransferResult, TransferVerdict
from tests.fakes.room import Doubles

BY = {"by": "arm01"}


@pytest.mark.parametrize(
    ("path", "body", "wish"),
    [
        ("p0", BY, RoomWish(RoomAct.P0, "arm01")),
        ("p0", {**BY, "filiere": "mru"}, RoomWish(RoomAct.P0, "arm01", filiere="mru")),
        ("p0/cancel", BY, RoomWish(RoomAct.WITHDRAW, "arm01")),
        ("guests", {**BY, "effecteur": "cta"}, RoomWish(RoomAct.INVITE, "arm01", effecteur="cta")),
        ("guests", {**BY, "numero": "0639980001"}, RoomWish(RoomAct.INVITE, "arm01", numero="0639980001")),
        ("guests", {**BY, "poste": "1021"}, RoomWish(RoomAct.INVITE, "arm01", poste="1021")),
        ("guests", {**BY, "filiere": "psy"}, RoomWish(RoomAct.INVITE, "arm01", filiere="psy")),
        ("guests/1795384186.5/leave", BY, RoomWish(RoomAct.SHOW_OUT, "arm01", guest="1795384186.5")),
        ("consult", {**BY, "filiere": "amu"}, RoomWish(RoomAct.CONSULT, "arm01", filiere="amu")),
        ("consult", {**BY, "poste": "1021"}, RoomWish(RoomAct.CONSULT, "arm01", poste="1021")),
        ("consult/complete", BY, RoomWish(RoomAct.COMPLETE, "arm01")),
        ("consult/cancel", BY, RoomWish(RoomAct.GIVE_UP, "arm01")),
        ("consult/conference", BY, RoomWish(RoomAct.JOIN, "arm01")),
    ],
)
async def test_each_wish_is_asked_and_accepted(
    client: TestClient, doubles: Doubles, path: str, body: dict[str, str], wish: RoomWish
) -> None:
    response = await client.post(f"/api/v1/calls/c/{path}", json=body)
    assert response.status == 202
    assert await response.json() == {"call_id": "c", "act": wish.act, "detail": "Demandé."}
    assert doubles.rooms.asked == [("c", wish)]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("p0", {}),
        ("p0", {**BY, "filiere": "../mru"}),
        ("guests", BY),
        ("guests", {**BY, "effecteur": "cta", "numero": "0639980001"}),
        ("guests", {**BY, "numero": "06 39"}),
        ("guests", {**BY, "numero": "0639980001,,extra"}),
        ("consult", {**BY, "filiere": "amu", "poste": "1021"}),
        ("consult", {"by": "a\r\nb", "filiere": "amu"}),
    ],
)
async def test_a_wish_that_makes_no_sense_reaches_nobody(client: TestClient, doubles: Doubles, path: str, body: Any) -> None:
    response = await client.post(f"/api/v1/calls/c/{path}", json=body)
    assert response.status == 422
    assert (await response.json())["erreurs"]
    assert doubles.rooms.asked == []


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (TransferVerdict.UNKNOWN_CALL, 404),
        (TransferVerdict.NOT_POSSIBLE, 409),
        (TransferVerdict.UNKNOWN_FILIERE, 422),
        (TransferVerdict.PBX_UNREACHABLE, 503),
    ],
)
async def test_a_refusal_says_why(client: TestClient, doubles: Doubles, verdict: TransferVerdict, status: int) -> None:
    doubles.rooms.result = TransferResult(verdict, "Parce que.")
    response = await client.post("/api/v1/calls/c/p0", json=BY)
    assert response.status == status
    assert (await response.json())["detail"] == "Parce que."


async def test_the_directory_is_read(client: TestClient) -> None:
    response = await client.get("/api/v1/effecteurs")
    assert await response.json() == {"effecteurs": [{"code": "cta", "libelle": "CTA pompiers", "numero": "0199001811"}]}
