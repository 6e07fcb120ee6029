"""Working at a desk in Chromium, before the real API: keys, notes, and a line that is lost."""


import pytest
from playwright.async_api import Locator, Page, expect

from cti.journey import events as ev
from cti.journey.ledger import StoreUnavailable
from cti.sandbox.host.free import free_port
from tests.browser.desks import POSTE, DeskRoom, enter
from tests.browser.wall import BUILT, CHROMIUM, served

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


# --- keys ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "filiere"), [("a", "amu"), ("m", "mg"), ("d", "mru"), ("l", "mrg"), ("Shift+Y", "psy")])
async def test_one_key_passes_the_caller_on(page: Page, url: str, site: DeskRoom, key: str, filiere: str) -> None:
    await seated(page, url, site)
    site.talk()
    await expect(act(page, f"vers-{filiere}")).to_be_visible()
    await press(page, key)
    await expect(by(page, "said")).to_have_text("Transfert demandé.")
    assert [(call, to) for call, to, _ in site.doubles.transfers.asked] == [("c", filiere)]


async def test_a_filiere_where_he_is_already_is_no_transfer(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    await press(page, "1")
    await expect(by(page, "said")).to_have_text("L'appelant est déjà dans cette filière.")
    assert site.doubles.transfers.asked == []


async def test_the_upper_row_of_a_french_keyboard_gives_digits(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    await page.evaluate(
        "() => document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '&', code: 'Digit1', bubbles: true}))"
    )
    await expect(by(page, "said")).to_have_text("Vous n'avez pas d'appel en ligne.")


async def test_p0_is_one_key(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    await press(page, "p")
    await expect(by(page, "said")).to_have_text("Demandé.")
    assert site.doubles.rooms.asked[-1][1].act == "p0"


async def test_hanging_up_takes_two_presses(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    await press(page, "r")
    await expect(by(page, "said")).to_contain_text("R encore une fois pour confirmer")
    assert site.doubles.line.ended == []
    await page.keyboard.press("r")
    await expect(by(page, "said")).to_have_text("Le poste p01 raccroche.")
    assert site.doubles.line.ended == [f"c-{POSTE}"]


async def test_leaving_a_conference_by_a_transfer_takes_two_presses(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    site.three()
    await expect(by(page, "place")).to_have_text("À plusieurs")
    await press(page, "a")
    assert site.doubles.transfers.asked == []
    await page.keyboard.press("a")
    await expect(by(page, "said")).to_have_text("Transfert demandé.")


async def test_a_key_that_falls_as_the_call_comes_does_nothing(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    await expect(by(page, "call")).to_be_visible()
    await page.wait_for_function("() => document.querySelector('[data-test=call]')")
    site.hold()
    await expect(by(page, "place")).to_have_text("En garde")
    await page.keyboard.press("a")
    await expect(by(page, "said")).to_contain_text("vient de changer")
    assert site.doubles.transfers.asked == []


async def test_no_key_acts_while_she_writes(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    await press(page, "n")
    await expect(by(page, "note")).to_be_focused()
    await page.keyboard.type("amdpr ? Pas de douleur")
    assert site.doubles.transfers.asked == []
    assert site.doubles.rooms.asked == []
    await expect(by(page, "note")).to_have_value("amdpr ? Pas de douleur")
    await page.keyboard.press("Escape")
    await press(page, "a")
    await expect(by(page, "said")).to_have_text("Transfert demandé.")


async def test_control_keys_are_the_browsers(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    await press(page, "Control+a")
    await press(page, "Alt+m")
    assert site.doubles.transfers.asked == []


async def test_the_help_tells_every_key_and_why_it_does_nothing_now(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    await page.keyboard.press("Shift+?")
    await expect(by(page, "help-box")).to_contain_text("P0 : solliciter tous les médecins libres")
    await expect(by(page, "help-box")).to_contain_text("maintenant : Vous n'avez pas d'appel en ligne.")
    await expect(by(page, "help-box").locator("kbd")).to_have_count(24)
    await page.keyboard.press("Escape")
    await expect(by(page, "help-box")).to_have_count(0)


async def test_a_number_is_called_from_the_page(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    await press(page, "k")
    await by(page, "dial-number").fill("01 99 00 18 11")
    await page.keyboard.press("Enter")
    await expect(by(page, "said")).to_have_text("Le poste sonne.")
    wish = site.doubles.calling.asked[-1]
    assert (wish.poste, wish.numero) == (POSTE, "01 99 00 18 11")


async def test_the_last_caller_is_called_back(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    site.end()
    await by(page, "call-back").click()
    await expect(by(page, "said")).to_have_text("Le poste sonne.")
    wish = site.doubles.calling.asked[-1]
    assert (wish.numero, wish.about) == ("+33612345678", "c")


# --- notes -----------------------------------------------------------------------------------------------------------------


async def test_a_note_is_kept_and_shown(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    await by(page, "note").fill("Chute de sa hauteur")
    await page.keyboard.press("Enter")
    await expect(by(page, "notes").locator("li")).to_contain_text("Chute de sa hauteur")
    await expect(by(page, "note")).to_have_value("")
    assert [note.texte for note in site.doubles.notes.rows] == ["Chute de sa hauteur"]


async def test_what_is_being_written_goes_with_the_transfer(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    await by(page, "note").fill("Chute, consciente")
    await page.keyboard.press("Escape")
    await press(page, "a")
    await expect(by(page, "notes").locator("li")).to_contain_text("Chute, consciente")
    assert [(call, to) for call, to, _ in site.doubles.transfers.asked] == [("c", "amu")]


async def test_a_note_that_cannot_be_kept_stays_in_the_field(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    site.doubles.notes.failure = StoreUnavailable("down")
    await by(page, "note").fill("Chute")
    await page.keyboard.press("Enter")
    await expect(by(page, "said")).to_contain_text("Note non enregistrée")
    await expect(by(page, "note")).to_have_value("Chute")
    site.end()  # and follows the call to where it is the last one
    await expect(by(page, "idle")).to_be_visible()
    await expect(by(page, "note")).to_have_value("Chute")


async def test_a_call_that_comes_keeps_what_was_being_written_about_the_last(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    site.end()
    await by(page, "note").fill("Rappellera ce soir")
    site.ring("d")
    await expect(by(page, "ring")).to_be_visible()
    await page.wait_for_function("() => !document.querySelector('[data-test=note]')")
    site.answer("d")
    await expect(by(page, "place")).to_have_text("En ligne")
    assert [(note.call_id, note.texte) for note in site.doubles.notes.rows] == [("c", "Rappellera ce soir")]


# --- the line --------------------------------------------------------------------------------------------------------------


async def test_a_lost_line_is_said_and_comes_back_by_itself(page: Page, site: DeskRoom) -> None:
    port = free_port()
    async with served(site.doubles, port) as url:
        await seated(page, url, site)
        site.talk()
        await expect(by(page, "place")).to_have_text("En ligne")
    await expect(by(page, "banner")).to_contain_text("Connexion au serveur perdue")
    await expect(by(page, "number")).to_be_visible()
    await press(page, "a")
    await expect(by(page, "said")).to_contain_text("agissez sur le téléphone")
    site.hold()
    async with served(site.doubles, port):
        await expect(by(page, "banner")).to_have_count(0, timeout=15_000)
        await expect(by(page, "place")).to_have_text("En garde")


async def test_a_lost_pbx_is_said_and_its_acts_say_why(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    site.talk()
    site.room.see(ev.LinkDown(at=site.now, reason="plus de réponse"))
    await expect(by(page, "banner")).to_contain_text("Liaison PBX perdue")
    await expect(act(page, "vers-amu")).to_have_attribute("aria-disabled", "true")
    await press(page, "a")
    await expect(by(page, "said")).to_contain_text("La liaison avec le PBX est perdue")


async def test_a_stream_cut_in_the_middle_resumes_by_number(page: Page, url: str, site: DeskRoom) -> None:
    await seated(page, url, site)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/poste/flux" in request.url else None)
    site.doubles.hub.close()
    await page.wait_for_function("() => true")
    site.ring()
    await expect(by(page, "ring-number")).to_have_text("+33 6 12 34 56 78")
    assert f"last_event_id={site.doubles.board.epoch}." in asked[-1]
