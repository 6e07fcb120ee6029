"""The application in front of a real site: store, keys, FLAC, rights and log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp.test_utils import TestClient, TestServer

from cti.api import build_app
from cti.bootstrap.access.opening import open_access
from cti.bootstrap.exporting.desks import VoiceDesks
from tests.fakes.room import Doubles
from tests.unit.exporting.handing_house import Site


class Served:
    """A client with the desks behind it."""

    def __init__(self, site: Site, client: TestClient, desks: VoiceDesks) -> None:
        self.site = site
        self.client = client
        self.desks = desks

    def bearer(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.site.tokens[name]}"} if name else {}

    async def get(self, name: str, path: str) -> tuple[int, dict]:  # type: ignore[type-arg]
        async with self.client.get(path, headers=self.bearer(name)) as answer:
            return answer.status, await answer.json()

    async def post(self, name: str, path: str, body: object) -> tuple[int, dict]:  # type: ignore[type-arg]
        async with self.client.post(path, json=body, headers=self.bearer(name)) as answer:
            return answer.status, await answer.json()

    async def until(self, name: str, path: str, over: object) -> dict:  # type: ignore[type-arg]
        """Ask again until ``over`` says so; the pytest timeout ends what never comes."""
        while True:
            status, told = await self.get(name, path)
            assert status == 200, told
            if over(told):  # type: ignore[operator]
                return told
            await asyncio.sleep(0)


@asynccontextmanager
async def served(site: Site, patience: float = 60.0) -> AsyncIterator[Served]:
    """The application, until the block ends."""
    settings, store = site.settings, site.store
    doubles = Doubles()
    access = open_access(settings, store, site.clock)
    desks = VoiceDesks(settings, store, access.rights, site.clock)
    desks.exports._patience = patience
    doubles.kept, doubles.access = desks.ports, access
    async with TestClient(TestServer(build_app(doubles.ports()))) as client:
        yield Served(site, client, desks)
    await asyncio.to_thread(desks.stop)
