"""A caller with several people on the board."""

from cti.journey import events as ev
from cti.live import Board
from tests.fakes.room import FILIERES, T0, Clock, Room, S


def with_the_arm() -> tuple[Board, Room]:
    board = Board(FILIERES, clock=Clock())
    board.seen(ev.LinkUp(at=T0))
    room = Room(board)
    room.arrive("c", T0)
    room.wait("c", "n1", T0 + S)
    room.ring("c", "arm01", T0 + 2 * S)
    room.answer("c", "arm01", T0 + 3 * S)
    return board, room


def call(board: Board) -> dict[str, object]:
    found: dict[str, object] = board.snapshot()["calls"]["c"]
    return found


def ask(room: Room) -> None:
    room.tell(ev.ReinforcementAsked(call_id="c", at=T0 + 5 * S, filiere="mru", via=ev.TransferVia.API, p0=True))


def come(room: Room) -> None:
    leg = {"call_id": "c", "agent": "mru01", "leg": "c-mru01"}
    room.tell(ev.AgentOffered(at=T0 + 5 * S, filiere="mru", **leg), ev.AgentAnswered(at=T0 + 9 * S, filiere="mru", **leg))


def test_a_p0_that_is_asked_is_shown_and_the_caller_stays_where_he_talks() -> None:
    board, room = with_the_arm()
    assert call(board)["room"] is None
    ask(room)
    told = call(board)
    assert (told["room"], told["state"], told["filiere"], told["agents"]) == ("p0", "talking", "n1", ["arm01"])
    cards = board.snapshot()["filieres"]
    assert (cards["n1"]["talking"], cards["mru"]["talking"], cards["mru"]["waiting"]) == (1, 0, 0)


def test_both_are_shown_and_whoever_goes_on_alone_is_an_ordinary_talk() -> None:
    board, room = with_the_arm()
    ask(room)
    come(room)
    assert (call(board)["room"], call(board)["agents"], call(board)["filiere"]) == ("p0", ["arm01", "mru01"], "mru")
    room.tell(ev.AgentLeft(call_id="c", at=T0 + 12 * S, agent="arm01", leg="c-arm01"))
    assert (call(board)["room"], call(board)["agents"], call(board)["state"]) == (None, ["mru01"], "talking")


def test_guests_are_shown_by_their_name_or_a_masked_number() -> None:
    board, room = with_the_arm()
    for guest, libelle, number in (("g1", "CTA pompiers", "0199001811"), ("g2", "", "0639980042")):
        room.tell(
            ev.GuestAsked(call_id="c", at=T0 + 5 * S, guest=guest, code="x", libelle=libelle, number=number),
            ev.GuestAnswered(call_id="c", at=T0 + 6 * S, guest=guest),
        )
    assert (call(board)["room"], call(board)["guests"]) == ("conference", ["CTA pompiers", "••0042"])
    for guest in ("g1", "g2"):
        room.tell(ev.GuestLeft(call_id="c", at=T0 + 9 * S, guest=guest, how=ev.GuestEnd.LEFT))
    assert (call(board)["room"], call(board)["guests"]) == (None, [])
