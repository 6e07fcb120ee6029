"""What seldom happens: foreign manifests, a store that keeps badly, other codecs, consultations, stems that lead nowhere."""

import json
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from cti.archive.sealing.manifest import Manifest, names
from cti.archive.sealing.voices import from_flac
from cti.archive.storing import Conflict
from cti.archive.worker import pieces_of
from cti.bootstrap.keeping.beside import Keeping
from cti.journey import Recording
from cti.journey.around.voice import PieceKind, VoiceState
from cti.journey.events import ConsultEnd
from cti.journey.model import Consult
from cti.settings import load
from tests.unit.archive.voices_kept import PIECE, STEM, T0, FailingShelf, House, S, answered, tone, wav
from tests.unit.recording.recording_voices import alaw

CONFIG = Path(__file__).parents[3] / "config"
KEY = f"2026/12/16/{PIECE}"


def take(kept: House, shelf: FailingShelf | None = None, stem: str = STEM) -> VoiceState:
    journey = answered(stem)
    return kept.archiver(shelf).take(journey, pieces_of(journey)[0]).state


# --- the store ---------------------------------------------------------------------------------------------------------


def test_a_manifest_that_is_none_or_another_s_is_left_alone(kept: House) -> None:
    kept.record()
    name = names(KEY)[2]
    kept.shelf.put(name, b"not a manifest")
    with pytest.raises(Conflict, match="illisible"):
        take(kept)
    kept.shelf.remove(name)
    take(kept)
    sealed = kept.piece().sealed
    assert sealed is not None
    other = Manifest(piece_id="other", sealed=replace(sealed, key="2026/12/16/other"), timeline_bytes=1).to_bytes()
    kept.shelf.put("2026/12/16/other.manifest.json", other)
    kept.record("2026/12/16/other", caller=wav(tone(1000, 440)))
    with pytest.raises(Conflict, match="décrit autre chose"):
        take(kept, stem="2026/12/16/other")
    assert kept.shelf.get("2026/12/16/other.manifest.json") == other
    assert len(kept.plain()) == 2


@pytest.mark.parametrize("ending", [".flac.age", ".json.age", ".manifest.json"])
def test_a_store_that_gives_back_something_else_keeps_nothing(kept: House, ending: str) -> None:
    kept.record()

    class Bad(FailingShelf):
        def put(self, name: str, data: bytes) -> bool:
            return super().put(name, data[:-1] + b"?" if name.endswith(ending) else data)

    with pytest.raises(Conflict):
        take(kept, Bad(kept.shelf))
    assert len(kept.plain()) == 2
    assert kept.piece().state is VoiceState.PROVEN


def test_another_sound_sealed_by_us_under_this_name_is_no_earlier_life(kept: House) -> None:
    kept.record()
    flac, beside, _ = names(KEY)
    for name, plain, words in (
        (beside, b"[]", "décrit autre chose"),
        (beside, b"no json", "décrit autre chose"),
        (flac, b"fLaC of another", "contient autre chose"),
    ):
        kept.shelf.put(name, kept.sealer(plain))
        with pytest.raises(Conflict, match=words):
            take(kept)
        for one in kept.objects():
            kept.shelf.remove(one.name)


# --- the recorder's disk -----------------------------------------------------------------------------------------------


def test_an_a_law_file_is_read_like_any_other(kept: House) -> None:
    pcm = tone(3000, 600)
    coded = alaw(pcm)
    form = struct.pack("<HHIIHH", 6, 1, 8000, 8000, 1, 8)
    head = b"RIFF" + struct.pack("<I", 36 + len(coded)) + b"WAVEfmt " + struct.pack("<I", 16) + form
    kept.record(agents=head + b"data" + struct.pack("<I", len(coded)) + coded)
    assert take(kept) is VoiceState.ARCHIVED
    sealed = kept.piece().sealed
    assert sealed is not None
    kept_pcm, _ = from_flac(kept.opener(kept.shelf.get(names(sealed.key)[0]) or b""))
    said = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    assert max(abs(int(a) - b) for a, b in zip(kept_pcm[:, 1], said, strict=True)) < 300, "within a step of A-law"


def test_two_voices_in_one_file_are_not_guessed_at(kept: House) -> None:
    data = bytearray(wav(tone(3000, 440)))
    data[22] = 2
    kept.record(caller=bytes(data))
    assert take(kept) is VoiceState.DAMAGED
    assert "2 voies" in (kept.piece().problem or "")


def test_a_stem_that_leads_out_of_the_folder_is_nothing(kept: House) -> None:
    outside = kept.folder / "secret-caller.wav"
    outside.write_bytes(wav(tone(1000, 440)))
    journey = answered("../secret")
    assert kept.archiver().take(journey, pieces_of(journey)[0]).state is VoiceState.MISSING
    assert outside.exists()


def test_empty_files_are_no_sound(kept: House) -> None:
    kept.record(caller=b"", agents=wav(b""))
    assert take(kept) is VoiceState.MISSING
    kept.record(caller=b"")
    assert take(kept) is VoiceState.ARCHIVED


def unanswered(kept: House, riff: int) -> VoiceState:
    """A consultation that nobody answered, its two files closed (RIFF length 36) or not (0)."""
    header = bytearray(wav(b""))
    header[4:8] = riff.to_bytes(4, "little")
    kept.record(caller=bytes(header), agents=bytes(header))
    journey = answered(STEM)
    journey = replace(journey, recordings=(replace(journey.recordings[0], caller_ms=0, agents_ms=0),))
    return kept.archiver().take(journey, pieces_of(journey)[0]).state


def test_two_headers_that_the_pbx_has_closed_go_and_the_row_stays(kept: House) -> None:
    assert unanswered(kept, 36) is VoiceState.MISSING
    assert kept.plain() == []
    assert kept.store.pieces.left() == {}, "nothing is left to be done"
    assert kept.piece().problem is None


def test_two_headers_in_which_somebody_may_still_write_stay(kept: House) -> None:
    assert unanswered(kept, 0) is VoiceState.MISSING
    assert len(kept.plain()) == 2
    assert kept.store.pieces.left() == {"missing": 1}


def test_two_closed_headers_where_a_voice_was_stay(kept: House) -> None:
    kept.record(caller=wav(b""), agents=wav(b""))
    assert take(kept) is VoiceState.MISSING
    assert len(kept.plain()) == 2
    assert "n'y est plus" in (kept.piece().problem or "")


def test_a_disk_that_is_gone_is_no_missing_voice(kept: House) -> None:
    kept.record()
    kept.disk.rename(kept.folder / "elsewhere")
    with pytest.raises(OSError, match="hors d'atteinte"):
        take(kept)
    assert kept.store.pieces.find(PIECE) is None


# --- consultations -----------------------------------------------------------------------------------------------------


def test_a_consultation_is_a_piece_of_its_own_tied_to_the_call(kept: House) -> None:
    apart = "2026/12/16/apart"
    kept.record()
    kept.record(apart)
    recording = Recording(stem=apart, started_at=T0 + S, checked_at=T0 + 9 * S, caller_ms=3000, agents_ms=3000)
    consult = Consult(
        agent="arm01", line="1", target="801", started_at=T0, answered_at=T0 + S, answered_by="amu01", ended_at=T0 + 4 * S,
        how=ConsultEnd.RETURNED, recording=recording,
    )  # fmt: skip
    journey = replace(answered(STEM), consults=(consult,))
    mine, asked = (kept.archiver().take(journey, piece) for piece in pieces_of(journey))
    assert (mine.kind, asked.kind, asked.call_id) == (PieceKind.APPEL, PieceKind.CONSULTATION, PIECE)
    for piece, stages in ((mine, 1), (asked, 0)):
        assert piece.sealed is not None
        told = json.loads(kept.opener(kept.shelf.get(names(piece.sealed.key)[1]) or b""))
        assert len(told["stages"]) == stages
        (one,) = told["consults"]
        assert (one["answered_by"], one["how"]) == ("amu01", "returned")
        assert one["answered_ms"] == (T0 + S - piece.started_at) // 1000


# --- as one thing of the service ---------------------------------------------------------------------------------------


def test_the_whole_of_it_starts_says_nothing_wrong_and_stops(kept: House) -> None:
    live = [replace(answered(STEM), ended_at=None)]
    settings = load(CONFIG, {})
    keeping = Keeping(settings, kept.store, kept.disk, lambda: live, kept.clock)
    keeping.start()
    try:
        assert [condition.code for condition in keeping.conditions() if condition.look(kept.now) is not None] == []
        assert len(keeping._calls) == 1
        assert keeping.keeper.figures() == {}
    finally:
        keeping.stop()
