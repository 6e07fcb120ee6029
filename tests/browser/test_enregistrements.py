"""The page of recordings in Chromium, before the real API: who comes in, what is found, what is really heard."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from cti.journey.around.access import Verb
from cti.sandbox.host.free import free_port
from tests.browser.voices import AGENTS_HZ, CALLER_HZ, EARS, Centre, centre, enter
from tests.browser.wall import BUILT, CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium on this machine"),
    pytest.mark.skipif(not BUILT.exists(), reason="the page is not built"),
]
TWO = [("n1", "arm01", 1, 12), ("mrg", "mrg01", 14, 30)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Centre]:
    with centre(tmp_path) as made:
        yield made


@pytest.fixture
def first_script() -> str:
    return EARS


def by(page: Page, name: str) -> Locator:
    return page.locator(f"[data-test={name}]")


async def opened(page: Page, call_id: str) -> None:
    """Open the recording of that call and wait for its sound."""
    await page.locator(f"[data-piece='{call_id}'] [data-test=open]").click()
    await expect(by(page, "play")).to_be_enabled()


async def heard_at(page: Page) -> float:
    """Where the sound itself is (seconds); between two stretches of a call under way neither element plays, for an instant."""
    playing = (
        "() => [...document.querySelectorAll('audio')].filter(a => !a.paused && a.currentTime > 0).map(a => a.currentTime)[0]"
    )
    found = await page.wait_for_function(playing, timeout=1000)
    at: float = await found.json_value()
    return at


async def until(page: Page, condition: str, **given: object) -> None:
    await page.wait_for_function(condition, arg=given or None, timeout=10_000)


# --- who comes in -----------------------------------------------------------------------------------------------------------


async def test_a_person_comes_in_by_her_token_which_the_tab_forgets_when_she_leaves(page: Page, site: Centre) -> None:
    token = site.token("camille", "arm_n1", personne="arm01")
    async with site.served(free_port()) as url:
        await page.goto(f"{url}/enregistrements")
        await by(page, "token").fill("cti_00000000_" + "0" * 64)
        await page.keyboard.press("Enter")
        await expect(by(page, "turned-away")).to_contain_text("Ce jeton n'ouvre rien.")
        await expect(by(page, "token")).to_be_focused()
        await page.keyboard.type(token)
        await page.keyboard.press("Enter")
        await expect(by(page, "me")).to_have_text("Camille Durand ARM N1")
        await expect(by(page, "empty")).to_contain_text("Aucun appel à entendre")
        await expect(by(page, "tab-recherche")).to_have_count(0)
        await page.reload()
        await expect(by(page, "me")).to_be_visible()
        assert await page.evaluate("JSON.stringify(localStorage)") == '{"cti-theme":"automatique"}'
        await by(page, "leave").click()
        await expect(by(page, "sign-in")).to_be_visible()
        assert await page.evaluate("sessionStorage.length") == 0


async def test_a_token_that_is_revoked_closes_the_page(page: Page, site: Centre) -> None:
    token = site.token("camille", "arm_n1", personne="arm01")
    site.talk("c1", TWO, ago=300, seconds=30)
    async with site.served(free_port()) as url:
        await enter(page, url, token)
        await opened(page, "c1")
        site.close_account("camille")
        await expect(by(page, "turned-away")).to_contain_text("expiré ou il a été révoqué", timeout=10_000)
        await expect(by(page, "piece")).to_have_count(0)
        assert await page.evaluate("sessionStorage.length") == 0


async def test_the_site_itself_hears_nobody(page: Page, site: Centre) -> None:
    async with site.served(free_port(), token="un-jeton-du-site-assez-long") as url:
        await page.goto(f"{url}/enregistrements")
        await by(page, "token").fill("un-jeton-du-site-assez-long")
        await page.keyboard.press("Enter")
        await expect(by(page, "turned-away")).to_contain_text("celui du service, pas celui d'une personne")


async def test_the_board_and_the_call_backs_lead_there_and_back(page: Page, site: Centre) -> None:
    async with site.served(free_port()) as url:
        for here in ("supervision", "rappels"):
            await page.goto(f"{url}/{here}")
            await page.get_by_role("link", name="Enregistrements").click()
            await expect(by(page, "sign-in")).to_be_visible()
            await page.get_by_role("link", name=here.capitalize()).click()
            await expect(page).to_have_url(f"{url}/{here}")


# --- what is found ----------------------------------------------------------------------------------------------------------


async def test_a_regulator_hears_the_call_she_was_passed_and_no_other(page: Page, site: Centre) -> None:
    token = site.token("roux", "mrg", personne="mrg01")
    site.talk("c1", TWO, ago=300, seconds=30)
    site.talk("c2", [("n1", "arm02", 1, 8)], ago=200, seconds=8, caller="+33699999999")
    async with site.served(free_port()) as url:
        await enter(page, url, token)
        await expect(by(page, "row")).to_have_count(1)
        row = by(page, "row").first
        await expect(row).to_contain_text("+33 6 12 34 56 78")
        await expect(row).to_contain_text("Camille Durand N1")
        await expect(row).to_contain_text("Dr Paul Roux MRG")
        await expect(row).to_contain_text("0:30")
        await expect(row.locator("[data-test=state]")).to_have_text("archivé")
        await by(page, "tab-dossier").click()
        await by(page, "dossier-ref").fill("2026-350-c2")
        await by(page, "dossier-find").click()
        await expect(by(page, "list-refused")).to_contain_text("aucun de ses rôles ne le permet")
        await by(page, "dossier-ref").fill("2026-350-rien")
        await page.keyboard.press("Enter")
        await expect(by(page, "empty")).to_contain_text("Aucun enregistrement pour le dossier 2026-350-rien")


async def test_the_address_may_name_a_dossier(page: Page, site: Centre) -> None:
    token = site.token("roux", "mrg", personne="mrg01")
    site.talk("c1", TWO, ago=300, seconds=30)
    async with site.served(free_port()) as url:
        await enter(page, url, token, "?dossier=2026-350-c1")
        await expect(by(page, "tab-dossier")).to_have_attribute("aria-selected", "true")
        await expect(by(page, "row")).to_have_count(1)


async def test_a_search_finds_pages_and_says_what_is_wrong_with_the_sound(page: Page, site: Centre) -> None:
    token = site.token("chef", "superviseur")
    for number in range(60):
        site.talk(
            f"old{number:02d}", [("n1", "arm02", 1, 2)], ago=1000 + number * 60, seconds=2, sound=False, caller="+33388110022"
        )
    site.talk("lost", TWO, ago=100, seconds=30, sound=False, archived=False, lost=True)
    async with site.served(free_port()) as url:
        await enter(page, url, token)
        await by(page, "tab-recherche").click()
        await by(page, "since").fill("")
        await by(page, "find").click()
        await expect(by(page, "row")).to_have_count(50)
        await expect(by(page, "row").first.locator("[data-test=state]")).to_have_text("son absent")
        await expect(by(page, "row").first.locator("[data-test=problem]")).to_have_text("aucun fichier audio")
        await expect(by(page, "row").first).to_have_class(re.compile("loud"))
        await by(page, "more").click()
        await expect(by(page, "row")).to_have_count(61)
        await expect(by(page, "more")).to_have_count(0)
        await by(page, "numero").fill("03 88 11 00 22")
        await by(page, "agent").fill("arm01")
        await page.keyboard.press("Enter")
        await expect(by(page, "empty")).to_contain_text("Aucun enregistrement ne répond")
        await by(page, "agent").fill("arm02")
        await page.keyboard.press("Enter")
        await expect(by(page, "row")).to_have_count(50)
        await by(page, "numero").fill("douze")
        await page.keyboard.press("Enter")
        await expect(by(page, "list-refused")).to_contain_text("numero")
        await expect(by(page, "row")).to_have_count(50)  # what was found stays
    assert any("numéro 03 88 11 00 22" in one.detail for one in site.room.traces(verb=Verb.CHERCHER))


async def test_a_recording_without_sound_says_so(page: Page, site: Centre) -> None:
    token = site.token("camille", "arm_n1", personne="arm01")
    site.talk("lost", TWO, ago=100, seconds=30, sound=False, archived=False, lost=True)
    async with site.served(free_port()) as url:
        await enter(page, url, token)
        await by(page, "open").click()
        await expect(by(page, "unheard")).to_contain_text("Il n'y a pas de son")
        await expect(by(page, "fault")).to_have_text("aucun fichier audio")
        await expect(by(page, "play")).to_be_disabled()


# --- what is heard ----------------------------------------------------------------------------------------------------------


async def test_it_plays_seeks_and_lets_either_side_be_heard_alone(page: Page, site: Centre) -> None:
    token = site.token("roux", "mrg", personne="mrg01")
    site.talk("c1", TWO, ago=300, seconds=30, pure=True)
    async with site.served(free_port()) as url:
        await enter(page, url, token)
        await opened(page, "c1")
        await expect(by(page, "lanes")).to_be_focused()
        await expect(by(page, "length")).to_have_text("0:30")
        await page.keyboard.press("Space")
        await until(page, "() => [...document.querySelectorAll('audio')].some(a => a.currentTime > 0.5)")
        first = await heard_at(page)
        await page.wait_for_timeout(500)
        assert 0.2 < await heard_at(page) - first < 2

        box = await by(page, "lanes").bounding_box()
        assert box is not None
        await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 40)
        await until(page, "() => [...document.querySelectorAll('audio')].some(a => a.currentTime > 14.8 && a.currentTime < 20)")
        await page.keyboard.press("+")
        await expect(by(page, "rate")).to_have_text("×1,25")
        assert await page.evaluate("document.querySelector('audio').playbackRate") == 1.25

        loud = "({side, high, low}) => level(side, high) > level(side, low) + 25"  # decibels
        for side, pitches in (("appelant", (CALLER_HZ, AGENTS_HZ)), ("agents", (AGENTS_HZ, CALLER_HZ))):
            await page.keyboard.press("m")
            await expect(by(page, f"side-{side}")).to_have_attribute("aria-pressed", "true")
            for ear in (0, 1):
                await until(page, loud, side=ear, high=pitches[0], low=pitches[1])
        await page.keyboard.press("m")
        both = "({left, right}) => level(0, left) > -60 && level(0, right) > -60 && level(0, left) > level(0, right) + 3"
        await until(page, both, left=CALLER_HZ, right=AGENTS_HZ)
        await page.keyboard.press("Space")
        await until(page, "() => [...document.querySelectorAll('audio')].every(a => a.paused)")
    assert [one.outcome for one in site.room.traces(verb=Verb.ECOUTER)] == ["accordé"]


async def test_keys_go_to_stages_and_instants(page: Page, site: Centre) -> None:
    token = site.token("roux", "mrg", personne="mrg01")
    site.talk("c1", TWO, ago=300, seconds=30)
    async with site.served(free_port()) as url:
        await enter(page, url, token)
        await opened(page, "c1")
        await expect(by(page, "band")).to_have_count(2)
        await expect(by(page, "band").nth(1)).to_contain_text("Médecin régulateur généraliste Dr Paul Roux")
        for key, where in (
            ("2", "0:14"), ("[", "0:01"), ("]", "0:14"), ("p", "0:01"), ("s", "0:14"), ("ArrowRight", "0:19"),
            ("ArrowLeft", "0:14"), ("Shift+ArrowRight", "0:30"),
            ("Shift+ArrowLeft", "0:00"), ("End", "0:30"), ("Home", "0:00"), ("1", "0:01"),
        ):  # fmt: skip
            await page.keyboard.press(key)
            await expect(by(page, "position"), key).to_have_text(where)
        await page.keyboard.press("Shift+?")
        await expect(by(page, "help-box")).to_be_visible()
        await page.keyboard.press("2")  # in a dialog the keys are its own
        await page.keyboard.press("Escape")
        await expect(by(page, "help-box")).to_have_count(0)
        await expect(by(page, "position")).to_have_text("0:01")
        await by(page, "stage").nth(1).click()
        await expect(by(page, "position")).to_have_text("0:14")
        await expect(by(page, "stage").nth(1)).to_have_attribute("aria-current", "true")


async def test_a_reason_is_asked_before_the_sound_is_opened(page: Page, site: Centre) -> None:
    token = site.token("chef", "superviseur")
    site.talk("c1", TWO, ago=300, seconds=30)
    async with site.served(free_port()) as url:
        await enter(page, url, token, "?dossier=2026-350-c1")
        await by(page, "open").click()
        await expect(by(page, "reason")).to_be_focused()
        assert not site.room.traces(verb=Verb.ECOUTER)
        await page.keyboard.press("Escape")
        await expect(by(page, "unheard")).to_be_visible()
        await expect(by(page, "play")).to_be_disabled()
        await by(page, "reopen").click()
        await page.keyboard.type("Réclamation R-2026-041")
        await page.keyboard.press("Enter")
        await expect(by(page, "play")).to_be_enabled()
    (trace,) = site.room.traces(verb=Verb.ECOUTER)
    assert (trace.outcome, trace.reason, trace.piece_id) == ("accordé", "Réclamation R-2026-041", "c1")


async def test_a_call_under_way_grows_and_is_followed_less_than_five_seconds_behind(page: Page, site: Centre) -> None:
    token = site.token("camille", "arm_n1", personne="arm01")
    async with site.going_on("c1", "arm01", since=20) as journey, site.served(free_port()) as url:
        await enter(page, url, token)
        await expect(by(page, "running")).to_have_text("1 appel en cours")
        await expect(by(page, "state")).to_have_text("en cours")
        await opened(page, "c1")
        length = await by(page, "length").text_content()
        await expect(by(page, "length")).not_to_have_text(str(length), timeout=4_000)
        await page.keyboard.press("d")
        await expect(by(page, "live")).to_have_attribute("aria-pressed", "true")
        await until(page, "() => [...document.querySelectorAll('audio')].some(a => !a.paused)")
        behind = []
        for _ in range(14):
            await page.wait_for_timeout(500)
            behind.append(site.written_ms(journey) - 1000 * await heard_at(page))
        assert max(behind) < 5000, behind
        assert await by(page, "live").text_content() != "Suivre en direct"
        await page.keyboard.press("ArrowLeft")  # back: no longer live
        await expect(by(page, "live")).to_have_text("Suivre en direct")


async def test_a_call_that_ends_while_it_is_followed_is_heard_to_its_end(page: Page, site: Centre) -> None:
    token = site.token("camille", "arm_n1", personne="arm01")
    async with site.served(free_port()) as url:
        async with site.going_on("c1", "arm01", since=10) as journey:
            await enter(page, url, token)
            await opened(page, "c1")
            await page.keyboard.press("d")
            await until(page, "() => [...document.querySelectorAll('audio')].some(a => !a.paused)")
            await page.wait_for_timeout(2500)
        total = site.end(journey)
        await expect(by(page, "live")).to_have_count(0, timeout=10_000)
        await expect(by(page, "play")).to_have_attribute("aria-label", "Lire", timeout=10_000)
        reached = await page.evaluate("Math.max(...[...document.querySelectorAll('audio')].map(a => a.currentTime))")
        assert reached == pytest.approx(total / 1000, abs=0.1)
        await expect(by(page, "row").locator("[data-test=state]")).to_have_text("archivé", timeout=8_000)
