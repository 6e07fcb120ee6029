"""A regulator at home, who reaches one HTTPS port and nothing else: the desk, its events, and the voice of a real caller.

Chromium knows two names, both at that port, and may use no way for the voice but the relay. Real nginx and coturn on the files
that `cti distance` writes.
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect

from cti.bootstrap.clock import now
from cti.sandbox.host.address import own_address
from tests.browser.test_poste_voix import (
    ARM,
    CALLER,
    FILIERES,
    PEOPLE,
    account,
    ended,
    has_said,
    hears,
    picks_up,
    ready,
    sits_down,
    voice,
)
from tests.browser.wall import BUILT
from tests.integration.duty_scene import ROOT, Room
from tests.integration.one_port_scene import PAGES, Front, papers, require_an_edge
from tests.integration.telephone_scene import chromium_with_a_voice, require_a_browser_and_an_address, web_room

pytestmark = [
    pytest.mark.pbx,
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not BUILT.exists(), reason="the page is not built: cd web && npm ci && npm run build"),
]
#: The way of the voice that the connection of the page has chosen.
_WAY = """async () => {
  const live = window.connections.filter((one) => one.connectionState === "connected").at(-1);
  const found = [...(await live.getStats()).values()];
  const pair = found.find((one) => one.type === "candidate-pair" && one.nominated && one.state === "succeeded");
  const named = (id) => found.find((one) => one.id === id);
  return {
    local: named(pair.localCandidateId), remote: named(pair.remoteCandidateId),
    others: found.filter((one) => one.type === "local-candidate").map((one) => one.candidateType),
  };
}"""


@asynccontextmanager
async def home(folder: Path) -> AsyncIterator[tuple[Room, Front, Browser]]:
    """A room behind one port, and the browser of somebody outside."""
    edge = await asyncio.to_thread(require_an_edge)
    front = Front(folder / "port", papers(folder / "papers"))
    post = {"web01": {"nom": "Poste web 1", "fixe": False, "webrtc": True, "poste": "1901"}}
    changes: Mapping[str, Mapping[str, Any]] = {
        "agents": {"agents": post, "personnes": PEOPLE},
        "filieres": {"filieres": FILIERES},
        **front.changes(validite_heures=0.005),
    }
    async with web_room(folder / "room", changes=changes) as sas:
        account(sas, "helene", "arm_n1")
        # So that a relay must be renewed within this test; a site leaves an hour.
        async with (
            front.stands(edge, sas.site, "--max-allocate-lifetime", "8"),
            chromium_with_a_voice(folder, ARM, front.rules) as browser,
        ):
            yield sas, front, browser


async def essai(sas: Room, front: Front) -> tuple[int | None, str]:
    """`cti distance essai`, as the IT staff run it."""
    config, authority = str(sas.site.config), str(front.papers.authority)
    words = ["distance", "essai", "--config", config, "--adresse", "127.0.0.1", "--autorite", authority]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cti", *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


#: The board's events as the page gets them through the port, each with its instant (ms).
_FLOW = """() => {
  window.flow = [];
  const source = new EventSource("/api/v1/board/stream");
  for (const kind of ["snapshot", "change"])
    source.addEventListener(kind, (event) => window.flow.push([event.lastEventId, Date.now()]));
}"""
#: The first event of a stream that goes on after another one.
_RESUMED = """async (id) => {
  const answer = await fetch("/api/v1/board/stream", { headers: { "Last-Event-ID": id } });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\\n\\n")) text += (await reader.read()).value;
  void reader.cancel();
  return text;
}"""

#: The TURN password that the service gives, replaced by another one before the page reads it.
_SPOILT = """
const asked = window.fetch;
window.fetch = async (...words) => {
  const answer = await asked(...words);
  if (!String(words[0]?.url ?? words[0]).endsWith("/api/v1/poste/telephone") || answer.status !== 200) return answer;
  const told = await answer.json();
  told.ice_servers[0].credential = "ZGV2aW5l";
  return new Response(JSON.stringify(told), { status: 200, headers: answer.headers });
};
"""


class Direct:
    """The same stream as the service gives it to this machine, without anything between."""

    def __init__(self) -> None:
        self.flow: dict[str, int] = {}

    async def follow(self, url: str) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http, http.get(url) as answer:
            async for line in answer.content:
                if line.startswith(b"id: "):
                    self.flow[line[4:].decode().strip()] = now() // 1000


async def relays_renewed(front: Front, user: str, since: int, seconds: float = 25) -> int:
    """Wait until coturn has renewed one of this user's relays after `since` of its renewals; how many there are."""
    found, renewed = 0, f"user <{user}>: incoming packet REFRESH processed, success"
    try:
        async with asyncio.timeout(seconds):
            while found <= since:
                await asyncio.sleep(0.1)
                found = front.coturn_log.count(renewed)
    except TimeoutError:
        raise AssertionError(f"no relay of {user} was renewed:\n{front.coturn_log[-3000:]}") from None
    return found


async def echoes(page: Page) -> str:
    """What the page says of the way of the voice."""
    await page.locator("[data-test=phone]").click()
    await page.locator("[data-test=echo]").click()
    said = page.get_by_text(re.compile("La voix va au PBX|Pas d'écho"))
    await expect(said).to_be_visible(timeout=40_000)
    found = await said.inner_text()
    await page.keyboard.press("Escape")
    return found


async def test_a_regulator_at_home_has_one_port_and_no_other_way(tmp_path: Path) -> None:
    require_a_browser_and_an_address()
    async with home(tmp_path) as (sas, front, browser):
        page = await sits_down(sas, browser, "helene", front.url)
        policy = await page.evaluate("fetch('/poste').then((answer) => answer.headers.get('content-security-policy'))")
        assert f"connect-src 'self' wss://{PAGES}:{front.port};" in policy
        assert "La voix va au PBX et en revient" in await echoes(page)
        await page.evaluate(_FLOW)
        direct = Direct()
        following = asyncio.create_task(direct.follow(f"{sas.site.web}/api/v1/board/stream"))

        caller = await sas.phone_call("", "15")
        await picks_up(page)
        await hears(page, CALLER)
        await has_said(sas, ARM, 1)
        way = await page.evaluate(_WAY)
        assert (way["local"]["candidateType"], way["local"]["relayProtocol"]) == ("relay", "tls")
        assert (set(way["others"]), way["remote"]["address"]) == ({"relay"}, own_address())
        user = front.relays_given[-1]
        assert user.endswith(":web01")

        # Events come one by one, as the service makes them, and a stream goes on where it was.
        flow = dict(await page.evaluate("window.flow"))
        both = sorted(flow.keys() & direct.flow.keys())
        assert len(both) >= 3, (flow, direct.flow)
        assert max(flow[one] - direct.flow[one] for one in both) < 1_000
        resumed = await page.evaluate(_RESUMED, both[0])
        assert "event: change" in resumed, resumed
        following.cancel()

        # What the IT staff see from outside, while somebody is on the telephone.
        code, said = await essai(sas, front)
        assert (code, said.count("bon "), "MAUVAIS" in said) == (0, 8, False), said
        assert re.search(r"198\.51\.100\.7.{0,40}denied", front.coturn_log), "the stranger was refused by coturn itself"

        # The credentials that this call began with end; it goes on, and its relay is renewed.
        until = int(user.partition(":")[0])
        await asyncio.sleep(max(0, until + 1 - now() / 1e6))
        await relays_renewed(front, user, await relays_renewed(front, user, -1))
        await hears(page, CALLER)
        await has_said(sas, ARM, voice(sas, "agents", ARM) + 1)

        # The port falls down and comes back: page, SIP and relay at once; the call has a new way with the credentials of now.
        had = len(front.relays_given)
        await front.start("nginx")
        async with asyncio.timeout(20):
            while len(front.relays_given) == had:
                await asyncio.sleep(0.1)
        assert int(front.relays_given[-1].partition(":")[0]) > until
        await hears(page, CALLER)
        await has_said(sas, ARM, voice(sas, "agents", ARM) + 1)
        await caller.stop()
        await sas.pbx.rx("channel request hangup all")
        call = await ended(sas)
        assert (call["outcome"], call["quality"], len(call["stages"])) == ("answered", "observed", 1)
        assert voice(sas, "caller", CALLER) > 3

        # Credentials that open nothing: the page says so before anybody calls.
        await ready(page)
        await page.add_init_script(_SPOILT)
        await page.reload()
        await ready(page)
        told = await echoes(page)
        assert told == "Pas d'écho : le relais de la voix (TURN) refuse les identifiants de ce poste (401)."
        await front.stop("turn")
        told = await echoes(page)
        assert told == "Pas d'écho : le relais de la voix (TURN) ne répond pas : nom, port ou certificat."
