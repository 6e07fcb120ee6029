"""A wall screen under test: the real service in front of a scripted room, and Chromium looking at it."""

import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from cti.api import build_app
from cti.journey import Instant
from cti.journey import events as ev
from cti.live import Gravite
from tests.fakes.room import Clock, Doubles, S, day_count

CHROMIUM = Path("/usr/bin/chromium")
BUILT = Path(__file__).parents[2] / "cti" / "api" / "static" / "index.html"
_ARGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


class WallClock(Clock):
    """The present: the page counts seconds by itself, from the server's instants."""

    def __call__(self) -> Instant:
        return time.time_ns() // 1000


@contextlib.asynccontextmanager
async def served(doubles: Doubles, port: int, token: str | None = None) -> AsyncIterator[str]:
    """The service on a port, stopped at the end as it stops in production."""
    runner = web.AppRunner(build_app(doubles.ports(), token=token), shutdown_timeout=2, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, headless."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=_ARGS)
        try:
            yield browser
        finally:
            await browser.close()


async def page_of(browser: Browser, *, width: int = 1920, height: int = 1080, scheme: str = "dark") -> Page:
    """A French screen of this size and scheme, on Paris time."""
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="fr-FR",
        timezone_id="Europe/Paris",
    )
    return await context.new_page()


def furnish(doubles: Doubles, *, busy: int = 0) -> None:
    """People in their seats, a quiet room or ``busy`` calls in it, and the half hour before."""
    now, room = doubles.clock(), doubles.room
    doubles.board.seen(ev.LinkUp(at=now - 3600 * S))
    presences = [ev.Presence.TALKING, ev.Presence.FREE, ev.Presence.TALKING, ev.Presence.RINGING, ev.Presence.PAUSED]
    for filiere, staff in (("n1", 9), ("amu", 6), ("mru", 3), ("mg", 5), ("mrg", 4), ("psy", 1), ("dentaire", 1)):
        for i in range(staff):
            presence = presences[i % len(presences)] if busy else (ev.Presence.FREE if i else ev.Presence.PAUSED)
            room.agent(f"{filiere}{i + 1:02d}", filiere, presence, now - (60 + 97 * i) * S)
    for poste, nom, presence, reason, seconds in (
        ("n105", "Hélène L'Hôpital", ev.Presence.PAUSED, "repas", 301),
        ("amu05", "Karim Benali", ev.Presence.PAUSED, "ne répond pas", 130),
        ("mg05", "Inès Moreau", ev.Presence.WRAPUP, "post-appel", 12),
    ):
        if busy:
            code = poste.rstrip("0123456789") if poste != "n105" else "n1"
            doubles.board.seen(
                ev.AgentSeen(at=now - seconds * S, agent=poste, filiere=code, presence=presence, nom=nom, reason=reason)
            )
    room.agent("amu07", "amu", ev.Presence.UNREACHABLE, now)
    _past(doubles, now)
    _queue_up(doubles, now, busy)
    doubles.board.count_day(day_count())
    doubles.board.count_callbacks(7 if busy else 0, 1 if busy else 0)


def worry(doubles: Doubles, *, faulted: int = 4) -> None:
    """What may go wrong, in the words of the real watch: one thing that is critical, and calls without sound."""
    now, board = doubles.clock(), doubles.board
    for i in range(faulted):
        text = f"Enregistrement défectueux : appel de 14:{10 + i}, dossier 2026-11-22-{i + 1:05d} (aucun fichier audio)"
        board.alarm(f"recording:{i}", text, at=now - (faulted - i) * 300 * S, gravite=Gravite.AVERTISSEMENT)
    board.alarm("store", "Base de données indisponible : 148 événements attendent en mémoire", at=now - 1200 * S)


def _past(doubles: Doubles, now: Instant) -> None:
    for minute in range(29, 0, -1):
        waited = (4 + (minute * 7) % 23 + (25 if minute in (11, 12) else 0)) * S
        at = now - minute * 60 * S
        call = f"past-{minute}"
        doubles.room.arrive(call, at - waited)
        doubles.room.wait(call, "n1", at - waited + S)
        if minute % 9:
            doubles.room.answer(call, "n101", at)
        doubles.room.end(call, at + (0 if minute % 9 == 0 else 30 * S))


def _queue_up(doubles: Doubles, now: Instant, calls: int) -> None:
    room, order = doubles.room, ("n1", "n1", "amu", "n1", "mg", "mrg", "mru")
    for i in range(calls):
        call, filiere = f"call-{i:02d}", order[i % len(order)]
        t0 = now - (3 + i * 4 if i < 12 else 40 + i * 13) * S
        caller = None if i % 11 == 5 else f"+336{i:02d}45{(i * 37) % 10000:04d}"
        room.arrive(call, t0, flux=("15", "116117", "15", "18", "112")[i % 5], caller=caller)
        if i == 3:
            continue
        room.wait(call, filiere, t0 + 2 * S, priority=60 if i % 13 == 4 else 0)
        if i < 12:
            if i % 4 == 1:
                room.ring(call, f"{filiere}04", now - 2 * S)
            continue
        room.answer(call, f"{filiere}{1 + i % 3:02d}", t0 + 11 * S)
        if i % 17 == 14:
            room.tell(ev.CallerHeld(call_id=call, at=now - 20 * S))
        if i % 19 == 15:
            room.tell(ev.ObservationLost(call_id=call, at=now - 100 * S, since=now - 110 * S, reason="liaison"))
