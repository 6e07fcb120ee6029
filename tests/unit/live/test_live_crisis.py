"""Crisis mode on the board: one part, and thresholds that follow it."""

from typing import Any

from cti.live import Board
from cti.live.views import CrisisView
from tests.fakes.room import FILIERES, T0, Clock


def crisis(**changes: Any) -> CrisisView:
    values: dict[str, Any] = {"active": True, "since": T0, "by": "Dr Martin", "reason": "canicule", "pbx": True, "proposal": None}
    return CrisisView(**{**values, "spans": (), **changes})


def test_a_crisis_is_one_part_and_its_thresholds_are_those_of_every_filiere() -> None:
    board = Board(FILIERES, clock=Clock())
    assert board.snapshot()["crise"] is None
    board.show_crisis(crisis(), 60, 120)
    seq = board.seq
    board.show_crisis(crisis(), 60, 120)
    assert board.seq == seq, "nothing new"
    board.show_crisis(crisis(pbx=False), 60, 120)
    change = board.changes_since(seq)
    assert change is not None
    assert set(change) == {"epoch", "seq", "at", "crise"}
    assert change["crise"]["pbx"] is False
    board.show_crisis(crisis(active=False), 20, 30)
    change = board.changes_since(seq)
    assert change is not None
    assert {card["attente_rouge_seconds"] for card in change["filieres"].values()} == {30}
    assert len(change["filieres"]) == len(FILIERES)
