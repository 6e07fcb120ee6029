"""The archive beside the calls: taken up when told and at a start, waiting when the house is full, loud when it cannot work."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cti.archive.settings import ArchiveSettings
from cti.archive.stores import open_shelf
from cti.bootstrap.keeping.keeper import Keeper
from cti.bootstrap.keeping.sandboxed import archive_of_its_own
from cti.journey import Journey
from cti.journey.around.voice import VoiceState
from cti.journey.events import RecordingChecked
from cti.journey.events.seen import Seen
from cti.journey.ledger import Batch
from cti.settings import Settings, load
from tests.unit.archive.voices_kept import PIECE, STEM, T0, House, S, answered, house

CONFIG = Path(__file__).parents[3] / "config"


def until(ready: Callable[[], object]) -> None:
    """Look until it is so; the test's own limit ends it otherwise."""
    while not ready():
        time.sleep(0.01)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path / "house", open_shelf(str(tmp_path / "site" / "archive")))
    yield made
    made.store.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    shipped = load(CONFIG, {"CTI_VAR": str(tmp_path / "var")})
    archive = ArchiveSettings.model_validate({**archive_of_its_own(tmp_path / "site"), "travail": {"appels_max": 2}})
    recording = replace(shipped.recording, root=str(tmp_path / "house" / "voix"))
    return replace(shipped, archive=archive, recording=recording)


@pytest.fixture
def keeper(kept: House, settings: Settings) -> Iterator[Keeper]:
    made = Keeper(settings, kept.store, kept.disk, lambda: 0, kept.clock)
    yield made
    made.stop()


def checked(journey: Journey) -> RecordingChecked:
    return RecordingChecked(
        call_id=journey.call_id, at=T0, seen=Seen.OWN, stem=STEM, caller_ms=3000, agents_ms=3000, bytes=1, problem=None
    )


def troubles(keeper: Keeper, at: int) -> list[str]:
    return [found.text for condition in keeper.conditions() if (found := condition.look(at)) is not None]


@pytest.mark.timeout(20)
def test_a_call_is_archived_when_its_recording_was_looked_at(kept: House, keeper: Keeper) -> None:
    keeper.start()
    until(lambda: keeper._left_at)
    journey = answered(STEM)
    kept.record()
    kept.store.commit(Batch(journeys=(journey,)))
    began = time.monotonic()
    keeper.told(journey, checked(journey), ())
    until(lambda: keeper.counters.archived)
    assert time.monotonic() - began < 3
    assert kept.piece().state is VoiceState.ARCHIVED
    assert kept.plain() == []
    assert troubles(keeper, kept.now) == []
    assert keeper.figures() == {"archived": 1, "waiting": 0, "damaged": 0, "missing": 0, "refused": 0}


@pytest.mark.timeout(20)
def test_what_an_earlier_life_left_is_taken_up_at_the_start(kept: House, keeper: Keeper) -> None:
    kept.record()
    kept.now = T0 + 60 * S
    kept.store.commit(Batch(journeys=(answered(STEM),)))
    keeper.start()
    until(lambda: keeper.counters.archived)
    assert kept.piece(PIECE).state is VoiceState.ARCHIVED


@pytest.mark.timeout(20)
def test_the_calls_come_first(kept: House, settings: Settings) -> None:
    live = 3
    looked = threading.Event()

    def count() -> int:
        looked.set()
        return live

    keeper = Keeper(settings, kept.store, kept.disk, count, kept.clock)
    kept.record()
    kept.store.commit(Batch(journeys=(answered(STEM),)))
    keeper.start()
    try:
        assert looked.wait(10)
        assert keeper.counters.archived == 0
        assert len(kept.plain()) == 2
        late = kept.now + 601 * S
        until(lambda: keeper.counters.waiting)
        assert "en retard : 1 appel(s), depuis 10 min" in troubles(keeper, late)[0]
        live = 2
        looked.clear()
        assert looked.wait(10)
        assert keeper.counters.archived == 0, "the first seconds of a start belong to the calls"
        kept.now += 5 * S
        until(lambda: keeper.counters.archived)
    finally:
        keeper.stop()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("live", [0, 1])
def test_what_was_left_leaves_room_to_the_calls(
    kept: House, settings: Settings, monkeypatch: pytest.MonkeyPatch, live: int
) -> None:
    keeper = Keeper(settings, kept.store, kept.disk, lambda: live, kept.clock)
    waits: list[float | None] = []
    listen = keeper._listen

    def listened(seconds: float | None = None) -> None:
        waits.append(seconds)
        listen(seconds)

    monkeypatch.setattr(keeper, "_listen", listened)
    kept.record()
    kept.now = T0 + 3_600 * S
    kept.store.commit(Batch(journeys=(answered(STEM),)))
    keeper._began_at = 0
    keeper.start()
    try:
        until(lambda: keeper.counters.archived)
        until(lambda: len(waits) > 1)
        assert [bool(wait) for wait in waits[1:2]] == [bool(live)]
    finally:
        keeper.stop()


@pytest.mark.timeout(20)
def test_who_has_just_hung_up_is_not_kept_waiting_by_a_full_house(kept: House, settings: Settings) -> None:
    """The next regulator may have to hear him; what an earlier life left waits."""
    keeper = Keeper(settings, kept.store, kept.disk, lambda: 30, kept.clock)
    old, new = "2026/12/16/old", STEM
    for stem in (old, new):
        kept.record(stem)
    kept.store.commit(Batch(journeys=(replace(answered(old), call_id="old"), answered(new))))
    keeper._began_at = 0
    keeper.start()
    try:
        until(lambda: keeper.counters.waiting)
        journey = replace(answered(new), ended_at=kept.now)
        keeper.told(journey, checked(journey), ())
        until(lambda: keeper.counters.archived)
        assert kept.piece().state is VoiceState.ARCHIVED
        assert {path.partition("-")[0] for path in kept.plain()} == {"old"}
        late = replace(answered(old), call_id="old", ended_at=kept.now - 61 * S)
        keeper.told(late, replace(checked(journey), call_id="old"), ())
        until(lambda: "old" in keeper._ended)
        until(lambda: keeper.counters.waiting)
        assert {path.partition("-")[0] for path in kept.plain()} == {"old"}, "told late, it is what was left"
    finally:
        keeper.stop()


@pytest.mark.timeout(20)
def test_an_archive_that_cannot_work_says_why_and_goes_on_when_it_can(kept: House, settings: Settings) -> None:
    identity = settings.archive.archive.identite
    identity.chmod(0o644)
    keeper = Keeper(settings, kept.store, kept.disk, lambda: 0, kept.clock)
    kept.record()
    kept.store.commit(Batch(journeys=(answered(STEM),)))
    keeper.start()
    try:
        until(lambda: keeper.counters.trouble)
        assert troubles(keeper, kept.now) == [
            f"Archive de la voix arrêtée : identité de l'archive lisible par d'autres : chmod 600 {identity}"
        ]
        identity.chmod(0o600)
        until(lambda: keeper.counters.archived)
        until(lambda: keeper.counters.trouble is None)
    finally:
        keeper.stop()


@pytest.mark.timeout(20)
def test_a_piece_that_is_refused_is_named_and_stops_no_other(kept: House, keeper: Keeper) -> None:
    other = replace(answered("2026/12/16/other"), call_id="other")
    kept.record()
    kept.record("2026/12/16/other")
    kept.shelf.put(f"2026/12/16/{PIECE}.json.age", b"foreign")
    kept.store.commit(Batch(journeys=(answered(STEM), other)))
    keeper.start()
    until(lambda: keeper.counters.archived and keeper.counters.conflicts)
    assert kept.piece("other").state is VoiceState.ARCHIVED
    assert PIECE in troubles(keeper, kept.now)[0]
    assert "rien n'a été remplacé" in troubles(keeper, kept.now)[0]


def test_a_site_without_keys_archives_nothing(kept: House, settings: Settings) -> None:
    keeper = Keeper(replace(settings, archive=ArchiveSettings()), kept.store, kept.disk, lambda: 0, kept.clock)
    keeper.start()
    journey = answered(STEM)
    keeper.told(journey, checked(journey), ())
    assert keeper._told.empty()
    assert troubles(keeper, kept.now) == []
    keeper.stop()
