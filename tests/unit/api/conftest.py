"""A client in front of the application, its ports doubled."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from cti.api import build_app
from tests.fakes.room import Doubles
from tests.fakes.voice_room import VoiceRoom, voice_room
from tests.unit.api.signing_house import SITE, Waits, account


@pytest.fixture
def doubles() -> Doubles:
    return Doubles()


@pytest.fixture
async def client(doubles: Doubles) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(build_app(doubles.ports()))) as client:
        yield client


@pytest.fixture
def voices(tmp_path: Path) -> Iterator[VoiceRoom]:
    """A centre with a real store, a real archive and real sound."""
    made = voice_room(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
async def ear(voices: VoiceRoom) -> AsyncIterator[TestClient]:
    """A client in front of it, which keeps no cookie by itself."""
    async with TestClient(TestServer(build_app(voices.ports())), cookie_jar=DummyCookieJar()) as client:
        yield client


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture(params=["", SITE], ids=["loopback", "site_token"])
async def browser(request: pytest.FixtureRequest, doubles: Doubles, waits: Waits) -> AsyncIterator[TestClient]:
    """On both kinds of site; it keeps no cookie by itself, so that each test says what it shows."""
    app = build_app(doubles.ports(), token=request.param or None, pause=waits, watch_seconds=0.02)
    async with TestClient(TestServer(app), cookie_jar=DummyCookieJar()) as client:
        yield client


@pytest.fixture
def anne(doubles: Doubles) -> str:
    """An account with a password, tied to a person of the room."""
    return account(doubles)
