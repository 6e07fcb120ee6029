"""The wall page in a real browser, in front of the real service and a scripted room."""

import statistics
from collections.abc import Callable

import pytest
from playwright.async_api import Browser, Page, expect

from cti.journey import events as ev
from cti.sandbox.host.free import free_port
from tests.browser.wall import BUILT, CHROMIUM, WallClock, furnish, page_of, served, worry
from tests.fakes.room import Doubles, S, day_count

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
def doubles() -> Doubles:
    return Doubles(clock=WallClock())


async def test_the_page_follows_the_room(page: Page, doubles: Doubles) -> None:
    doubles.board.seen(ev.LinkUp(at=doubles.clock()))
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/supervision")
        n1 = page.locator("[data-test=card-n1]")
        await expect(n1.locator("[data-test=waiting]")).to_have_text("0")
        await expect(n1.locator("[data-test=oldest]")).to_have_text("–:––")
        await expect(page.locator("[data-test=calm]")).to_contain_text("Liaison PBX établie")

        now, room = doubles.clock(), doubles.room
        room.arrive("a", now - 18 * S)
        room.wait("a", "n1", now - 17 * S)
        room.arrive("b", now)
        room.wait("b", "n1", now)
        room.agent("arm01", "n1", ev.Presence.FREE, now)
        await expect(n1.locator("[data-test=waiting]")).to_have_text("2")
        await expect(n1.locator("[data-test=agents-free]")).to_contain_text("1 libre")
        await expect(page.locator("[data-test=call]")).to_have_count(2)
        await expect(page.locator("[data-test=call]").first).to_contain_text("••5678")
        await expect(page).to_have_title("2 en attente · Supervision")

        # The seconds are counted by the browser: no change comes, the wait grows and turns amber.
        await expect(n1.locator("[data-test=oldest]")).to_have_text("0:20", timeout=10_000)
        await expect(n1).to_have_class("card amber")

        room.answer("a", "arm01", doubles.clock())
        await expect(n1.locator("[data-test=waiting]")).to_have_text("1")
        await expect(page.locator("[data-test=call]").first).to_contain_text("attend")
        await expect(page.locator("[data-test=call]").last).to_contain_text("arm01")


async def test_who_is_away_why_and_for_how_long(page: Page, doubles: Doubles) -> None:
    now, board = doubles.clock(), doubles.board
    board.seen(ev.LinkUp(at=now))
    for poste, nom, presence, reason, seconds in (
        ("p01", "Hélène L'Hôpital", ev.Presence.PAUSED, "repas", 754),
        ("p02", "Karim Benali", ev.Presence.WRAPUP, "post-appel", 12),
        ("p03", "Dr Anne Petit", ev.Presence.PAUSED, "ne répond pas", 100),
        ("p04", "Dr Paul Roux", ev.Presence.UNREACHABLE, "", 60),
        ("p05", "Camille Durand", ev.Presence.FREE, "", 60),
    ):
        board.seen(ev.AgentSeen(at=now - seconds * S, agent=poste, filiere="n1", presence=presence, nom=nom, reason=reason))
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/supervision")
        rows = page.locator("[data-test=away]")
        await expect(rows).to_have_count(4)
        await expect(rows.first).to_contain_text("12:3")
        for row, words in enumerate(("Hôpital repas", "Petit ne répond pas", "Roux injoignable", "Benali post-appel")):
            for word in words.split():
                await expect(rows.nth(row)).to_contain_text(word)
        for poste in ("p01", "p02", "p03", "p04"):
            board.seen(ev.AgentGone(at=doubles.clock(), agent=poste, filiere="n1"))
        await expect(page.locator("[data-test=away]")).to_have_count(0)


async def test_the_day_and_its_formulas(page: Page, doubles: Doubles) -> None:
    doubles.board.seen(ev.LinkUp(at=doubles.clock()))
    doubles.board.count_day(day_count(qs30=0.8999, taux_accueil=None))
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/supervision")
        await expect(page.locator("[data-test=entrants] b")).to_have_text("412")
        await expect(page.locator("[data-test=qs30] b")).to_have_text("89,9 %")  # cut, not rounded up to 90
        await expect(page.locator("[data-test=taux] b")).to_have_text("non calculable")
        formula = page.locator("[data-test=qs30] p")
        await expect(formula).to_be_hidden()
        await page.locator("[data-test=qs30] summary").focus()
        await page.keyboard.press("Enter")
        await expect(formula).to_contain_text("décrochés en moins de 30 s / décrochés")


async def test_a_lost_link_is_said_and_the_last_figures_stay(page: Page, doubles: Doubles) -> None:
    furnish(doubles, busy=18)
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/supervision")
        shown = page.locator("[data-test=card-n1] [data-test=waiting]")
        await expect(shown).to_have_text("5")
        cards = page.locator(".cards")
        before = await cards.bounding_box()

        doubles.board.seen(ev.LinkDown(at=doubles.clock() - 12 * S, reason="aucune réponse au ping"))
        banner = page.locator("[data-test=banner]")
        await expect(banner).to_contain_text("Liaison PBX perdue depuis 12 s")
        await expect(banner).to_contain_text("depuis 14 s", timeout=10_000)
        await expect(shown).to_have_text("5")
        await expect(page.locator("[data-test=room]")).to_have_class("stale")
        assert await cards.bounding_box() == before  # the banner moves nothing
        frozen = await page.locator("[data-test=card-n1] [data-test=oldest]").text_content()
        await expect(banner).to_contain_text("depuis 16 s", timeout=10_000)
        assert await page.locator("[data-test=card-n1] [data-test=oldest]").text_content() == frozen

        doubles.board.seen(ev.LinkUp(at=doubles.clock()))
        await expect(banner).to_have_count(0)
        await expect(page.locator("[data-test=room]")).not_to_have_class("stale")


async def test_alarms_appear_above_the_room_the_critical_first_and_leave(page: Page, doubles: Doubles) -> None:
    furnish(doubles, busy=18)
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/supervision")
        await expect(page.locator("[data-test=card-n1] [data-test=waiting]")).to_have_text("5")
        strip, lines = page.locator("[data-test=alarms]"), page.locator("[data-test=alarm]")
        await expect(strip).to_have_count(0)
        cards = page.locator(".cards")
        calm = await cards.bounding_box()

        worry(doubles)
        await expect(lines).to_have_count(2)
        await expect(lines.first).to_have_class("critique")
        await expect(lines.first.locator("strong")).to_have_text("Base de données indisponible")
        await expect(lines.first).to_contain_text("148 événements attendent en mémoire")
        await expect(lines.last).to_have_class("avertissement")
        await expect(lines.last.locator("strong")).to_have_text("Enregistrement défectueux (4)")
        await expect(lines.last).to_contain_text("appel de 14:13, dossier 2026-11-22-00004 (aucun fichier audio)")
        more = page.locator("[data-test=more-alarms]")
        await expect(more).to_contain_text("+ 3 autres")
        await more.locator("summary").click()
        await expect(more.locator("li").first).to_be_visible()
        await expect(strip.locator("[role=alert]")).to_contain_text("Base de données indisponible")

        for code in ("store", *(f"recording:{i}" for i in range(4))):
            doubles.board.all_clear(code)
        await expect(strip).to_have_count(0)
        assert await cards.bounding_box() == calm  # the room has its height back


async def test_nothing_known_yet_is_a_dash_not_a_zero(page: Page, doubles: Doubles) -> None:
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/supervision")
        await expect(page.locator("[data-test=card-n1] [data-test=waiting]")).to_have_text("—")
        await expect(page.locator("[data-test=banner]")).to_contain_text("Liaison PBX pas encore établie")
        await expect(page.locator("[data-test=entrants] b")).to_have_text("—")


async def test_the_page_comes_back_by_itself_after_a_restart_of_the_server(page: Page, doubles: Doubles) -> None:
    port = free_port()
    furnish(doubles)
    async with served(doubles, port) as url:
        await page.goto(f"{url}/supervision")
        await expect(page.locator("[data-test=calm]")).to_be_visible()
    banner = page.locator("[data-test=banner]")
    await expect(banner).to_contain_text("Connexion au serveur perdue depuis")
    await expect(page.locator("[data-test=card-n1] [data-test=waiting]")).to_have_text("0")

    reborn = Doubles(clock=WallClock())
    now = reborn.clock()
    reborn.board.seen(ev.LinkUp(at=now))
    reborn.room.arrive("new", now)
    reborn.room.wait("new", "n1", now)
    async with served(reborn, port):
        await expect(page.locator("[data-test=card-n1] [data-test=waiting]")).to_have_text("1", timeout=15_000)
        await expect(banner).to_have_count(0)


async def test_a_cut_stream_resumes_from_the_last_number(page: Page, doubles: Doubles) -> None:
    furnish(doubles)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/board/stream" in request.url else None)
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/supervision")
        await expect(page.locator("[data-test=calm]")).to_be_visible()
        last = f"{doubles.board.epoch}.{doubles.board.seq}"
        doubles.feed.close()
        doubles.room.arrive("c", doubles.clock())
        await expect(page.locator("[data-test=call]")).to_have_count(1, timeout=10_000)
        assert asked[1].endswith(f"?last_event_id={last}")


async def test_the_token_of_the_address_becomes_a_cookie(page: Page, doubles: Doubles) -> None:
    token = "un-jeton-assez-long-pour-garder"
    furnish(doubles)
    async with served(doubles, free_port(), token) as url:
        await page.goto(f"{url}/supervision")
        await expect(page.locator("[data-test=banner]")).to_contain_text("Accès refusé")
        await page.goto(f"{url}/supervision?jeton={token}")
        await expect(page.locator("[data-test=calm]")).to_be_visible()
        assert token not in page.url


async def test_the_theme_is_chosen_by_key_and_remembered(page: Page, doubles: Doubles) -> None:
    furnish(doubles)
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/supervision")
        button = page.get_by_role("button", name="Thème : automatique")
        await button.focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await page.reload()
        await expect(page.get_by_role("button", name="Thème : clair")).to_be_visible()
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(236, 239, 244)"


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 720)])
@pytest.mark.parametrize(("busy", "worried"), [(0, False), (40, False), (40, True)])
async def test_a_wall_shows_it_all_without_scrolling(
    browser: Browser, doubles: Doubles, width: int, height: int, busy: int, worried: bool
) -> None:
    furnish(doubles, busy=busy)
    if worried:
        worry(doubles)
    async with served(doubles, free_port()) as url:
        page = await page_of(browser, width=width, height=height)
        await page.goto(f"{url}/supervision")
        await expect(page.locator("[data-test=calls-count]")).to_have_text(str(busy))
        overflowing = await page.evaluate(
            """() => [...document.querySelectorAll(
                'body, header, main, .card, .waits, .agents p, .curve h2, .status, .alarms, .alarms p > *, .day')]
                .filter(e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)
                .map(e => e.className || e.tagName)"""
        )
        assert overflowing == []


async def test_a_change_reaches_the_page_within_a_tenth_of_a_second(
    page: Page, doubles: Doubles, record_property: Callable[[str, object], None]
) -> None:
    """From the board being told to the number standing in the page; median of twenty."""
    furnish(doubles)
    async with served(doubles, free_port()) as url:
        await page.goto(f"{url}/supervision")
        await expect(page.locator("[data-test=card-n1] [data-test=waiting]")).to_have_text("0")
        await page.evaluate(
            """() => { window.seen = []; new MutationObserver(() => window.seen.push(Date.now()))
                .observe(document.querySelector('[data-test=card-n1] [data-test=waiting]'),
                         {characterData: true, subtree: true, childList: true}); }"""
        )
        told: list[float] = []
        for i in range(20):
            now = doubles.clock()
            doubles.room.arrive(f"c{i}", now)
            doubles.room.wait(f"c{i}", "n1", now)
            told.append(now / 1000)
            await expect(page.locator("[data-test=card-n1] [data-test=waiting]")).to_have_text(str(i + 1))
        seen = await page.evaluate("window.seen")
        delays = [there - here for here, there in zip(told, seen, strict=True)]
    record_property("event_to_browser_ms_median", statistics.median(delays))
    record_property("event_to_browser_ms_max", max(delays))
    print(f"event to browser: median {statistics.median(delays):.0f} ms, max {max(delays):.0f} ms")
    assert statistics.median(delays) < 100
