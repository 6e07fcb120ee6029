"""How long after the décroché the room sees it: from the PBX's stamp to the changed row in the browser, on one clock.

Real calls on a real PBX, the real service, its page in headless Chromium. The page says when its document changed
(MutationObserver, after the row was drawn as "en ligne"); the PBX says when the agent's phone was answered (DialEnd).
"""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from playwright.async_api import Page, async_playwright

from bench.figures import Figure, percentile, spread
from bench.scene.people import Manner
from bench.scene.stage import Stage, header, listen, open_stage, stamp

_CALLS = 100
_RATE = 4.0
_LIMIT_MS = 100.0
_MANNER = Manner(stay_ms=5_000, ring_ms=500, refer_after_ms=600_000)
CHROMIUM = Path("/usr/bin/chromium")
ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
#: Notes the first moment at which each caller (by the four digits that the board shows) is seen talking.
_WATCH = """() => {
  window.seenTalking = {};
  const look = () => {
    const at = performance.timeOrigin + performance.now();
    for (const row of document.querySelectorAll('tr[data-test=call].talking td.caller'))
      window.seenTalking[row.textContent.slice(-4)] ??= at;
  };
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
}"""


async def run() -> list[Figure]:
    """Play the calls in front of one screen."""
    if not CHROMIUM.exists():
        raise RuntimeError(f"{CHROMIUM} is missing: `make browser` installs it")
    with tempfile.TemporaryDirectory(prefix="cti-bench-") as made:
        async with (
            open_stage(Path(made), n1=45, amu=2) as stage,
            stage.service(),
            stage.staffed(_MANNER),
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
            try:
                page = await browser.new_page(viewport={"width": 1920, "height": 1080})
                return [await _measure(stage, page)]
            finally:
                await browser.close()


async def _measure(stage: Stage, page: Page) -> Figure:
    await page.goto(stage.site.web)
    await page.wait_for_selector("[data-test=calls-count]")
    await page.evaluate(_WATCH)
    async with listen(stage) as blocks, stage.callers(_MANNER, calls=_CALLS, rate=_RATE) as people:
        await people.wait(120)
        await asyncio.sleep(1)
    seen: Mapping[str, float] = await page.evaluate("() => window.seenTalking")
    answered = _answered(blocks)
    missing = answered.keys() - seen.keys()
    if len(answered) < 0.99 * _CALLS or missing:
        raise RuntimeError(f"{len(answered)} of {_CALLS} callers were answered; never seen talking: {sorted(missing)}")
    delays = [seen[caller] - at / 1000 for caller, (at, _) in answered.items()]
    reached = [(came - at) / 1000 for at, came in answered.values()]
    worst = percentile(delays, 0.99)
    return Figure(
        bench="board",
        what=f"p99 from décroché to the row in the browser ({len(delays)} calls)",
        ours=worst,
        unit="ms",
        rival=_LIMIT_MS,
        against="what an eye takes for at once",
        ratio=worst / _LIMIT_MS,
        goal="<= 1",
        remarks=(
            f"p50 {percentile(delays, 0.5):.0f} ms, 20 ms of it the pipeline's linger, up to 50 ms the spacing of pushes",
            f"a bare reader of the manager port has the frame after {percentile(reached, 0.5):.1f} ms, "
            f"{percentile(reached, 0.99):.1f} ms at p99",
        ),
        detail={"browser_ms": spread(delays), "bare_reader_ms": spread(reached)},
    )


def _answered(blocks: Sequence[tuple[int, bytes]]) -> dict[str, tuple[int, int]]:
    """Last four digits of each answered caller: when the PBX said so, when a bare reader heard it (microseconds)."""
    found: dict[str, tuple[int, int]] = {}
    for came, block in blocks:
        if block.startswith(b"Event: DialEnd\r\n") and header(block, b"DialStatus") == b"ANSWER":
            found.setdefault(header(block, b"CallerIDNum")[-4:].decode(), (stamp(block), came))
    return found
