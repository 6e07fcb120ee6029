"""Long work asked for on a screen: one thread of its own, that tells how far it is and can be stopped.

It has no lower priority than the others, which would hold the whole service up on a busy machine (docs/decisions/0034).
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """The service stops; what was done is done."""


@dataclass(slots=True)
class Progress:
    """How far one piece of work is."""

    total: int = 0
    done: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def advance(self) -> None:
        """One more is done.

        Raises:
            Stopped: there is to be no next one.
        """
        self.done += 1
        if self.stopping.is_set():
            raise Stopped

    def begin(self, total: int) -> Callable[[], None]:
        """As the progress bar of the command line is told."""
        self.total, self.done = total, 0
        return self.advance


class Aside:
    """One thread; what is asked of it is done in turn."""

    def __init__(self, name: str) -> None:
        self.stopping = threading.Event()
        self._name = name
        self._pool: ThreadPoolExecutor | None = None

    def progress(self) -> Progress:
        """Of work that is about to be asked."""
        return Progress(stopping=self.stopping)

    def run(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Do it when its turn comes."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name)
        return asyncio.get_running_loop().run_in_executor(self._pool, work)

    def stop(self) -> None:
        """Finish the step in hand, and do nothing more; blocking."""
        self.stopping.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
