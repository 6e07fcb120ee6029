"""The desk with its own phone, by real people: they sign in, take a post in their browser, answer real callers of the real PBX.

Two Chromiums with different microphones, so that each voice is known in the recording; what is heard in a page is looked for in
what its own connection receives.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Browser, Page, expect

from cti.sandbox.host.free import free_port
from tests.browser.wall import BUILT
from tests.chaos.proxy import Wire
from tests.integration.dialplan_people import heard_seconds
from tests.integration.duty_scene import ROOT, Room
from tests.integration.telephone_scene import chromium_with_a_voice, require_a_browser_and_an_address, web_room

pytestmark = [
    pytest.mark.pbx,
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not BUILT.exists(), reason="the page is not built: cd web && npm ci && npm run build"),
]
CALLER, ARM, GP = 440, 700, 1000
#: As in test_poste: a little more than the page's own rest (milliseconds).
SETTLED = 450
PASSWORD = "une phrase que personne ne devine"
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "helene": {"nom": "Hélène L'Hôpital", "role": "arm_n1", "filieres": ["n1", "amu"], "numero": "201"},
    "louis": {"nom": "Dr Louis Ferrand", "role": "mrg", "filieres": ["mg"], "numero": "401"},
}
FILIERES = {code: {"ring_seconds": 10, "attente_max_seconds": 40, "wrapup_seconds": 0} for code in ("n1", "amu", "mg", "mru")}
#: Every connection of a page, so that what it receives can be listened to.
_EARS = """
window.connections = [];
const Real = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Real {
  constructor(...words) { super(...words); window.connections.push(this); }
};
window.spectrum = () => {
  const live = window.connections.filter((one) => one.connectionState === "connected").at(-1);
  const track = live?.getReceivers().find((one) => one.track?.kind === "audio")?.track;
  if (!track) return null;
  if (window.heardTrack !== track) {
    window.heardTrack = track;
    window.ears = new AudioContext();
    window.analyser = new AnalyserNode(window.ears, { fftSize: 4096, smoothingTimeConstant: 0 });
    window.ears.createMediaStreamSource(new MediaStream([track])).connect(window.analyser);
    void window.ears.resume();
  }
  const bins = new Float32Array(window.analyser.frequencyBinCount);
  window.analyser.getFloatFrequencyData(bins);
  return { bins, hertz: window.ears.sampleRate / window.analyser.fftSize };
};
window.pitch = () => {
  const heard = window.spectrum();
  if (heard === null) return 0;
  let best = 0;
  for (let at = 1; at < heard.bins.length; at += 1) if (heard.bins[at] > heard.bins[best]) best = at;
  return heard.bins[best] < -70 ? 0 : best * heard.hertz;
};
window.levels = (tones) => {
  const heard = window.spectrum();
  return tones.map((tone) => {
    const at = heard === null ? 0 : Math.round(tone / heard.hertz);
    return heard === null ? -200 : Math.max(...heard.bins.slice(at - 1, at + 2));
  });
};
"""


def cti(sas: Room, verb: str, *words: str, typed: str = "") -> None:
    """``cti user``, as the administration uses it."""
    done = subprocess.run(
        [sys.executable, "-m", "cti", "user", verb, "--config", str(sas.site.config), *words],
        input=typed, capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def account(sas: Room, name: str, role: str) -> None:
    """An account with a password."""
    cti(sas, "add", name, "--role", role)
    cti(sas, "password", name, "--stdin", typed=f"{PASSWORD}\n")


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Room]:
    """A room with two browser posts, an ARM and a GP with accounts."""
    agents = {f"web{n:02d}": {"nom": f"Poste web {n}", "fixe": False, "webrtc": True, "poste": f"19{n:02d}"} for n in (1, 2)}
    changes = {"agents": {"agents": agents, "personnes": PEOPLE}, "filieres": {"filieres": FILIERES}}
    async with web_room(folder, posts=2, changes=changes) as sas:
        account(sas, "helene", "arm_n1")
        account(sas, "louis", "mrg")
        yield sas


@asynccontextmanager
async def browsers(folder: Path) -> AsyncIterator[tuple[Browser, Browser]]:
    async with AsyncExitStack() as stack:
        opened = []
        for name, hertz in (("arm", ARM), ("gp", GP)):
            (folder / name).mkdir()
            opened.append(await stack.enter_async_context(chromium_with_a_voice(folder / name, hertz)))
        yield opened[0], opened[1]


async def sits_down(sas: Room, browser: Browser, name: str, address: str = "") -> Page:
    """Signs in, takes a post in this browser, and is offered calls; at another address of the service, when one is named."""
    context = await browser.new_context(viewport={"width": 1280, "height": 720}, locale="fr-FR")
    page = await context.new_page()
    await page.add_init_script(_EARS)
    await page.goto(f"{address or sas.site.web}/connexion?vers=/poste")
    await signs_in(page, name)
    await page.locator("[data-test=browser]").click(timeout=15_000)
    await ready(page)
    await offered(page)
    return page


async def signs_in(page: Page, name: str) -> None:
    await page.locator("[data-test=compte]").fill(name)
    await page.locator("[data-test=mot-de-passe]").fill(PASSWORD)
    await page.locator("[data-test=connecter]").click()


async def ready(page: Page) -> None:
    await expect(page.locator("[data-test=phone]")).to_have_text("Téléphone : prêt", timeout=20_000)


async def offered(page: Page) -> None:
    """Her microphone is heard and her voice was tried: calls may come."""
    await expect(page.locator("[data-test=duty]")).to_contain_text("Disponible", timeout=30_000)


async def picks_up(page: Page) -> None:
    """Enter, as soon as it rings in the page."""
    await expect(page.locator("[data-test=ring]")).to_be_visible(timeout=20_000)
    await expect(page.locator("[data-test=phone]")).to_have_text("Téléphone : sonne", timeout=10_000)
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-test=phone]")).to_have_text("Téléphone : en ligne", timeout=15_000)


async def hears(page: Page, hertz: float) -> None:
    """Until that tone is the loudest of what the page receives."""
    heard: float = 0
    try:
        async with asyncio.timeout(15):
            while abs(heard - hertz) >= 30:
                await asyncio.sleep(0.05)
                heard = await page.evaluate("window.pitch()")
    except TimeoutError:
        raise AssertionError(f"{hertz} Hz are not heard: {heard}") from None


async def hears_both(page: Page, one: float, other: float, own: float) -> None:
    """Until two tones are in what the page receives at once, and its own is not."""
    heard: list[float] = []
    try:
        async with asyncio.timeout(15):
            while not (len(heard) == 3 and min(heard[:2]) > -65 and heard[2] < min(heard[:2]) - 15):
                await asyncio.sleep(0.05)
                heard = await page.evaluate("(tones) => window.levels(tones)", [one, other, own])
    except TimeoutError:
        raise AssertionError(f"{one} and {other} Hz are not heard together, {own} Hz apart: {heard} dB") from None


async def settled(page: Page) -> None:
    """What was just changed on the screen may be acted on: letters rest for 400 ms after a call came or went (0038)."""
    await expect(page.locator("[data-test=ring]")).to_have_count(0, timeout=10_000)
    await expect(page.locator("[data-act=vers-mg], [data-act=vers-amu]").first).to_be_visible(timeout=10_000)
    await page.wait_for_timeout(SETTLED)


def voice(sas: Room, side: str, hertz: float) -> float:
    """Seconds of that tone on that side of all recordings."""
    return sum(heard_seconds(path, hertz) for path in sas.site.recordings.rglob(f"*-{side}.wav"))


async def has_said(sas: Room, hertz: float, seconds: float) -> None:
    """Until so much of an agent's voice is in the recordings: people talk before they act."""
    async with asyncio.timeout(20):
        while voice(sas, "agents", hertz) < seconds:
            await asyncio.sleep(0.2)


def among_others(sas: Room, hertz: float) -> float:
    """Seconds in which an agent is in the recordings, whoever speaks with him: of two tones neither is most of what one hears."""
    seconds = 0.0
    for path in sas.site.recordings.rglob("*-agents.wav"):
        pcm = np.frombuffer(path.read_bytes()[44:][: (path.stat().st_size - 44) // 2 * 2], dtype="<i2").astype(float)
        windows = pcm[: len(pcm) // 800 * 800].reshape(-1, 800)
        wave = np.exp(2j * np.pi * hertz / 8000 * np.arange(800))
        seconds += float(np.count_nonzero(2 * np.abs(windows @ wave) / 800 > 300)) / 10
    return seconds


async def ended(sas: Room) -> Any:
    await sas.until_board(lambda told: not told["calls"], 15)
    (call,) = (await sas.ask("calls"))["calls"]
    return call


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[tuple[Room, Browser, Browser]]:
    require_a_browser_and_an_address()
    async with scene(tmp_path / "room") as sas, browsers(tmp_path) as (first, second):
        yield sas, first, second


async def test_a_caller_goes_from_the_arm_s_page_to_the_gp_s_and_back(house: tuple[Room, Browser, Browser]) -> None:
    sas, first, second = house
    arm, gp = await sits_down(sas, first, "helene"), await sits_down(sas, second, "louis")
    caller = await sas.phone_call("", "15")
    await picks_up(arm)
    await hears(arm, CALLER)
    await has_said(sas, ARM, 1)
    await settled(arm)
    await arm.keyboard.press("m")
    await picks_up(gp)
    await ready(arm)
    await hears(gp, CALLER)
    # What the ARM heard before him: its sound, by the dossier, in his own page.
    await settled(gp)
    await gp.keyboard.press("o")
    box = gp.locator("[data-test=listen]")
    await expect(box).to_be_visible(timeout=10_000)
    stages = box.get_by_role("listitem")
    await expect(stages.first).to_contain_text("Hélène L'Hôpital", timeout=15_000)
    await expect(stages.nth(1)).to_contain_text("en cours")
    await gp.keyboard.press("Escape")
    await expect(box).to_have_count(0)
    await has_said(sas, GP, 1.1)
    await gp.keyboard.press("a")
    await picks_up(arm)
    await ready(gp)
    await hears(arm, CALLER)
    await has_said(sas, ARM, 1.7)
    # All three: the ARM, who has him now, calls the GP into the conversation and stays.
    await settled(arm)
    await arm.keyboard.press("f")
    await arm.locator("[data-target=mg]").click()
    await picks_up(gp)
    await hears_both(gp, CALLER, ARM, own=GP)
    await hears_both(arm, CALLER, GP, own=ARM)
    for page in (arm, gp):
        await expect(page.locator("[data-test=place]")).to_have_text("À plusieurs", timeout=10_000)
    together = among_others(sas, GP), among_others(sas, ARM)
    async with asyncio.timeout(20):
        while among_others(sas, GP) < together[0] + 1 or among_others(sas, ARM) < together[1] + 1:
            await asyncio.sleep(0.2)
    # The GP leaves by two presses; the ARM goes on alone with the caller.
    await gp.wait_for_timeout(SETTLED)
    await gp.keyboard.press("r")
    await gp.keyboard.press("r")
    await ready(gp)
    await hears(arm, CALLER)
    await caller.stop()
    await sas.pbx.rx("channel request hangup all")
    call = await ended(sas)
    assert (call["outcome"], call["quality"], call["anomalies"]) == ("answered", "observed", [])
    assert [(stage["filiere"], stage["agent"], stage["accompanied"]) for stage in call["stages"]] == [
        ("n1", "web01", None), ("mg", "web02", None), ("amu", "web01", None), ("mg", "web02", "api"),
    ]  # fmt: skip
    assert [stage["via"] for stage in call["stages"][:2]] == ["api", "api"]
    assert [recording["problem"] for recording in call["recordings"]] == [None] * len(call["recordings"])
    assert voice(sas, "caller", CALLER) > 3
    assert voice(sas, "agents", ARM) > 1.5
    assert voice(sas, "agents", GP) > 1


async def test_a_page_that_is_read_again_or_closed_and_opened_takes_its_caller_back(house: tuple[Room, Browser, Browser]) -> None:
    sas, first, _ = house
    arm = await sits_down(sas, first, "helene")
    caller = await sas.phone_call("", "15")
    await picks_up(arm)
    await hears(arm, CALLER)
    arm.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await arm.reload()
    await picks_up(arm)
    await hears(arm, CALLER)
    opened = await arm.context.new_page()
    await opened.add_init_script(_EARS)
    await arm.close()
    await opened.goto(f"{sas.site.web}/poste")
    await picks_up(opened)
    await hears(opened, CALLER)
    await caller.stop()
    await sas.pbx.rx("channel request hangup all")
    call = await ended(sas)
    assert call["outcome"] == "answered"
    # While her page was away nobody served N1, and the caller went on to the filière that she serves too.
    assert [stage["agent"] for stage in call["stages"] if stage["agent"]] == ["web01", "web01", "web01"]


async def test_neither_a_service_out_of_reach_nor_a_session_that_ends_costs_anybody_his_call(
    house: tuple[Room, Browser, Browser],
) -> None:
    """The network between the page and the service goes, then her session; the voice, which goes to the PBX, stays."""
    sas, first, _ = house
    async with Wire(free_port(), sas.site.ports.web) as wire:
        arm = await sits_down(sas, first, "helene", f"http://127.0.0.1:{wire.listen}")
        caller = await sas.phone_call("", "15")
        await picks_up(arm)
        await hears(arm, CALLER)
        wire.hold()
        wire.cut()
        banner = arm.locator("[data-test=banner]")
        await expect(banner).to_contain_text("Connexion au serveur perdue", timeout=20_000)
        await expect(banner).to_contain_text("10 s", timeout=30_000)
        await hears(arm, CALLER)
        wire.flow()
        await expect(banner).to_have_count(0, timeout=30_000)
        await hears(arm, CALLER)

        cti(sas, "sessions", "helene", "--end")
        again = arm.locator("[data-test=again]")
        await expect(again).to_contain_text("L'appel continue", timeout=20_000)
        await expect(arm.locator("[data-test=phone]")).to_have_text("Téléphone : en ligne")
        before = voice(sas, "agents", ARM)
        await has_said(sas, ARM, before + 1)
        await hears(arm, CALLER)
        await signs_in(arm, "helene")
        await expect(again).to_have_count(0, timeout=10_000)
        await expect(banner).to_have_count(0, timeout=10_000)
        await settled(arm)
        await arm.keyboard.press("a")  # her keys are hers again: the caller comes back by the filière that she serves too
        await picks_up(arm)
        await hears(arm, CALLER)
        await caller.stop()
        await sas.pbx.rx("channel request hangup all")
        call = await ended(sas)
        assert (call["outcome"], call["quality"]) == ("answered", "observed")
        assert [(stage["filiere"], stage["agent"]) for stage in call["stages"]] == [("n1", "web01"), ("amu", "web01")]


async def test_a_browser_that_is_killed_gives_its_caller_to_the_next(house: tuple[Room, Browser, Browser]) -> None:
    sas, first, second = house
    arm = await sits_down(sas, first, "helene")
    caller = await sas.phone_call("", "15")
    await picks_up(arm)
    await hears(arm, CALLER)
    with contextlib.suppress(Exception):
        await first.close()
    again = await sits_down_again(sas, second)
    await picks_up(again)
    await hears(again, CALLER)
    await caller.stop()
    await sas.pbx.rx("channel request hangup all")
    assert (await ended(sas))["outcome"] == "answered"


async def sits_down_again(sas: Room, browser: Browser) -> Page:
    """The same person, in another browser: the post is still hers."""
    context = await browser.new_context(viewport={"width": 1280, "height": 720}, locale="fr-FR")
    page = await context.new_page()
    await page.add_init_script(_EARS)
    await page.goto(f"{sas.site.web}/connexion?vers=/poste")
    await signs_in(page, "helene")
    return page
