"""The page where one signs in, in Chromium before the real API: by keyboard alone, in both themes, and what a session then
opens."""

from pathlib import Path
from urllib.parse import quote

import pyotp
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from cti.bootstrap.access.codes import new_secret, seal
from cti.bootstrap.access.hashing import Hashing
from cti.journey.around.access import AccessRole
from cti.sandbox.host.free import free_port
from tests.browser.voices import AXE, faults
from tests.browser.wall import BUILT, CHROMIUM, WallClock, furnish, page_of, served
from tests.fakes.access import KEY, QUICK
from tests.fakes.room import Doubles, S

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium on this machine"),
    pytest.mark.skipif(not BUILT.exists(), reason="the page is not built"),
]
PASSWORD = "le chat dort sur le toit"


@pytest.fixture
async def doubles() -> Doubles:
    doubles = Doubles(clock=WallClock())
    furnish(doubles)
    await doubles.crisis.read()
    doubles.accounts.give("anne.petit", AccessRole.SUPERVISEUR, personne="Dr Anne Petit")
    doubles.recognised.recognise("anne.petit", hash=Hashing(QUICK).made(PASSWORD), hashed_at=doubles.clock())
    return doubles


def by(page: Page, name: str) -> Locator:
    return page.locator(f"[data-test={name}]")


async def typed(page: Page, password: str = PASSWORD) -> None:
    """By keyboard alone, from where the page puts the person."""
    await expect(by(page, "compte")).to_be_focused()
    await page.keyboard.type("anne.petit")
    await page.keyboard.press("Tab")
    await page.keyboard.type(password)
    await page.keyboard.press("Enter")


async def test_a_person_signs_in_and_is_where_she_wanted(page: Page, doubles: Doubles) -> None:
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/connexion?vers={quote('/supervision?x=1')}")
        await typed(page)
        await page.wait_for_url(f"{url}/supervision?x=1")
        assert await page.evaluate("document.cookie") == "", "no script reads the session"
        await page.goto(f"{url}/connexion?vers=//evil.example/")
        await expect(by(page, "connecte")).to_contain_text("Vous êtes Dr Anne Petit")
        await by(page, "continuer").click()
        await page.wait_for_url(f"{url}/supervision")
        await page.goto(f"{url}/connexion")
        await by(page, "deconnecter").click()
        await expect(by(page, "compte")).to_be_focused()


async def test_the_crisis_is_switched_under_the_name_of_who_is_signed_in(page: Page, doubles: Doubles) -> None:
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/connexion")
        await typed(page)
        await page.wait_for_url(f"{url}/supervision")
        await page.evaluate(
            """async () => {
              const csrf = (await (await fetch("/api/v1/session")).json()).csrf;
              const headers = {"Content-Type": "application/json", "X-CSRF-Token": csrf};
              await fetch("/api/v1/crise", {method: "POST", headers, body: JSON.stringify({active: true, reason: "afflux"})});
            }"""
        )
        state = await doubles.crisis.state()
        assert (state["active"], state["by"]) == (True, "Dr Anne Petit")


async def test_wrong_words_wait_and_the_time_left_is_shown(page: Page, doubles: Doubles) -> None:
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/connexion")
        await typed(page, "le chien dort sur le toit")
        await expect(by(page, "refus")).to_have_text("Compte, mot de passe ou code incorrect.")
        await expect(by(page, "mot-de-passe")).to_be_focused()
        doubles.recognised.recognise("anne.petit", failures=6, failed_at=doubles.clock(), locked_until=doubles.clock() + 75 * S)
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await expect(by(page, "attente")).to_contain_text("attend encore 1 min")
        await expect(by(page, "connecter")).to_be_disabled()


async def test_a_code_is_asked_when_the_account_has_one(page: Page, doubles: Doubles) -> None:
    secret = new_secret()
    doubles.recognised.recognise("anne.petit", totp=seal(KEY, "anne.petit", secret))
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/connexion?vers=/rappels")
        await typed(page)
        await expect(by(page, "code")).to_be_focused()
        await page.keyboard.type("000000")
        await page.keyboard.press("Enter")
        await expect(by(page, "refus")).to_be_visible()
        await expect(by(page, "code")).to_be_focused()
        await page.keyboard.type(pyotp.TOTP(secret).at(doubles.clock() // S))
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{url}/rappels")
        await expect(by(page, "by")).to_have_value("Dr Anne Petit")
        await expect(by(page, "by")).to_have_attribute("readonly", "")


async def test_the_recordings_know_who_is_signed_in(page: Page, doubles: Doubles) -> None:
    async with served(doubles, free_port(), token="un-jeton-du-site-assez-long") as url:
        await page.goto(f"{url}/enregistrements")
        await expect(by(page, "sign-in")).to_be_visible()
        await by(page, "by-password").click()
        await typed(page)
        await page.wait_for_url(f"{url}/enregistrements")
        await expect(by(page, "me")).to_contain_text("Dr Anne Petit")
        await by(page, "leave").click()
        await expect(by(page, "sign-in")).to_be_visible()
        await page.reload()
        await expect(by(page, "sign-in")).to_be_visible()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: cd web && npm ci")
@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_nobody_is_kept_out_by_the_page_itself(browser: Browser, doubles: Doubles, scheme: str, tmp_path: Path) -> None:
    doubles.recognised.recognise("anne.petit", totp=seal(KEY, "anne.petit", new_secret()))
    page = await page_of(browser, width=1280, height=720, scheme=scheme)
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/connexion")
        await expect(by(page, "compte")).to_be_focused()
        assert await faults(page) == []
        await typed(page)
        await expect(by(page, "code")).to_be_visible()
        assert await faults(page) == []
        await page.screenshot(path=tmp_path / f"connexion-{scheme}.png")


async def test_whoever_opens_a_desk_signs_in_first_and_comes_back_to_it(page: Page, doubles: Doubles) -> None:
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/poste?poste=arm01")
        await expect(page).to_have_url(f"{url}/connexion?vers=%2Fposte%3Fposte%3Darm01")
        await expect(by(page, "by-token")).to_have_attribute("href", "/poste?poste=arm01#jeton")
        await typed(page)
        await expect(page).to_have_url(f"{url}/poste?poste=arm01")
        await expect(by(page, "desk")).to_be_visible()
        await page.goto(f"{url}/rappels")
        await page.get_by_role("link", name="Poste", exact=True).click()
        await expect(page).to_have_url(f"{url}/poste")
