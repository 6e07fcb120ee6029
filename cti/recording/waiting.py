"""Waiting for a condition on a file system that tells nothing: look, pause, look again, until a deadline.

The recordings may lie on a network share, where change notices do not travel, so the files are looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PollingWaiter:
    """Looks at the condition, soon again, then more and more rarely, at last every ``period_seconds``.

    The PBX closes a file some hundredths of a second after the hang-up, and whoever is given the call next waits for it.
    ``pause`` is ``asyncio.sleep`` in the service.
    """

    pause: Callable[[float], Awaitable[None]]
    period_seconds: float = 0.5
    first_seconds: float = 0.05

    async def __call__(self, ready: Callable[[], Awaitable[bool]], deadline_seconds: float, /) -> bool:
        """True as soon as the condition holds, False at the deadline; the condition is looked at once at least."""
        if await ready():
            return True
        try:
            async with asyncio.timeout(deadline_seconds):
                seconds = min(self.first_seconds, self.period_seconds)
                while True:
                    await self.pause(seconds)
                    seconds = min(seconds * 2, self.period_seconds)
                    if await ready():
                        return True
        except TimeoutError:
            return False
