"""A stream of server-sent events: what a screen follows by number, until it leaves, takes nothing more, or may look no longer.

Each push has the id ``epoch.seq``; a screen that comes back says the last one it had. Every so often a comment and a
``heartbeat`` event pass, so that a screen can tell a calm room from a dead line.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from cti.api.edge.problems import Problem
from cti.journey.words import Instant, iso
from cti.live.feed import Push, Subscription, TooManyScreens

_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


class _Feed(Protocol):
    """Where screens come from."""

    def subscribe(self, last_id: str | None = None) -> Subscription:
        """A new screen."""

    def leave(self, screen: Subscription, /) -> None:
        """It is gone."""


class Stop(Exception):
    """Whoever follows may do so no longer; the message says why, in French."""


async def stream(
    request: web.Request,
    feed: _Feed,
    last_event_id: str | None,
    *,
    clock: Callable[[], Instant],
    heartbeat_seconds: float,
    write_seconds: float,
    check: Callable[[], None] = lambda: None,
) -> web.StreamResponse:
    """The picture, then its changes, until the screen leaves.

    Args:
        request: what asked for it; its ``Last-Event-ID`` goes before ``last_event_id``.
        feed: gives the screen.
        last_event_id: the same from the query, for who cannot send the header.
        clock: the present, for the heartbeat.
        heartbeat_seconds: the longest silence.
        write_seconds: a screen that takes nothing for so long is gone.
        check: asked before each message; raises `Stop` when this screen may follow no longer.

    Raises:
        Problem: 503, too many screens follow already.
    """
    try:
        screen = feed.subscribe(request.headers.get("Last-Event-ID") or last_event_id)
    except TooManyScreens:
        raise Problem(503, "Trop d'écrans suivent déjà.", headers={"Retry-After": "5"}) from None
    response = web.StreamResponse(headers=_HEADERS)
    try:
        await response.prepare(request)
        going = True
        while going:
            frame = await _next(screen, clock, heartbeat_seconds)
            try:
                check()
            except Stop as stop:
                going, frame = False, _event("fin", json.dumps({"detail": str(stop)}, ensure_ascii=False))
            if frame is None:
                return response
            async with asyncio.timeout(write_seconds):
                await response.write(frame)
    except ConnectionError:
        pass  # the screen is gone: nobody to tell
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()  # what it did not take would otherwise be waited for again at the end
    finally:
        feed.leave(screen)
    return response


async def _next(screen: Subscription, clock: Callable[[], Instant], heartbeat_seconds: float) -> bytes | None:
    """The next message; None when the service stops."""
    try:
        push = await asyncio.wait_for(screen.next(), heartbeat_seconds)
    except TimeoutError:
        return b": heartbeat\n" + _event("heartbeat", f'{{"at":"{iso(clock())}"}}')
    return None if push is None else _push(push)


def _push(push: Push) -> bytes:
    return f"id: {push.id}\n".encode() + _event(push.kind, push.data)


def _event(kind: str, data: str) -> bytes:
    return f"event: {kind}\ndata: {data}\n\n".encode()
