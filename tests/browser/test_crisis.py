"""Crisis mode on the wall page: the switch signed and confirmed, the banner, the proposal, the interval on the curve."""


import pytest
from playwright.async_api import Page, expect

from cti.journey.around.crisis import switched
from cti.live.views import CrisisView
from cti.sandbox.host.free import free_port
from tests.browser.wall import BUILT, CHROMIUM, WallClock, furnish, served
from tests.fakes.room import Doubles, S

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser: install Debian's package chromium ({CHROMIUM} is absent)"),
    pytest.mark.skipif(not BUILT.exists(), reason="the page is not built: cd web && npm ci && npm run build"),
]


@pytest.fixture
def size() -> tuple[int, int]:
    """A wall's."""
    return 1920, 1080


@pytest.fixture
async def doubles() -> Doubles:
    doubles = Doubles(clock=WallClock())
    furnish(doubles, busy=18)
    await doubles.crisis.read()
    return doubles


def begun(doubles: Doubles, ago: int) -> None:
    at = doubles.clock() - ago * S
    doubles.crises.add(lambda acts: switched(acts, active=True, at=at, by="Dr Martin", reason="accident de car, 40 victimes"))


async def test_the_switch_is_signed_confirmed_and_loud(page: Page, doubles: Doubles) -> None:
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/supervision")
        banner, box = page.locator("[data-test=crisis]"), page.locator("[data-test=crisis-box]")
        card = page.locator("[data-test=card-n1]")
        await expect(card).to_have_class("card red")
        await expect(banner).to_have_count(0)
        await page.locator("[data-test=crisis-on]").click()
        await expect(box).to_be_visible()
        await page.locator("[data-test=crisis-cancel]").click()
        await expect(box).to_be_hidden()
        assert doubles.crises.rows == []

        await page.locator("[data-test=crisis-on]").click()
        await page.locator("[data-test=crisis-confirm]").click()  # unsigned: the browser itself holds it back
        assert doubles.crises.rows == []
        await page.locator("[data-test=crisis-by]").fill("Dr Martin")
        await page.locator("[data-test=crisis-reason]").fill("accident de car")
        await page.locator("[data-test=crisis-confirm]").click()
        await expect(banner).to_contain_text("Mode crise")
        await expect(banner).to_contain_text("Dr Martin : accident de car")
        await expect(banner).to_contain_text("le PBX n'en est pas encore informé")
        await expect(card).to_have_class("card calm")  # the thresholds are those of a crisis
        await expect(page.locator("[data-test=crisis-short]")).to_have_text("dont 9 courtes")

        await page.locator("[data-test=crisis-off]").click()
        await expect(page.locator("[data-test=crisis-by]")).to_have_value("Dr Martin")
        await page.locator("[data-test=crisis-reason]").fill("retour au calme")
        await page.locator("[data-test=crisis-confirm]").click()
        await expect(banner).to_have_count(0)
        await expect(card).to_have_class("card red")
        reasons = [(act.active, act.reason) for act in doubles.crises.rows]
        assert reasons == [(True, "accident de car"), (False, "retour au calme")]


async def test_a_refusal_is_said_in_the_box(page: Page, doubles: Doubles) -> None:
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/supervision")
        await page.locator("[data-test=crisis-on]").click()
        begun(doubles, 5)  # somebody else was quicker
        await page.locator("[data-test=crisis-by]").fill("Dr Petit")
        await page.locator("[data-test=crisis-reason]").fill("moi aussi")
        await page.locator("[data-test=crisis-confirm]").click()
        await expect(page.locator("[data-test=crisis-refused]")).to_contain_text("déjà active")
        await expect(page.locator("[data-test=crisis-refused]")).to_contain_text("Dr Martin")


async def test_a_crisis_is_marked_on_the_curve(page: Page, doubles: Doubles) -> None:
    async with served(doubles, free_port()) as url:
        begun(doubles, 15 * 60)
        await doubles.crisis.read()
        await page.goto(f"{url}/supervision")
        span = page.locator("[data-test=crisis-span]")
        await expect(span).to_have_count(1)
        await page.locator("[data-test=qs30] summary").click()
        await expect(page.locator("[data-test=qs30] [data-test=day-in-crisis]")).to_contain_text("de crise")
        assert 270 < float(await span.get_attribute("width") or 0) < 330  # half of the half hour, 600 wide


async def test_a_crisis_is_proposed_and_a_person_decides(page: Page, doubles: Doubles) -> None:
    words = "17 appelants en attente (seuil 15)"
    view = CrisisView(active=False, since=None, by="", reason="", pbx=True, proposal=words, spans=())
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/supervision")
        doubles.board.show_crisis(view, 20, 30)
        proposal = page.locator("[data-test=crisis-proposal]")
        await expect(proposal).to_contain_text("17 appelants en attente")
        assert doubles.crises.rows == []
        await page.locator("[data-test=crisis-accept]").click()
        await expect(page.locator("[data-test=crisis-reason]")).to_have_value(words)
        await page.locator("[data-test=crisis-by]").fill("Dr Martin")
        await page.locator("[data-test=crisis-confirm]").click()
        await expect(page.locator("[data-test=crisis]")).to_contain_text("Dr Martin : 17 appelants en attente")
