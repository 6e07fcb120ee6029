"""Who may knock, and what a browser is told."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from cti.api import build_app
from tests.fakes.room import Doubles

TOKEN = "un-jeton-assez-long-pour-garder"
ASK = {"filiere": "amu", "by": "arm01"}
TRANSFER = "/api/v1/calls/c/transfer"


@pytest.fixture
async def guarded(doubles: Doubles) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(build_app(doubles.ports(), token=TOKEN))) as client:
        yield client


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::1", "localhost@evil.example:1"]
)
async def test_a_name_that_is_not_ours_is_misdirected(client: TestClient, host: str) -> None:
    response = await client.get("/api/v1/board", headers={"Host": host})
    assert response.status == 421
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:8080"])
async def test_our_names_are_ours_on_any_port(client: TestClient, host: str) -> None:
    assert (await client.get("/healthz", headers={"Host": host})).status == 200


async def test_a_site_may_have_names_of_its_own(doubles: Doubles) -> None:
    app = build_app(doubles.ports(), hosts=["Telephonie.samu35.example"])
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/healthz", headers={"Host": "telephonie.samu35.example"})).status == 200
        assert (await client.get("/healthz")).status == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost:1", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_another_site_changes_nothing_here(client: TestClient, doubles: Doubles, headers: dict[str, str]) -> None:
    response = await client.post(TRANSFER, json=ASK, headers=headers)
    assert response.status == 403
    assert doubles.transfers.asked == []


async def test_our_own_page_and_a_program_may_ask(client: TestClient) -> None:
    own = {"Origin": f"http://{client.host}:{client.port}", "Sec-Fetch-Site": "same-origin"}
    assert (await client.post(TRANSFER, json=ASK, headers=own)).status == 202
    assert (await client.post(TRANSFER, json=ASK)).status == 202


@pytest.mark.parametrize(
    "path",
    ["/api/v1/calls", "/api/v1/calls/c", "/api/v1/qos", "/api/v1/board", "/api/v1/board/stream", "/api/v1/filieres",
     "/api/v1/reconcile",
     "/api/openapi.json", "/%61pi/v1/board", "/api/nothing"],
)  # fmt: skip
async def test_every_api_route_needs_the_token(guarded: TestClient, path: str) -> None:
    response = await guarded.get(path)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("value", ["Bearer wrong", f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x", "Bearer é"])
async def test_a_wrong_token_is_no_token(guarded: TestClient, value: str) -> None:
    assert (await guarded.get("/api/v1/board", headers={"Authorization": value})).status == 401


async def test_the_token_opens(guarded: TestClient) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert (await guarded.get("/api/v1/board", headers=headers)).status == 200
    assert (await guarded.post(TRANSFER, json=ASK, headers=headers)).status == 202


async def test_the_page_exchanges_the_token_for_a_cookie_that_only_reads(guarded: TestClient, doubles: Doubles) -> None:
    response = await guarded.get("/supervision", params={"jeton": TOKEN}, allow_redirects=False)
    assert response.status == 303
    assert response.headers["Location"] == "/supervision"
    cookie = response.cookies["cti_supervision"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert TOKEN not in cookie.value
    with_cookie = {"Cookie": f"cti_supervision={cookie.value}"}
    assert (await guarded.get("/api/v1/board", headers=with_cookie)).status == 200
    assert (await guarded.post(TRANSFER, json=ASK, headers=with_cookie)).status == 401
    assert doubles.transfers.asked == []


async def test_a_wrong_token_gives_no_cookie(guarded: TestClient) -> None:
    response = await guarded.get("/supervision", params={"jeton": "faux"}, allow_redirects=False)
    assert response.status == 403
    assert "cti_supervision" not in response.cookies


async def test_health_needs_no_token(guarded: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await guarded.get(path)).status == 200


def test_a_short_token_guards_nothing(doubles: Doubles) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        build_app(doubles.ports(), token="court")


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/board", "/api/nothing", "/supervision", "/static/none.js"])
async def test_every_answer_is_hardened(client: TestClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Server"] == "cti"
    assert headers["Cache-Control"] in ("no-store", "no-cache")
