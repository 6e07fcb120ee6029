"""The board over HTTP: the picture, the stream, the filières, health and the document."""

import asyncio
import itertools
import json
import socket
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from openapi_spec_validator import validate
from prometheus_client.parser import text_string_to_metric_families

from cti.api import Check, board, build_app
from cti.api.contract.shapes import BoardOut, Filieres
from cti.journey import events as ev
from cti.live import Gravite
from tests.fakes.room import T0, Doubles, S, day_count


async def heard(response: ClientResponse) -> dict[str, str]:
    """The next event of the stream."""
    raw = (await asyncio.wait_for(response.content.readuntil(b"\n\n"), 10)).decode()
    lines = [line.partition(":") for line in raw.strip().split("\n")]
    return {name: value.strip() for name, _, value in lines if name}


class TestStream:
    async def test_the_picture_then_each_change_with_its_number(self, client: TestClient, doubles: Doubles) -> None:
        response = await client.get("/api/v1/board/stream")
        assert response.content_type == "text/event-stream"
        first = await heard(response)
        assert first["event"] == "snapshot"
        BoardOut.model_validate_json(first["data"])
        doubles.room.arrive("c", T0)
        second = await heard(response)
        assert second["event"] == "change"
        assert second["id"] == f"{doubles.board.epoch}.{doubles.board.seq}"
        assert json.loads(second["data"])["calls"]["c"]["caller"] == "••5678"
        response.close()

    @pytest.mark.parametrize("how", ["header", "query"])
    async def test_a_screen_resumes_after_its_last_event(self, client: TestClient, doubles: Doubles, how: str) -> None:
        last = f"{doubles.board.epoch}.{doubles.board.seq}"
        doubles.room.arrive("c", T0)
        headers = {"Last-Event-ID": last} if how == "header" else {}
        params = {"last_event_id": last} if how == "query" else {}
        response = await client.get("/api/v1/board/stream", headers=headers, params=params)
        assert (await heard(response))["event"] == "change"
        response.close()

    async def test_an_id_from_before_a_restart_gets_the_picture(self, client: TestClient, doubles: Doubles) -> None:
        doubles.room.arrive("c", T0)
        response = await client.get("/api/v1/board/stream", headers={"Last-Event-ID": "abc123.1"})
        assert (await heard(response))["event"] == "snapshot"
        response.close()

    async def test_a_calm_room_still_beats(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(board, "HEARTBEAT_SECONDS", 0.01)
        response = await client.get("/api/v1/board/stream")
        await heard(response)
        beat = await heard(response)
        assert beat["event"] == "heartbeat"
        assert json.loads(beat["data"]) == {"at": "2026-12-16T08:00:00.000Z"}
        response.close()

    async def test_a_screen_too_many_is_told_to_come_back(self) -> None:
        doubles = Doubles(max_screens=1)
        async with TestClient(TestServer(build_app(doubles.ports()))) as client:
            first = await client.get("/api/v1/board/stream")
            second = await client.get("/api/v1/board/stream")
            assert second.status == 503
            assert second.headers["Retry-After"] == "5"
            first.close()

    async def test_a_screen_that_leaves_gives_its_place_back(self, client: TestClient, doubles: Doubles) -> None:
        response = await client.get("/api/v1/board/stream")
        await heard(response)
        assert doubles.feed.screens == 1
        response.close()
        async with asyncio.timeout(10):
            while doubles.feed.screens:
                doubles.room.arrive(f"c{doubles.board.seq}", T0)
                await asyncio.sleep(0)

    async def test_a_screen_that_takes_nothing_is_dropped_and_the_others_go_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(board, "WRITE_SECONDS", 0.05)
        doubles = Doubles(spacing_seconds=0.0)
        for i in range(300):
            doubles.room.arrive(f"call-{i}", T0)
        async with TestClient(TestServer(build_app(doubles.ports()))) as client:
            dead = socket.socket()
            dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            dead.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(dead, ("127.0.0.1", client.port))
            await loop.sock_sendall(dead, b"GET /api/v1/board/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            response = await client.get("/api/v1/board/stream")
            assert (await heard(response))["event"] == "snapshot"
            async with asyncio.timeout(30):
                for turn in itertools.count(1):
                    for i in range(300):
                        doubles.room.wait(f"call-{i}", ("n1", "amu")[turn % 2], T0 + turn * S)
                    assert (await heard(response))["event"] == "change"
                    if doubles.feed.screens == 1:
                        break
            response.close()
            dead.close()

    async def test_the_service_stops_without_waiting_for_its_screens(self, doubles: Doubles) -> None:
        async with TestClient(TestServer(build_app(doubles.ports()))) as client:
            response = await client.get("/api/v1/board/stream")
            await heard(response)
            async with asyncio.timeout(5):
                await client.server.close()
        assert doubles.feed.screens == 0


async def test_the_picture_is_as_the_document_says(client: TestClient, doubles: Doubles) -> None:
    doubles.board.seen(ev.LinkUp(at=T0))
    doubles.room.agent("arm01", "n1", ev.Presence.FREE, T0, "Dupont")
    doubles.room.arrive("c", T0)
    doubles.room.wait("c", "n1", T0 + S)
    doubles.room.answer("c", "arm01", T0 + 4 * S)
    doubles.board.count_day(day_count())
    doubles.board.alarm("store", "Base de données indisponible", at=T0)
    body = await (await client.get("/api/v1/board")).json()
    BoardOut.model_validate(body)
    assert body["calls"]["c"]["wait_ms"] == 4000
    assert body["day"]["qs30"] == 0.8921
    assert body["alarms"]["store"]["gravite"] == "critique"


async def test_the_filieres_come_in_order(client: TestClient) -> None:
    body = await (await client.get("/api/v1/filieres")).json()
    Filieres.model_validate(body)
    assert [card["code"] for card in body["filieres"]] == ["n1", "amu", "mru", "mg", "mrg", "psy", "dentaire"]


async def test_reconcile_passes_the_question_on(client: TestClient, doubles: Doubles) -> None:
    assert (await (await client.get("/api/v1/reconcile")).json())["agrees"] is True
    assert (await client.get("/api/v1/reconcile?since=2026-12-16T08:00:00Z")).status == 200
    assert doubles.reconciler.asked == [(None, None), (T0, None)]
    backwards = await client.get("/api/v1/reconcile?since=2026-12-16T08:00:00Z&until=2026-12-15T08:00:00Z")
    assert backwards.status == 422


async def test_qos_passes_the_question_on(client: TestClient, doubles: Doubles) -> None:
    response = await client.get("/api/v1/qos?since=2026-12-16T08:00:00Z&profile=national")
    assert response.status == 200
    assert doubles.qos.asked == [(T0, None, "national")]
    refused = await client.get("/api/v1/qos?profile=lunaire")
    assert refused.status == 422
    assert (await refused.json())["detail"] == "Profil « lunaire » inconnu ; le site a : national."


async def test_ready_says_why_not(client: TestClient, doubles: Doubles) -> None:
    assert (await client.get("/readyz")).status == 200
    doubles.readiness.checks.append(Check("agi", False, "le port AGI n'écoute pas"))
    response = await client.get("/readyz")
    assert response.status == 503
    assert (await response.json())["checks"][-1] == {"name": "agi", "ok": False, "detail": "le port AGI n'écoute pas"}
    assert (await client.get("/healthz")).status == 200


async def samples(client: TestClient) -> dict[tuple[str, ...], float]:
    text = await (await client.get("/metrics")).text()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_metrics_count_alarms_by_kind_and_name_no_call(client: TestClient, doubles: Doubles) -> None:
    assert not [key for key in await samples(client) if key[0] == "cti_alarms"]
    doubles.board.alarm("store", "Base de données indisponible", at=T0)
    for call in ("a", "b"):
        doubles.board.alarm(f"recording:{call}", "Enregistrement défectueux", at=T0, gravite=Gravite.AVERTISSEMENT)
    found = {key: value for key, value in (await samples(client)).items() if key[0] == "cti_alarms"}
    assert found == {("cti_alarms", "store", "critique"): 1, ("cti_alarms", "recording", "avertissement"): 2}


async def test_metrics_of_a_room_in_sight(client: TestClient, doubles: Doubles) -> None:
    doubles.board.seen(ev.LinkUp(at=T0))
    doubles.room.agent("arm01", "n1", ev.Presence.FREE, T0)
    doubles.room.arrive("c", T0)
    doubles.room.wait("c", "n1", T0 + S)
    doubles.clock.now = T0 + 42 * S
    found = await samples(client)
    assert found["cti_link_up",] == 1
    assert found["cti_calls", "n1", "waiting"] == 1
    assert found["cti_oldest_wait_seconds", "n1"] == 42
    assert found["cti_agents", "n1", "free"] == 1


async def test_metrics_of_a_room_out_of_sight_are_absent_not_zero(client: TestClient, doubles: Doubles) -> None:
    doubles.board.seen(ev.LinkUp(at=T0))
    doubles.board.seen(ev.LinkDown(at=T0 + S, reason="coupure"))
    found = await samples(client)
    assert found["cti_link_up",] == 0
    assert not [key for key in found if key[0] in ("cti_calls", "cti_oldest_wait_seconds", "cti_agents")]


async def test_requests_are_counted_by_declared_route(client: TestClient) -> None:
    for path in ("/api/v1/calls/a", "/api/v1/calls/b", "/wp-login.php", "/.env"):
        await client.get(path)
    found = await samples(client)
    assert found["cti_http_requests_total", "GET", "/api/v1/calls/{call_id}", "404"] == 2
    assert found["cti_http_requests_total", "GET", "(none)", "404"] == 2


class TestDocument:
    async def test_it_is_openapi_3_1_and_valid(self, client: TestClient) -> None:
        document: Any = await (await client.get("/api/openapi.json")).json()
        assert document["openapi"].startswith("3.1")
        validate(document)

    async def test_every_route_is_in_it_and_every_path_is_a_route(self, client: TestClient) -> None:
        document = await (await client.get("/api/openapi.json")).json()
        told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
        served = {
            (route.method, route.resource.canonical)
            for route in client.app.router.routes()
            if route.resource is not None and route.method != "HEAD"
        }
        pages = {("GET", path) for path in ("/", "/supervision", "/rappels", "/enregistrements", "/poste", "/static/{path}")}
        assert told == served - pages

    async def test_a_token_is_told(self, doubles: Doubles) -> None:
        token = "un-jeton-assez-long-pour-garder"
        async with TestClient(TestServer(build_app(doubles.ports(), token=token))) as client:
            response = await client.get("/api/openapi.json", headers={"Authorization": f"Bearer {token}"})
            document = await response.json()
        validate(document)
        assert document["paths"]["/api/v1/board"]["get"]["security"] == [{"jeton": []}]
        assert "security" not in document["paths"]["/healthz"]["get"]
