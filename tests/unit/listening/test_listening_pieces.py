"""The recordings of a call: those of the story, those that only the archive knows; where each stands; how it is told."""

from dataclasses import replace

import pytest

from cti.journey.around.keeping import Hold, HoldKind, Scope, Target
from cti.journey.around.voice import Piece, PieceKind, VoiceState
from cti.journey.events import ConsultEnd
from cti.journey.model import Consult, Journey, Recording
from cti.listening.faults import NoSound, TicketOver
from cti.listening.pieces import Found, found
from cti.listening.telling import agents, detail, e164, row
from tests.unit.archive.keeping_house import piece as archived

T0 = 1_797_408_000_000_000
S = 1_000_000
NEVER = Recording(stem="2026/12/16/a", started_at=T0)


def seen(recording: Recording, **changes: int | str | None) -> Recording:
    return replace(recording, checked_at=T0 + 9 * S, **changes)  # type: ignore[arg-type]


def of(*recordings: Recording, consults: tuple[Consult, ...] = (), ended: int | None = None) -> Journey:
    return Journey(call_id="c", t0=T0, recordings=recordings, consults=consults, ended_at=ended)


def consult(how: ConsultEnd | None, recording: Recording | None) -> Consult:
    return Consult(agent="arm01", line="l", target="1021", started_at=T0, answered_at=T0, how=how, recording=recording)


@pytest.mark.parametrize(
    ("recording", "ended", "state", "running", "duration"),
    [
        (NEVER, None, VoiceState.STARTED, True, None),
        (NEVER, T0 + S, VoiceState.STARTED, False, None),
        (seen(NEVER, caller_ms=900, agents_ms=1000), T0 + S, VoiceState.PROVEN, False, 1000),
        (seen(NEVER, caller_ms=900, agents_ms=0, problem="muet"), T0 + S, VoiceState.DAMAGED, False, 900),
        (seen(NEVER, problem="absent"), T0 + S, VoiceState.MISSING, False, None),
    ],
)
def test_where_a_recording_stands_that_the_archive_has_not_taken_up(
    recording: Recording, ended: int | None, state: VoiceState, running: bool, duration: int | None
) -> None:
    (one,) = found(of(recording, ended=ended), ())
    assert (one.piece.piece_id, one.piece.state, one.running, one.duration_ms) == ("a", state, running, duration)
    assert one.piece.problem == recording.problem


def test_what_the_archive_says_comes_first_and_what_only_it_knows_is_there_too() -> None:
    row_of_it = replace(archived(1, call="c"), piece_id="a", stem="2026/12/16/a")
    stray = replace(archived(2, call="c"), started_at=T0 + 5 * S)
    both = found(of(seen(NEVER, caller_ms=1, agents_ms=1), ended=T0 + S), [row_of_it, stray])
    assert [(one.piece, one.running, one.duration_ms) for one in both] == [(row_of_it, False, 60_000), (stray, False, 60_000)]


def test_a_later_recording_takes_over_and_one_that_goes_on_in_the_same_file_is_one() -> None:
    later = replace(NEVER, stem="2026/12/16/b", started_at=T0 + S)
    told = found(of(NEVER, replace(NEVER, started_at=T0 + 2), later, replace(NEVER, stem="")), ())
    assert [(one.piece.piece_id, one.running) for one in told] == [("a", False), ("b", True)]


@pytest.mark.parametrize(
    ("how", "running"),
    [(None, True), (ConsultEnd.CALLER_GONE, True), (ConsultEnd.TRANSFERRED, True), (ConsultEnd.RETURNED, False),
     (ConsultEnd.BUSY, False)],
)  # fmt: skip
def test_a_consultations_recorder_may_outlive_its_caller(how: ConsultEnd | None, running: bool) -> None:
    (one,) = found(of(consults=(consult(how, NEVER), consult(how, None)), ended=T0 + S), ())
    assert (one.piece.kind, one.running, one.consult) == (PieceKind.CONSULTATION, running, consult(how, NEVER))


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("0612345678", "+33612345678"), ("33612345678", "+33612345678"), ("+4915112345678", "+4915112345678"), (None, None),
        ("***", None), ("004915112345678", "+4915112345678"), ("612345", "612345"),
    ],
)  # fmt: skip
def test_numbers_as_the_world_writes_them(number: str | None, told: str | None) -> None:
    assert e164(number) == told


def names(agent: str, at: int) -> str:
    return agent.upper()


def test_a_consultation_nobody_answered_names_who_asked_alone() -> None:
    asked = replace(consult(ConsultEnd.NO_ANSWER, NEVER), answered_at=None)
    (one,) = found(of(consults=(asked,)), ())
    assert agents(one, names) == [{"agent": "arm01", "nom": "ARM01", "filiere": ""}]
    (told,) = detail(one, names, ())["consults"]
    assert (told["answered_by"], told["answered_by_nom"], told["answered_ms"]) == (None, None, None)
    (met,) = found(of(consults=(replace(asked, answered_by="mru01", answered_at=T0 + S),)), ())
    assert [told["nom"] for told in agents(met, names)] == ["ARM01", "MRU01"]


def test_a_row_without_a_story_is_told_all_the_same_and_released_holds_are_not() -> None:
    stray = replace(archived(1, call="c"), kind=PieceKind.CONSULTATION, started_at=T0)
    one = Found(piece=stray, journey=of(), running=False, duration_ms=60_000)
    released = Hold(
        number=1, target=Target(Scope.PIECE, "p1"), kind=HoldKind.AUTRE, reference="r", asked_by="a", placed_by="b", placed_at=T0,
        reason="c", released_at=T0 + 1,
    )  # fmt: skip
    told = row(one, names) | detail(one, names, [released, replace(released, number=2, released_at=None)])
    assert (told["caller"], told["agents"], told["stages"], told["consults"]) == (None, [], [], [])
    assert [hold["number"] for hold in told["gels"]] == [2]


def test_a_stage_that_nobody_answered_has_no_name() -> None:
    from tests.fakes.voice_room import call, stage  # noqa: PLC0415

    (one,) = found(call("c", stage("n1", "arm01", 0, answered=False), ended=None), ())
    (told,) = detail(one, names, ())["stages"]
    assert (told["agent"], told["nom"], told["answered_ms"], told["left_ms"]) == (None, None, None, None)


def test_the_piece_of_an_unarchived_recording_is_a_piece() -> None:
    (one,) = found(of(NEVER), ())
    assert one.piece == Piece(
        piece_id="a", call_id="c", kind=PieceKind.APPEL, stem="2026/12/16/a", started_at=T0, state_at=T0, state=VoiceState.STARTED
    )


def test_who_answered_is_heard_each_once_in_each_filiere() -> None:
    from tests.fakes.voice_room import call, stage  # noqa: PLC0415

    talks = [stage("n1", "arm01", 0, 3), stage("mru", "arm01", 4, 5), stage("n1", "arm01", 6, 9)]
    (one,) = found(call("c", *talks, stage("mg", "osnp01", 9, answered=False)), ())
    assert [(told["agent"], told["filiere"]) for told in agents(one, names)] == [("arm01", "n1"), ("arm01", "mru")]


def test_why_nothing_is_heard_says_whether_it_is_for_good() -> None:
    assert (NoSound("rien").gone, NoSound("éliminé", gone=True).gone, TicketOver("tard", late=True).late) == (False, True, True)
    assert str(NoSound("rien")) == "rien"
