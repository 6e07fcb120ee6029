"""Click to call over HTTP: what is asked, and each way in which it is refused."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from cti.api.calling_port import PlaceResult, PlaceVerdict, PlaceWish
from cti.api.contract.shapes import CallAsked
from tests.fakes.room import Doubles

URL = "/api/v1/appels"
WISH = {"poste": "arm01", "by": "Anne", "numero": "+33 6 39 98 00 07"}


async def test_a_number_is_asked_for(client: TestClient, doubles: Doubles) -> None:
    answer = await client.post(URL, json={**WISH, "call_id": "c9", "dossier_id": "d9"})
    body = await answer.json()
    CallAsked.model_validate(body)
    assert (answer.status, body["call_id"], body["verdict"]) == (202, "out-1", "asked")
    assert doubles.calling.asked == [
        PlaceWish(poste="arm01", by="Anne", numero="+33 6 39 98 00 07", about="c9", dossier_id="d9")
    ]  # fmt: skip


async def test_an_entry_is_asked_for(client: TestClient, doubles: Doubles) -> None:
    await client.post(URL, json={"poste": "1001", "by": " Anne ", "rappel": "c1", "version": 3})
    assert doubles.calling.asked == [PlaceWish(poste="1001", by="Anne", callback="c1", version=3)]


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (PlaceVerdict.IGNORED, 200),
        (PlaceVerdict.NOT_FOUND, 404),
        (PlaceVerdict.NOT_NOW, 409),
        (PlaceVerdict.NOT_ALLOWED, 422),
        (PlaceVerdict.PBX_UNREACHABLE, 503),
    ],
)
async def test_verdicts(client: TestClient, doubles: Doubles, verdict: PlaceVerdict, status: int) -> None:
    doubles.calling.result = PlaceResult(verdict, "Parce que.")
    answer = await client.post(URL, json=WISH)
    assert (answer.status, (await answer.json())["detail"]) == (status, "Parce que.")


@pytest.mark.parametrize(
    "change",
    [
        {"numero": None},
        {"rappel": "c1"},
        {"numero": "15&PJSIP/x"},
        {"numero": "1"},
        {"poste": "../x"},
        {"poste": ""},
        {"by": ""},
        {"by": "a\nb"},
        {"version": -1},
        {"couleur": "bleu"},
    ],
)
async def test_bad_wishes_are_refused_and_ask_nothing(client: TestClient, doubles: Doubles, change: dict[str, Any]) -> None:
    answer = await client.post(URL, json={name: value for name, value in {**WISH, **change}.items() if value is not None})
    assert answer.status == 422
    assert doubles.calling.asked == []
