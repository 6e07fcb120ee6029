"""A call-back list with something of everything, and its picture: ``python -m tests.browser.callbacks [FOLDER]``."""

import asyncio
import sys
from pathlib import Path

from playwright.async_api import expect

from cti.journey import events as ev
from cti.journey.callbacks import ActKind, TryResult
from cti.sandbox.host.free import free_port
from tests.browser.wall import WallClock, chromium, page_of, served
from tests.fakes.room import Doubles, S


def lose(
    doubles: Doubles,
    call: str,
    ago: int,
    caller: str | None,
    *,
    filiere: str = "n1",
    n2: bool = False,
    priority: int = 20,
    flux: str = "15",
) -> None:
    """A caller lost so many seconds ago."""
    room, at = doubles.room, doubles.clock() - ago * S
    room.arrive(call, at - 60 * S, caller=caller, flux=flux)
    room.wait(call, "n1", at - 58 * S, priority=priority)
    if n2:
        room.answer(call, "n101", at - 50 * S)
        room.tell(ev.DossierOpened(call_id=call, at=at - 50 * S, dossier_id=call, ref=f"2026-326-00012{ago % 100:02d}"))
        room.tell(ev.TransferAsked(call_id=call, at=at - 30 * S, target=filiere, via=ev.TransferVia.API))
        room.wait(call, filiere, at - 29 * S, priority=priority)
    room.end(call, at)


async def fill(doubles: Doubles) -> None:
    """Everything that can stand on the list."""
    lose(doubles, "p1", 95, "+33612453398", filiere="mru", n2=True, priority=60)
    lose(doubles, "urgent", 240, "+33388112233", filiere="amu", n2=True)
    lose(doubles, "again1", 700, "+33677889900")
    lose(doubles, "again2", 610, "+33677889900")
    lose(doubles, "masked", 420, None)
    lose(doubles, "fifteen", 330, "+33698765432")
    lose(doubles, "other", 900, "+33145678901", flux="116117")
    lose(doubles, "gp", 1500, "+33699001122", filiere="mg", n2=True, priority=10)
    for call in ("p1", "urgent", "again1", "again2", "masked", "fifteen", "other", "gp"):
        await doubles.desk.hear(doubles.room.journeys[call])
    words = {"by": "Camille D.", "result": None, "reason": ""}
    await doubles.desk.act("again1", ActKind.TAKE, **{**words, "version": 0})
    await doubles.desk.act("again1", ActKind.TRY, **{**words, "version": 1, "result": TryResult.NO_ANSWER})
    await doubles.desk.act("fifteen", ActKind.TAKE, **{**words, "by": "Bruno L.", "version": 0})


async def main(folder: Path) -> None:
    """The picture."""
    doubles = Doubles(clock=WallClock())
    await fill(doubles)
    async with chromium() as browser, served(doubles, free_port()) as url:
        page = await page_of(browser)
        await page.goto(f"{url}/rappels")
        await page.locator("[data-test=by]").fill("Camille D.")
        await expect(page.locator("[data-test=entry]")).to_have_count(7)
        await page.screenshot(path=folder / "rappels-sombre-1920x1080.png")
        await page.context.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/screens")))
