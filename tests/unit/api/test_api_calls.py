"""Calls over HTTP: pages, one call, transfers."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from cti.api import TransferResult, TransferVerdict
from cti.api.contract.shapes import CallPage, CallStory
from cti.journey import events as ev
from cti.journey.ledger import StoreUnavailable
from tests.fakes.room import T0, Doubles, S


def some_calls(doubles: Doubles, count: int, *, flux: str = "15", every: int = 1) -> None:
    room = doubles.room
    for i in range(count):
        call, t0 = f"call-{flux}-{i:04d}", T0 + (i // every) * S
        room.arrive(call, t0, flux=flux)
        if i % 3 == 0:
            room.wait(call, "n1", t0 + S)
            room.answer(call, "arm01", t0 + 5 * S)
            room.end(call, t0 + 60 * S)
    doubles.reader.rows = list(room.journeys.values())


async def pages(client: TestClient, **query: Any) -> list[list[str]]:
    found: list[list[str]] = []
    cursor: str | None = None
    while True:
        params = {key: str(value) for key, value in query.items()} | ({"cursor": cursor} if cursor else {})
        response = await client.get("/api/v1/calls", params=params)
        assert response.status == 200, await response.text()
        body = await response.json()
        CallPage.model_validate(body)
        found.append([call["call_id"] for call in body["calls"]])
        cursor = body["next_cursor"]
        if cursor is None:
            return found


async def test_pages_hold_every_call_once_the_latest_first(client: TestClient, doubles: Doubles) -> None:
    some_calls(doubles, 25)
    found = await pages(client, limit=10)
    assert [len(page) for page in found] == [10, 10, 5]
    assert [call for page in found for call in page] == [f"call-15-{i:04d}" for i in range(24, -1, -1)]


async def test_calls_of_the_very_same_instant_are_not_lost_between_pages(client: TestClient, doubles: Doubles) -> None:
    some_calls(doubles, 30, every=10)
    found = [call for page in await pages(client, limit=7) for call in page]
    assert sorted(found) == [f"call-15-{i:04d}" for i in range(30)]


async def test_more_calls_of_one_instant_than_one_reading_holds(client: TestClient, doubles: Doubles) -> None:
    some_calls(doubles, 1203, every=1203)
    found = [call for page in await pages(client, limit=500) for call in page]
    assert len(found) == len(set(found)) == 1203


async def test_a_state_that_is_rare_is_found_behind_many_readings(client: TestClient, doubles: Doubles) -> None:
    some_calls(doubles, 5000)
    doubles.room.wait("call-15-0001", "n1", T0 + 9 * S)
    doubles.reader.rows = list(doubles.room.journeys.values())
    found = await pages(client, state="waiting", limit=10)
    assert [call for page in found for call in page] == ["call-15-0001"]


async def test_period_flux_and_state_narrow_the_page(client: TestClient, doubles: Doubles) -> None:
    some_calls(doubles, 10)
    some_calls(doubles, 10, flux="116117")
    found = await pages(client, since="2026-12-16T08:00:02Z", until="2026-12-16T09:00:07+01:00", flux="116117", state="ended")
    assert found == [["call-116117-0006", "call-116117-0003"]]


async def test_a_plus_that_was_not_encoded_is_understood(client: TestClient, doubles: Doubles) -> None:
    some_calls(doubles, 3)
    response = await client.get("/api/v1/calls?since=2026-12-16T09:00:01+01:00")
    assert [call["call_id"] for call in (await response.json())["calls"]] == ["call-15-0002", "call-15-0001"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("untill=2026-12-16T08:00:00Z", "untill"),
        ("since=hier", "since"),
        ("since=2026-12-16", "since"),
        ("since=2026-12-16T08:00:00", "since"),
        ("since=0001-01-01T00:00:00Z", "since"),
        ("since=9999-12-31T23:59:59-12:00", "since"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=abc", "limit"),
        ("state=dancing", "state"),
        ("flux=%00", "flux"),
        ("flux=15&flux=18", "flux"),
        ("cursor=" + "A" * 300, "cursor"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused_by_name(client: TestClient, query: str, named: str) -> None:
    response = await client.get(f"/api/v1/calls?{query}")
    body = await response.json()
    assert response.status == 400
    assert response.content_type == "application/problem+json"
    assert named in body["detail"]


@pytest.mark.parametrize("cursor", ["%C3%A9", "AAAA"])
async def test_a_cursor_that_is_none_of_ours_is_refused(client: TestClient, cursor: str) -> None:
    response = await client.get(f"/api/v1/calls?cursor={cursor}")
    assert (response.status, "cursor" in (await response.json())["detail"]) == (422, True)


async def test_an_empty_period_is_refused(client: TestClient) -> None:
    response = await client.get("/api/v1/calls?since=2026-12-16T08:00:00Z&until=2026-12-16T08:00:00Z")
    assert response.status == 422


async def test_one_call_with_its_timeline(client: TestClient, doubles: Doubles) -> None:
    room = doubles.room
    room.arrive("c", T0)
    room.tell(ev.GreetingStarted(call_id="c", at=T0 + S // 10), ev.GreetingEnded(call_id="c", at=T0 + 2 * S))
    room.wait("c", "n1", T0 + 2 * S)
    room.answer("c", "arm01", T0 + 6 * S)
    room.tell(ev.TransferAsked(call_id="c", at=T0 + 30 * S, target="mg", via=ev.TransferVia.TOUCHE))
    room.wait("c", "mg", T0 + 31 * S)
    room.ring("c", "mg02", T0 + 32 * S)
    room.end("c", T0 + 45 * S)
    doubles.reader.rows = [room.journeys["c"]]
    response = await client.get("/api/v1/calls/c")
    body = await response.json()
    CallStory.model_validate(body)
    said = [(line["since_t0_ms"], line["what"]) for line in body["timeline"]]
    assert said == sorted(said, key=lambda line: line[0])
    for line in (
        (0, "Appel reçu sur 15 (numéro composé 15)"),
        (6000, "arm01 décroche"),
        (30000, "Transféré par touche (n1)"),
        (31000, "Entre dans la file mg"),
        (45000, "L'appelant a raccroché en attendant (mg)"),
        (45000, "Fin de l'appel, répondu"),
    ):
        assert line in said


@pytest.mark.parametrize("call_id", ["nobody", "%00", "a%2Fb", "x" * 65, "%F0%9F%98%80"])
async def test_a_call_that_is_not_known_is_not_found(client: TestClient, call_id: str) -> None:
    response = await client.get(f"/api/v1/calls/{call_id}")
    assert response.status == 404
    assert response.content_type == "application/problem+json"


async def test_a_store_out_of_reach_is_a_503_in_french(client: TestClient, doubles: Doubles) -> None:
    doubles.reader.failure = StoreUnavailable("locked")
    for path in ("/api/v1/calls", "/api/v1/calls/c"):
        response = await client.get(path)
        assert response.status == 503
        assert "base de données" in (await response.json())["detail"]
        assert response.headers["Retry-After"] == "2"


@pytest.mark.parametrize("failure", [TimeoutError(), ConnectionResetError("peer")])
async def test_something_behind_that_does_not_answer_is_a_503(client: TestClient, doubles: Doubles, failure: Exception) -> None:
    doubles.reader.failure = failure
    response = await client.get("/api/v1/calls")
    assert response.status == 503
    assert response.content_type == "application/problem+json"


async def test_our_own_fault_is_a_500_that_shows_nothing(client: TestClient, doubles: Doubles) -> None:
    doubles.reader.failure = RuntimeError("secret-in-the-trace")
    response = await client.get("/api/v1/calls")
    assert response.status == 500
    assert response.content_type == "application/problem+json"
    assert "secret-in-the-trace" not in await response.text()


class TestTransfer:
    async def ask(self, client: TestClient, body: Any = None, **kwargs: Any) -> Any:
        return await client.post("/api/v1/calls/c/transfer", json=body or {"filiere": "amu", "by": "arm01"}, **kwargs)

    async def test_it_is_asked_for_and_accepted(self, client: TestClient, doubles: Doubles) -> None:
        response = await self.ask(client)
        assert response.status == 202
        assert doubles.transfers.asked == [("c", "amu", "arm01")]
        assert await response.json() == {"call_id": "c", "filiere": "amu", "detail": "Transfert demandé."}

    @pytest.mark.parametrize(
        ("verdict", "status"),
        [
            (TransferVerdict.UNKNOWN_CALL, 404),
            (TransferVerdict.NOT_POSSIBLE, 409),
            (TransferVerdict.UNKNOWN_FILIERE, 422),
            (TransferVerdict.PBX_UNREACHABLE, 503),
        ],
    )
    async def test_each_refusal_has_its_status(
        self, client: TestClient, doubles: Doubles, verdict: TransferVerdict, status: int
    ) -> None:
        doubles.transfers.result = TransferResult(verdict)
        response = await self.ask(client)
        assert response.status == status
        assert (await response.json())["detail"]
        doubles.transfers.result = TransferResult(verdict, "Parce que.")
        assert (await (await self.ask(client)).json())["detail"] == "Parce que."

    @pytest.mark.parametrize(
        ("body", "named"),
        [
            ({"filiere": "amu"}, "by"),
            ({"filiere": "amu", "by": "x", "forced": True}, "forced"),
            ({"filiere": "../amu", "by": "x"}, "filiere"),
            ({"filiere": "amu", "by": "arm01\r\nAction: Hangup"}, "by"),
            ({"filiere": "amu", "by": ""}, "by"),
            ({"filiere": 15, "by": "x"}, "filiere"),
            ([1], "corps"),
        ],
    )
    async def test_a_body_that_makes_no_sense_is_refused_by_field(
        self, client: TestClient, doubles: Doubles, body: Any, named: str
    ) -> None:
        response = await self.ask(client, body)
        assert response.status == 422
        assert named in {fault["champ"] for fault in (await response.json())["erreurs"]}
        assert doubles.transfers.asked == []

    @pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 10_000, b"NaN"])
    async def test_what_is_not_json_is_refused(self, client: TestClient, raw: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        response = await client.post("/api/v1/calls/c/transfer", data=raw, headers=headers)
        assert response.status in (400, 422)
        assert response.content_type == "application/problem+json"

    async def test_a_form_is_not_json(self, client: TestClient, doubles: Doubles) -> None:
        response = await client.post("/api/v1/calls/c/transfer", data={"filiere": "amu", "by": "arm01"})
        assert response.status == 415
        assert doubles.transfers.asked == []

    async def test_a_body_beyond_the_limit_is_refused(self, client: TestClient) -> None:
        response = await self.ask(client, {"filiere": "amu", "by": "x" * 20_000})
        assert response.status == 413
        assert response.content_type == "application/problem+json"
