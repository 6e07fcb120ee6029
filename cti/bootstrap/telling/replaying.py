"""A recorded AMI session through the live code path: the same reading, folding and committing, into a store of its own.

A raw journal holds the frames and, between them, what the service was told besides (`cti.ami.noted`); both go the way they went
live (`cti.bootstrap.watching.following`), so that a replay gives the rows that the service wrote. What
the service did itself is not there.

No reaction follows from a replay: no dossier is opened and no file is looked at, because what is replayed has happened already.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import structlog

from cti.ami.noted import Connected, Disconnected, NoPast, Note, Past, SecoursRead, UnreadableNote, read
from cti.ami.recorded import Noted, Recorded, SessionError, read_journal
from cti.ami.sessions import SUFFIX
from cti.ami.translate.steps import twice
from cti.bootstrap.clock import OneThread, now
from cti.bootstrap.telling.reports import line_of
from cti.bootstrap.watching.following import Follower
from cti.journey.telling import tell
from cti.journey.words import Instant
from cti.pipeline import Pace, Pipeline
from cti.settings import Settings
from cti.store import Store, open_store

log = structlog.get_logger(__name__)

#: Frames read between two looks at the writer, so that memory stays flat on a session of any length.
_BREATH = 2_000


async def replay(settings: Settings, session: Path, *, as_json: bool) -> list[str]:
    """Replay a session, or every raw journal of a folder; one line per call, as ``cti calls`` prints them, then what was noted.

    In JSON every line is a call, so the notes go to the log.

    Raises:
        SessionError: the file is neither a raw journal nor a text session, the folder holds no raw journal.
        OSError: it cannot be read.
    """
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="cti-replay-") as folder:
        store = open_store(f"sqlite:///{folder}/replay.db")
        try:
            await replay_into(store, records_of(session, notes.append))
            lines = [
                json.dumps(tell(journey), ensure_ascii=False) if as_json else line_of(settings, journey)
                for journey in store.reading.journeys(None, None)
            ]
        except UnreadableNote as trouble:
            raise SessionError(f"{session}: {trouble}") from trouble
        finally:
            store.close()
    if not lines:
        notes.append(f"{session}: no call in it")
    if as_json:
        for note in notes:
            log.warning("session_note", note=note)
        return lines
    return [*lines, *(f"# {note}" for note in notes)]


async def replay_into(store: Store, recorded: Iterable[Recorded | Noted], pace: Pace | None = None) -> Pipeline:
    """Read, fold and commit every frame and note; returns the pipeline, drained and stopped.

    Raises:
        SessionError, OSError: what ``recorded`` raises; SessionError too for a note of another version.
    """
    thread = OneThread("replay")
    try:
        async with asyncio.TaskGroup() as tasks:
            pipeline = Pipeline(store, thread, now, tasks.create_task, {}, pace=pace or Pace(linger_seconds=0))
            writer = tasks.create_task(pipeline.run())
            await _read(recorded, pipeline)
            pipeline.stop()
            await writer
    except ExceptionGroup as several:
        unreadable = several.subgroup((SessionError, OSError))
        if unreadable is None:
            raise
        raise unreadable.exceptions[0] from None
    finally:
        thread.close()
    return pipeline


class _Reader:
    """Takes records in the order of the journal, as the watch did."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._follower = Follower(pipeline)
        self._down: Disconnected | None = None  # told when the same run of the service connects again
        self._epoch = -1
        self._number = 0

    async def take(self, record: Recorded | Noted) -> None:
        if isinstance(record, Noted):
            await self._note(read(record.text), record.epoch)
            return
        if record.epoch != self._epoch:
            self._begin(record.epoch)
            self._follower.joined_midway()
        self._number += 1
        self._follower.frame(str(self._epoch), self._number, record.frame())

    def _since_the_last_frame(self, past: Past) -> Past:
        """After a kill the journal may end before the store did: CEL tells what is missing here too."""
        seen_at = self._follower.last_at
        if twice(past.since, past.until):  # the PBX's clock was set back: the two instants are of two times
            return past
        return past if seen_at is None or seen_at >= past.since else replace(past, since=seen_at)

    def _connected(self, epoch: Instant, *, first: bool) -> None:
        self._begin(epoch)
        down, self._down = self._down, None
        if first:
            self._follower = Follower(self._pipeline, self._follower.last_at)
        elif down is not None:
            self._follower.disconnected(down.at, down.reason)
        self._follower.connected()

    def _begin(self, epoch: Instant) -> None:
        self._epoch, self._number = epoch, 0

    async def _note(self, note: Note, epoch: Instant) -> None:
        match note:
            case Connected(first=first):
                self._connected(epoch, first=first)
            case Disconnected():
                self._down = note
            case Past():
                await self._pipeline.written()  # the calls that CEL told earlier are fetched only then
                self._follower.past(self._since_the_last_frame(note), self._pipeline.live(), epoch)
            case NoPast():
                self._follower.without_the_past(note, epoch)
            case SecoursRead():
                self._follower.secours(note)


async def _read(recorded: Iterable[Recorded | Noted], pipeline: Pipeline) -> None:
    reader = _Reader(pipeline)
    for count, record in enumerate(recorded, start=1):
        await reader.take(record)
        if count % _BREATH == 0:
            await pipeline.written()
    await pipeline.written()


def records_of(session: Path, on_note: Callable[[str], None]) -> Iterator[Recorded | Noted]:
    """The records of one file, or of every file of a folder of raw journals, in order."""
    if not session.is_dir():
        yield from read_journal(session, on_note)
        return
    files = sorted(session.glob(f"*{SUFFIX}"), key=lambda path: path.name.removesuffix(SUFFIX))
    if not files:
        raise SessionError(f"{session}: no raw journal (*{SUFFIX}) in this folder")
    for file in files:
        yield from read_journal(file, on_note)
