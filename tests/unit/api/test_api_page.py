"""The page's files, and HTTP nonsense of every kind."""

import asyncio
import re
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from cti.api import build_app
from tests.fakes.room import Doubles


@pytest.fixture
def built(tmp_path: Path) -> Path:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html><title>Supervision</title>")
    (static / "assets" / "index-abc.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    (static / "outside").symlink_to(tmp_path)
    return static


async def test_without_a_build_the_page_says_how_to_make_one(doubles: Doubles, tmp_path: Path) -> None:
    async with TestClient(TestServer(build_app(doubles.ports(), static=tmp_path))) as client:
        response = await client.get("/supervision")
        assert response.status == 503
        assert "npm run build" in await response.text()


async def test_the_page_and_its_files(doubles: Doubles, built: Path) -> None:
    async with TestClient(TestServer(build_app(doubles.ports(), static=built))) as client:
        page = await client.get("/")
        assert page.url.path == "/supervision"
        assert page.headers["Cache-Control"] == "no-cache"
        script = await client.get("/static/assets/index-abc.js")
        assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "javascript" in script.headers["Content-Type"]


@pytest.mark.parametrize(
    "path",
    ["/static/../secret.txt", "/static/%2e%2e/secret.txt", "/static/..%2fsecret.txt", "/static/outside/secret.txt",
     "/static//etc/passwd", "/static/", "/static/assets", "/static/a%00b"],
)  # fmt: skip
async def test_nothing_outside_is_served(doubles: Doubles, built: Path, path: str) -> None:
    async with TestServer(build_app(doubles.ports(), static=built)) as server:
        status, body = await raw(server, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert status == 404
    assert b"secret" not in body.partition(b"\r\n\r\n")[2]


async def raw(server: TestServer, request: bytes) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        body = await reader.readexactly(int(length[1])) if length and not request.startswith(b"HEAD") else b""
    writer.transport.abort()
    return int(head.split(b" ", 2)[1]), head + body


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"BREW /api/v1/board HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"DELETE /api/v1/calls HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /api/v1/calls?%ff%fe=%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /api/v1/calls?since=%F0%28 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /api/v1/board HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /api/v1/board HTTP/1.1\r\nHost: a\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /api/v1/board/stream HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n",
        b"HEAD /api/v1/board/stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"POST /api/v1/calls/c/transfer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 99999999\r\nConnection: close\r\n\r\n" + b"x" * 40_000,
        b"GET " + b"/x" * 6000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"nonsense\r\n\r\n",
    ],
)
async def test_nonsense_is_a_4xx_without_a_trace(doubles: Doubles, request_bytes: bytes) -> None:
    async with TestServer(build_app(doubles.ports())) as server:
        status, body = await raw(server, request_bytes)
        assert 400 <= status < 500
        assert b"Traceback" not in body
        assert b".py" not in body
        assert (await raw(server, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))[0] == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
async def test_a_wrong_method_is_told_which_are_right(client: TestClient, method: str) -> None:
    response = await client.request(method, "/api/v1/board")
    assert response.status == 405
    assert "GET" in response.headers["Allow"]
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize("secure", [True, False])
async def test_behind_a_proxy_that_ends_tls_the_cookie_is_secure(doubles: Doubles, built: Path, secure: bool) -> None:
    token = "a-token-of-more-than-16-signs"
    app = build_app(doubles.ports(), token=token, static=built, secure=secure)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get(f"/supervision?jeton={token}", allow_redirects=False)
    assert answer.status == 303
    assert ("Secure" in answer.headers["Set-Cookie"]) is secure
