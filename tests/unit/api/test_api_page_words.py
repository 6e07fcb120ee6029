"""What a page says of itself over HTTP: bounded, hers alone, and the same one twice is one."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from cti.api.poste.page_words import PageQualityOut, PageStateOut
from cti.bootstrap.telephone.quality import Line
from cti.journey.around.access import AccessRole
from cti.journey.around.quality import LegQuality, Witness
from cti.journey.words import iso
from tests.fakes.room import T0, Doubles

STATE, QUALITY = "/api/v1/poste/telephone/etat", "/api/v1/poste/telephone/qualite"
TRY = {"made": "0f5c-1", "ok": True, "loss": 0.0, "refused": False}
SAID = {"poste": "p01", "by": "helene", "sent_at": iso(T0), "micro_dbfs": -31.5, "micro_coupe": False, "essai": TRY}
HEARD = {"poste": "p01", "by": "helene", "appel": "abc@def", "fini": False, "duree_ms": 5000, "recus": 250, "perdus": 0}


async def sits(client: TestClient) -> None:
    await client.post("/api/v1/agents/p01/prise", json={"by": "chef", "personne": "helene"})


async def test_the_service_answers_whether_she_is_ready_and_what_to_do(client: TestClient) -> None:
    await sits(client)
    answer = await client.post(STATE, json={**SAID, "essai": None})
    told = await answer.json()
    assert answer.status == 200
    PageStateOut.model_validate(told)
    assert not told["pret"]
    assert [one["code"] for one in told["pas_pret"]["manques"]] == ["voix_non_essayee"]
    told = await (await client.post(STATE, json=SAID)).json()
    PageStateOut.model_validate(told)
    assert (told["pret"], told["pas_pret"], told["micro_min_dbfs"]) == (True, None, -70)


async def test_her_token_names_her(client: TestClient, doubles: Doubles) -> None:
    await sits(client)
    for name, status in (("helene", 200), ("karim", 403), ("", 403)):
        token = doubles.accounts.give(f"account-{name}", AccessRole.ARM_N1, personne=name)
        answer = await client.post(STATE, json={**SAID, "by": "helene"}, headers={"Authorization": f"Bearer {token}"})
        assert answer.status == status


@pytest.mark.parametrize(
    ("path", "change", "status"),
    [
        (STATE, {"by": "anne"}, 403),
        (STATE, {"poste": "p02"}, 409),
        (STATE, {"poste": "arm01"}, 404),
        (STATE, {"by": ""}, 422),
        (STATE, {"sent_at": "yesterday"}, 422),
        (STATE, {"micro_dbfs": 21}, 422),
        (STATE, {"micro_dbfs": "NaN"}, 422),
        (STATE, {"essai": {**TRY, "loss": 1.1}}, 422),
        (STATE, {"essai": {**TRY, "made": "a b"}}, 422),
        (STATE, {"more": 1}, 422),
        (QUALITY, {"by": "anne"}, 403),
        (QUALITY, {"appel": "a b"}, 422),
        (QUALITY, {"appel": "a" * 257}, 422),
        (QUALITY, {"recus": -1}, 422),
        (QUALITY, {"recus": 10**12}, 422),
        (QUALITY, {"mos": 5}, 422),
        (QUALITY, {"gigue_ms": "Infinity"}, 422),
    ],
)
async def test_refusals(client: TestClient, path: str, change: dict[str, Any], status: int) -> None:
    await sits(client)
    answer = await client.post(path, json={**(SAID if path == STATE else HEARD), **change})
    assert answer.status == status, await answer.text()


async def test_what_is_measured_is_kept_with_its_call_and_told_with_it(client: TestClient, doubles: Doubles) -> None:
    await sits(client)
    told = await (await client.post(QUALITY, json=HEARD)).json()
    PageQualityOut.model_validate(told)
    assert told == {"garde": False}, "no leg of hers is known by this name"
    doubles.page_qualities.lines = lambda poste: [Line("1.7", "PJSIP/p01-1", "call")]
    doubles.page_qualities._named["abc@def"] = ("1.7", "call")
    assert await (await client.post(QUALITY, json=HEARD)).json() == {"garde": True}
    await doubles.page_qualities.flush()
    assert [(one.leg, one.call_id, one.received) for one in doubles.measured] == [("1.7", "call", 250)]


async def test_a_call_tells_how_its_legs_were_heard(client: TestClient, doubles: Doubles) -> None:
    doubles.room.arrive("call", T0)
    doubles.reader.rows = [doubles.room.journeys["call"]]
    who = {"leg": "1.7", "witness": Witness.PBX, "call_id": "call", "poste": "p01", "at": T0, "over": True}
    doubles.reader.legs = [LegQuality(**who, received=900, lost=100, mos=2.9)]  # type: ignore[arg-type]
    (told,) = (await (await client.get("/api/v1/calls/call")).json())["qualite_voix"]
    assert (told["mot"], told["perte"], told["temoin"], told["aller_retour_ms"]) == ("mauvaise", 0.1, "pbx", None)
