"""Draws the pictures of the recordings: ``python -m tests.browser.voice_screens [FOLDER]``."""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from playwright.async_api import Page, expect

from cti.sandbox.host.free import free_port
from tests.browser.voices import Centre, centre, consulted, enter
from tests.browser.wall import chromium, page_of

LONG = [("n1", "arm02", 4, 62), ("amu", "arm03", 70, 118), ("mrg", "mrg01", 126, 184)]
SHORT = [("n1", "arm03", 2, 41), ("mrg", "mrg01", 47, 96)]
YEARS_27 = 27 * 366 * 86_400
Shoot = Callable[[str], Awaitable[None]]


def furnish(site: Centre) -> None:
    """An afternoon: calls that went well, one that is damaged, one whose sound is not there, one that is held, old ones."""
    passed = site.talk("c1", LONG, ago=840, seconds=184, caller="+33612453398")
    site.room.tell(replace(passed, consults=(consulted(passed.t0, "arm03", "mrg01", 104, 118),)))
    site.talk("c2", SHORT, ago=2000, seconds=96, caller="+33677889900", lost=True, sound=False)
    site.talk("c3", SHORT, ago=3100, seconds=96, caller=None, dossier_ref=None, dossier_id=None)
    site.talk("c4", SHORT, ago=4500, seconds=96, caller="+33145678901", flux="116117")
    bad = site.story("c5", [("n1", "arm05", 3, 30), ("mrg", "mrg01", 35, 60)], ago=5400, seconds=60, caller="+33388112233")
    wrong = "mrg : mrg01 inaudible pendant 25 s de conversation"
    bad = replace(bad, recordings=(replace(bad.recordings[0], problem=wrong),))
    site.room.tell(bad)
    site.room.record(bad.recordings[0].stem, ms=60_000)
    for number in range(30):
        site.talk(f"old{number:02d}", SHORT, ago=YEARS_27 + number * 7200, seconds=2, caller=f"+3363344{number:04d}")
    site.hold("c1", "PV 2026/00412", "adjointe")
    site.hold("c4", "PV 2026/00398", "adjointe")


async def opened(page: Page, call_id: str) -> None:
    """That recording, with its picture."""
    await page.locator(f"[data-piece='{call_id}'] [data-test=open]").click()
    await expect(page.locator("[data-test=play]")).to_be_enabled()
    await page.wait_for_timeout(600)  # the picture comes after the sound


async def listening(page: Page, shoot: Shoot) -> None:
    """From the list to a package."""
    await expect(page.locator("[data-test=row]")).to_have_count(6)
    await shoot("liste")
    await opened(page, "c1")
    await page.keyboard.press("2")
    await page.keyboard.press("Space")
    await page.wait_for_timeout(6000)
    await page.keyboard.press("Space")
    await shoot("ecoute")
    await page.keyboard.press("Shift+?")
    await shoot("aide")
    await page.keyboard.press("Escape")
    box = await page.locator("[data-test=lanes]").bounding_box()
    assert box is not None
    await page.locator("[data-test=to-export]").click()
    for since, until, why in ((0.12, 0.2, "Tiers nommé"), (0.62, 0.68, "")):
        await page.mouse.move(box["x"] + box["width"] * since, box["y"] + 40)
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] * until, box["y"] + 40, steps=4)
        await page.mouse.up()
        if why:
            await page.locator("[data-test=mask-side]").select_option("caller")
            await page.locator("[data-test=mask-reason]").fill(why)
            await page.locator("[data-test=mask-add]").click()
    await page.locator("[data-test=motif]").fill("Réquisition judiciaire (77-1-1 CPP)")
    await shoot("export")
    await page.locator("[data-test=export-go]").click()
    await expect(page.locator("[data-test=export-done]")).to_be_visible(timeout=20_000)
    await shoot("paquet")
    await page.locator("[data-test=noted]").check()
    await page.locator("[data-test=to-hold]").click()
    await shoot("gel")
    await opened(page, "live")
    await page.keyboard.press("d")
    await page.wait_for_timeout(4000)
    await shoot("direct")
    await page.locator("[data-piece=c2] [data-test=open]").click()
    await expect(page.locator("[data-test=unheard]")).to_be_visible()
    await shoot("sans-son")
    await page.keyboard.press("Escape")


async def keeping(page: Page, shoot: Shoot) -> None:
    """Search, holds, eliminations."""
    await page.locator("[data-test=tab-recherche]").click()
    await page.locator("[data-test=since]").fill("")
    await page.locator("[data-test=find]").click()
    await expect(page.locator("[data-test=row]").first).to_be_visible()
    await shoot("recherche")
    await page.locator("[data-piece=old00] [data-test=open]").click()
    await expect(page.locator("[data-test=reason]")).to_be_visible()
    await shoot("motif")
    await page.keyboard.press("Escape")
    await page.locator("[data-test=tab-gels]").click()
    await expect(page.locator("[data-test=hold-row]").first).to_be_visible()
    await shoot("gels")
    await page.locator("[data-test=tab-eliminations]").click()
    made = page.locator("[data-test=proposal]")
    await expect(made.or_(page.locator(".column .empty"))).to_be_visible()
    if await made.count() == 0:
        await page.locator("[data-test=propose-reason]").fill("Élimination annuelle 2026")
        await page.locator("[data-test=propose]").click()
    else:
        await made.first.click()
    await expect(page.locator("[data-test=item]").first).to_be_visible()
    await shoot("eliminations")


async def main(folder: Path) -> None:
    """Every picture, in the dark on a wide screen and in the light on a small one."""
    with tempfile.TemporaryDirectory() as place, centre(Path(place)) as site:
        furnish(site)
        token = site.token("paul.roux", "superviseur", "admin", "mrg", personne="mrg01")
        async with site.going_on("live", "mrg01", since=40), chromium() as browser, site.served(free_port()) as url:
            for scheme, name, width, height in (("dark", "sombre", 1920, 1080), ("light", "clair", 1280, 720)):
                page = await page_of(browser, width=width, height=height, scheme=scheme)

                async def shoot(state: str, page: Page = page, name: str = name, size: str = f"{width}x{height}") -> None:
                    await page.screenshot(path=folder / f"enregistrements-{state}-{name}-{size}.png")

                await page.goto(f"{url}/enregistrements")
                await expect(page.locator("[data-test=token]")).to_be_focused()
                await shoot("entree")
                await enter(page, url, token)
                await listening(page, shoot)
                await keeping(page, shoot)
                await page.context.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/screens")))
