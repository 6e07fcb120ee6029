"""The daily heads: published once a day, never written over, read back with their faults; ties read off a real store."""

import asyncio
from dataclasses import replace
from functools import reduce
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cti.access.chain import Head
from cti.api.edge.door import Known
from cti.bootstrap.access.heads import HeadKeeper, publish, read_heads
from cti.bootstrap.access.tying import Tying
from cti.journey import CallEvent, Journey, apply
from cti.journey.around.access import GENESIS, Relation, Tie
from cti.journey.around.duty import DutyAct, DutyKind
from cti.journey.ledger import Batch
from cti.store import open_store
from tests.fakes.access import MemoryAccounts, MemoryTraces, access_desk
from tests.fakes.room import STAFF, Clock
from tests.unit.bootstrap.verbs_house import answered

#: 2026-12-16T08:00:00Z
T0 = 1_797_408_000_000_000
HOUR = 3_600_000_000
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def journal() -> MemoryTraces:
    return MemoryTraces()


def fill(journal: MemoryTraces, number: int) -> None:
    desk = access_desk(MemoryAccounts(), journal, Clock(T0))
    for _ in range(number):
        desk.rights.turned_away("192.0.2.1", "jeton inconnu")


def test_the_head_of_the_day_that_is_over_in_civil_time(journal: MemoryTraces, tmp_path: Path) -> None:
    fill(journal, 2)
    folder = tmp_path / "tetes"
    before_midnight = T0 + 15 * HOUR - 1  # 23:59:59 in Paris
    told = publish(folder, journal.last, before_midnight, PARIS)
    assert told == Head(day="2026-12-15", seq=2, hash=journal.entries[-1].hash, published="2026-12-16T22:59:59.999Z")
    fill(journal, 1)
    assert publish(folder, journal.last, before_midnight, PARIS) is None, "a head is never written over"
    after = publish(folder, journal.last, before_midnight + 1, PARIS)
    assert after is not None
    assert (after.day, after.seq) == ("2026-12-16", 3)
    assert read_heads(folder) == ([told, after], [])
    assert sorted(file.name for file in folder.iterdir()) == ["2026-12-15.txt", "2026-12-16.txt"]


def test_an_empty_log_has_a_head_too(journal: MemoryTraces, tmp_path: Path) -> None:
    told = publish(tmp_path, journal.last, T0, PARIS)
    assert told is not None
    assert (told.seq, told.hash) == (0, GENESIS)


def test_what_is_no_head_is_named(tmp_path: Path) -> None:
    assert read_heads(tmp_path / "absent") == ([], [])
    (tmp_path / "2026-12-15.txt").write_bytes(b"\xff")
    (tmp_path / "notes.txt").write_text("rien")
    (tmp_path / "2026-12-16.tmp").write_text("half a head")
    heads, faults = read_heads(tmp_path)
    assert heads == []
    assert faults == ["tête notes.txt : ce nom n'est pas celui d'un jour", "tête 2026-12-15.txt : illisible"]


async def test_the_keeper_publishes_each_day_and_survives_bad_ones(
    journal: MemoryTraces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, looks = Clock(T0), []
    folder = tmp_path / "tetes"

    async def pause(_seconds: float) -> None:
        looks.append(sorted(file.name for file in folder.iterdir()) if folder.is_dir() else [])
        match len(looks):
            case 1:  # the folder is there, and a file in place of a folder is not
                journal.down = True
                clock.now += 24 * HOUR
            case 2:
                journal.down = False
                monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError("read-only")))
            case 3:
                monkeypatch.undo()
            case _:
                raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await HeadKeeper(folder, journal.last, PARIS, clock, pause).run()
    assert looks[0] == ["2026-12-15.txt"]
    assert looks[1] == looks[0], "the log could not be read"
    assert looks[2] == ["2026-12-15.txt", "2026-12-16.tmp"], "the folder could not be written"
    assert looks[3] == ["2026-12-15.txt", "2026-12-16.txt"]


async def test_the_desk_tells_the_heads_and_what_is_wrong_with_them(journal: MemoryTraces, tmp_path: Path) -> None:
    publish(tmp_path, journal.last, T0, PARIS)
    (tmp_path / "2026-12-14.txt").write_text("rien")
    fill(journal, 1)
    told = await access_desk(MemoryAccounts(), journal, Clock(T0), tmp_path).heads()
    assert (told["seq"], told["hash"]) == (1, journal.entries[0].hash)
    assert [day["day"] for day in told["days"]] == ["2026-12-15"]
    assert told["faults"] == ["tête 2026-12-14.txt : illisible"]


# --- ties, with the store behind them -----------------------------------------------------------------------------------


def test_ties_from_a_real_store(tmp_path: Path) -> None:
    """Two calls of one dossier: an ARM at her own fixed post, then a physician at a post that she took for the evening."""
    store = open_store(f"sqlite:///{tmp_path}/cti.db")
    try:
        first = with_dossier(*answered("c1", T0))
        second = with_dossier(*(replace(one, agent="p01") if hasattr(one, "agent") else one for one in answered("c2", T0 + HOUR)))
        store.commit(Batch((), (first, second)))
        take = {"kind": DutyKind.TAKE, "poste": "p01", "filieres": ("mru",)}
        store.duty.write(
            [
                DutyAct(act_id="a1", at=T0, personne="helene", **take),
                DutyAct(act_id="a2", at=T0 + HOUR, personne="anne", **take),
            ]
        )
        assert [journey.call_id for journey in store.reading.of_dossier("d1")] == ["c1", "c2"]
        assert store.reading.of_dossier("d2") == []
        tying = Tying(STAFF, store.duty, store.reading)

        def kinds(who: str, journey: Journey) -> set[str]:
            return {tie.relation.value for tie in tying.ties(who, journey)}

        assert kinds("arm01", first) == kinds("anne", second) == {"salle", "ses_appels", "dossier"}
        assert kinds("anne", first) == kinds("arm01", second) == {"salle", "dossier"}
        assert kinds("helene", second) == kinds("", first) == kinds("p01", second) == {"salle"}
        assert kinds("anne", replace(first, dossier_id=None)) == {"salle"}
    finally:
        store.close()


async def test_the_desk_asks_for_ties_apart_from_the_loop() -> None:
    desk = access_desk(MemoryAccounts(), MemoryTraces(), Clock(T0))
    given = Tie(relation=Relation.REQUISITION, until=T0)
    found = await desk.ties(Known(who="it"), with_dossier(*answered("c1", T0)), [given])
    assert found == (Tie(relation=Relation.SALLE), given)


def with_dossier(*events: CallEvent) -> Journey:
    journey = reduce(lambda told, event: apply(told, event)[0], events, Journey(call_id=events[0].call_id))
    return replace(journey, dossier_id="d1")
