"""The call-back page in Chromium: worked from the keyboard, undone, and told when somebody was quicker."""


import pytest
from playwright.async_api import Page, expect

from cti.api.calling_port import PlaceResult, PlaceVerdict
from cti.journey import events as ev
from cti.journey.callbacks import ActKind
from cti.sandbox.host.free import free_port
from tests.browser.callbacks import fill
from tests.browser.wall import BUILT, CHROMIUM, WallClock, served
from tests.fakes.room import Doubles

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium on this machine"),
    pytest.mark.skipif(not BUILT.exists(), reason="the page is not built"),
]


@pytest.fixture
def doubles() -> Doubles:
    return Doubles(clock=WallClock())


@pytest.fixture
def size() -> tuple[int, int]:
    """A wall's."""
    return 1920, 1080


async def test_from_the_board_to_a_caller_reached_by_keyboard_alone(page: Page, doubles: Doubles) -> None:
    doubles.board.seen(ev.LinkUp(at=doubles.clock()))
    await fill(doubles)
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/supervision")
        link = page.locator("[data-test=callbacks]")
        await expect(link).to_have_text("6 à rappeler")
        await link.focus()
        await page.keyboard.press("Enter")
        rows = page.locator("[data-test=entry]")
        await expect(rows).to_have_count(7)
        first = rows.first
        await expect(first.locator("[data-test=number]")).to_have_text("+33 6 12 45 33 98")

        await first.locator("[data-test=take]").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-test=said]")).to_contain_text("Écrivez d'abord votre nom")
        await page.keyboard.type("Anne")  # the field has the focus
        await first.locator("[data-test=take]").focus()
        await page.keyboard.press("Enter")
        await expect(first.locator("[data-test=reached]")).to_be_visible()
        await first.locator("[data-test=reached]").focus()
        await page.keyboard.press("Enter")
        await expect(rows).to_have_count(6)

        await page.locator("[data-test=undo]").focus()
        await page.keyboard.press("Enter")
        await expect(rows).to_have_count(7)
        assert [act.kind for act in doubles.shelf.acts if act.entry == "p1"] == [ActKind.TAKE, ActKind.TRY, ActKind.REOPEN]


async def test_closing_asks_first_and_who_comes_second_is_told(page: Page, doubles: Doubles) -> None:
    await fill(doubles)
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/rappels")
        await page.locator("[data-test=by]").fill("Anne")
        row = page.locator("[data-test=entry]").first
        await row.locator("[data-test=close]").click()
        await page.keyboard.press("Escape")
        assert not any(act.entry == "p1" for act in doubles.shelf.acts)
        await row.locator("[data-test=close]").click()
        await doubles.desk.act("p1", ActKind.TAKE, by="Bruno", version=0, result=None, reason="")
        await row.locator("[data-test=confirm]").click()
        await expect(page.locator("[data-test=said]")).to_contain_text("déjà prise par Bruno")
        await expect(row).to_contain_text("pris par Bruno")
        assert [act.by for act in doubles.shelf.acts if act.entry == "p1"] == ["Bruno"]


async def test_nobody_to_call_back(page: Page, doubles: Doubles) -> None:
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/rappels")
        await expect(page.locator("[data-test=empty]")).to_have_text(
            "Personne à rappeler : tous les appelants ont été décrochés ou rappelés."
        )


async def test_a_server_that_is_gone_is_said_and_the_list_stays(page: Page, doubles: Doubles) -> None:
    await fill(doubles)
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/rappels")
        await expect(page.locator("[data-test=entry]")).to_have_count(7)
    await expect(page.locator("[data-test=banner]")).to_contain_text("Liste non à jour", timeout=15_000)
    await expect(page.locator("[data-test=entry]")).to_have_count(7)


async def test_calling_back_by_keyboard_asks_for_the_name_and_the_post(page: Page, doubles: Doubles) -> None:
    await fill(doubles)
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/rappels")
        call = page.locator("[data-test=entry]").first.locator("[data-test=call]")
        await call.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-test=said]")).to_contain_text("Écrivez d'abord votre nom")
        await page.keyboard.type("Anne")  # the field has the focus
        await call.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-test=said]")).to_contain_text("Écrivez d'abord votre poste")
        await page.keyboard.type("1001")
        assert doubles.calling.asked == []
        await call.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("[data-test=said]")).to_contain_text("Le poste sonne.")
        (wish,) = doubles.calling.asked
        assert (wish.poste, wish.by, wish.callback, wish.version, wish.numero) == ("1001", "Anne", "p1", 0, None)
        masked = page.locator("[data-test=entry]", has_text="rappel impossible")
        await expect(masked.locator("[data-test=call]")).to_have_count(0)


async def test_why_a_call_back_is_refused_is_said(page: Page, doubles: Doubles) -> None:
    await fill(doubles)
    doubles.calling.result = PlaceResult(PlaceVerdict.NOT_NOW, "Ce poste est en ligne.")
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/rappels")
        await page.locator("[data-test=by]").fill("Anne")
        await page.locator("[data-test=post]").fill("1001")
        await page.locator("[data-test=call]").first.click()
        await expect(page.locator("[data-test=said]")).to_have_text("Ce poste est en ligne.")
