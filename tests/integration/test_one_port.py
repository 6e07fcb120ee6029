"""The one port by itself, real nginx and real coturn before a service and a PBX that only say what they were asked."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from cti.bootstrap.clock import now
from cti.bootstrap.sandbox import Site, make_site
from cti.bootstrap.telephone.checking import Way, check
from cti.bootstrap.telephone.ice import ice_servers
from cti.bootstrap.telephone.turn_client import TurnClient, TurnRefused, turn_client
from cti.sandbox.host.address import own_address
from cti.sandbox.people.staff import Phone
from cti.settings import load
from tests.integration.duty_scene import ROOT
from tests.integration.one_port_scene import PAGES, RELAY, Front, papers, require_an_edge

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(60)]
QUOTA = 2


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[tuple[Front, Site]]:
    if own_address() is None:
        pytest.skip("this machine has the loopback address only: no relay can be had to it")
    edge = await asyncio.to_thread(require_an_edge)
    front = Front(tmp_path / "port", papers(tmp_path / "papers"))
    phone = Phone("p01", "Poste", "arm_n1", ("n1",), "sip:p01@127.0.0.1:9")
    changes = front.changes()
    changes["cti"]["telephone"]["port_unique"]["relais_par_poste"] = QUOTA
    site = make_site(ROOT / "config", tmp_path / "site", [phone], changes=changes)
    async with front.stands(edge, site):
        yield front, site


@asynccontextmanager
async def relay(front: Front, site: Site, user: str, seconds: float) -> AsyncIterator[TurnClient]:
    """A client with this post's credentials for so long."""
    (given,) = ice_servers(load(site.config, {}).cti.telephone, user, now() + round(seconds * 1_000_000))
    words = given["username"], given["credential"]
    async with turn_client("127.0.0.1", front.port, RELAY, front.papers.context(), *words) as client:
        yield client


async def test_a_post_has_so_many_relays_under_all_its_credentials(port: tuple[Front, Site]) -> None:
    async with AsyncExitStack() as stack:
        hers = [await stack.enter_async_context(relay(*port, "web01", 60 + n)) for n in range(QUOTA + 1)]
        for client in hers[:QUOTA]:
            address, _ = await client.allocate()
            assert address == own_address()
        with pytest.raises(TurnRefused, match=r"^486"):
            await hers[-1].allocate()
        other = await stack.enter_async_context(relay(*port, "web02", 60))
        await other.allocate()


async def test_a_relay_outlives_its_credentials_and_no_other_is_given_for_them(port: tuple[Front, Site]) -> None:
    until = now() + 2_000_000
    async with relay(*port, "web01", 2) as client, relay(*port, "web01", 2) as late:
        await client.allocate()
        await asyncio.sleep((until - now()) / 1e6 + 1.1)  # coturn counts whole seconds
        assert await client.refresh(300) >= 300
        await client.permit(str(own_address()))
        with pytest.raises(TurnRefused, match=r"^403"):
            await client.permit("127.0.0.1")
        with pytest.raises(TurnRefused, match=r"^401"):
            await late.allocate()


async def test_a_name_that_is_none_of_ours_gets_no_certificate(port: tuple[Front, Site]) -> None:
    front, _ = port
    context = front.papers.context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for name in ("ailleurs.example.test", f"x.{PAGES}"):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", front.port, ssl=context, server_hostname=name)


async def test_the_service_is_told_who_asks_and_under_which_name(port: tuple[Front, Site]) -> None:
    front, site = port

    async def mirror(request: web.Request) -> web.Response:
        return web.json_response({name: request.headers.getall(name) for name in request.headers})

    app = web.Application()
    app.router.add_get("/{any:.*}", mirror)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", site.ports.web).start()
        said = {"X-Forwarded-For": "203.0.113.9", "Last-Event-ID": "e.7", "Authorization": "x"}
        headers = {"Host": f"{PAGES}:{front.port}", **said}
        async with (
            aiohttp.ClientSession() as http,
            http.get(
                f"https://127.0.0.1:{front.port}/api/v1/x?y=z", headers=headers, ssl=front.papers.context(), server_hostname=PAGES
            ) as answer,
        ):
            told = await answer.json()
            assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    finally:
        await runner.cleanup()
    assert told["Host"] == [headers["Host"]]
    assert told["X-Forwarded-For"] == ["127.0.0.1"], "what a visitor says of himself is not passed on"
    assert (told["Last-Event-ID"], told["Authorization"]) == (["e.7"], ["x"])
    assert "Connection" not in told or told["Connection"] != ["close"]
    log = (front.folder / "sas-https.log").read_text(encoding="utf-8")
    assert '"GET /api/v1/x" 200' in log
    assert "y=z" not in log, "a query may bear a token"


async def test_what_does_not_answer_is_told_and_the_rest_is_looked_at(port: tuple[Front, Site]) -> None:
    front, site = port
    way = Way("127.0.0.1", str(front.papers.authority))
    found = [finding async for finding in check(load(site.config, {}), way, now())]
    wrong = [one.text for one in found if not one.ok]
    assert (len(found), len(wrong)) == (8, 2)
    assert wrong[0] == f"les pages : https://{PAGES}:{front.port}/connexion répond 502, pas 200"
    assert wrong[1].startswith("le WebSocket SIP : 502")
