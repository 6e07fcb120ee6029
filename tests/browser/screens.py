"""Draws the pictures of ``docs/screens``: ``python -m tests.browser.screens [FOLDER]``."""

import asyncio
import sys
from pathlib import Path

from playwright.async_api import Browser, expect

from cti.journey import events as ev
from cti.journey.around.crisis import switched
from cti.sandbox.host.free import free_port
from tests.browser.wall import WallClock, chromium, furnish, page_of, served, worry
from tests.fakes.room import Doubles, S


async def _shoot(browser: Browser, file: Path, doubles: Doubles, *, width: int, height: int, scheme: str) -> None:
    async with served(doubles, free_port()) as url:
        page = await page_of(browser, width=width, height=height, scheme=scheme)
        await page.goto(f"{url}/supervision")
        await expect(page.locator("[data-test=entrants] b")).to_have_text("412")
        await page.screenshot(path=file)
        await page.context.close()


async def main(folder: Path) -> None:
    """Every picture."""
    async with chromium() as browser:
        for name, busy, scheme, width, height in (
            ("calme-sombre-1920x1080", 0, "dark", 1920, 1080),
            ("charge-sombre-1920x1080", 40, "dark", 1920, 1080),
            ("charge-clair-1920x1080", 40, "light", 1920, 1080),
            ("charge-sombre-1280x720", 40, "dark", 1280, 720),
        ):
            doubles = Doubles(clock=WallClock())
            furnish(doubles, busy=busy)
            await doubles.crisis.read()
            await _shoot(browser, folder / f"{name}.png", doubles, width=width, height=height, scheme=scheme)
        worried = Doubles(clock=WallClock())
        furnish(worried, busy=40)
        worry(worried)
        await _shoot(browser, folder / "alarmes-sombre-1920x1080.png", worried, width=1920, height=1080, scheme="dark")
        crisis = Doubles(clock=WallClock())
        furnish(crisis, busy=40)
        at = crisis.clock() - 17 * 60 * S
        crisis.crises.add(lambda acts: switched(acts, active=True, at=at, by="Dr Martin", reason="accident de car, 40 victimes"))
        await crisis.crisis.read()
        await _shoot(browser, folder / "crise-sombre-1920x1080.png", crisis, width=1920, height=1080, scheme="dark")
        await _shoot(browser, folder / "crise-clair-1280x720.png", crisis, width=1280, height=720, scheme="light")
        lost = Doubles(clock=WallClock())
        furnish(lost, busy=18)
        lost.board.seen(ev.LinkDown(at=lost.clock() - 12 * S, reason="aucune réponse au ping depuis 10 s"))
        await _shoot(browser, folder / "liaison-perdue-1920x1080.png", lost, width=1920, height=1080, scheme="dark")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/screens")))
