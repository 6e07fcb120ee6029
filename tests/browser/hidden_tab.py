"""A real hidden tab, for as long as one likes: ``python -m tests.browser.hidden_tab --minutes 60`` (needs Xvfb).

Tests only make a page's timers slow (`test_poste_ready`): a headless browser never hides a tab, nor does one whose pages a
test driver holds (it keeps them focused). So a whole Chromium on a screen of its own is driven by bare DevTools words. The
desk's tab is hidden behind another one; a caller comes every few minutes, and somebody goes to the tab and picks up. Told at
the end: how often the page's own timers ran, whether the post was ever withdrawn, and how soon its phone rang.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from cti.sandbox.host.free import free_port
from tests.browser.test_poste_voix import FILIERES, PASSWORD, PEOPLE, account
from tests.browser.wall import CHROMIUM
from tests.integration.duty_scene import Room
from tests.integration.telephone_scene import web_room, write_microphone

_EVERY_SECONDS = 240.0
_TALK_SECONDS = 5.0


class Tab:
    """One tab, by its DevTools socket."""

    def __init__(self, name: str, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.name = name
        self._socket = socket
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._last = 0
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._asked.pop(told["id"]).set_result(told)

    async def js(self, words: str) -> Any:
        """The value of an expression in the page."""
        self._last += 1
        number = self._last
        self._asked[number] = asyncio.get_running_loop().create_future()
        params = {"expression": words, "awaitPromise": True, "returnByValue": True, "userGesture": True}
        await self._socket.send_json({"id": number, "method": "Runtime.evaluate", "params": params})
        told = (await asyncio.wait_for(asyncio.shield(self._asked[number]), 90))["result"]
        if "exceptionDetails" in told:
            raise RuntimeError(f"{words}: {told['exceptionDetails']}")
        return told["result"].get("value")

    async def until(self, words: str, seconds: float = 30) -> None:
        """Until it is true, asked from outside: the page's own timers may sleep."""
        async with asyncio.timeout(seconds):
            while not await self.js(words):
                await asyncio.sleep(0.05)


@dataclass
class Chrome:
    """A browser with a window."""

    address: str
    http: aiohttp.ClientSession

    async def tab(self, url: str = "about:blank") -> Tab:
        async with self.http.put(f"{self.address}/json/new?{url}") as answer:
            told = await answer.json()
        return Tab(told["id"], await self.http.ws_connect(told["webSocketDebuggerUrl"], max_msg_size=0))

    async def to_front(self, tab: Tab) -> None:
        async with self.http.get(f"{self.address}/json/activate/{tab.name}") as answer:
            await answer.read()


@asynccontextmanager
async def windowed(folder: Path) -> AsyncIterator[Chrome]:
    """Chromium on a screen of its own, its microphone a tone."""
    shown, told = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(told), "-screen", "0", "1400x900x24"], pass_fds=(told,), stderr=subprocess.DEVNULL
    )
    os.close(told)
    with os.fdopen(shown) as line:
        display = f":{line.readline().strip()}"
    port, microphone = free_port(), write_microphone(folder / "microphone.wav")
    words = [
        str(CHROMIUM), f"--remote-debugging-port={port}", "--remote-allow-origins=*", f"--user-data-dir={folder / 'profile'}",
        "--no-first-run", "--no-default-browser-check", "--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={microphone}", "about:blank",
    ]  # fmt: skip
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    browser = subprocess.Popen(words, env={**os.environ, "DISPLAY": display}, **quiet)
    try:
        async with aiohttp.ClientSession() as http, asyncio.timeout(None) as limit:
            limit.reschedule(asyncio.get_running_loop().time() + 30)
            while True:
                try:
                    async with http.get(f"http://127.0.0.1:{port}/json") as answer:
                        await answer.read()
                    break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.1)
            limit.reschedule(None)
            yield Chrome(f"http://127.0.0.1:{port}", http)
    finally:
        for process in (browser, screen):
            process.terminate()
            process.wait(10)


@dataclass
class Seen:
    """What there is to tell."""

    hidden_minutes: float = 0
    ticks: list[int] = field(default_factory=list)  #: of a timer of the page that asks to run ten times a second, by minute
    rang: list[float] = field(default_factory=list)  #: seconds from the queue's asking to the phone's ringing
    drawn: list[float] = field(default_factory=list)  #: seconds until the page shows it
    picked_up: int = 0

    def lines(self, withdrawn: int) -> str:
        late = max(self.rang, default=0)
        return (
            f"hidden for {self.hidden_minutes:.0f} min; timer of 0.1 s ran {self.ticks} times a minute\n"
            f"callers {len(self.rang)}, picked up {self.picked_up}; phone rang after at most {late:.2f} s, "
            f"page showed it after at most {max(self.drawn, default=0):.2f} s\n"
            f"withdrawn {withdrawn} times"
        )


async def _typed(tab: Tab, field_name: str, text: str) -> None:
    await tab.js(
        f"(() => {{ const one = document.querySelector('[data-test={field_name}]'); one.value = {json.dumps(text)};"
        " one.dispatchEvent(new Event('input', { bubbles: true })); })()"
    )


async def _sits_down(sas: Room, chrome: Chrome) -> Tab:
    account(sas, "helene", "arm_n1")
    desk = await chrome.tab(f"{sas.site.web}/connexion?vers=/poste")
    await desk.until("document.querySelector('[data-test=compte]') !== null")
    await _typed(desk, "compte", "helene")
    await _typed(desk, "mot-de-passe", PASSWORD)
    await desk.js("document.querySelector('[data-test=connecter]').click()")
    await desk.until("document.querySelector('[data-test=browser]') !== null")
    await desk.js("document.querySelector('[data-test=browser]').click()")
    await desk.until("document.querySelector('[data-test=duty]')?.textContent.includes('Disponible') === true", 60)
    await desk.js("window.ticks = 0; setInterval(() => { window.ticks += 1; }, 100); true")
    return desk


async def _one_caller(sas: Room, chrome: Chrome, desk: Tab, other: Tab, seen: Seen) -> None:
    """It rings in the hidden tab; somebody goes there, picks up, talks, and goes away again."""
    nth = len(seen.rang) + 1
    caller = await sas.phone_call("", "15")
    await sas.until("AgentCalled", nth)
    start = time.monotonic()
    await sas.until("DialState", nth, DialStatus="RINGING")
    seen.rang.append(time.monotonic() - start)
    await desk.until("document.querySelector('[data-test=ring]') !== null")
    seen.drawn.append(time.monotonic() - start)
    await chrome.to_front(desk)
    await desk.until("document.visibilityState === 'visible'")
    await desk.until("document.querySelector('[data-test=phone]').textContent.includes('sonne')")
    # The page's own keys rest for a moment after something rings (decision 0038).
    await asyncio.sleep(0.6)
    await desk.js("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true })); true")
    await desk.until("document.querySelector('[data-test=phone]').textContent.includes('en ligne')")
    seen.picked_up += 1
    await chrome.to_front(other)
    await asyncio.sleep(_TALK_SECONDS)
    await caller.stop()
    await sas.pbx.rx("channel request hangup all")
    await sas.until_post("web01", 60, pas_pret=None)


async def measured(minutes: float, folder: Path) -> str:
    """The figures."""
    seen = Seen()
    agents = {"web01": {"nom": "Poste web 1", "fixe": False, "webrtc": True, "poste": "1901"}}
    changes = {"agents": {"agents": agents, "personnes": PEOPLE}, "filieres": {"filieres": FILIERES}}
    async with web_room(folder / "room", changes=changes) as sas, windowed(folder) as chrome:
        desk = await _sits_down(sas, chrome)
        other = await chrome.tab()
        await chrome.to_front(other)
        await desk.until("document.visibilityState === 'hidden'")
        start = len(sas.frames)
        began = minute = time.monotonic()
        last = await desk.js("window.ticks")
        while (gone := time.monotonic() - began) < minutes * 60:
            await asyncio.sleep(1)
            if time.monotonic() - minute >= 60:
                ticks = await desk.js("window.ticks")
                seen.ticks.append(ticks - last)
                print(f"{gone / 60:4.0f} min: {ticks - last} ticks, withdrawn {_withdrawn(sas, start)} times", flush=True)
                last, minute = ticks, time.monotonic()
            if gone >= _EVERY_SECONDS * (len(seen.rang) + 1):
                await _one_caller(sas, chrome, desk, other, seen)
                last = await desk.js("window.ticks")
        seen.hidden_minutes = (time.monotonic() - began) / 60
        return seen.lines(_withdrawn(sas, start))


def _withdrawn(sas: Room, start: int) -> int:
    return sum(f.event == "QueueMemberPause" and f.get("Paused") == "1" for f in sas.frames[start:])


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m tests.browser.hidden_tab", description="a desk behind another tab")
    words.add_argument("--minutes", type=float, default=30)
    chosen = words.parse_args()
    if shutil.which("Xvfb") is None or not CHROMIUM.exists():
        print("no Xvfb or no Chromium here (Debian: xvfb, chromium)", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        print(asyncio.run(measured(chosen.minutes, Path(folder))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
