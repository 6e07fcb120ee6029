"""Simulated waiting: what waits for seconds goes on when the test says so, and its seconds are noted."""

import asyncio


class SimulatedWait:
    """A `cti.ami.connection.Wait` in the hands of the test."""

    def __init__(self) -> None:
        #: The seconds of every wait, in order.
        self.asked: list[float] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._begun = asyncio.Condition()

    async def __call__(self, event: asyncio.Event, seconds: float) -> bool:
        self.asked.append(seconds)
        elapsed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(elapsed)
        async with self._begun:
            self._begun.notify_all()
        woken = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait({woken, elapsed}, return_when=asyncio.FIRST_COMPLETED)
            return event.is_set()
        finally:
            woken.cancel()
            if elapsed in self._waiting:
                self._waiting.remove(elapsed)

    async def elapse(self, seconds: float | None = None) -> float:
        """Let the present wait (of so many seconds, if given) run out; comes back when somebody waits for it to."""
        async with asyncio.timeout(5), self._begun:
            await self._begun.wait_for(lambda: self._waiting and (seconds is None or self.asked[-1] == seconds))
        self._waiting.pop().set_result(None)
        return self.asked[-1]

    async def until_waiting(self, seconds: float) -> None:
        """Until somebody waits so many seconds."""
        async with asyncio.timeout(5), self._begun:
            await self._begun.wait_for(lambda: self._waiting and self.asked[-1] == seconds)
