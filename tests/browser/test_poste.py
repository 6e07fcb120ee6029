"""The page of a desk in Chromium, before the real API: taking a post, each state, and who sees or hears otherwise."""

from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from cti.journey import events as ev
from cti.journey.around.access import AccessRole
from tests.browser.desks import POSTE, DeskRoom, enter
from tests.browser.voices import faults
from tests.browser.wall import BUILT, CHROMIUM, page_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium on this machine"),
    pytest.mark.skipif(not BUILT.exists(), reason="the page is not built"),
]
#: After a call has changed, letters do nothing for so long (milliseconds).
SETTLED = 450


@pytest.fixture
def site() -> DeskRoom:
    return DeskRoom()


def by(page: Page, name: str) -> Locator:
    return page.locator(f"[data-test={name}]")


def act(page: Page, name: str) -> Locator:
    return page.locator(f"[data-act={name}]")


async def seated(page: Page, url: str, site: DeskRoom) -> None:
    await site.sit()
    await enter(page, url, site.token())
    await expect(by(page, "idle").or_(by(page, "call")).or_(by(page, "ring"))).to_be_visible()


async def press(page: Page, key: str) -> None:
    """Once what is on the screen has settled."""
    await page.wait_for_timeout(SETTLED)
    await page.keyboard.press(key)


# --- taking a post ---------------------------------------------------------------------------------------------------------


async def test_she_takes_the_telephone_in_front_of_her_by_its_number(page: Page, url: str, site: DeskRoom) -> None:
    await enter(page, url, site.token())
    await expect(by(page, "number")).to_be_focused()
    await page.keyboard.type("9999")
    await page.keyboard.press("Enter")
    await expect(by(page, "refused")).to_have_text("Aucun poste n'a le numéro 9999.")
    await by(page, "number").fill("1001")
    await page.keyboard.press("Enter")
    await expect(by(page, "refused")).to_contain_text("celui de Camille Durand")
    await by(page, "number").fill("1101")
    await page.keyboard.press("Enter")
    await expect(by(page, "duty")).to_contain_text("Disponible")
    assert site.doubles.duty.standings[POSTE].filieres == ("n1", "amu")


async def test_she_chooses_a_free_post_and_her_filieres(page: Page, url: str, site: DeskRoom) -> None:
    await enter(page, url, site.token())
    await page.get_by_label("ARM AMU").uncheck()
    await page.locator("[data-post=p02]").click()
    await expect(by(page, "duty")).to_contain_text("Disponible")
    assert site.doubles.duty.standings["p02"].filieres == ("n1",)


@pytest.mark.parametrize("how", ["button", "number"])
async def test_this_browser_is_a_post_with_a_telephone_of_its_own(page: Page, url: str, site: DeskRoom, how: str) -> None:
    """What the telephone then does is lived on the real PBX (test_poste_voix.py); here none lets it in, and the page says so."""
    await enter(page, url, site.token())
    if how == "button":
        await by(page, "browser").click()
    else:
        await by(page, "number").fill("1201")
        await page.keyboard.press("Enter")
    await expect(by(page, "phone")).to_have_text("Téléphone : hors ligne", timeout=10_000)
    assert site.doubles.duty.standings["web01"].filieres == ("n1", "amu")
    await by(page, "phone").click()
    await expect(by(page, "phone-trouble")).not_to_be_empty()
    await page.keyboard.press("Escape")
    await expect(by(page, "phone-trouble")).to_have_count(0)


async def test_an_account_that_is_nobody_is_told_so(page: Page, url: str, site: DeskRoom) -> None:
    await enter(page, url, site.token("renfort", AccessRole.ARM_N1, personne=""))
    await expect(by(page, "nobody")).to_contain_text("lié à aucune personne")


async def test_a_superviseur_looks_and_touches_nothing(page: Page, url: str, site: DeskRoom) -> None:
    await site.sit()
    site.talk()
    await enter(page, url, site.token("chef", AccessRole.SUPERVISEUR, personne=""))
    await page.locator("[data-test=look] summary").click()
    await page.locator("[data-look=p01]").click()
    await expect(by(page, "number")).to_have_text("+33 6 12 34 56 78")
    await press(page, "a")
    await expect(by(page, "said")).to_contain_text("Vous regardez ce poste")
    assert site.doubles.transfers.asked == []
    await by(page, "unlook").click()
    await expect(by(page, "choose")).to_be_visible()


async def test_the_end_of_the_post_is_confirmed(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    await by(page, "end").click()
    assert POSTE in site.doubles.duty.standings
    await by(page, "end").click()
    await expect(by(page, "choose")).to_be_visible()
    assert POSTE not in site.doubles.duty.standings


async def test_a_post_that_somebody_else_takes_is_left(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    await site.sit(personne="karim")
    await expect(by(page, "choose")).to_be_visible()
    await expect(by(page, "said")).to_have_text("Vous n'êtes pas au poste p01.")


# --- states ----------------------------------------------------------------------------------------------------------------


async def test_a_call_that_rings_says_who_it_is(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.ring()
    await expect(by(page, "ring")).to_contain_text("15")
    await expect(by(page, "ring-number")).to_have_text("+33 6 12 34 56 78")
    await expect(by(page, "again")).to_contain_text("3e appel de ce numéro")
    await expect(by(page, "ring")).to_contain_text("dossier précédent 2026-350-0000412")
    await expect(by(page, "ring-wait")).to_have_text("0:08")
    await expect(by(page, "ring-wait")).to_have_text("0:09")
    await expect(by(page, "by-hand")).to_have_text("Décrochez sur votre téléphone")
    await expect(by(page, "duty")).to_contain_text("Sonne")


async def test_enter_on_a_desk_telephone_says_that_it_is_picked_up_by_hand(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.ring()
    await expect(by(page, "ring")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(by(page, "said")).to_contain_text("le PBX ne peut pas le faire à votre place")


async def test_from_the_ring_to_the_talk_to_the_last_call(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.ring()
    await expect(by(page, "ring")).to_be_visible()
    site.answer()
    await expect(by(page, "place")).to_have_text("En ligne")
    await expect(by(page, "ring")).to_have_count(0)
    await expect(by(page, "dossier")).to_have_text("2026-350-0000871")
    await expect(by(page, "timer")).to_have_text("0:01")
    site.end()
    await expect(by(page, "idle")).to_be_visible()
    await expect(by(page, "last")).to_contain_text("raccroché")


async def test_what_the_arm_told_goes_before_the_caller(page: Page, url: str, site: DeskRoom) -> None:
    await site.sit()
    site.talk(filiere="amu")
    await enter(page, url, site.token())
    await expect(by(page, "notes")).to_contain_text("12 rue des Lilas")
    await expect(by(page, "story").locator("li")).to_have_count(2)
    await expect(by(page, "story").locator("li").first).to_contain_text("Camille Durand : a parlé 0:22")


async def test_a_reload_takes_everything_back(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    await expect(by(page, "place")).to_have_text("En ligne")
    await page.reload()
    await expect(by(page, "place")).to_have_text("En ligne")
    await expect(by(page, "timer")).to_contain_text("1:3")


async def test_held_and_back(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    site.hold()
    await expect(by(page, "place")).to_have_text("En garde")
    await press(page, "g")
    await expect(by(page, "said")).to_have_text("La garde se fait sur votre téléphone.")
    site.room.tell(ev.CallerUnheld(call_id="c", at=site.now))
    await expect(by(page, "place")).to_have_text("En ligne")


async def test_a_consultation_from_its_ring_to_all_together(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    await press(page, "c")
    await expect(by(page, "targets")).to_be_visible()
    await page.keyboard.press("d")
    await expect(by(page, "said")).to_have_text("Demandé.")
    assert site.doubles.rooms.asked[-1][1].filiere == "mru"
    site.consult()
    await expect(by(page, "consult")).to_contain_text("Médecin régulateur urgentiste est appelé")
    await expect(act(page, "vers-amu")).to_have_count(0)
    site.consult_answered()
    await expect(by(page, "consult")).to_contain_text("Vous parlez à Dr Anne Petit")
    for key, wanted in (("f", "join"), ("v", "complete"), ("b", "give_up")):
        await press(page, key)
        await expect(by(page, "said")).to_have_text("Demandé.")
        assert site.doubles.rooms.asked[-1][1].act == wanted


async def test_a_colleagues_post_is_consulted_by_its_number(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    await press(page, "c")
    await by(page, "target-number").fill("1021")
    await page.keyboard.press("Enter")
    await expect(by(page, "said")).to_have_text("Demandé.")
    assert site.doubles.rooms.asked[-1][1].poste == "1021"


async def test_three_with_the_caller_and_one_is_shown_out(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    site.three()
    await expect(by(page, "place")).to_have_text("À plusieurs")
    await expect(by(page, "room").locator("li")).to_have_count(3)
    await expect(by(page, "room")).to_contain_text("Dr Anne Petit")
    await page.locator("[data-guest=g]").click()
    await expect(by(page, "said")).to_have_text("Demandé.")
    assert site.doubles.rooms.asked[-1][1].guest == "g"


async def test_somebody_of_the_directory_is_invited(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    await press(page, "f")
    await page.locator("[data-target=cta]").click()
    await expect(by(page, "said")).to_have_text("Demandé.")
    assert site.doubles.rooms.asked[-1][1].effecteur == "cta"


async def test_a_pause_by_one_key_and_its_reason(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    await press(page, "s")
    await page.keyboard.press("2")
    await expect(by(page, "duty")).to_contain_text("En pause : administratif")
    await press(page, "e")
    await expect(by(page, "duty")).to_contain_text("Disponible")


async def test_a_pause_with_words_of_her_own(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    await act(page, "pause").click()
    await by(page, "motif-texte").fill("visite de la DSI")
    await page.keyboard.press("Enter")
    await expect(by(page, "duty")).to_contain_text("En pause : autre : visite de la DSI")


async def test_the_wrap_up_counts_down_and_ends_by_itself(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.wrap_up(2)
    await expect(by(page, "duty")).to_contain_text("Post-appel encore")
    await expect(by(page, "duty")).to_contain_text("Disponible", timeout=5000)


async def test_she_chooses_what_she_serves(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    await press(page, "q")
    await page.get_by_label("ARM AMU").uncheck()
    await by(page, "files-keep").click()
    await expect(page.locator("[data-file=amu]")).not_to_have_class("served")
    assert site.doubles.duty.standings[POSTE].filieres == ("n1",)


async def test_the_waiting_callers_of_each_file_are_counted(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.room.arrive("x", site.now)
    site.room.wait("x", "amu", site.now)
    await expect(page.locator("[data-file=amu] [data-test=waiting]")).to_have_text("1")
    await expect(by(page, "callbacks")).to_contain_text("3 à rappeler")


async def test_a_phone_that_rings_for_what_is_no_call_of_hers_is_explained(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.room.agent(POSTE, "n1", ev.Presence.RINGING, site.now)
    await expect(by(page, "unknown-ring")).to_contain_text("un collègue vous appelle ou vous consulte")


# --- whoever sees or hears otherwise ---------------------------------------------------------------------------------------


async def _state(site: DeskRoom, state: str) -> None:
    match state:
        case "sonne":
            site.ring()
        case "en-ligne":
            site.talk(filiere="amu")
        case "en-garde":
            site.talk()
            site.hold()
        case "consultation":
            site.talk(filiere="amu")
            site.consult(answered=True)
        case "salle":
            site.talk()
            site.three()
        case "pause":
            await site.pause()
        case "post-appel":
            site.talk()
            site.end()
            site.wrap_up(60)


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize(
    "state", ["sans-poste", "attente", "sonne", "en-ligne", "en-garde", "consultation", "salle", "pause", "post-appel", "aide"]
)
async def test_axe_finds_nothing_serious(browser: Browser, url: str, site: DeskRoom, state: str, scheme: str) -> None:
    page = await page_of(browser, width=1280, height=720, scheme=scheme)
    await page.emulate_media(reduced_motion="reduce")
    if state != "sans-poste":
        await site.sit()
    await _state(site, state)
    await enter(page, url, site.token())
    if state == "aide":
        await page.keyboard.press("Shift+?")
    shown = {
        "sans-poste": "choose",
        "sonne": "ring",
        "aide": "help-box",
        "attente": "idle",
        "pause": "idle",
        "post-appel": "last",
    }
    await expect(by(page, shown.get(state, "call"))).to_be_visible()
    assert await faults(page) == []


async def test_everything_is_there_at_1280_by_720(page: Page, url: str, site: DeskRoom) -> None:
    await site.sit()
    site.talk(filiere="amu")
    site.three()
    site.ring("d", caller="+33698765432")
    await enter(page, url, site.token())
    await expect(by(page, "ring")).to_be_visible()
    for one in (by(page, "note"), by(page, "keep-note"), act(page, "vers-dentaire"), by(page, "ring-wait"), by(page, "dial")):
        box: Any = await one.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 1280
        assert box["y"] + box["height"] <= 720
    assert await page.evaluate(
        "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight"
    )
