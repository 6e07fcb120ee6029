"""Alarms on the board: they stand from when they began until all is clear, and reach the screens like any other change."""

from cti.live import Board, Gravite
from tests.fakes.room import FILIERES, T0, Clock, S


def a_board() -> Board:
    return Board(FILIERES, clock=Clock())


def test_a_quiet_room_has_none() -> None:
    assert a_board().snapshot()["alarms"] == {}


def test_an_alarm_is_told_and_taken_back() -> None:
    board = a_board()
    before = board.seq
    board.alarm("store", "Base de données indisponible", at=T0)
    told = {"since": "2026-12-16T08:00:00.000Z", "text": "Base de données indisponible", "gravite": "critique"}
    assert board.snapshot()["alarms"] == {"store": told}
    change = board.changes_since(before)
    assert change is not None
    assert change["alarms"] == {"store": told}

    before = board.seq
    board.all_clear("store")
    assert board.snapshot()["alarms"] == {}
    change = board.changes_since(before)
    assert change is not None
    assert change["alarms"] == {"store": None}


def test_an_alarm_said_again_wakes_nobody() -> None:
    board = a_board()
    board.alarm("store", "indisponible", at=T0)
    before = board.seq
    board.alarm("store", "indisponible", at=T0 + 2 * S)
    board.all_clear("never_raised")
    assert board.seq == before


def test_other_words_keep_the_beginning() -> None:
    board = a_board()
    board.alarm("disk", "bientôt plein", at=T0, gravite=Gravite.AVERTISSEMENT)
    board.alarm("disk", "plein", at=T0 + 9 * S)
    told = board.snapshot()["alarms"]["disk"]
    assert told == {"since": "2026-12-16T08:00:00.000Z", "text": "plein", "gravite": "critique"}


def test_an_alarm_that_comes_back_begins_anew() -> None:
    board = a_board()
    board.alarm("store", "indisponible", at=T0)
    board.all_clear("store")
    board.alarm("store", "indisponible", at=T0 + 9 * S)
    assert board.snapshot()["alarms"]["store"]["since"] == "2026-12-16T08:00:09.000Z"


def test_a_screen_that_missed_a_whole_alarm_is_told_it_is_over() -> None:
    board = a_board()
    before = board.seq
    board.alarm("store", "indisponible", at=T0)
    board.alarm("agi", "refus", at=T0)
    board.all_clear("store")
    change = board.changes_since(before)
    assert change is not None
    assert {code: alarm and alarm["text"] for code, alarm in change["alarms"].items()} == {"store": None, "agi": "refus"}
