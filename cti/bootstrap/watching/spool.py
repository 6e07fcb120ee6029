"""Taking in the calls that the PBX routed alone: one small file each, left by the secours script.

A file is a witness beside CEL: it confirms a call that CEL has told, and makes known one that CEL has not. It is removed only
when what it says is on disk.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import structlog

from cti.ami import secours_spool
from cti.ami.noted import Note, SecoursRead
from cti.ami.secours_spool import SpoolReading
from cti.bootstrap.watching.following import Follower
from cti.journey.ledger import StoreUnavailable
from cti.pipeline import Pipeline

log = structlog.get_logger(__name__)


class _Watch(Protocol):
    @property
    def up(self) -> bool: ...

    follower: Follower

    def note(self, note: Note) -> None: ...


class SpoolImport:
    """Looks into the spool every few seconds, once the PBX is seen and caught up with."""

    def __init__(
        self,
        folder: Path,
        watch: _Watch,
        pipeline: Pipeline,
        pause: Callable[[float], Awaitable[None]],
        every_seconds: float = 3.0,
    ) -> None:
        self._folder = folder
        self._watch = watch
        self._pipeline = pipeline
        self._pause = pause
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if self._watch.up:
                await self.look()
            await self._pause(self._every_seconds)

    async def look(self) -> int:
        """Take in what is there; how many files."""
        try:
            found = await asyncio.to_thread(secours_spool.read, self._folder)
        except OSError as trouble:
            log.error("secours_spool_unreadable", error=str(trouble))  # noqa: TRY400 - the path says it all
            return 0
        for why in found.rejected:
            log.error("secours_file_rejected", why=why)
        try:
            await self._take_in(found)
        except StoreUnavailable as trouble:
            log.warning("secours_import_waits", error=str(trouble))  # the files stay where they are
            return 0
        return len(found.files)

    async def _take_in(self, found: SpoolReading) -> None:
        for file in found.files:
            known = await self._pipeline.find(file.call.call_id) is not None
            note = SecoursRead(
                call=file.call, alone=not known and self._watch.follower.translator.book.get(file.call.uniqueid) is None
            )
            self._watch.note(note)
            self._watch.follower.secours(note)
        if found.files:
            await self._pipeline.written()
            for file in found.files:
                await asyncio.to_thread(secours_spool.forget, file)
            log.info("secours_calls_imported", calls=len(found.files))
