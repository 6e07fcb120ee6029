"""A client in front of the application, its ports doubled."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from cti.api import build_app
from tests.fakes.room import Doubles


@pytest.fixture
def doubles() -> Doubles:
    return Doubles()


@pytest.fixture
async def client(doubles: Doubles) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(build_app(doubles.ports()))) as client:
        yield client
