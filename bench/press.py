"""How long after a key is pressed on the desk's page the phone of the other filière rings.

Real calls on a real PBX, the real service, the desks of four ARMs in headless Chromium. From the keydown event's own instant to
the INVITE of that very caller at a phone of AMU, as SIPp wrote it down: one machine, one clock.
"""

import asyncio
import contextlib
import random
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from bench.board import ARGS, CHROMIUM
from bench.figures import Figure, percentile, spread
from bench.scene.people import Manner
from bench.scene.stage import Stage, open_stage
from cti.bootstrap.access import accounts
from cti.bootstrap.clock import now
from cti.journey import Instant
from cti.sandbox.people.trace import Message, read_trace, user_of
from cti.settings import load

_DESKS, _CALLS, _RATE = 4, 120, 1.0
_LIMIT_MS = 300.0
_MANNER = Manner(stay_ms=6_000, ring_ms=400)
#: Letters rest for 400 ms after a call came (0038); a person does not press in the same millisecond each time.
_SETTLED_MS, _HUMAN_MS = 500, 300
#: Notes when the key that passes a caller on to AMU went down, by the browser's own stamp.
_WATCH = """
window.presses = [];
addEventListener("keydown", (event) => {
  if (event.key === "a") window.presses.push(performance.timeOrigin + event.timeStamp);
}, { capture: true });
"""
_ACT = "[data-act=vers-amu]:not(:disabled)"


@dataclass(frozen=True, slots=True)
class _Passed:
    """One press, and what came of it."""

    caller: str
    pressed_at: Instant
    rang_at: Instant | None


async def run() -> list[Figure]:
    """Four desks, one hundred and twenty callers."""
    if not CHROMIUM.exists():
        raise RuntimeError(f"{CHROMIUM} is missing: `make browser` installs it")
    with tempfile.TemporaryDirectory(prefix="cti-bench-") as made:
        async with (
            open_stage(Path(made), n1=_DESKS, amu=20, greeting=False, passing=0, wrapup_seconds=0) as stage,
            stage.service(),
            stage.staffed(_MANNER, traced=True),
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
            try:
                posts = [phone.endpoint for phone in stage.teams[0].phones()]
                pages = {post: await _desk(stage, browser, post) for post in posts}
                return [await _measure(stage, pages)]
            finally:
                await browser.close()


async def _desk(stage: Stage, browser: Browser, post: str) -> Page:
    """The page of the person whose post this is, signed in by a token."""
    settings = load(stage.site.config, {})
    await asyncio.to_thread(accounts.add, settings, post, ("arm_n1",), post, "bench", now())
    shown, _ = await asyncio.to_thread(accounts.give_token, settings, post, 1, "bench", now())
    context = await browser.new_context(viewport={"width": 1280, "height": 720}, locale="fr-FR")
    page = await context.new_page()
    await page.add_init_script(_WATCH)
    await page.goto(f"{stage.site.web}/poste#jeton")
    await page.locator("[data-test=token]").fill(shown)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[data-test=idle]")
    return page


async def _measure(stage: Stage, pages: Mapping[str, Page]) -> Figure:
    pressing = [asyncio.create_task(_press(page, random.Random(post))) for post, page in pages.items()]
    try:
        async with stage.callers(_MANNER, calls=_CALLS, rate=_RATE) as people:
            await people.wait(_CALLS / _RATE + 60)
    finally:
        for task in pressing:
            task.cancel()
        ends = await asyncio.gather(*pressing, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end
    pressed = {post: [round(at * 1000) for at in await page.evaluate("window.presses")] for post, page in pages.items()}
    passed = _passed(stage, pressed)
    delays = [(one.rang_at - one.pressed_at) / 1000 for one in passed if one.rang_at is not None]
    lost = [one.caller for one in passed if one.rang_at is None]
    if lost or len({one.caller for one in passed}) < _CALLS:
        raise RuntimeError(f"{len(passed)} of {_CALLS} callers were passed on; never rang: {lost}")
    worst = percentile(delays, 0.99)
    return Figure(
        bench="press",
        what=f"p99 from the key on the desk to the INVITE at the other filière's phone ({len(delays)} presses)",
        ours=worst,
        unit="ms",
        rival=_LIMIT_MS,
        against="the goal",
        ratio=worst / _LIMIT_MS,
        goal="<= 1",
        remarks=(f"p50 {percentile(delays, 0.5):.0f} ms; {_DESKS} desks, {_RATE:g} calls/s, phones on SIPp",),
        detail={"press_ms": spread(delays)},
    )


async def _press(page: Page, chance: random.Random) -> None:
    """Pass on every caller that this desk is given, until cancelled."""
    while True:
        await page.wait_for_selector(_ACT, timeout=0)
        await page.wait_for_timeout(_SETTLED_MS + chance.randrange(_HUMAN_MS))
        await page.keyboard.press("a")
        with contextlib.suppress(TimeoutError):
            await page.wait_for_selector(_ACT, state="detached", timeout=10_000)


def _passed(stage: Stage, pressed: Mapping[str, list[Instant]]) -> list[_Passed]:
    """Each press beside the caller who was at that desk then, and his INVITE at AMU."""
    here: dict[str, list[Message]] = defaultdict(list)
    for message in _invites(stage, "garde"):
        here[message.dialled].append(message)
    there = _invites(stage, "amu")
    found = []
    for post, presses in pressed.items():
        for at in presses:
            caller = _caller([one for one in here[post] if one.at < at][-1])
            rang = min((one.at for one in there if _caller(one) == caller and one.at >= at), default=None)
            found.append(_Passed(caller, at, rang))
    return found


def _invites(stage: Stage, team: str) -> list[Message]:
    """The INVITEs that this team's phones were sent, the first of each call."""
    first: dict[str, Message] = {}
    for message in read_trace(stage.folder / team / "messages.log"):
        if not message.sent and message.code is None and message.method == "INVITE":
            first.setdefault(message.call, message)
    return sorted(first.values(), key=lambda one: one.at)


def _caller(invite: Message) -> str:
    return user_of(invite.headers["from"])
