"""How far a run of the bad days is, and how long it still takes: one line, redrawn on a terminal."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TextIO

#: What a day takes beside its arrivals, until one has been lived: PBX and service start, the last callers leave, all is compared.
OVERHEAD_SECONDS = 30.0
_WIDTH = 24


class Progress:
    """Days lived, days to come."""

    def __init__(self, days: Sequence[str], arrivals_seconds: float, out: TextIO = sys.stderr) -> None:
        self._days = days
        self._each_seconds = arrivals_seconds + OVERHEAD_SECONDS
        self._out = out
        self._lived: list[float] = []
        self._began = time.monotonic()

    @property
    def expected_seconds(self) -> float:
        """The whole run, as far as can be said now."""
        known = sum(self._lived)
        each = known / len(self._lived) if self._lived else self._each_seconds
        return known + each * (len(self._days) - len(self._lived))

    @property
    def elapsed_seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began

    def line(self, name: str) -> str:
        """Where we are, in words."""
        done = round(_WIDTH * len(self._lived) / max(1, len(self._days)))
        bar = "#" * done + "." * (_WIDTH - done)
        left = max(0.0, self.expected_seconds - self.elapsed_seconds)
        return f"[{bar}] {len(self._lived) + 1}/{len(self._days)} {name}: {_clock(self.elapsed_seconds)}, {_clock(left)} left"

    @asynccontextmanager
    async def day(self, name: str) -> AsyncIterator[None]:
        """One day, whose length is noted."""
        began = time.monotonic()
        drawing = asyncio.ensure_future(self._draw(name))
        try:
            yield
        finally:
            drawing.cancel()
            await asyncio.gather(drawing, return_exceptions=True)
            self._lived.append(time.monotonic() - began)
            if self._out.isatty():
                self._out.write("\r\x1b[K")
                self._out.flush()

    async def _draw(self, name: str) -> None:
        if not self._out.isatty():
            print(self.line(name), file=self._out, flush=True)
            return
        while True:
            self._out.write(f"\r\x1b[K{self.line(name)}")
            self._out.flush()
            await asyncio.sleep(1)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
