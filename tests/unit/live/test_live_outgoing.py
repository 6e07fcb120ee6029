"""Outgoing calls on the board: seen, counted apart, and their agent is not free."""

from cti.journey import events as ev
from cti.live import Board
from tests.fakes.room import FILIERES, T0, Clock, Room, S


def test_an_outgoing_call_is_shown_and_counts_in_no_filiere_until_it_is_passed_on() -> None:
    board = Board(FILIERES, clock=Clock())
    board.seen(ev.LinkUp(at=T0))
    room = Room(board)
    room.agent("arm01", "n1", ev.Presence.FREE, T0)
    number, ids = "0639980007", {"call_id": "o"}
    room.tell(ev.CallPlaced(**ids, at=T0, channel="a", agent="arm01", number=number, via=ev.PlacedVia.ECRAN))
    seen = board.snapshot()
    assert (seen["totals"]["outgoing"], seen["totals"]["calls"], seen["agents"]["arm01"]["outgoing"]) == (1, 1, "o")
    call = seen["calls"]["o"]
    assert (call["state"], call["direction"], call["placed_by"], call["caller"], call["agents"]) == (
        "placed", "sortant", "arm01", "••0007", ["arm01"],
    )  # fmt: skip
    room.tell(ev.PlacerReady(**ids, at=T0 + S, agent="arm01", leg="a"), ev.CalleeReached(**ids, at=T0 + 5 * S, line="b"))
    seen = board.snapshot()
    assert (seen["calls"]["o"]["filiere"], seen["totals"]["talking"], seen["filieres"]["n1"]["talking"]) == (None, 0, 0)
    assert seen["calls"]["o"]["waiting_since"] is None
    assert seen["waits"] == [], "nobody waited"

    room.tell(ev.TransferAsked(**ids, at=T0 + 20 * S, target="mru", via=ev.TransferVia.REFER))
    room.wait("o", "mru", T0 + 21 * S)
    seen = board.snapshot()
    assert (seen["totals"]["outgoing"], seen["totals"]["waiting"], seen["filieres"]["mru"]["waiting"]) == (0, 1, 1)
    assert seen["agents"]["arm01"]["outgoing"] is None
    room.end("o", T0 + 30 * S)
    assert board.snapshot()["calls"] == {}


def test_the_agents_part_changes_with_his_call() -> None:
    board = Board(FILIERES, clock=Clock())
    room = Room(board)
    room.agent("arm01", "n1", ev.Presence.TALKING, T0)
    before = board.seq
    room.tell(ev.CallPlaced(call_id="o", at=T0, channel="a", agent="arm01", number="17", via=ev.PlacedVia.POSTE))
    change = board.changes_since(before)
    assert change is not None
    assert change["agents"]["arm01"]["outgoing"] == "o"
    before = board.seq
    room.end("o", T0 + S)
    change = board.changes_since(before)
    assert change is not None
    assert change["agents"]["arm01"]["outgoing"] is None
    assert board.presences("arm01") == (ev.Presence.TALKING,)
