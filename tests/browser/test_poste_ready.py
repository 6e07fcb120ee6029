"""A post in a browser is offered calls when all is good, and only then: real page, real PBX, real callers.

The microphone has a switch between it and the page (a gain of zero is a headset's mute key); the page's WebSocket goes through
a wire that can be cut, or swallow everything.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from cti.sandbox.host.free import free_port
from tests.browser.test_poste_voix import PASSWORD, account, ended, offered, picks_up
from tests.browser.wall import BUILT
from tests.chaos.proxy import Wire
from tests.integration.duty_scene import Room
from tests.integration.telephone_scene import chromium_with_a_voice, require_a_browser_and_an_address, web_room

pytestmark = [
    pytest.mark.pbx,
    pytest.mark.browser,
    pytest.mark.timeout(280),
    pytest.mark.skipif(not BUILT.exists(), reason="the page is not built: cd web && npm ci && npm run build"),
]
QUEUES = ("n1", "amu")
_DAY = date(2026, 1, 1)
#: A switch on the wire of the microphone, and a page whose own timers can be made to run once a minute, as a hidden tab's.
_SWITCHES = """
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.gains = [];
window.microphone = 1;
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await real(wanted), context = new AudioContext(), out = context.createMediaStreamDestination();
  const gain = new GainNode(context, { gain: window.microphone });
  context.createMediaStreamSource(stream).connect(gain).connect(out);
  window.gains.push(gain);
  return out.stream;
};
window.speak = (on) => { window.microphone = on ? 1 : 0; for (const one of window.gains) one.gain.value = window.microphone; };
let hiddenAt = 0;
const later = window.setTimeout.bind(window), every = window.setInterval.bind(window);
const asleep = () => (hiddenAt === 0 ? 0 : 60_000 - ((Date.now() - hiddenAt) % 60_000));
window.setTimeout = (work, ms, ...more) => later(() => (asleep() > 1_000 ? later(work, asleep(), ...more) : work(...more)), ms);
window.setInterval = (work, ms, ...more) => every(() => { if (asleep() <= ms || asleep() === 0) work(...more); }, ms);
window.hide = () => {
  hiddenAt = Date.now();
  Object.defineProperty(document, "hidden", { value: true });
  Object.defineProperty(document, "visibilityState", { value: "hidden" });
  document.dispatchEvent(new Event("visibilitychange"));
};
"""


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[tuple[Room, Wire, Browser]]:
    """One post in a browser, whose page reaches the PBX by a wire."""
    require_a_browser_and_an_address()
    port = free_port()
    # A browser on a busy machine takes its time to answer OPTIONS: how soon is judged in the unit tests.
    limits = [{"depuis": _DAY, "micro_muet_seconds": 3, "aller_retour_max_ms": 5000, "horloge_max_ms": 10_000}]
    agents = {"web01": {"nom": "Poste web 1", "fixe": False, "webrtc": True, "poste": "1901"}}
    people = {"helene": {"nom": "Hélène L'Hôpital", "role": "arm_n1", "filieres": list(QUEUES), "numero": "201"}}
    changes = {
        "cti": {"telephone": {"adresse": f"ws://127.0.0.1:{port}/ws"}},
        "pbx": {"pbx": {"qualify_navigateur_seconds": 2}},
        "agents": {"agents": agents, "personnes": people, "pret": limits},
        "filieres": {"filieres": {code: {"ring_seconds": 15, "attente_max_seconds": 60, "wrapup_seconds": 0} for code in QUEUES}},
    }
    async with web_room(folder / "room", changes=changes) as sas, Wire(port, sas.site.ports.pbx_http) as wire:
        account(sas, "helene", "arm_n1")
        async with chromium_with_a_voice(folder) as browser:
            yield sas, wire, browser


async def takes_the_post(sas: Room, browser: Browser) -> Page:
    context = await browser.new_context(viewport={"width": 1280, "height": 720}, locale="fr-FR")
    page = await context.new_page()
    await page.add_init_script(_SWITCHES)
    await page.goto(f"{sas.site.web}/connexion?vers=/poste")
    await page.locator("[data-test=compte]").fill("helene")
    await page.locator("[data-test=mot-de-passe]").fill(PASSWORD)
    await page.locator("[data-test=connecter]").click()
    await page.locator("[data-test=browser]").click(timeout=15_000)
    return page


async def held(sas: Room, why: str | None, seconds: float = 20) -> None:
    """Until the PBX offers this post calls (None), or does not, for this reason."""
    said = None if why is None else f"pas prêt : {why}"
    await sas.until_held(dict.fromkeys(((queue, "web01") for queue in QUEUES), said), seconds)


def rung(sas: Room) -> list[str]:
    """The callers for whom the phone was rung, in order."""
    return [str(f.get("Uniqueid")) for f in sas.frames if f.event == "AgentCalled"]


async def test_offered_when_ready_and_only_then(tmp_path: Path) -> None:
    async with house(tmp_path) as (sas, wire, browser):
        page = await takes_the_post(sas, browser)
        # Before her voice was tried she is offered nothing, though she sits there and somebody waits.
        await held(sas, "voix non essayée")
        caller = await sas.phone_call("", "15")
        await sas.until("QueueCallerJoin")
        assert rung(sas) == []
        await expect(page.locator("[data-lack=voix_non_essayee]")).to_be_visible(timeout=15_000)
        # Then at once, by itself.
        await picks_up(page)
        assert len(rung(sas)) == 1
        await asyncio.sleep(6)  # so long do they talk: the page reads its figures after two seconds, and then every five
        await caller.stop()
        await sas.pbx.rx("channel request hangup all")
        call = await ended(sas)
        await quality_is_kept(sas, call["call_id"])
        await offered(page)

        # The microphone dies: withdrawn, and both she and the supervisors are told why.
        await page.evaluate("window.speak(false)")
        await held(sas, "micro muet")
        lack = page.locator("[data-lack=micro_muet]")
        await expect(lack).to_contain_text("vérifiez la touche de coupure du casque")
        await expect(page.locator("[data-test=duty]")).to_contain_text("Pas prêt")
        await page.screenshot(path=str(tmp_path / "micro_muet.png"))
        board = await sas.until_board(lambda told: seat(told)["reason"] == "pas prêt : micro muet")
        assert "dernier_pret:web01" not in board["alarms"], "nobody would be heard: not even the last one is kept"
        await page.evaluate("window.speak(true)")
        await held(sas, None)
        await expect(lack).to_have_count(0)

        # Its WebSocket swallows everything: OPTIONS are not answered, and she is withdrawn though nothing was cut.
        wire.hold()
        await held(sas, "téléphone injoignable")
        wire.flow()
        wire.cut()
        await held(sas, None, 40)

        # It is cut while it rings: the caller, at the head of the queue, is offered to whoever comes next, which is she again.
        before = len(rung(sas))
        waiting = await sas.phone_call("", "15")
        await expect(page.locator("[data-test=phone]")).to_have_text("Téléphone : sonne", timeout=20_000)
        wire.hold()
        wire.cut()
        await held(sas, "téléphone non enregistré")
        wire.flow()
        await picks_up(page)
        called = rung(sas)[before:]
        assert len(called) >= 2
        assert len(set(called)) == 1, "the same caller, who was not hung up on"
        assert [act.kind for act in sas.acts()] == ["prise"], "nobody rang in vain"

        # Its tab is hidden, and its timers run once a minute.
        words: list[str] = []
        page.on("request", lambda request: words.append(request.url) if request.url.endswith("/telephone/etat") else None)
        await waiting.stop()
        await sas.pbx.rx("channel request hangup all")
        await offered(page)
        await page.evaluate("window.hide()")
        words.clear()
        paused = pauses(sas)
        async with asyncio.timeout(60):
            while len(words) < 2:
                await asyncio.sleep(0.2)
        assert pauses(sas) == paused
        await held(sas, None)


async def test_a_pbx_without_its_echo_withdraws_nobody_and_says_so(tmp_path: Path) -> None:
    """A dialplan that was not rendered anew: whoever regulates from home goes on, and the IT staff are told."""
    async with house(tmp_path) as (sas, _, browser):
        assert "removed" in await sas.pbx.rx("dialplan remove extension *43@sas-codes")
        page = await takes_the_post(sas, browser)
        await held(sas, "voix non essayée")
        await held(sas, None)
        alarm = await sas.until_alarm("essai_refuse")
        assert "(web01)" in alarm["text"]
        caller = await sas.phone_call("", "15")
        await picks_up(page)
        await caller.stop()
        await sas.pbx.rx("channel request hangup all")
        await offered(page)
        await page.locator("[data-test=phone]").click()
        await page.locator("[data-test=echo]").click()
        told = page.locator("[data-test=test-result]", has_text="le PBX refuse l'essai (404)")
        await expect(told).to_be_visible(timeout=20_000)
        await page.screenshot(path=str(tmp_path / "essai_refuse.png"))
        # It is rendered and reloaded: the page tries again by itself.
        await sas.pbx.rx("dialplan reload")
        await sas.until_board(lambda board: "essai_refuse" not in board["alarms"], 60)
        await held(sas, None)


def seat(board: dict[str, Any]) -> dict[str, Any]:
    """What the wall shows of her in N1."""
    return dict(board["agents"]["web01"]["filieres"]["n1"])


def pauses(sas: Room) -> int:
    return sum(f.event == "QueueMemberPause" and f.get("Paused") == "1" for f in sas.frames)


async def quality_is_kept(sas: Room, call_id: str) -> None:
    """By the page and by the PBX for her leg, by the PBX alone for the caller's."""
    legs: list[dict[str, Any]] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while len([one for one in legs if one["fini"]]) < 3:
                legs = (await sas.ask(f"calls/{call_id}"))["qualite_voix"]
                await asyncio.sleep(0.1)
    by = {(one["poste"], one["temoin"]): one for one in legs}
    assert set(by) == {("web01", "navigateur"), ("web01", "pbx"), ("operateur", "pbx")}, legs
    page, pbx, trunk = by["web01", "navigateur"], by["web01", "pbx"], by["operateur", "pbx"]
    assert page["leg"] == pbx["leg"] != trunk["leg"]
    assert all(one["mot"] == "bonne" and one["mos"] > 4 and one["recus"] > 100 for one in (page, pbx))
    assert page["duree_ms"] > 4_000
    assert trunk["recus"] > 100
    assert trunk["aller_retour_ms"] is None, "SIPp sends no RTCP: nobody knows"
