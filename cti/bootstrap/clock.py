"""The one clock of the service, its new identities, and the one writer thread."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from cti.journey.words import CallId, Instant

T = TypeVar("T")
P = TypeVar("P")


def now() -> Instant:
    """Microseconds since the epoch, this machine's clock."""
    return time.time_ns() // 1000


def new_call_id() -> CallId:
    """The identity of a call that is asked for on the screen; every other call gets its own from the dialplan."""
    return str(uuid.uuid4())


def monotonic_us() -> int:
    """Microseconds on a clock that never steps back."""
    return time.monotonic_ns() // 1000


def in_a_thread(work: Callable[[P], T]) -> Callable[[P], Awaitable[T]]:
    """The same question, asked without holding the loop up."""

    async def run(about: P) -> T:
        return await asyncio.to_thread(work, about)

    return run


class OneThread:
    """One thread for everything that touches the store: SQLite has one writer, and order is kept for free."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def __call__(self, function: Callable[..., T], /, *args: Any) -> T:
        """Run it there and wait for the result."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    def close(self) -> None:
        """Finish what runs, start nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)
