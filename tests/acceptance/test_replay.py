"""The raw journal of a real service, replayed: the rows of two replays to the byte, and the rows of the service itself."""

import asyncio
from pathlib import Path

import pytest

from cti.ami.noted import Disconnected, Past, SecoursRead, read
from cti.ami.recorded import Noted, Recorded
from cti.bootstrap.telling.replaying import records_of, replay_into
from cti.journey import Journey
from cti.journey.model import Quality
from cti.store import open_store
from tests.chaos.stage import Stage, played, stage
from tests.scenarios.rows import dump, seen

pytestmark = [pytest.mark.pbx, pytest.mark.timeout(300)]


async def callers(sas: Stage, more: int) -> None:
    """Wait until so many more people have called."""
    wanted = len(sas.town.truth()) + more
    async with asyncio.timeout(60):
        while len(sas.town.truth()) < wanted:
            await asyncio.sleep(0.1)


def open_files(pid: int) -> int:
    """Sockets and files that the process holds."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def replayed(journal: Path, database: Path) -> bytes:
    store = open_store(f"sqlite:///{database}")
    try:
        await replay_into(store, records_of(journal, [].append))
    finally:
        store.close()
    return dump(database)


async def test_a_day_with_blind_intervals_is_replayed_as_it_was_lived(tmp_path: Path) -> None:
    """The link is cut, the service is frozen, then stopped and started again; the journal tells all of it again."""
    async with stage(tmp_path / "site", seconds=45, calls_per_minute=60, seed=31, agents=16) as sas:
        files = open_files(sas.service.pid)
        await callers(sas, 3)
        sas.ami.cut()
        await sas.recovered()
        await callers(sas, 2)
        sas.service.freeze()  # the PBX routes alone
        await callers(sas, 3)
        sas.service.thaw()
        await sas.recovered()
        await callers(sas, 2)
        assert open_files(sas.service.pid) <= files + 8, "after a dozen calls, a lost link and a freeze: nothing leaks"
        assert await sas.service.stop() == 0
        await callers(sas, 3)
        await sas.restart_service()
        await played(sas)
        assert await sas.service.stop() == 0
        journeys = sas.journeys()
    journal = sas.site.var / "journal"
    notes = [read(record.text) for record in records_of(journal, [].append) if isinstance(record, Noted)]
    assert [type(note) for note in notes].count(Past) >= 3
    assert {Disconnected, SecoursRead} <= {type(note) for note in notes}
    assert {journey.quality for journey in journeys} == {Quality.OBSERVED, Quality.RECONSTRUCTED}, "the log was whole: no doubt"

    nobody_was_polled(journal, [type(note) for note in notes].count(Past))

    first, second = [await replayed(journal, tmp_path / name) for name in ("first.db", "second.db")]
    assert first == second
    told, lived = seen(tmp_path / "first.db"), seen(sas.database)
    for table, rows in lived.items():
        assert told[table] == rows, table
    assert len(told["call"]) == len(journeys) >= 18


def nobody_was_polled(journal: Path, snapshots: int) -> None:
    """Besides a ping every five seconds, we ask five things at each connection and nothing in between."""
    frames = [record.frame() for record in records_of(journal, [].append) if isinstance(record, Recorded)]
    asked = {frame["ActionID"] for frame in frames if "Response" in frame and "ActionID" in frame}
    seconds = (frames[-1].received_at - frames[0].received_at) / 1_000_000
    connections = len({action.split("/")[1] for action in asked})
    assert len(asked) <= 5 * connections + seconds / 5 + connections
    assert sum(frame.event == "QueueStatusComplete" for frame in frames) == snapshots


async def test_a_day_with_a_kill_is_replayed_with_the_same_outcomes(tmp_path: Path) -> None:
    """A kill takes the end of the journal; CEL, which the journal holds from before, tells it once more."""
    async with stage(tmp_path / "site", seconds=20, calls_per_minute=60, seed=32, agents=16) as sas:
        await callers(sas, 6)
        await sas.kill_service()
        await callers(sas, 3)
        await sas.restart_service()
        await played(sas)
        assert await sas.service.stop() == 0
        lived = {journey.call_id: told(journey) for journey in sas.journeys()}
    journal = sas.site.var / "journal"
    first, second = [await replayed(journal, tmp_path / name) for name in ("first.db", "second.db")]
    assert first == second
    store = open_store(f"sqlite:///{tmp_path / 'first.db'}")
    try:
        assert {journey.call_id: told(journey) for journey in store.reading.journeys(None, None)} == lived
    finally:
        store.close()
    assert len(lived) >= 10


def told(journey: Journey) -> tuple[object, ...]:
    """What happened to a caller, without how well it was seen."""
    return journey.outcome, journey.abandon_phase, [(stage.filiere, stage.agent, stage.end) for stage in journey.stages]
