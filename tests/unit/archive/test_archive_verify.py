"""Whatever is changed in the archive or in its rows is found, and named; a change of keys loses nothing."""

import sqlite3
from dataclasses import replace

import pytest

from cti.archive.rewrap import Rewrapper
from cti.archive.sealing.keys import NotOurs, Opener, Sealer, write_identity
from cti.archive.sealing.manifest import names
from cti.archive.sealing.voices import from_flac
from cti.archive.storing import Conflict
from cti.archive.verify import verify
from cti.archive.worker import pieces_of
from cti.journey.around.voice import VoiceState
from tests.unit.archive.voices_kept import PIECE, STEM, FailingShelf, House, Killed, answered, tone

OTHER = "2026/12/16/other"
KEY = f"2026/12/16/{PIECE}"


@pytest.fixture
def two(kept: House) -> House:
    """Two pieces in the archive."""
    for stem in (STEM, OTHER):
        kept.record(stem)
    journey = answered(STEM, OTHER)
    for piece in pieces_of(journey):
        kept.archiver().take(journey, piece)
    assert faults(kept) == []
    return kept


def faults(kept: House, opener: Opener | None = None) -> list[str]:
    return [fault.line for fault in verify(kept.store.pieces.all(), kept.shelf, opener)]


def put(kept: House, name: str, data: bytes) -> None:
    """By a hand that does not ask."""
    kept.shelf.remove(name)
    kept.shelf.put(name, data)


def sql(kept: House, statement: str) -> None:
    with sqlite3.connect(kept.folder / "cti.db") as base:
        base.execute(statement)
    base.close()


@pytest.mark.parametrize("name", names(KEY))
def test_any_byte_that_is_changed_is_found_and_its_object_named(two: House, name: str) -> None:
    whole = two.shelf.get(name) or b""
    assert len(whole) > 100
    for at in (0, 1, len(whole) // 3, len(whole) // 2, len(whole) - 2, len(whole) - 1):
        put(two, name, whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        found = faults(two)
        assert len(found) >= 1, at
        assert all(line.startswith(f"{name} : ") for line in found), found
    put(two, name, whole)
    assert faults(two) == []


@pytest.mark.parametrize("name", names(KEY))
def test_an_object_that_is_gone_or_cut_or_another_s_is_named(two: House, name: str) -> None:
    whole = two.shelf.get(name) or b""
    two.shelf.remove(name)
    assert any(line.startswith(f"{name} : absent") for line in faults(two))
    two.shelf.put(name, whole[:-1])
    assert any(line.startswith(name) for line in faults(two))
    put(two, name, two.shelf.get(name.replace(PIECE, "other")) or b"")
    assert any(line.startswith(name) for line in faults(two))


def test_a_row_that_is_gone_is_found_from_the_other_side(two: House) -> None:
    sql(two, "DELETE FROM piece WHERE piece_id = 'other'")
    assert faults(two) == [
        f"{name} : objet sans pièce dans la base : ligne effacée, ou objet étranger" for name in sorted(names(OTHER))
    ]
    journey = answered(OTHER)
    two.archiver().take(journey, pieces_of(journey)[0])
    assert two.piece("other").state is VoiceState.MISSING
    assert len(faults(two)) == 3, "a row made anew does not hide it"


@pytest.mark.parametrize(
    "change",
    ["flac_sha256 = 'x'", "flac_bytes = 1", "sealed_sha256 = 'x'", "sealed_bytes = 2", "timeline_sha256 = 'x'", "duration_ms = 5",
     "sealed_at = 6", "recipients = '[]'", "key = '2026/12/16/nowhere'", "key = NULL"],
)  # fmt: skip
def test_a_row_that_is_changed_is_found(two: House, change: str) -> None:
    sql(two, f"UPDATE piece SET {change} WHERE piece_id = 'other'")
    found = faults(two)
    assert found
    assert not any(PIECE in line for line in found), "the sound one is not accused"


def test_what_nobody_knows_is_named(two: House) -> None:
    two.shelf.put("2026/12/16/notes.txt", b"?")
    two.shelf.put("2026/12/16/stranger.flac.age", b"?")
    assert faults(two) == [
        "2026/12/16/notes.txt : objet que personne ne connaît",
        "2026/12/16/stranger.flac.age : objet sans pièce dans la base : ligne effacée, ou objet étranger",
    ]


def test_the_voice_of_a_destroyed_piece_is_named_and_its_manifest_may_stay(two: House) -> None:
    sql(two, "UPDATE piece SET state = 'destroyed' WHERE piece_id = 'other'")
    assert [line.partition(" ")[0].rpartition("/")[2] for line in faults(two)] == ["other.flac.age", "other.json.age"]


def test_with_the_key_the_content_is_looked_at_too(two: House) -> None:
    assert faults(two, two.opener) == []
    (two.folder / "own.key").unlink()
    write_identity(two.folder / "own.key", "a stranger's")
    assert len(faults(two, two.opener)) == 4
    assert all("ne s'ouvre pas" in line for line in faults(two, two.opener))


def test_a_piece_on_its_way_is_no_fault(two: House) -> None:
    journey = answered("2026/12/16/third")
    two.record("2026/12/16/third")
    with pytest.raises(Killed):
        two.archiver(FailingShelf(two.shelf, 2, after=True)).take(journey, pieces_of(journey)[0])
    assert len(two.objects()) == 7
    assert faults(two) == []


# --- a change of keys --------------------------------------------------------------------------------------------------


def rewrapper(kept: House, sealer: Sealer, shelf: FailingShelf | None = None) -> Rewrapper:
    return Rewrapper(kept.store.pieces, shelf or kept.shelf, sealer, kept.opener, kept.clock)


@pytest.fixture
def only(two: House) -> Sealer:
    return Sealer((two.opener.recipient,))


def test_a_rewrap_closes_the_old_key_out_and_keeps_every_sample(two: House, only: Sealer) -> None:
    before = two.piece()
    assert [rewrapper(two, only)(piece) for piece in two.store.pieces.all()] == [True, True]
    piece = two.piece()
    assert piece.sealed is not None
    assert before.sealed is not None
    assert (piece.sealed.key, piece.sealed.recipients) == (f"{KEY}.g2", (two.opener.recipient,))
    assert piece.sealed.flac_sha256 == before.sealed.flac_sha256
    sealed = two.shelf.get(names(piece.sealed.key)[0]) or b""
    assert from_flac(two.opener(sealed))[0][:, 0].astype("<i2").tobytes() == tone(3000, 440)
    with pytest.raises(NotOurs):
        two.offline(sealed)
    assert len(two.objects()) == 6, "the old sealings are gone"
    assert faults(two, two.opener) == []
    assert [rewrapper(two, only)(piece) for piece in two.store.pieces.all()] == [False, False]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(1, 14))
def test_a_rewrap_that_dies_anywhere_goes_on(two: House, only: Sealer, step: int, after: bool) -> None:
    shelf = FailingShelf(two.shelf, step, after=after)
    with pytest.raises(Killed):
        rewrapper(two, only, shelf)(two.piece())
    assert all("ancien" in line for line in faults(two, two.opener)), "at every instant the row leads to a whole piece"
    for piece in two.store.pieces.all():
        rewrapper(two, only)(piece)
    assert faults(two, two.opener) == []
    assert len(two.objects()) == 6


def test_what_was_altered_is_not_sealed_anew(two: House, only: Sealer) -> None:
    put(two, names(KEY)[0], b"age-encryption.org/v1")
    with pytest.raises(Conflict, match="altéré"):
        rewrapper(two, only)(two.piece())
    assert not rewrapper(two, only)(replace(two.piece(), state=VoiceState.DESTROYED))


def test_a_hold_is_not_undone_by_a_slow_worker(two: House) -> None:
    sql(two, f"UPDATE piece SET state = 'held' WHERE piece_id = '{PIECE}'")
    two.store.pieces.save(replace(two.piece(), state=VoiceState.ARCHIVED), two.now)
    assert two.piece().state is VoiceState.HELD
    two.store.pieces.save(replace(two.piece(), state=VoiceState.MISSING), two.now)
    assert two.piece().state is VoiceState.HELD
