"""Draws the pictures of a desk: ``python -m tests.browser.desk_screens [FOLDER]``."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from cti.sandbox.host.free import free_port
from tests.browser.desks import DeskRoom, enter
from tests.browser.wall import chromium, page_of, served

SIZES = (("dark", "sombre", 1920, 1080), ("light", "clair", 1280, 720))
#: What happens before the picture is taken.
Before = Callable[[DeskRoom, Page], Awaitable[None]]


async def _nothing(_site: DeskRoom, _page: Page) -> None:
    return


async def _ring(site: DeskRoom, _page: Page) -> None:
    site.ring(waited=24)


async def _talk(site: DeskRoom, _page: Page) -> None:
    site.talk(filiere="amu")


async def _held(site: DeskRoom, page: Page) -> None:
    await _talk(site, page)
    site.hold()


async def _consult(site: DeskRoom, page: Page) -> None:
    await _talk(site, page)
    site.consult(answered=True)


async def _target(site: DeskRoom, page: Page) -> None:
    await _talk(site, page)
    await expect(page.locator("[data-test=call]")).to_be_visible()
    await page.wait_for_timeout(600)
    await page.keyboard.press("f")


async def _three(site: DeskRoom, page: Page) -> None:
    await _talk(site, page)
    site.three()


async def _second(site: DeskRoom, page: Page) -> None:
    await _three(site, page)
    site.ring("d", caller=None, waited=41)


async def _paused(site: DeskRoom, _page: Page) -> None:
    await site.pause()


async def _wrapup(site: DeskRoom, page: Page) -> None:
    await _talk(site, page)
    await expect(page.locator("[data-test=call]")).to_be_visible()
    site.end()
    site.wrap_up(20)


async def _help(site: DeskRoom, page: Page) -> None:
    await _talk(site, page)
    await page.keyboard.press("Shift+?")


async def _lost(site: DeskRoom, page: Page) -> None:
    await _talk(site, page)
    await page.context.set_offline(True)
    await page.evaluate("() => fetch('/api/v1/filieres').catch(() => undefined)")
    site.doubles.hub.close()
    await expect(page.locator("[data-test=banner]")).to_be_visible()


async def _again(site: DeskRoom, page: Page) -> None:
    await _talk(site, page)
    await expect(page.locator("[data-test=call]")).to_be_visible()
    users = site.doubles.accounts.users
    users["helene"] = replace(users["helene"], disabled_at=site.now)
    await expect(page.locator("[data-test=again]")).to_be_visible(timeout=10_000)


STATES: dict[str, Before] = {
    "attente": _nothing, "sonne": _ring, "en-ligne": _talk, "en-garde": _held, "consultation": _consult, "inviter": _target,
    "salle": _three, "second-appel": _second, "pause": _paused, "post-appel": _wrapup, "aide": _help, "perdu": _lost,
    "session-finie": _again,
}  # fmt: skip


async def _shoot(browser: Browser, folder: Path, state: str, before: Before | None) -> None:
    for scheme, name, width, height in SIZES:
        site = DeskRoom()
        async with served(site.doubles, free_port()) as url:
            page = await page_of(browser, width=width, height=height, scheme=scheme)
            if before is not None:
                await site.sit()
            await enter(page, url, site.token())
            if before is not None:
                await expect(page.locator("[data-test=queues]")).to_be_visible()
                await before(site, page)
            await page.wait_for_timeout(900)
            await page.screenshot(path=folder / f"poste-{state}-{name}-{width}x{height}.png")
            await page.context.close()


async def _door(browser: Browser, folder: Path) -> None:
    """Where one signs in, on the way to a desk."""
    for scheme, name, width, height in SIZES:
        async with served(DeskRoom().doubles, free_port()) as url:
            page = await page_of(browser, width=width, height=height, scheme=scheme)
            await page.goto(f"{url}/poste")
            await expect(page.locator("[data-test=compte]")).to_be_focused()
            await page.screenshot(path=folder / f"connexion-{name}-{width}x{height}.png")
            await page.context.close()


async def main(folder: Path) -> None:
    """Every picture, in the dark on a wide screen and in the light on a small one."""
    async with chromium() as browser:
        await _door(browser, folder)
        await _shoot(browser, folder, "prise", None)
        for state, before in STATES.items():
            await _shoot(browser, folder, state, before)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/screens")))
