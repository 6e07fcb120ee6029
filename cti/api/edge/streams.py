"""A stream lasts no longer than what opened it: when the session or the token of a person ends, her streams are cut.

Each is asked about every few seconds, because another process may have closed the account, and told at once when she signs out
here. The connection is closed under the handler, whose next write fails: it cleans up as it does when a screen goes away.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from cti.journey.ledger import StoreUnavailable

log = structlog.get_logger(__name__)


class Holder(Protocol):
    """Whoever a stream is for."""

    @property
    def who(self) -> str:
        """Her account."""
        ...

    @property
    def token_id(self) -> str:
        """What opened it."""
        ...


class Streams:
    """Every stream of a named person, while it lasts. Lives in the event loop's thread."""

    def __init__(self, stands: Callable[[str], bool], every_seconds: float = 5.0) -> None:
        """``stands``: whether what opened a stream still opens; blocking."""
        self._stands = stands
        self._every = every_seconds
        self._open: dict[str, set[asyncio.Event]] = {}

    def ended(self, token_id: str) -> None:
        """She left: her streams are cut now."""
        for told in self._open.get(token_id, ()):
            told.set()

    async def watched(self, request: web.Request, handler: Handler, holder: Holder) -> web.StreamResponse:
        """The stream, cut when what opened it ends."""
        told, failure, response = asyncio.Event(), None, None
        self._open.setdefault(holder.token_id, set()).add(told)
        try:
            async with asyncio.TaskGroup() as tasks:
                watch = tasks.create_task(self._watch(request, holder, told))
                try:
                    response = await handler(request)
                except Exception as trouble:  # noqa: BLE001 - a group would wrap what the edge must see as it is
                    failure = trouble
                finally:
                    watch.cancel()
        finally:
            mine = self._open[holder.token_id]
            mine.discard(told)
            if not mine:
                del self._open[holder.token_id]
        if failure is not None or response is None:
            raise failure if failure is not None else ConnectionResetError("cut")
        return response

    async def _watch(self, request: web.Request, holder: Holder, told: asyncio.Event) -> None:
        while not told.is_set():
            try:
                await asyncio.wait_for(told.wait(), self._every)
            except TimeoutError:
                if not await self._still(holder):
                    break
        log.info("stream_cut", who=holder.who, opened_by=holder.token_id)
        if request.transport is not None:
            request.transport.close()

    async def _still(self, holder: Holder) -> bool:
        try:
            return await asyncio.to_thread(self._stands, holder.token_id)
        except StoreUnavailable:
            return True  # nobody can tell now: asked again, and the stream tells nothing that she has not seen
