"""The fan-out: every screen follows the board at its own pace.

Theory. A screen's queue holds one number, the last change it was given. When it is ready it takes everything since that
number in one push, whatever it missed, so nothing piles up for a slow or dead screen and nobody waits for it; one that fell
behind the board's memory takes the whole picture again. Pushes to one screen are at least ``spacing_seconds`` apart and the
first change after a calm goes out at once.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

#: 33 pushes a second at most, while a change is on its way within 30 ms.
SPACING_SECONDS = 0.03
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class _Board(Protocol):
    """What the feed needs of the board."""

    epoch: str

    @property
    def seq(self) -> int:
        """The number of the latest change."""
        ...

    def watch(self, callback: Callable[[], None], /) -> None:
        """Call back after each change."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """The whole picture."""
        ...

    def changes_since(self, seq: int, /) -> dict[str, Any] | None:
        """What changed; None when a snapshot is needed."""
        ...


class TooManyScreens(Exception):
    """The board already feeds as many screens as it may."""


@dataclass(frozen=True, slots=True)
class Push:
    """One message to one screen."""

    kind: str  #: ``snapshot`` or ``change``
    id: str  #: ``epoch.seq``: what the screen sends back to resume
    data: str  #: JSON on one line


class Subscription:
    """One screen's place in the feed."""

    def __init__(self, feed: "Feed", seen: int | None) -> None:
        self._feed = feed
        self._seen = seen
        self._bell = asyncio.Event()
        self._bell.set()
        self._closed = False
        self._pushed = False

    def ring(self) -> None:
        """Something changed."""
        self._bell.set()

    def close(self) -> None:
        """No more pushes: the screen left or the service stops."""
        self._closed = True
        self._bell.set()

    async def next(self) -> Push | None:
        """The next push, as soon as there is one and the spacing is kept; None when the feed is closed."""
        if self._pushed:
            await self._feed.pause(self._feed.spacing_seconds)
        while not self._closed:
            if self._seen is None or self._seen != self._feed.seq:
                push, self._seen = self._feed.push_since(self._seen)
                self._pushed = True
                return push
            self._bell.clear()
            await self._bell.wait()
        return None


class Feed:
    """All screens that follow one board."""

    def __init__(
        self,
        board: _Board,
        *,
        pause: Callable[[float], Awaitable[None]],
        spacing_seconds: float = SPACING_SECONDS,
        max_screens: int = 200,
    ) -> None:
        self._board = board
        self._max_screens = max_screens
        self._screens: set[Subscription] = set()
        #: The last push made, by the number it starts from: screens that keep up all ask for the same one.
        self._cache: tuple[int | None, int, Push] | None = None
        self.pause = pause
        self.spacing_seconds = spacing_seconds
        board.watch(self._ring)

    @property
    def seq(self) -> int:
        """The number of the latest change."""
        return self._board.seq

    @property
    def screens(self) -> int:
        """How many screens follow."""
        return len(self._screens)

    def subscribe(self, last_id: str | None = None) -> Subscription:
        """A new screen, resuming after ``last_id`` when this board gave that id.

        Raises:
            TooManyScreens: there are ``max_screens`` already.
        """
        if len(self._screens) >= self._max_screens:
            raise TooManyScreens(f"{self._max_screens} screens follow the board already")
        screen = Subscription(self, self._resume_at(last_id))
        self._screens.add(screen)
        return screen

    def leave(self, screen: Subscription) -> None:
        """This screen is gone; harmless when it already was."""
        screen.close()
        self._screens.discard(screen)

    def close(self) -> None:
        """End every stream: the service stops."""
        for screen in tuple(self._screens):
            self.leave(screen)

    def push_since(self, seen: int | None) -> tuple[Push, int]:
        """What a screen at ``seen`` needs, and the number it is at afterwards."""
        now = self._board.seq
        if self._cache is not None and self._cache[:2] == (seen, now) and seen is not None:
            return self._cache[2], now
        change = None if seen is None else self._board.changes_since(seen)
        kind, data = ("snapshot", self._board.snapshot()) if change is None else ("change", change)
        push = Push(kind, f"{self._board.epoch}.{now}", _encode(data))
        self._cache = (seen, now, push)
        return push, now

    def _resume_at(self, last_id: str | None) -> int | None:
        epoch, dot, number = (last_id or "").partition(".")
        if not dot or epoch != self._board.epoch or not (number.isascii() and number.isdigit()) or len(number) > 18:
            return None
        seq = int(number)
        return seq if seq <= self._board.seq else None

    def _ring(self) -> None:
        for screen in self._screens:
            screen.ring()
