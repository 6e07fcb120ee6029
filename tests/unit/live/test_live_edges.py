"""What a board seldom hears, and must show right."""

from dataclasses import replace

import pytest

from cti.journey import Journey, State
from cti.journey import events as ev
from cti.journey.model import Guest, Stage
from cti.live import Board
from cti.live.views import room_of, view_of
from tests.fakes.room import FILIERES, T0, Clock, Room, S


def a_board(history: int = 4096) -> Board:
    board = Board(FILIERES, clock=Clock(), history=history)
    board.seen(ev.LinkUp(at=T0))
    return board


def test_an_agent_of_a_filiere_nobody_configured_is_shown_there() -> None:
    board = a_board()
    board.seen(ev.AgentSeen(at=T0, agent="x", filiere="new", presence=ev.Presence.FREE))
    assert board.snapshot()["filieres"]["new"]["inconnue"] is True
    assert board.loads() is not None
    assert board.loads()["new"][0] == 1  # type: ignore[index]


def test_the_same_word_about_the_link_changes_nothing() -> None:
    board = a_board()
    board.seen(ev.LinkDown(at=T0 + S, reason="closed"))
    before = board.seq
    board.seen(ev.LinkDown(at=T0 + 2 * S, reason="closed"))
    assert board.seq == before


def test_an_agent_who_was_never_there_cannot_leave() -> None:
    board = a_board()
    before = board.seq
    board.seen(ev.AgentGone(at=T0, agent="x", filiere="n1"))
    assert board.seq == before


def test_the_callers_to_call_back_are_told_once_per_change() -> None:
    board = a_board()
    assert board.snapshot()["callbacks"] is None
    assert board.callbacks_open is None
    board.count_callbacks(3, 1)
    assert board.callbacks_open == 3
    told = board.seq
    assert board.snapshot()["callbacks"] is not None
    board.count_callbacks(3, 1)
    assert board.seq == told
    board.count_callbacks(2, 1)
    assert board.changes_since(told) is not None
    assert "callbacks" in (board.changes_since(told) or {})


def test_a_board_that_remembers_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        a_board(history=0)


def test_a_caller_on_his_way_who_was_in_no_queue_yet_has_no_wait_to_show() -> None:
    """A human answered him outside any queue: since when he waits for the next one, nobody saw."""
    journey = Journey(call_id="c", state=State.MOVING, t0=T0, answered_at=T0 + S)
    assert view_of(journey, T0).waiting_since is None


def test_a_test_call_leaves_no_wait_on_the_curve() -> None:
    board = a_board()
    room = Room(board)
    for call, test in (("t", True), ("c", False)):
        room.tell(ev.CallArrived(call_id=call, at=T0, channel=call, did="15", flux="15", caller=None, test=test))
        room.wait(call, "n1", T0)
        room.ring(call, "arm01", T0 + S)
        room.answer(call, "arm01", T0 + 4 * S)
    assert [minute["answered"] for minute in board.snapshot()["waits"]] == [1], "the caller's alone"


def test_a_caller_whose_talk_lost_its_agent_is_still_where_he_was_last() -> None:
    talking = Journey(call_id="c", state=State.TALKING, stages=(Stage(filiere="amu", entered_at=T0),))
    assert view_of(talking, T0).filiere == "amu"


def test_a_call_that_is_over_is_no_room_whoever_was_there() -> None:
    guest = Guest(guest="g", code="cta", libelle="CTA", number=None, by=None, asked_at=T0)
    there = Journey(call_id="c", guests=(guest,))
    assert room_of(there) == "conference"
    assert room_of(replace(there, ended_at=T0 + S)) is None
