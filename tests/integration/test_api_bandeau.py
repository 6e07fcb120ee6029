"""The banner of another software: the client that `docs/bandeau.md` hands out, before the whole service, the line being cut.

It runs in a thread, on the standard library alone, as it would on somebody's own machine; the test is what it shows.
"""

import asyncio
import importlib.util
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator

from cti.bootstrap.access import accounts
from cti.bootstrap.clock import now
from cti.sandbox.host.free import free_port
from tests.chaos.proxy import Wire
from tests.integration.contract_house import ROOT, Contract, contract_house

POST = "web01"
Message = dict[str, str]


def client() -> Any:
    """``docs/bandeau.py``."""
    spec = importlib.util.spec_from_file_location("bandeau", ROOT / "docs" / "bandeau.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Banner:
    """What the client showed, and the picture it has."""

    shown: list[Message] = field(default_factory=list)
    image: dict[str, Any] = field(default_factory=dict)
    over: "asyncio.Future[str] | None" = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, loop: asyncio.AbstractEventLoop) -> Callable[[Message, dict[str, Any]], None]:
        """For the client's thread."""

        def told(message: Message, image: dict[str, Any]) -> None:
            loop.call_soon_threadsafe(self._take, dict(message), json.loads(json.dumps(image)))

        return told

    def _take(self, message: Message, image: dict[str, Any]) -> None:
        self.shown.append(message)
        self.image = image
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that it shows."""
        async with asyncio.timeout(30):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    @property
    def kinds(self) -> list[str]:
        return [message["event"] for message in self.shown]

    @property
    def ranks(self) -> list[int]:
        """The numbers, without the life of the service."""
        return [int(message["id"].rpartition(".")[2]) for message in self.shown]


@asynccontextmanager
async def following(web: str, token: str) -> AsyncIterator[Banner]:
    """The client at work; it must have ended by itself when the block does."""
    banner, loop = Banner(), asyncio.get_running_loop()
    work = asyncio.ensure_future(asyncio.to_thread(client().suivre, web, POST, token, banner.show(loop)))
    banner.over = work
    yield banner
    async with asyncio.timeout(30):
        await work


def bandeau(house: Contract) -> tuple[str, str]:
    """An account for the post, its token and the token's name."""
    accounts.add(house.settings, "bandeau.web01", ("bandeau",), POST, "test", now())
    shown, change = accounts.give_token(house.settings, "bandeau.web01", 1, "test", now())
    assert change.token is not None
    return shown, change.token.token_id


async def note(http: aiohttp.ClientSession, call_id: str, words: str) -> None:
    """Something that changes the picture of the desk: a note on the call it has."""
    async with http.post(f"/api/v1/calls/{call_id}/note", json={"texte": words}) as answer:
        assert answer.status == 201, await answer.text()


async def desk(http: aiohttp.ClientSession) -> dict[str, Any]:
    """The picture as the service has it now, but for the moment it was taken."""
    async with http.get("/api/v1/poste", params={"poste": POST}) as answer:
        told: dict[str, Any] = await answer.json()
        return {name: part for name, part in told.items() if name != "at"}


async def test_a_banner_follows_its_post_through_cuts_and_ends_with_its_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    async with contract_house(tmp_path / "site", monkeypatch) as house:
        living, web_port = house.known["calls"][1], int(house.web.rpartition(":")[2])
        token, token_id = await asyncio.to_thread(bandeau, house)
        headers = {"Authorization": f"Bearer {house.token}"}
        async with aiohttp.ClientSession(house.web, headers=headers) as http:
            line = Wire(port, web_port)
            async with line, following(f"http://127.0.0.1:{port}", token) as banner:
                await banner.until(lambda: living in banner.image.get("calls", {}))
                assert banner.kinds[0] == "snapshot"
                await note(http, living, "un")
                await banner.until(lambda: noted(banner, living) == ["un"])

                line.cut()
                for words in ("deux", "trois"):  # while nobody follows
                    await note(http, living, words)
                await banner.until(lambda: noted(banner, living) == ["un", "deux", "trois"])
                assert banner.kinds.count("snapshot") == 1, "what was missed came as a change"
                assert banner.ranks == sorted(set(banner.ranks)), "nothing twice, nothing out of order"
                whole = await desk(http)
                await banner.until(lambda: banner.image["seq"] == whole["seq"])
                assert {name: part for name, part in banner.image.items() if name != "at"} == whole

                await asyncio.to_thread(accounts.revoke, house.settings, token_id, "test", now())
                assert banner.over is not None
                async with asyncio.timeout(20):
                    assert "n'ouvre rien" in await banner.over

            await held_to_the_document(http, living)
            await no_further_than_its_post(house)


def noted(banner: Banner, call_id: str) -> list[str]:
    return [one["texte"] for one in banner.image["calls"].get(call_id, {}).get("notes", [])]


async def held_to_the_document(http: aiohttp.ClientSession, living: str) -> None:
    """Every kind of message is as the document has it, data and all; an old number and a strange one get the whole picture."""
    async with http.get("/api/openapi.json") as answer:
        document = await answer.json()
    stream = document["paths"]["/api/v1/poste/flux"]["get"]["responses"]["200"]["content"]["text/event-stream"]["schema"]
    schemas = {one["title"]: one["properties"]["data"]["contentSchema"] for one in stream["oneOf"]}
    assert set(schemas) == {"snapshot", "change", "heartbeat", "fin"}

    async def first(last: str) -> tuple[str, dict[str, Any], str]:
        async with http.get("/api/v1/poste/flux", params={"poste": POST}, headers={"Last-Event-ID": last}) as flux:
            lines = [(await flux.content.readline()).decode().strip().partition(": ")[2] for _ in range(3)]
        number, kind, data = lines
        errors = list(Draft202012Validator({**schemas[kind], "components": document["components"]}).iter_errors(json.loads(data)))
        assert errors == [], (kind, errors)
        return kind, json.loads(data), number

    kind, picture, number = await first("")
    assert kind == "snapshot"
    await note(http, living, "quatre")
    kind, change, _ = await first(number)
    assert (kind, list(change["calls"])) == ("change", [living])
    assert (await first(f"autrevie.{picture['seq']}"))[0] == "snapshot"
    assert (await first("n'importe quoi"))[0] == "snapshot"
    for rank in range(257):  # more than it remembers
        await note(http, living, f"note {rank}")
    assert (await first(number))[0] == "snapshot"


async def no_further_than_its_post(house: Contract) -> None:
    """What another token of the same account may not."""
    shown, _ = await asyncio.to_thread(accounts.give_token, house.settings, "bandeau.web01", 1, "test", now())
    async with aiohttp.ClientSession(house.web, headers={"Authorization": f"Bearer {shown}"}) as http:
        for path, status in (
            (f"/api/v1/poste?poste={POST}", 200), ("/api/v1/moi", 200), ("/api/v1/poste?poste=arm01", 403),
            ("/api/v1/poste/flux?poste=arm01", 403), ("/api/v1/calls", 403), ("/api/v1/board", 403),
            ("/api/v1/enregistrements/ended-1", 403),
        ):  # fmt: skip
            async with http.get(path) as answer:
                assert answer.status == status, (path, await answer.text())
        async with http.post("/api/v1/poste/telephone", json={"poste": POST}) as answer:
            assert answer.status == 403
