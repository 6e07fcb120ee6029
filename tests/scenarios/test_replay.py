"""A replay gives the same rows, to the byte: every recorded story, alone and one after another, whole and cut by a lost link."""

import json
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from cti.ami.actions import ChannelRow, QueueSnapshot, WaitingRow
from cti.ami.noted import Connected, Disconnected, LostCall, NoPast, Past, written
from cti.ami.recorded import Noted, Recorded
from cti.ami.translate import Translator
from cti.ami.translate.coverage import Shown
from cti.bootstrap.telling.replaying import replay_into
from cti.bootstrap.watching.following import REASON
from cti.journey import Journey
from cti.journey.model import Quality
from cti.journey.telling import tell
from cti.store import open_store
from tests.scenarios.reading import Folded, caught_up, cel, fold, queue_log, session, shown_after, stamp
from tests.scenarios.repertoire import STORIES
from tests.scenarios.rows import dump

names = pytest.mark.parametrize("name", sorted(STORIES))
SNAPSHOT_US = 5_000


async def replayed(records: Iterable[Recorded | Noted], database: Path) -> list[Journey]:
    store = open_store(f"sqlite:///{database}")
    try:
        await replay_into(store, records)
        return list(store.reading.journeys(None, None))
    finally:
        store.close()


@names
async def test_twice_the_same_story_is_the_same_to_the_byte(name: str, tmp_path: Path) -> None:
    stored = await replayed(session(name), tmp_path / "first.db")
    await replayed(session(name), tmp_path / "second.db")
    assert dump(tmp_path / "first.db") == dump(tmp_path / "second.db")
    assert [tell(journey) for journey in stored] == [tell(journey) for journey in fold(session(name)).calls]


async def test_more_stories_than_memory_keeps_are_the_same_to_the_byte(tmp_path: Path) -> None:
    """Late frames of calls that memory has let go are put aside and fetched: in the same order each time."""
    chance = random.Random(7)
    stories = [[(number, record) for record in session(name)] for number, name in enumerate(sorted(STORIES) * 12)]
    late = [stories[at].pop() for at in range(0, len(stories), 3)]  # the last frame of a third of them comes at the very end
    chance.shuffle(late)
    records = [_of(number, record) for number, record in [pair for story in stories for pair in story] + late]
    first = await replayed(records, tmp_path / "first.db")
    await replayed(records, tmp_path / "second.db")
    assert len(first) > 600
    assert dump(tmp_path / "first.db") == dump(tmp_path / "second.db")


def _of(number: int, record: Recorded) -> Recorded:
    """The frame as if it were told by another PBX: identities that no other story has."""
    text = record.frame_bytes
    for name in (b"Uniqueid: ", b"Linkedid: ", b"DestUniqueid: ", b"DestLinkedid: ", b"CallId: ", b"SAS_CALL="):
        text = text.replace(name, b"%b%d" % (name, number))
    return Recorded(text, record.received_at, record.epoch)


def blind(name: str, lost: float, back: float) -> tuple[list[Recorded | Noted], Folded]:
    """A journal of a story whose link was lost from one frame to another, and what a watch makes of it."""
    records = session(name)
    first, second = int(len(records) * lost), int(len(records) * back)
    before, after = records[:first], records[second:]
    since = stamp(before[-1]) if before else stamp(records[0]) - 1_000_000
    until = stamp(records[second - 1]) + (SNAPSHOT_US if after else 1_000_000)
    held, shown = fold(before), shown_after(record for record in records if stamp(record) <= until)
    caught = caught_up(name, held, since, until, shown)
    held.take(caught.events)
    translator = Translator()
    translator.book = caught.book
    for record in after:
        held.take(translator.read(record.frame()))
    past = Past(
        since=since,
        until=until,
        started_at=None,
        rows=cel(name),
        troubles=(),
        queue_log=queue_log(name),
        queues=QueueSnapshot(queues=(), members=(), waiting=tuple(_waits(*place) for place in shown.waiting.items())),
        channels=tuple(_row(uniqueid, channel) for uniqueid, channel in shown.channels.items()),
    )
    nothing = NoPast(at=stamp(records[0]), calls=())
    journal: list[Recorded | Noted] = [Noted(written(note), since, 1) for note in (Connected(first=True), nothing)]
    journal += before
    journal += [Noted(written(note), until, 2) for note in (Disconnected(at=since, reason="essai"), Connected(first=False), past)]
    journal += [Recorded(record.frame_bytes, record.received_at, 2) for record in after]
    return journal, held


def _row(uniqueid: str, shown: Shown) -> ChannelRow:
    return ChannelRow(shown.name, uniqueid, shown.linkedid, "Up", "", "", "", shown.bridge, 0, {"SAS_CALL": shown.call_id})


def _waits(uniqueid: str, filiere: str) -> WaitingRow:
    return WaitingRow(f"sas-{filiere}", "", uniqueid, 1, 0, 0, "")


@names
async def test_a_story_cut_by_a_lost_link_is_the_same_to_the_byte(name: str, tmp_path: Path) -> None:
    journal, held = blind(name, 0.3, 0.6)
    stored = await replayed(journal, tmp_path / "first.db")
    await replayed(journal, tmp_path / "second.db")
    assert dump(tmp_path / "first.db") == dump(tmp_path / "second.db")
    told = json.dumps([tell(journey) for journey in stored]).replace(json.dumps(REASON)[1:-1], "essai")
    assert told == json.dumps([tell(journey) for journey in held.calls])
    assert Quality.OBSERVED not in {journey.quality for journey in stored} or len(stored) > 1


async def test_what_cel_told_of_the_blind_interval_is_replayed(tmp_path: Path) -> None:
    """The whole story but its first and last frames is in CEL alone."""
    journal, held = blind("three_filieres_n1_amu_mru", 0.0, 1.0)
    stored = await replayed(journal, tmp_path / "only.db")
    assert stored == held.calls
    assert [journey.quality for journey in stored] == [Quality.RECONSTRUCTED]


async def test_what_a_kill_took_from_the_journal_is_told_by_cel(tmp_path: Path) -> None:
    """The store had seen more than the journal kept: the rows of CEL are there from before both."""
    name = "three_filieres_n1_amu_mru"
    journal, _ = blind(name, 0.5, 1.0)
    kept = int(len(session(name)) * 0.4)
    journal = [record for at, record in enumerate(journal) if at < kept + 2 or isinstance(record, Noted)]
    assert sum(isinstance(record, Recorded) for record in journal) == kept
    (stored,), (whole,) = await replayed(journal, tmp_path / "only.db"), fold(session(name)).calls
    assert stored.outcome is whole.outcome
    assert [(s.filiere, s.agent, s.end) for s in stored.stages] == [(s.filiere, s.agent, s.end) for s in whole.stages]
    assert stored.quality is not Quality.OBSERVED


async def test_a_past_that_could_not_be_told_is_replayed_as_such(tmp_path: Path) -> None:
    records = session("held_and_resumed")
    half = len(records) // 2
    (open_call,) = fold(records[:half]).calls
    lost = LostCall(call_id=open_call.call_id, at=open_call.last_at + 1, since=open_call.last_at)
    notes = [Connected(first=False), NoPast(at=lost.at, calls=(lost,))]
    journal = [*records[:half], *(Noted(written(note), lost.at, 2) for note in notes)]
    (told,) = await replayed(journal, tmp_path / "only.db")
    assert told.quality is Quality.UNCERTAIN


async def test_frames_of_a_connection_that_never_came_up_are_void(tmp_path: Path) -> None:
    records = session("held_and_resumed")
    connected = Noted(written(Connected(first=True)), records[0].received_at, 1)
    assert await replayed([connected, *records], tmp_path / "only.db") == []
