"""Where an instant lies in the sound: pauses that the dialplan told, silence that a late line made the recorder insert."""

import json
from dataclasses import replace

import pytest

from cti.archive.filetime import FileTime, file_time
from cti.archive.sealing.keys import Opener
from cti.archive.sealing.manifest import names
from cti.archive.sealing.voices import Voice, join
from cti.archive.worker import pieces_of
from cti.journey import Journey, Recording
from cti.journey.around.voice import Piece, PieceKind
from cti.journey.events import ConsultEnd
from cti.journey.model import Consult, Gap, Leg
from tests.unit.archive.voices_kept import PIECE, STEM, T0, House, S, answered, tone, wav

MS = 1000


def told(caller: bytes, journey: Journey, *, repaired: bool = False) -> FileTime:
    voices = (Voice("c", 8000, caller, repaired), Voice("a", 8000, tone(len(caller) // 16, 600)))
    (piece, *_) = pieces_of(journey)
    return file_time(journey, piece, voices, join(*voices))


def of_seconds(seconds: int, *gaps: Gap) -> Journey:
    journey = answered(STEM, seconds=seconds)
    return replace(journey, recordings=(replace(journey.recordings[0], gaps=gaps),))


def test_without_a_pause_the_file_is_the_clock() -> None:
    time = told(tone(3000, 440), of_seconds(3))
    assert [time.offset_ms(T0 + ms * MS) for ms in (-5, 0, 1500, 3000)] == [-5, 0, 1500, 3000]
    assert time.told() == {"gaps": [], "inserted": [], "written_ms": 3000, "drift_ms": 0}


def test_after_each_pause_everything_lies_that_much_earlier() -> None:
    gaps = (Gap(T0 + 1000 * MS, 100), Gap(T0 + 2000 * MS, 105))
    time = told(tone(2795, 440), of_seconds(3, *gaps))
    assert [time.offset_ms(T0 + ms * MS) for ms in (900, 950, 1000, 1500, 1950, 2500)] == [900, 900, 900, 1400, 1795, 2295]
    assert [gap["missing_ms"] for gap in time.told()["gaps"]] == [100, 105]


def test_silence_that_was_inserted_moves_what_comes_after_it() -> None:
    caller = tone(1000, 440) + bytes(16 * 80) + tone(2000, 440)
    time = told(caller, of_seconds(3))
    assert [time.offset_ms(T0 + ms * MS) for ms in (500, 990, 1000, 2000, 3000)] == [500, 990, 1080, 2080, 3080]
    assert time.told()["inserted"] == [{"offset_ms": 1000, "ms": 80}]
    assert time.drift_ms == 0


def test_a_line_that_is_silent_by_itself_is_no_surplus() -> None:
    """A telephone that sends nothing while nobody speaks: the file is as long as the clock says, and stays as it is."""
    caller = tone(1000, 440) + bytes(16 * 1000) + tone(1000, 440)
    assert told(caller, of_seconds(3)).inserted == ()
    longer = told(caller + tone(100, 440), of_seconds(3))
    assert longer.offset_ms(T0 + 2500 * MS) == 2600, "of a second that is empty, a tenth was inserted"


def test_what_cannot_be_placed_is_spread() -> None:
    time = told(tone(3060, 440), of_seconds(3))
    assert [time.offset_ms(T0 + ms * MS) for ms in (0, 1500, 3000)] == [0, 1530, 3060]
    less = told(tone(2940, 440), of_seconds(3, Gap(T0, 0)))
    assert [less.offset_ms(T0 + ms * MS) for ms in (1500, 3000)] == [1470, 2940]


def test_what_a_recorder_lost_when_it_began_anew_is_missing_there() -> None:
    gap = Gap(T0 + 2000 * MS, 100)
    time = told(tone(4500, 440), of_seconds(5, gap))
    assert [time.offset_ms(T0 + ms * MS) for ms in (1000, 1900, 3000, 5000)] == [1000, 1900, 2500, 4500]
    late = tone(3000, 440) + bytes(16 * 60) + tone(1440, 440)
    both = told(late, of_seconds(5, gap))
    assert [both.offset_ms(T0 + ms * MS) for ms in (1900, 3000, 5000)] == [1900, 2440, 4500]


def test_what_was_lost_while_the_pbx_asked_a_phone_too_late_is_missing_there() -> None:
    """An attended transfer between two queues held up the phone that was to ring, and nobody heard whoever waited for it."""

    def rang(after_ms: int, journey: Journey) -> Journey:
        (stage,) = journey.stages
        leg = Leg(agent="arm01", leg="1.2", offered_at=stage.entered_at + after_ms * MS)
        return replace(journey, stages=(replace(stage, legs=(leg,)),))

    plain = of_seconds(6)
    at = (plain.stages[0].entered_at - T0) // MS
    held_up = told(tone(5600, 440), rang(450, plain))
    assert [held_up.offset_ms(T0 + (at + ms) * MS) for ms in (0, 450, 1000, 3000)] == [at, at + 50, at + 600, at + 2600]
    assert [gap["missing_ms"] for gap in held_up.told()["gaps"]] == [400]
    # A phone that was asked at once, or after another wait than that, tells nothing: spread, or lost at a restart.
    for after_ms in (2, 900):
        assert told(tone(5600, 440), rang(after_ms, plain)).drift_ms == -400
    restarted = rang(2, of_seconds(6, Gap(T0 + 5000 * MS, 100)))
    assert told(tone(5500, 440), restarted).offset_ms(T0 + 4900 * MS) == 4900
    both = told(tone(5500, 440), rang(450, of_seconds(6, Gap(T0 + 5000 * MS, 100))))
    assert both.offset_ms(T0 + 4900 * MS) == 4500


def test_what_was_lost_when_the_end_was_taken_late_is_missing_at_the_end() -> None:
    journey = of_seconds(5, Gap(T0 + 2000 * MS, 100))
    (stage,) = journey.stages
    late = replace(journey, stages=(replace(stage, left_at=T0 + 4850 * MS),))
    time = told(tone(4740, 440), late)
    assert [time.offset_ms(T0 + ms * MS) for ms in (3000, 4800)] == [2900, 4700]
    assert told(tone(4740, 440), journey).offset_ms(T0 + 3000 * MS) == 2740, "a prompt end: it was lost at the restart"


def test_what_was_lost_when_the_machine_stood_still_is_missing_at_the_hole() -> None:
    """Music, a hole of 0.12 s in it, music again: 0.28 s of the call are missing there."""
    music = tone(1040, 600) + bytes(16 * 120) + tone(6840, 600)
    (stage,) = of_seconds(8).stages
    end = T0 + 8280 * MS
    journey = replace(of_seconds(8), ended_at=end, stages=(replace(stage, left_at=end),))
    (piece, *_) = pieces_of(journey)

    def time(agents: bytes, one: Journey = journey) -> FileTime:
        voices = (Voice("c", 8000, tone(8000, 440)), Voice("a", 8000, agents))
        return file_time(one, piece, voices, join(*voices))

    held = time(music)
    assert [held.offset_ms(T0 + ms * MS) for ms in (1000, 1320, 1738, 8280)] == [1000, 1040, 1458, 8000]
    restarted = replace(journey, recordings=(replace(journey.recordings[0], gaps=(Gap(T0 + 500 * MS, 100),)),))
    assert time(music, restarted).offset_ms(T0 + 1900 * MS) == 1620
    for others in (
        tone(8000, 600),
        tone(1000, 600) + bytes(16 * 120) + tone(1000, 600) + bytes(16 * 120) + tone(5760, 600),
        tone(1040, 600) + bytes(16 * 1200) + tone(5760, 600),
    ):
        assert time(others).drift_ms == -280, "no hole, two of them, or a real silence: spread"


@pytest.mark.parametrize(
    "journey",
    [
        replace(of_seconds(3), ended_at=None),
        replace(of_seconds(3), ended_at=T0 + 20 * S),
        replace(of_seconds(3), ended_at=T0),
        replace(of_seconds(3), recordings=(*of_seconds(3).recordings, Recording(stem="later", started_at=T0 + S))),
    ],
    ids=["goes on", "ended much later", "ended at once", "another took over"],
)
def test_an_end_that_tells_nothing_is_not_asked(journey: Journey) -> None:
    time = told(tone(3200, 440), journey)
    assert (time.written_us, time.offset_ms(T0 + 3000 * MS)) == (0, 3000)


def test_a_voice_that_a_dead_pbx_cut_has_no_end() -> None:
    assert told(tone(2500, 440), of_seconds(3), repaired=True).written_us == 0


def test_the_file_of_a_consultation_begins_when_somebody_answers() -> None:
    recording = Recording(stem="apart", started_at=T0, checked_at=T0 + 5 * S)
    consult = Consult(
        agent="arm01", line="l", target="amu", started_at=T0, answered_at=T0 + 2 * S, answered_by="amu01", ended_at=T0 + 4 * S,
        how=ConsultEnd.RETURNED, recording=recording,
    )  # fmt: skip
    piece = Piece(piece_id="apart", call_id=PIECE, kind=PieceKind.CONSULTATION, stem="apart", started_at=T0, state_at=T0)
    voices = (Voice("c", 8000, tone(2500, 440)), Voice("a", 8000, tone(2500, 600)))

    def time(one: Consult) -> FileTime:
        return file_time(replace(of_seconds(5), consults=(one,)), piece, voices, join(*voices))

    assert [time(consult).offset_ms(T0 + at * S) for at in (2, 4)] == [0, 2000]
    unanswered = replace(consult, answered_at=None)
    assert time(unanswered).offset_ms(T0 + 2 * S) == 2000


def test_a_recording_that_its_call_does_not_know_begins_where_its_piece_does() -> None:
    (piece,) = pieces_of(of_seconds(3))
    voices = (Voice("c", 8000, tone(1000, 440)), Voice("a", 8000, tone(1000, 600)))
    assert file_time(replace(of_seconds(3), recordings=()), piece, voices, join(*voices)).offset_ms(T0 + S) == 1000


def test_the_sealed_timeline_follows_the_time_of_the_file(kept: House) -> None:
    journey = of_seconds(4, Gap(T0 + 1000 * MS, 100))
    left = T0 + 3000 * MS
    journey = replace(journey, stages=(replace(journey.stages[0], answered_at=T0 + 2000 * MS, joined_at=None, left_at=left),))
    kept.record(caller=wav(tone(3900, 440)), agents=wav(tone(3900, 600)))
    piece = kept.archiver().take(journey, pieces_of(journey)[0])
    assert piece.sealed is not None
    opener: Opener = kept.opener
    beside = json.loads(opener(kept.shelf.get(names(piece.sealed.key)[1]) or b""))
    (stage,) = beside["stages"]
    assert (stage["talk_ms"], stage["left_ms"]) == (1900, 2900)
    assert beside["time"] == {
        "gaps": [{"resumed_at": "2026-12-16T08:00:01.000Z", "missing_ms": 100}],
        "inserted": [],
        "written_ms": 3900,
        "drift_ms": 0,
    }
