"""The worker, step by step: what is sealed is what the PBX wrote, and a death anywhere leaves nothing or the whole."""

import json
import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cti.archive.sealing.keys import Sealer
from cti.archive.sealing.manifest import names, read_manifest
from cti.archive.sealing.voices import from_flac
from cti.archive.storing import Conflict
from cti.archive.worker import key_of, pieces_of
from cti.journey import Journey
from cti.journey.around.voice import Piece, VoiceState
from tests.unit.archive.voices_kept import PIECE, STEM, FailingShelf, House, Killed, answered, tone, wav


def take(kept: House, journey: Journey | None = None, **parts: Any) -> Piece:
    journey = journey or answered(STEM)
    (piece,) = pieces_of(journey)
    return kept.archiver(**parts).take(journey, piece)


def test_a_piece_is_archived_and_holds_both_voices_sample_by_sample(kept: House) -> None:
    kept.record(agents=wav(tone(2000, 600)))
    piece = take(kept, answered(STEM, seconds=3))
    assert piece == kept.piece()
    assert (piece.state, piece.problem) == (VoiceState.ARCHIVED, None)
    assert piece.sealed is not None
    assert piece.sealed.key == f"2026/12/16/{PIECE}"
    flac, beside, manifest = (kept.shelf.get(name) or b"" for name in names(piece.sealed.key))
    for opener in (kept.opener, kept.offline):
        pcm, rate = from_flac(opener(flac))
        assert rate == 8000
        assert pcm[:, 0].astype("<i2").tobytes() == tone(3000, 440)
        assert pcm[:16000, 1].astype("<i2").tobytes() == tone(2000, 600)
        assert not np.any(pcm[16000:, 1]), "the shorter voice is silent to the end"
    told = json.loads(kept.offline(beside))
    assert [file["padded_ms"] for file in told["files"]] == [0, 1000]
    assert told["stages"][0] == {
        "filiere": "n1", "agent": "arm01", "answered_ms": 0, "talk_ms": 0, "left_ms": 3000, "caller_voice_ms": 3000,
        "agents_voice_ms": 2000, "end": None, "via": None,
    }  # fmt: skip
    assert read_manifest(manifest).sealed == piece.sealed
    assert b"0612345678" not in manifest
    assert b"arm01" not in manifest
    assert kept.plain() == []
    assert kept.store.pieces.counts()["plain"] == 0


def test_archiving_twice_changes_nothing(kept: House) -> None:
    kept.record()
    first = take(kept)
    objects = kept.objects()
    assert take(kept) == first
    assert kept.objects() == objects


def test_a_header_left_at_zero_is_made_good_and_said(kept: House) -> None:
    kept.record(caller=wav(tone(3000, 440), declared=0), agents=wav(tone(3000, 600), declared=0))
    piece = take(kept, answered(STEM, problem="jamais refermé par le PBX"))
    assert (piece.state, piece.problem, piece.repaired) == (VoiceState.ARCHIVED, None, True)
    assert piece.sealed is not None
    sound, beside, _ = (kept.shelf.get(name) or b"" for name in names(piece.sealed.key))
    assert len(from_flac(kept.opener(sound))[0]) == 24000
    assert [file["repaired"] for file in json.loads(kept.opener(beside))["files"]] == [True, True]


def test_a_damaged_piece_is_archived_all_the_same_and_stays_loud(kept: House) -> None:
    kept.record(agents=wav(tone(500, 600)))
    piece = take(kept, answered(STEM, problem="trop court"))
    assert piece.state is VoiceState.ARCHIVED
    assert piece.problem is not None
    assert "trop court" in piece.problem
    assert kept.plain() == []


def test_an_agent_whom_nobody_hears_is_told_and_kept_all_the_same(kept: House) -> None:
    kept.record(caller=wav(tone(6000, 440)), agents=wav(bytes(2 * 8000 * 6)))
    piece = take(kept, answered(STEM, seconds=6))
    assert piece.state is VoiceState.ARCHIVED
    assert piece.problem == "n1 : arm01 inaudible pendant 6 s de conversation"
    assert kept.piece() == piece
    test_call = replace(answered("2026/12/16/test", seconds=6), test=True)
    kept.record("2026/12/16/test", caller=wav(tone(6000, 440)), agents=wav(bytes(2 * 8000 * 6)))
    assert take(kept, test_call).problem is None, "nobody asks it of a trial call"
    kept.record("2026/12/16/short", agents=wav(bytes(2 * 8000 * 3)))
    assert take(kept, answered("2026/12/16/short")).problem is None, "he may have said nothing"


def test_what_is_no_sound_that_we_read_stays_where_it_is(kept: House) -> None:
    kept.record(caller=b"not a wav at all" * 50)
    for _ in range(2):
        piece = take(kept, answered(STEM, problem="illisible"))
        assert piece.state is VoiceState.DAMAGED
    assert len(kept.plain()) == 2
    assert kept.objects() == []


def test_a_piece_without_sound_is_missing_and_found_again_when_the_share_is_back(kept: House) -> None:
    assert take(kept).state is VoiceState.MISSING
    assert "n'y est plus" in (kept.piece().problem or "")
    assert take(kept).state is VoiceState.MISSING
    kept.record()
    assert take(kept).state is VoiceState.ARCHIVED
    assert kept.piece().problem is None


def test_a_file_that_is_still_written_is_left_alone(kept: House) -> None:
    kept.record(caller=wav(tone(3000, 440), declared=0))
    path = kept.disk / f"{STEM}-caller.wav"
    os.utime(path, ns=(kept.now * 1000, kept.now * 1000))
    assert take(kept, recorder=kept.recorder(settle_us=5_000_000)).state is VoiceState.STARTED
    assert kept.objects() == []
    kept.now += 6_000_000
    assert take(kept, recorder=kept.recorder(settle_us=5_000_000)).state is VoiceState.ARCHIVED


def test_two_rates_do_not_lie_in_one_file(kept: House) -> None:
    kept.record(agents=wav(tone(3000, 600, 16000), rate=16000))
    piece = take(kept)
    assert piece.state is VoiceState.DAMAGED
    assert "deux fréquences" in (piece.problem or "")
    assert len(kept.plain()) == 2


# --- what lies there already --------------------------------------------------------------------------------------------


def test_another_sound_under_the_same_name_is_loud_and_never_overwritten(kept: House) -> None:
    kept.record()
    flac_name, timeline_name, _ = names(f"2026/12/16/{PIECE}")
    for name in (timeline_name, flac_name):
        foreign = kept.sealer(b'{"flac_sha256": "other"}')
        kept.shelf.put(name, foreign)
        with pytest.raises(Conflict, match="rien n'a été remplacé"):
            take(kept)
        assert kept.shelf.get(name) == foreign
        kept.shelf.remove(name)
    assert len(kept.plain()) == 2


def test_a_file_that_grew_after_it_was_read_is_not_removed(kept: House) -> None:
    kept.record()

    class Growing(FailingShelf):
        def put(self, name: str, data: bytes) -> bool:
            if name.endswith("manifest.json"):
                kept.record(caller=wav(tone(4000, 440)))
            return super().put(name, data)

    with pytest.raises(Conflict, match="a changé depuis"):
        take(kept, shelf=Growing(kept.shelf))
    with pytest.raises(Conflict, match="a changé depuis"):
        take(kept)
    assert len(kept.plain()) == 2
    assert kept.piece().state is VoiceState.ARCHIVED


def test_keys_that_changed_between_two_lives_give_a_new_generation(kept: House) -> None:
    kept.record()
    with pytest.raises(Killed):
        take(kept, shelf=FailingShelf(kept.shelf, 2, after=True))
    only = Sealer((kept.opener.recipient,))
    piece = take(kept, sealer=only)
    assert piece.sealed is not None
    assert piece.sealed.key == f"2026/12/16/{PIECE}.g2"
    assert piece.sealed.recipients == (kept.opener.recipient,)


# --- a death at each step ----------------------------------------------------------------------------------------------


class DyingBooks:
    """The rows, dying before or after the nth write."""

    def __init__(self, inner: Any, dies_at: int, *, after: bool) -> None:
        self.inner, self.dies_at, self.after, self.writes = inner, dies_at, after, 0

    def __getattr__(self, name: str) -> Any:
        if name not in ("save", "cleared"):
            return getattr(self.inner, name)

        def write(*args: Any) -> None:
            self.writes += 1
            if self.writes == self.dies_at and not self.after:
                raise Killed
            getattr(self.inner, name)(*args)
            if self.writes == self.dies_at:
                raise Killed

        return write


class DyingDisk:
    """The recorder's disk, dying before a removal, between the two files, or after."""

    def __init__(self, inner: Any, where: str) -> None:
        self.inner, self.where = inner, where

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def remove(self, stem: str) -> None:
        if self.where == "between":
            self.inner._legs(stem).caller.unlink()
        elif self.where == "after":
            self.inner.remove(stem)
        raise Killed


def _whole(kept: House) -> None:
    """All is there, once."""
    piece = kept.piece()
    assert piece.state is VoiceState.ARCHIVED
    assert piece.sealed is not None
    assert [one.name for one in kept.objects()] == sorted(names(piece.sealed.key))
    pcm, _ = from_flac(kept.offline(kept.shelf.get(names(piece.sealed.key)[0]) or b""))
    assert pcm[:, 0].astype("<i2").tobytes() == tone(3000, 440)
    assert kept.plain() == []
    assert kept.store.pieces.counts()["plain"] == 0


def _nothing_or_whole(kept: House) -> None:
    """What a dead worker leaves: the plain files are there until the manifest is read back and the row written."""
    row = kept.store.pieces.find(PIECE)
    if row is None or row.state is not VoiceState.ARCHIVED:
        assert len(kept.plain()) == 2


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(1, 9))
def test_a_death_at_any_work_of_the_shelf_loses_nothing(kept: House, step: int, after: bool) -> None:
    kept.record()
    shelf = FailingShelf(kept.shelf, step, after=after)
    try:
        take(kept, shelf=shelf)
    except Killed:
        _nothing_or_whole(kept)
    else:
        assert shelf.works < step, "every work was reached"
    take(kept)
    _whole(kept)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", [1, 2, 3])
def test_a_death_at_any_write_of_the_rows_loses_nothing(kept: House, write: int, after: bool) -> None:
    kept.record()
    with pytest.raises(Killed):
        take(kept, books=DyingBooks(kept.store.pieces, write, after=after))
    _nothing_or_whole(kept)
    take(kept)
    _whole(kept)


@pytest.mark.parametrize("where", ["before", "between", "after"])
def test_a_death_around_the_removal_loses_nothing(kept: House, where: str) -> None:
    kept.record()
    with pytest.raises(Killed):
        take(kept, recorder=DyingDisk(kept.recorder(), where))
    assert kept.piece().state is VoiceState.ARCHIVED
    assert kept.store.pieces.counts()["plain"] == 1
    take(kept)
    _whole(kept)


# --- the pieces of a call ----------------------------------------------------------------------------------------------


def test_recordings_that_were_not_looked_at_are_no_pieces_yet() -> None:
    journey = answered(STEM, STEM, "2026/12/16/other")
    assert [piece.piece_id for piece in pieces_of(journey)] == [PIECE, "other"]
    unchecked = replace(journey, recordings=tuple(replace(one, checked_at=None) for one in journey.recordings))
    assert pieces_of(unchecked) == ()
    assert key_of(pieces_of(journey)[1]) == "2026/12/16/other"


def test_two_stems_with_one_name_are_refused(kept: House) -> None:
    kept.record()
    take(kept)
    kept.record(f"2026/12/17/{PIECE}")
    with pytest.raises(Conflict, match="deux enregistrements portent le nom"):
        take(kept, answered(f"2026/12/17/{PIECE}"))
