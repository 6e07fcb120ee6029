"""The room that ``cti demo --desk`` opens to people, followed word by word as a newcomer would who has read its first screen."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.wall import BUILT
from tests.integration.telephone_scene import chromium_with_a_voice, require_a_browser_and_an_address

pytestmark = [
    pytest.mark.pbx,
    pytest.mark.browser,
    pytest.mark.timeout(290),
    pytest.mark.skipif(not BUILT.exists(), reason="the page is not built: cd web && npm ci && npm run build"),
]
#: As in test_poste: a little more than the page's own rest (milliseconds).
_SETTLED = 450
_ENDS_SECONDS = 90


@dataclass
class Show:
    """The demo as it runs, and what it has printed."""

    process: asyncio.subprocess.Process
    said: list[str]

    async def line(self, pattern: str) -> re.Match[str]:
        """The first line that it prints like this, said before or still to come."""
        for text in self.said:
            if found := re.search(pattern, text):
                return found
        assert self.process.stdout is not None
        async with asyncio.timeout(120):
            while text := (await self.process.stdout.readline()).decode(errors="replace"):
                self.said.append(text)
                if found := re.search(pattern, text):
                    return found
        raise AssertionError(f"the demo ended without {pattern!r}:\n{''.join(self.said)}")

    async def ended(self) -> int:
        """Ctrl-C, and its exit code once store and people were compared."""
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(_ENDS_SECONDS):
            self.said.append((await self.process.stdout.read()).decode(errors="replace"))
            return await self.process.wait()


@asynccontextmanager
async def demo(folder: Path) -> AsyncIterator[Show]:
    words = ["-m", "cti", "demo", "--desk", "--rate", "20", "--agents", "4", "--seed", "3", "--folder", str(folder)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    )
    try:
        yield Show(process, [])
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await process.communicate()


async def sits_down(show: Show, browser: Browser, compte: str) -> Page:
    """Signs in at the address that was printed, with the password that was printed, and takes the post in this browser."""
    address = (await show.line(r"(http://\S+/connexion\S+)")).group(1)
    password = (await show.line(rf"compte {compte} .*mot de passe (\S+)")).group(1)
    context = await browser.new_context(viewport={"width": 1280, "height": 720}, locale="fr-FR")
    page = await context.new_page()
    await page.goto(address)
    await page.locator("[data-test=compte]").fill(compte)
    await page.locator("[data-test=mot-de-passe]").fill(password)
    await page.locator("[data-test=connecter]").click()
    await page.locator("[data-test=browser]").click(timeout=15_000)
    await expect(page.locator("[data-test=duty]")).to_contain_text("Disponible", timeout=40_000)
    return page


async def rings(page: Page) -> bool:
    return await page.locator("[data-test=phone]").text_content() == "Téléphone : sonne"


async def picks_up(page: Page) -> None:
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-test=phone]")).to_have_text("Téléphone : en ligne", timeout=15_000)


async def test_two_people_sit_down_as_the_demo_says(tmp_path: Path) -> None:
    require_a_browser_and_an_address()
    for name in ("arm", "gp"):
        (tmp_path / name).mkdir()
    async with (
        demo(tmp_path / "demo") as show,
        chromium_with_a_voice(tmp_path / "arm") as first,
        chromium_with_a_voice(tmp_path / "gp", 1000) as second,
    ):
        arm, gp = await sits_down(show, first, "camille"), await sits_down(show, second, "louis")
        # Callers ring in her page as they come; she passes each on to general practice, until one rings in his.
        passed = 0
        async with asyncio.timeout(110):
            while not await rings(gp):
                if await rings(arm):
                    await picks_up(arm)
                    await expect(arm.locator("[data-act=vers-mg]")).to_be_visible(timeout=10_000)
                    await arm.wait_for_timeout(_SETTLED)
                    await arm.keyboard.press("m")
                    await expect(arm.locator("[data-test=phone]")).not_to_have_text("Téléphone : en ligne", timeout=10_000)
                    passed += 1
                await asyncio.sleep(0.1)
        await picks_up(gp)
        await expect(gp.locator("[data-test=place]")).to_be_visible()
        await gp.screenshot(path=str(tmp_path / "louis.png"))
        assert passed > 0
        code = await show.ended()
        assert code == 0, "".join(show.said)
        assert re.search(r"aucune différence|aucun écart", "".join(show.said)), "".join(show.said)
