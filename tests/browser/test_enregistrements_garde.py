"""What is handed over, kept and destroyed from the page of recordings; the keyboard alone; what a screen reader meets."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from cti.sandbox.host.free import free_port
from tests.browser.test_enregistrements import TWO, by, opened
from tests.browser.voices import AXE, Centre, centre, consulted, enter, faults
from tests.browser.wall import BUILT, CHROMIUM, page_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium on this machine"),
    pytest.mark.skipif(not BUILT.exists(), reason="the page is not built"),
]
YEARS_27 = 27 * 366 * 86_400


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Centre]:
    with centre(tmp_path) as made:
        yield made


async def fill(page: Page, **words: str) -> None:
    for name, text in words.items():
        await by(page, name.replace("_", "-")).fill(text)


async def heard_for_a_reason(page: Page, call_id: str) -> None:
    """A supervisor opens it and says why."""
    await page.locator(f"[data-piece='{call_id}'] [data-test=open]").click()
    await page.keyboard.type("Réclamation R-2026-041")
    await page.keyboard.press("Enter")
    await expect(by(page, "play")).to_be_enabled()


async def test_a_requisition_is_held_masked_and_handed_over(page: Page, site: Centre) -> None:
    token = site.token("chef", "superviseur")
    site.talk("c1", TWO, ago=300, seconds=30)
    async with site.served(free_port()) as url:
        await enter(page, url, token, "?dossier=2026-350-c1")
        await heard_for_a_reason(page, "c1")
        await expect(by(page, "to-export")).to_have_count(0)  # nobody asks for it yet
        await by(page, "to-hold").click()
        await by(page, "hold-kind").select_option("requisition")
        await fill(page, hold_reference="PV 2026/00412", hold_demandeur="TJ de Lyon", hold_reason="77-1-1 CPP")
        await by(page, "hold-go").click()
        await expect(by(page, "said")).to_contain_text("Gel 1 posé")
        await expect(by(page, "hold")).to_contain_text("réquisition PV 2026/00412")
        await expect(by(page, "held")).to_have_text("1 gel")

        await by(page, "to-export").click()
        await expect(by(page, "reference")).to_have_value("PV 2026/00412")
        box = await by(page, "lanes").bounding_box()
        assert box is not None
        await page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 30)
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 30, steps=4)
        await page.mouse.up()
        await expect(by(page, "selection")).to_be_visible()
        await fill(page, mask_from="0:06,5")
        await page.keyboard.press("Tab")
        await by(page, "mask-side").select_option("agents")
        await fill(page, mask_reason="Tiers nommé")
        await by(page, "mask-add").click()
        await expect(by(page, "mask-band")).to_have_count(1)
        await page.keyboard.press("i")  # a second passage by keys, taken back
        await fill(page, mask_reason="Par erreur")
        await by(page, "mask-add").click()
        await expect(by(page, "mask")).to_have_count(2)
        await by(page, "mask-undo").first.click()
        await expect(by(page, "mask")).to_have_count(1)

        await fill(page, motif="Réquisition judiciaire")
        await by(page, "export-go").click()
        await expect(by(page, "export-done")).to_be_visible(timeout=20_000)
        phrase, digest = await by(page, "phrase").text_content(), await by(page, "sha256").text_content()
        assert phrase
        await page.keyboard.press("Escape")
        await expect(by(page, "said")).to_contain_text("Notez d'abord la phrase")
        async with page.expect_download() as fetched:
            await by(page, "download").click()
        package = await (await fetched.value).path()
        assert hashlib.sha256(package.read_bytes()).hexdigest() == digest
        await by(page, "noted").check()
        await by(page, "export-close").click()
        await expect(by(page, "mask-band")).to_have_count(0)
    (made,) = site.room.store.exports.all()
    assert (made.sha256, made.masks, made.reference, made.by) == (digest, 1, "PV 2026/00412", "chef")
    assert '"since_ms": 6500' in made.receipt or '"de_ms": 6500' in made.receipt, made.receipt


async def test_an_export_that_is_refused_says_why_and_loses_nothing(page: Page, site: Centre) -> None:
    token = site.token("chef", "superviseur")
    site.talk("c1", TWO, ago=300, seconds=30)
    site.hold("c1", "PV 1", "chef")
    async with site.served(free_port()) as url:
        await enter(page, url, token, "?dossier=2026-350-c1")
        await heard_for_a_reason(page, "c1")
        await by(page, "to-export").click()
        await fill(page, demandeur="TJ", reference="PV 2", motif="x")
        await by(page, "export-go").click()
        await expect(by(page, "export-refused")).not_to_have_text("")
        await expect(by(page, "reference")).to_have_value("PV 2")


async def test_a_hold_is_lifted_with_a_reason_and_a_requisition_only_by_somebody_else(page: Page, site: Centre) -> None:
    token, other = site.token("chef", "superviseur"), site.token("adjoint", "superviseur")
    site.talk("c1", TWO, ago=300, seconds=30)
    site.hold("c1", "PV 1", "chef")
    async with site.served(free_port()) as url:
        for shown, refused in ((token, True), (other, False)):
            await enter(page, url, shown)
            await by(page, "tab-gels").click()
            await expect(by(page, "hold-row")).to_contain_text("PV 1")
            await by(page, "lift").click()
            await page.keyboard.type("Affaire classée")
            await page.keyboard.press("Enter")
            if refused:
                await expect(by(page, "lift-refused")).to_contain_text("se lève à deux")
                await page.keyboard.press("Escape")
            else:
                await expect(by(page, "said")).to_have_text("Gel 1 levé.")
                await expect(by(page, "hold-row")).to_contain_text("par adjoint : Affaire classée")
            await by(page, "leave").click()


async def test_two_people_destroy_what_is_past_its_term(page: Page, site: Centre) -> None:
    admin, chief = site.token("adm", "admin"), site.token("chef", "superviseur")
    for call_id in ("old1", "old2"):
        site.talk(call_id, TWO, ago=YEARS_27, seconds=30)
    async with site.served(free_port()) as url:
        await enter(page, url, admin)
        await by(page, "tab-eliminations").click()
        await fill(page, propose_reason="Élimination annuelle")
        await by(page, "propose").click()
        await expect(by(page, "item")).to_have_count(2)
        await expect(by(page, "approve")).to_have_count(0)  # not hers
        await by(page, "leave").click()

        await enter(page, url, chief)
        await by(page, "tab-eliminations").click()
        await by(page, "proposal").click()
        await fill(page, visa="AD69 2026-113")
        await by(page, "approve").click()
        await expect(by(page, "said")).to_have_text("Proposition 1 approuvée.")
        await by(page, "leave").click()

        await enter(page, url, admin)
        await by(page, "tab-eliminations").click()
        await by(page, "proposal").click()
        await fill(page, execute_reason="Visa reçu")
        await expect(by(page, "execute")).to_be_disabled()
        await by(page, "sure").check()
        await by(page, "execute").click()
        await expect(by(page, "said")).to_contain_text("2 pièces éliminées", timeout=20_000)
        await by(page, "register").click()
        await expect(by(page, "record")).to_have_count(2)
        await expect(by(page, "record").first).to_contain_text("AD69 2026-113")
        await expect(by(page, "register-fault")).to_have_count(0)
    assert site.states("old1", "old2") == {"destroyed"}


async def test_from_signing_in_to_a_masked_passage_by_keyboard_alone(page: Page, site: Centre) -> None:
    token = site.token("chef", "superviseur")
    site.talk("c1", TWO, ago=300, seconds=30)
    site.talk("c2", TWO, ago=200, seconds=30)
    site.hold("c1", "PV 1", "chef")
    press, type_ = page.keyboard.press, page.keyboard.type

    async def tab_to(name: str) -> None:
        for _ in range(60):
            if await page.evaluate("document.activeElement?.dataset.test") == name:
                return
            await press("Tab")
        raise AssertionError(f"{name} is out of the keyboard's reach")

    async with site.served(free_port()) as url:
        await page.goto(f"{url}/enregistrements")
        await expect(by(page, "token")).to_be_focused()
        await type_(token)
        await press("Enter")
        await tab_to("tab-miens")
        await press("ArrowRight")
        await press("ArrowRight")
        await expect(by(page, "tab-recherche")).to_be_focused()
        await tab_to("find")
        await press("Enter")
        await expect(by(page, "row")).to_have_count(2)
        await tab_to("open")
        await press("ArrowDown")
        await press("Enter")
        await expect(by(page, "reason")).to_be_focused()
        await type_("Réclamation")
        await press("Enter")
        await expect(by(page, "play")).to_be_enabled()
        await expect(by(page, "lanes")).to_be_focused()
        await press("Space")
        await page.wait_for_function("() => [...document.querySelectorAll('audio')].some(a => a.currentTime > 0.3)")
        await press("Space")
        await press("2")
        await press("i")
        await press("ArrowRight")
        await press("o")
        await expect(by(page, "mask-from")).to_have_value("0:14,0")
        await expect(by(page, "mask-to")).to_have_value("0:19,0")
        await tab_to("mask-reason")
        await type_("Tiers nommé")
        await press("Enter")
        await expect(by(page, "mask-band")).to_have_count(1)
        await tab_to("lanes")
        await press("Escape")
        await expect(by(page, "piece")).to_have_count(0)
        assert await page.evaluate("document.activeElement?.closest('[data-piece]')?.dataset.piece") == "c1"


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: cd web && npm ci")
@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_no_state_of_the_page_shuts_anybody_out(browser: Browser, site: Centre, scheme: str) -> None:
    token = site.token("chef", "superviseur", "admin", "mrg", personne="mrg01")
    journey = site.talk("c1", TWO, ago=300, seconds=30)
    site.room.tell(replace(journey, consults=(consulted(journey.t0, "arm01", "mrg01", 8, 11),)))
    site.talk("lost", TWO, ago=100, seconds=30, sound=False, archived=False, lost=True)
    site.talk("old1", TWO, ago=YEARS_27, seconds=30)
    site.hold("c1", "PV 1", "chef")
    page, found = await page_of(browser, width=1280, height=720, scheme=scheme), {}

    async def look(state: str) -> None:
        if wrong := await faults(page):
            found[state] = wrong

    async with site.served(free_port()) as url:
        await page.goto(f"{url}/enregistrements")
        await fill(page, token="faux")
        await page.keyboard.press("Enter")
        await expect(by(page, "turned-away")).to_be_visible()
        await look("refused")
        await enter(page, url, token)
        await expect(by(page, "row")).to_have_count(2)
        await look("list")
        await opened(page, "c1")
        await page.keyboard.press("2")
        await look("listening")
        await page.keyboard.press("Shift+?")
        await look("help")
        await page.keyboard.press("Escape")
        await page.keyboard.press("i")
        await look("export")
        await by(page, "to-hold").click()
        await look("holds of a recording")
        await by(page, "lift").click()
        await look("lifting")
        await page.keyboard.press("Escape")
        await page.locator("[data-piece=lost] [data-test=open]").click()
        await expect(by(page, "unheard")).to_be_visible()
        await look("no sound")
        await by(page, "tab-recherche").click()
        await by(page, "since").fill("")
        await by(page, "find").click()
        await page.locator("[data-piece=old1] [data-test=open]").click()
        await expect(by(page, "reason")).to_be_visible()
        await look("reason")
        await page.keyboard.press("Escape")
        await by(page, "tab-gels").click()
        await expect(by(page, "hold-row")).to_have_count(1)
        await look("holds")
        await by(page, "tab-eliminations").click()
        await fill(page, propose_reason="Élimination annuelle")
        await by(page, "propose").click()
        await expect(by(page, "item")).to_have_count(1)
        await look("elimination")
        await by(page, "register").click()
        await look("register")
    assert found == {}


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
async def test_nothing_is_cut_off(browser: Browser, site: Centre, width: int, height: int) -> None:
    token = site.token("chef", "superviseur", "admin", "mrg", personne="mrg01")
    site.talk("c1", TWO, ago=300, seconds=30)
    site.hold("c1", "PV 1", "chef")
    page = await page_of(browser, width=width, height=height)
    async with site.served(free_port()) as url:
        await enter(page, url, token)
        await opened(page, "c1")
        for name in ("to-export", "to-hold"):
            await by(page, name).click()
            overflowing = await page.evaluate(
                """() => [...document.querySelectorAll(
                    'body, header, main, .list, .piece, .sound, .transport, .wave, aside, .panel, .voices, button')]
                    .filter(e => e.scrollWidth > e.clientWidth + 1
                        || (e.tagName === 'BODY' && e.scrollHeight > e.clientHeight + 1))
                    .map(e => `${e.tagName} ${e.className} ${e.textContent.slice(0, 30)}`)"""
            )
            assert overflowing == []
