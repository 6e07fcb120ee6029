"""Pauses on the board: since they were taken, not since we began to look."""

from cti.journey import events as ev
from cti.journey.words import iso
from cti.live import Board
from tests.fakes.room import FILIERES, T0, S


def test_a_pause_lasts_since_it_was_taken_whenever_we_began_to_see_it() -> None:
    board = Board(FILIERES, clock=lambda: T0)
    taken: dict[str, int] = {"arm01": T0 - 600 * S}
    board.holds = taken.get

    def seat() -> tuple[str, str, str]:
        told = board.snapshot()["agents"]["arm01"]["filieres"]["n1"]
        return told["presence"], told["since"], told["reason"]

    def sees(presence: ev.Presence, at: int, reason: str = "") -> None:
        board.seen(ev.AgentSeen(at=T0 + at * S, agent="arm01", filiere="n1", presence=presence, reason=reason))

    sees(ev.Presence.PAUSED, 0, "repas")
    assert seat() == ("paused", iso(T0 - 600 * S), "repas")
    taken["arm01"] = T0 + 10 * S
    sees(ev.Presence.PAUSED, 11, "formation")
    assert seat() == ("paused", iso(T0 + 10 * S), "formation")
    sees(ev.Presence.TALKING, 20, "formation")
    assert seat()[:2] == ("talking", iso(T0 + 20 * S))
