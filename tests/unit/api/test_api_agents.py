"""Posts over HTTP: acts, their refusals in French, and the shapes of what is answered."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from cti.api.contract.posts import DutyDone, DutyOut, TimesOut
from cti.journey.ledger import StoreUnavailable
from tests.fakes.room import Doubles, S

POSTS = "/api/v1/agents"


async def act(client: TestClient, poste: str, verb: str, **body: Any) -> tuple[int, Any]:
    answer = await client.post(f"{POSTS}/{poste}/{verb}", json={"by": "chef", **body})
    return answer.status, await answer.json()


async def test_a_day_at_a_post(client: TestClient, doubles: Doubles) -> None:
    status, taken = await act(client, "p01", "prise", personne="helene")
    assert status == 200
    DutyDone.model_validate(taken)
    assert (taken["post"]["nom"], taken["post"]["filieres"], taken["followed"]) == ("Hélène L'Hôpital", ["n1", "amu"], True)
    assert (await act(client, "p01", "files", filieres=["amu"]))[1]["post"]["filieres"] == ["amu"]
    paused = (await act(client, "p01", "pause", motif="autre", texte="médecin du travail"))[1]["post"]
    assert (paused["hold"], paused["reason"], paused["by"]) == ("pause", "autre : médecin du travail", "chef")
    assert (await act(client, "p01", "reprise"))[1]["post"]["hold"] is None
    room = await (await client.get(POSTS)).json()
    DutyOut.model_validate(room)
    assert [(one["poste"], one["personne"]) for one in room["posts"]] == [("p01", "helene"), ("p02", None), ("arm01", "arm01")]
    assert room["reasons"] == ["repas", "administratif", "formation", "autre"]
    doubles.clock.now += 60 * S
    left = (await act(client, "p01", "fin"))[1]["post"]
    assert (left["personne"], left["nom"], left["since"]) == (None, "", None)
    body = await (await client.get(f"{POSTS}/temps?since=2026-12-16T00:00:00Z&until=2026-12-17T00:00:00Z")).json()
    TimesOut.model_validate(body)
    assert [(one["nom"], one["duty_ms"]) for one in body["people"]] == [("Hélène L'Hôpital", 60_000)]


@pytest.mark.parametrize(
    ("poste", "verb", "body", "status", "said"),
    [
        ("p99", "pause", {"motif": "repas"}, 404, "Le poste p99 n'est pas déclaré."),
        ("p01", "fin", {}, 409, "Personne n'a pris le poste p01."),
        ("arm01", "fin", {}, 409, "est fixe"),
        ("arm01", "reprise", {}, 409, "n'est pas en pause"),
        ("p01", "prise", {"personne": "nobody"}, 422, "n'est pas déclarée"),
        ("p01", "prise", {"personne": "anne", "filieres": ["n1"]}, 422, "ne peut pas servir n1"),
        ("arm01", "pause", {"motif": "café"}, 422, "Motif de pause inconnu"),
        ("arm01", "pause", {}, 422, "motif"),
        ("arm01", "pause", {"motif": "repas", "by": "\x00"}, 422, "by"),
        ("arm01", "pause", {"motif": "autre", "texte": "a\x00b"}, 422, "texte"),
        ("arm01", "pause", {"motif": "autre", "texte": "a\r\nAction: Logoff"}, 422, "texte"),
    ],
)
async def test_refusals(client: TestClient, poste: str, verb: str, body: dict[str, Any], status: int, said: str) -> None:
    found, told = await act(client, poste, verb, **body)
    assert found == status
    assert said in told["detail"]


async def test_an_act_that_cannot_be_written_is_not_done(client: TestClient, doubles: Doubles) -> None:
    doubles.duty.failure = StoreUnavailable("away")
    assert (await act(client, "arm01", "pause", motif="repas"))[0] == 503


async def test_the_pbx_may_follow_later(client: TestClient, doubles: Doubles) -> None:
    doubles.duty.followed = False
    status, told = await act(client, "arm01", "pause", motif="repas")
    assert (status, told["followed"]) == (200, False)


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("?since=2026-12-16T00:00:00Z", 400), ("?since=2026-12-17T00:00:00Z&until=2026-12-16T00:00:00Z", 422)],
)
async def test_times_need_a_period(client: TestClient, query: str, status: int) -> None:
    assert (await client.get(f"{POSTS}/temps{query}")).status == status
