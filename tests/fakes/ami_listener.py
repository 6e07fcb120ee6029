"""Someone who listens to an AMI link in a test: keeps what it says, waits for it, builds and runs links."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from cti.ami.connection import AmiLink, LinkHooks, LinkInfo, LinkSettings, LinkState, LinkTime, Wait, wait_for_event
from cti.ami.frames import Frame
from tests.fakes.asterisk import FakeAsterisk


class Listener:
    """Keeps what the link says, and lets a test wait for it."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.ups: list[LinkInfo] = []
        self.downs: list[str] = []
        self.refusals: list[str] = []
        self.states: list[LinkState] = []
        self.recorded: list[tuple[str, int]] = []
        self.breaks_on: str | None = None
        self._changed = asyncio.Event()

    @property
    def names(self) -> list[str]:
        return [frame.event for frame in self.frames if frame.event != "FullyBooted"]

    def hooks(self) -> LinkHooks:
        return LinkHooks(
            on_frame=self._on_frame,
            on_up=self._keep(self.ups),
            on_down=self._keep(self.downs),
            on_refused=self._keep(self.refusals),
            on_state=self._keep(self.states),
            record=lambda frame, epoch: self.recorded.append((frame.name, epoch)),
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def _on_frame(self, frame: Frame) -> None:
        self._keep(self.frames)(frame)
        if frame.event == self.breaks_on:
            raise ValueError("the listener is broken")

    def _keep(self, where: list[Any]) -> Callable[[Any], None]:
        def keep(what: Any) -> None:
            where.append(what)
            self._changed.set()

        return keep


def new_link(pbx: FakeAsterisk, listener: Listener, wait: Wait = wait_for_event, **settings: Any) -> AmiLink:
    given: dict[str, Any] = {"name": "cti", "host": "127.0.0.1", "username": "cti", "secret": "s3cret", "port": pbx.port}
    clock = lambda: time.time_ns() // 1000  # noqa: E731
    monotonic = lambda: time.monotonic_ns() // 1000  # noqa: E731
    return AmiLink(LinkSettings(**(given | settings)), listener.hooks(), LinkTime(clock, monotonic, lambda: 1.0, wait))


@asynccontextmanager
async def running(link: AmiLink) -> AsyncIterator[None]:
    task = asyncio.ensure_future(link.run())
    try:
        yield
    finally:
        link.close()
        async with asyncio.timeout(5):
            await task
