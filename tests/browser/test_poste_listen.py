"""Listening again at a desk in Chromium: real sound, in the page, while the keys of the desk rest."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from cti.journey import events as ev
from cti.sandbox.host.free import free_port
from tests.browser.voices import Centre, centre, faults
from tests.browser.wall import BUILT, CHROMIUM, page_of
from tests.fakes.room import T0, S

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium on this machine"),
    pytest.mark.skipif(not BUILT.exists(), reason="the page is not built"),
]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Centre]:
    with centre(tmp_path) as made:
        yield made


async def at_her_desk(page: Page, site: Centre, url: str, dossier: str) -> None:
    """Camille at her own post, with the caller of that dossier."""
    site.room.doubles.room.see(ev.LinkUp(at=T0))
    room = site.room.doubles.room
    room.arrive("c1", T0)
    room.wait("c1", "n1", T0 + S)
    room.answer("c1", "arm01", T0 + 5 * S)
    room.tell(ev.DossierOpened(call_id="c1", at=T0 + 5 * S, dossier_id="d-c1", ref=dossier))
    await page.goto(f"{url}/poste#jeton")
    await page.locator("[data-test=token]").fill(site.token("camille", "arm_n1", personne="arm01"))
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-test=place]")).to_have_text("En ligne")
    await page.wait_for_timeout(450)


async def test_the_call_is_heard_again_in_the_page_and_the_keys_of_the_desk_rest(browser: Browser, site: Centre) -> None:
    page = await page_of(browser, width=1280, height=720)
    site.talk("c1", [("n1", "arm01", 1, 30)], ago=60, seconds=30)
    async with site.served(free_port()) as url:
        await at_her_desk(page, site, url, "2026-350-c1")
        await page.keyboard.press("o")
        await expect(page.locator("[data-test=play]")).to_be_enabled()
        await page.keyboard.press("Space")
        await page.wait_for_function("() => [...document.querySelectorAll('audio')].some(a => !a.paused && a.currentTime > 0.2)")
        assert await faults(page) == []
        await page.keyboard.press("a")
        await page.keyboard.press("p")
        assert site.room.doubles.transfers.asked == []
        assert site.room.doubles.rooms.asked == []
        await page.keyboard.press("Escape")
        await expect(page.locator("[data-test=listen]")).to_have_count(0)
        await page.keyboard.press("a")
        await expect(page.locator("[data-test=said]")).to_have_text("Transfert demandé.")


async def test_a_dossier_that_is_not_hers_to_hear_says_why(browser: Browser, site: Centre) -> None:
    page = await page_of(browser, width=1280, height=720)
    site.talk("c2", [("n1", "arm02", 1, 8)], ago=200, seconds=8)
    async with site.served(free_port()) as url:
        await at_her_desk(page, site, url, "2026-350-c2")
        await page.keyboard.press("o")
        await expect(page.locator("[data-test=listen-refused]")).to_contain_text("aucun de ses rôles ne le permet")
        await page.keyboard.press("Escape")
        await expect(page.locator("[data-test=listen]")).to_have_count(0)
