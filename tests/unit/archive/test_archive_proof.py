"""The proof in both directions, and the watch on what is being written."""

from dataclasses import replace
from pathlib import Path

import pytest

from cti.archive.proof import calls, orphans
from cti.archive.worker import pieces_of
from cti.bootstrap.keeping.growing import GrowthWatch
from cti.bootstrap.keeping.mounts import astray
from cti.journey import Journey, Recording
from cti.journey.around.voice import Piece, PieceKind, VoiceState
from cti.journey.model import Consult, Leg
from cti.settings import load
from tests.unit.archive.voices_kept import PIECE, STEM, T0, House, S, answered, tone, wav

CONFIG = Path(__file__).parents[3] / "config"


def said(journey: Journey, *pieces: Piece, needed: bool = True) -> list[str]:
    return [one.line for one in calls([journey], lambda _call: pieces, lambda _journey: needed)]


def test_an_answered_call_is_proved_once_its_voice_is_archived(kept: House) -> None:
    journey = answered(STEM)
    (fresh,) = pieces_of(journey)
    assert said(journey) == [f"{PIECE} : {STEM} : contrôlé, et jamais pris par l’archive"]
    kept.record()
    piece = kept.archiver().take(journey, fresh)
    assert said(journey, piece) == []
    assert piece.sealed is not None
    short = replace(piece, sealed=replace(piece.sealed, duration_ms=1000))
    assert "plus courte" in said(journey, short)[0]
    assert "appelant inaudible" in said(journey, replace(piece, problem="appelant inaudible"))[0]
    assert "sans son" in said(journey, replace(piece, state=VoiceState.MISSING))[0]
    assert said(replace(journey, recordings=())) == [f"{PIECE} : appel décroché, aucun enregistrement"]
    unchecked = replace(journey, recordings=(replace(journey.recordings[0], checked_at=None),))
    assert "jamais contrôlé" in said(unchecked)[0]
    assert said(replace(journey, ended_at=None)) == []
    assert said(replace(journey, recordings=()), needed=False) == []


def test_a_consultation_that_nobody_answered_lacks_nothing() -> None:
    apart = Recording(stem="2026/12/16/apart", started_at=T0, checked_at=T0 + S, caller_ms=0, agents_ms=0)
    consult = Consult(agent="arm01", line="l", target="801", started_at=T0, ended_at=T0 + S, recording=apart)
    journey = replace(answered(), consults=(consult,), recordings=())
    empty = Piece(
        piece_id="apart", call_id=PIECE, kind=PieceKind.CONSULTATION, stem=apart.stem, started_at=T0, state_at=T0,
        state=VoiceState.MISSING,
    )  # fmt: skip
    assert said(journey, empty) == []
    assert "aucun son" in said(journey, replace(empty, problem="consultation de arm01 : aucun son"))[0]
    heard = replace(journey, consults=(replace(consult, recording=replace(apart, caller_ms=900)),))
    assert "sans son" in said(heard, empty)[0]


def test_a_file_of_no_call_is_named() -> None:
    assert [one.line for one in orphans(["a-caller.wav", "b-caller.wav"], {"a-caller.wav": "call"})] == [
        "b-caller.wav : fichier sans appel"
    ]


def test_a_share_that_is_not_mounted_is_no_empty_folder(tmp_path: Path) -> None:
    assert astray(tmp_path, "") is None
    assert astray(tmp_path, "/proc") is None
    assert astray(tmp_path, str(tmp_path)) == f"le partage des enregistrements n'est pas monté : {tmp_path}"
    assert "hors d'atteinte" in (astray(tmp_path / "gone", "") or "")


@pytest.mark.parametrize("grows", [True, False])
def test_a_file_that_does_not_grow_while_people_talk_is_told(kept: House, grows: bool) -> None:
    kept.record()
    talking = answered(STEM)
    leg = Leg(agent="arm01", leg="1", answered_at=T0)
    stage = replace(talking.stages[0], left_at=None, legs=(leg,))
    live = replace(talking, ended_at=None, stages=(stage,))
    at = T0
    watch = GrowthWatch(load(CONFIG, {}), kept.disk, lambda: (live,), lambda: at)
    still, mount = watch.conditions()
    watch.look()
    assert still.look(at) is None
    at += 61 * S
    if grows:
        (kept.disk / f"{STEM}-agents.wav").write_bytes(wav(tone(4000, 600)))
    watch.look()
    trouble = still.look(at)
    assert (trouble is None) == grows
    if trouble is not None:
        assert PIECE in trouble.text
    assert mount.look(at) is None
    live = replace(live, stages=(replace(stage, left_at=T0),))
    watch.look()
    assert still.look(at) is None, "nobody talks"
    kept.disk.rename(kept.folder / "elsewhere")
    watch.look()
    assert mount.look(at) is not None
