"""A room with a post in a browser: the real PBX, the real service, and Chromium as the phone, its microphone a known tone."""

import asyncio
import contextlib
import datetime
import json
import math
import re
import shutil
import struct
import subprocess
import wave
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.async_api import Browser, Page, async_playwright

from cti.api.edge.guard import harden
from cti.bootstrap.sandbox import browser_posts
from cti.sandbox.host.address import own_address
from cti.sandbox.host.free import free_port
from tests.browser.wall import CHROMIUM
from tests.chaos.proxy import Wire
from tests.integration.duty_scene import FILIERES, PEOPLE, ROOT, Room, room

HARNESS = ROOT / "tests" / "browser" / "telephone"
NODE_MODULES = ROOT / "web" / "node_modules"
#: What the microphone of the browser hears (hertz); callers are 440.
MICROPHONE = 700


def require_a_browser_and_an_address() -> None:
    """Skip, with the reason, where this cannot be tested."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium here")
    if shutil.which("node") is None or not NODE_MODULES.exists():
        pytest.skip("no Node.js or no web/node_modules: the phone of the page cannot be built")
    if own_address() is None:
        pytest.skip("this machine has the loopback address only: Asterisk offers none of 127.0.0.0/8 to ICE")


def build_harness(folder: Path) -> Path:
    """The page of the phone alone."""
    vite = NODE_MODULES / "vite" / "bin" / "vite.js"
    words = ["node", str(vite), "build", str(HARNESS), "--outDir", str(folder), "--logLevel", "error"]
    subprocess.run(words, check=True, capture_output=True, text=True)
    return folder


def write_microphone(path: Path, hertz: float = MICROPHONE, seconds: float = 4.0) -> Path:
    """A tone as a WAV file, which Chromium plays again and again in place of a microphone."""
    rate = 48_000
    samples = [int(12_000 * math.sin(2 * math.pi * hertz * n / rate)) for n in range(int(rate * seconds))]
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, rate, len(samples), "NONE", ""))
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path


@dataclass
class WebPhone:
    """The page of one post."""

    sas: Room
    page: Page
    wire: Wire
    poste: str
    personne: str
    direct: bool = False  #: by the address that the service tells, and not by the wire
    given: int = 0
    last: dict[str, Any] | None = None

    async def renew(self) -> dict[str, Any] | None:
        """What the page asks for."""
        url = f"{self.sas.site.web}/api/v1/poste/telephone"
        async with self.sas.http.post(url, json={"poste": self.poste, "by": self.personne}) as answer:
            if answer.status != 200:
                return None
            self.given += 1
            told = await answer.json()
            self.last = dict(told)
            return told if self.direct else {**told, "ws": f"ws://127.0.0.1:{self.wire.listen}/ws"}

    async def say(self, what: str, word: dict[str, Any]) -> Any:
        """What the page says of itself to the service."""
        url = f"{self.sas.site.web}/api/v1/poste/telephone/{what}"
        async with self.sas.http.post(url, json={"poste": self.poste, "by": self.personne, **word}) as answer:
            told = await answer.json()
            return told if answer.status == 200 else None

    async def ready(self, seconds: float = 30) -> None:
        """Until this post is offered calls: its voice was tried."""
        await self.sas.until_post(self.poste, seconds, pas_pret=None)
        await self.until("!h.fitness.trying && h.phone.current === null")
        await self.tell("(h.endings.length = 0, h.states.length = 0, true)")

    async def withdraw(self) -> int:
        url = f"{self.sas.site.web}/api/v1/poste/telephone"
        async with self.sas.http.delete(url, json={"poste": self.poste, "by": self.personne}) as answer:
            return answer.status

    async def tell(self, words: str) -> Any:
        """What an expression of the harness is worth."""
        return await self.page.evaluate(f"async () => {{ const h = window.harness; return await ({words}); }}")

    async def until(self, words: str, seconds: float = 15) -> Any:
        """Wait until an expression of the harness is true; its value."""
        found = None
        try:
            async with asyncio.timeout(seconds):
                while True:
                    found = await self.tell(words)
                    if found:
                        return found
                    await asyncio.sleep(0.05)
        except TimeoutError:
            view = json.dumps(await self.tell("({view: h.phone.view, states: h.states, endings: h.endings})"))
            raise AssertionError(f"never true: {words}; the phone: {view}") from None

    async def state(self, state: str, seconds: float = 15) -> None:
        await self.until(f"h.phone.view.state === '{state}'", seconds)

    async def hears(self, hertz: float, seconds: float = 10) -> None:
        """Until that tone is what comes from the other side."""
        await self.until(f"Math.abs(h.pitch() - {hertz}) < 40", seconds)


async def until_out(sas: Room, people: set[str], seconds: float = 10) -> None:
    """Wait until the PBX lets in the phones of just these people."""
    said = ""
    try:
        async with asyncio.timeout(seconds):
            while True:
                said = await sas.pbx.rx("database show sas-telephone/auth")
                if set(re.findall(r'"sas_personne": "([^"]+)"', said)) == people:
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"the PBX holds {said}, not {people}") from None


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of this machine's own, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pbx.example.fr")])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=36_500))
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "sas.pem", folder / "sas.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret


def tls_of(folder: Path) -> dict[str, Any]:
    """Block [tls] of a PBX with a certificate of its own, on free ports of the loopback address."""
    folder.mkdir(exist_ok=True)
    certificate, key = write_certificate(folder)
    return {
        "certificat": str(certificate), "cle": str(key), "bind": "127.0.0.1", "ws_port": free_port(), "sip_port": free_port(),
    }  # fmt: skip


@asynccontextmanager
async def web_room(
    folder: Path,
    posts: int = 1,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
    free: Mapping[str, str] | None = None,
    others: Mapping[str, Mapping[str, Any]] | None = None,
) -> AsyncIterator[Room]:
    """A room whose posts are in browsers.

    Args:
        folder: everything is written there.
        posts: how many of them.
        changes: of the configuration.
        free: internal numbers of telephones that are anybody's, by endpoint.
        others: further posts, as agents.toml has them.
    """
    agents: dict[str, Any] = dict(browser_posts(posts)["agents"]["agents"]) if posts else {}
    agents |= {name: {"fixe": False, "poste": number} for name, number in (free or {}).items()} | dict(others or {})
    ours = {"agents": {"agents": agents, "personnes": PEOPLE}, "filieres": {"filieres": FILIERES}}
    async with room(folder, free or {}, changes={**ours, **(changes or {})}) as sas:
        yield sas


@asynccontextmanager
async def chromium_with_a_voice(
    folder: Path, hertz: float = MICROPHONE, further: Sequence[str] = ("--ignore-certificate-errors",)
) -> AsyncIterator[Browser]:
    """Chromium, its microphone the tone; ``further``: what else it is told at its start."""
    microphone = write_microphone(folder / "microphone.wav", hertz)
    words = [
        "--headless", "--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}", "--autoplay-policy=no-user-gesture-required",
        *further,
    ]  # fmt: skip
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=words)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """The built page, under the same headers as the page of a post."""
    app = web.Application()
    app.router.add_static("/poste", folder)
    app.on_response_prepare.append(harden(["ws://127.0.0.1:*", "wss://127.0.0.1:*"]))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = free_port()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{port}/poste/index.html"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def web_phone(
    sas: Room, browser: Browser, url: str, poste: str = "web01", personne: str = "helene", *, direct: bool = False
) -> AsyncIterator[WebPhone]:
    """Somebody takes the post, opens its phone, and is offered calls."""
    await sas.act(poste, "prise", personne=personne)
    async with Wire(free_port(), sas.site.ports.pbx_http) as wire:
        page = await browser.new_page()
        phone = WebPhone(sas, page, wire, poste, personne, direct)
        await page.expose_function("renew", phone.renew)
        await page.expose_function("sayState", lambda word: phone.say("etat", word))
        await page.expose_function("sayQuality", lambda word: phone.say("qualite", word))
        await page.goto(url)
        await phone.tell("h.phone.start()")
        await phone.ready()
        try:
            yield phone
        finally:
            with contextlib.suppress(Exception):
                await page.close()
