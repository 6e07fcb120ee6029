"""A recorded AMI session through the live code path: the same reading, folding and committing, into a store of its own.

No reaction follows from a replay: no dossier is opened and no file is looked at, because what is replayed has happened already.
"""

import asyncio
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path

import structlog

from cti.ami.recorded import Recorded, SessionError, read_session
from cti.ami.translate import Translator
from cti.bootstrap.clock import OneThread, now
from cti.bootstrap.reports import line_of
from cti.journey.telling import tell
from cti.pipeline import Pace, Pipeline
from cti.settings import Settings
from cti.store import Store, open_store

log = structlog.get_logger(__name__)

#: Frames read between two looks at the writer, so that memory stays flat on a session of any length.
_BREATH = 2_000


async def replay(settings: Settings, session: Path, *, as_json: bool) -> list[str]:
    """Replay a session; one line per call, as ``cti calls`` prints them, then the notes about the file.

    In JSON every line is a call, so the notes go to the log.

    Raises:
        SessionError: the file is neither a raw journal nor a text session.
        OSError: it cannot be read.
    """
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="cti-replay-") as folder:
        store = open_store(f"sqlite:///{folder}/replay.db")
        try:
            await replay_into(store, read_session(session, notes.append))
            lines = [
                json.dumps(tell(journey), ensure_ascii=False) if as_json else line_of(settings, journey)
                for journey in store.reading.journeys(None, None)
            ]
        finally:
            store.close()
    if not lines:
        notes.append(f"{session}: no call in it")
    if as_json:
        for note in notes:
            log.warning("session_note", note=note)
        return lines
    return [*lines, *(f"# {note}" for note in notes)]


async def replay_into(store: Store, recorded: Iterable[Recorded], pace: Pace | None = None) -> Pipeline:
    """Read, fold and commit every frame; returns the pipeline, drained and stopped.

    Raises:
        SessionError, OSError: what ``recorded`` raises.
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


async def _read(recorded: Iterable[Recorded], pipeline: Pipeline) -> None:
    translator = Translator()
    epoch, number = -1, 0
    for count, record in enumerate(recorded, start=1):
        if record.epoch != epoch:
            epoch, number = record.epoch, 0
            translator.book.clear()
        number += 1
        events = translator.read(record.frame())
        if events:
            pipeline.submit(events, str(epoch), number)
        if count % _BREATH == 0:
            await pipeline.written()
    await pipeline.written()
