"""The daily heads as files: one for each civil day that is over, published by the running service, read by whoever verifies."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from cti.access.chain import Head, head
from cti.access.heads import SUFFIX, as_text, read_all
from cti.journey.around.access import Trace
from cti.journey.ledger import StoreUnavailable
from cti.journey.words import Instant, as_datetime, iso

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 30.0
_NAME: Final = re.compile(r"\d{4}-\d{2}-\d{2}" + re.escape(SUFFIX))


def read_heads(folder: Path) -> tuple[list[Head], list[str]]:
    """The heads of a folder, and a line for each that cannot be read; a folder that does not exist holds none.

    Raises:
        OSError: the folder cannot be read.
    """
    if not folder.is_dir():
        return [], []
    files = sorted(file for file in folder.iterdir() if file.suffix == SUFFIX)
    strangers = [f"tête {file.name} : ce nom n'est pas celui d'un jour" for file in files if not _NAME.fullmatch(file.name)]
    texts = [(file.name, file.read_text(encoding="utf-8", errors="replace")) for file in files if _NAME.fullmatch(file.name)]
    heads, faults = read_all(texts)
    return heads, [*strangers, *faults]


def publish(folder: Path, last: Callable[[], Trace | None], at: Instant, zone: ZoneInfo) -> Head | None:
    """Write the head of the civil day before this instant, unless it is there; gives what was written. Blocking.

    Raises:
        StoreUnavailable: the log cannot be read.
        OSError: the folder cannot be written.
    """
    day = _day_before(at, zone).isoformat()
    file = folder / f"{day}{SUFFIX}"
    if file.exists():
        return None
    seq, digest = head(last())
    told = Head(day=day, seq=seq, hash=digest, published=iso(at) or "")
    folder.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8") as out:
        out.write(as_text(told))
        out.flush()
        os.fsync(out.fileno())
    draft.rename(file)
    return told


def _day_before(at: Instant, zone: ZoneInfo) -> date:
    return as_datetime(at).astimezone(zone).date() - timedelta(days=1)


class HeadKeeper:
    """Publishes the head of each day soon after its end, for as long as the service runs."""

    def __init__(
        self,
        folder: Path,
        last: Callable[[], Trace | None],
        zone: ZoneInfo,
        clock: Callable[[], Instant],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._folder = folder
        self._last = last
        self._zone = zone
        self._clock = clock
        self._pause = pause

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await self._pause(LOOK_SECONDS)

    async def look(self) -> None:
        """Publish what is due."""
        try:
            told = await asyncio.to_thread(publish, self._folder, self._last, self._clock(), self._zone)
        except (StoreUnavailable, OSError) as trouble:
            log.warning("head_not_published", folder=str(self._folder), error=str(trouble))
            return
        if told is not None:
            log.info("head_published", day=told.day, seq=told.seq, hash=told.hash)
