"""When the day's figures are asked for again."""

from datetime import date

import pytest

from cti.journey import Instant
from cti.journey.ledger import StoreUnavailable
from cti.journey.words import as_datetime
from cti.live import Board, DayCount, DayWatch
from tests.fakes.room import FILIERES, T0, Clock, Room, S, day_count


class Figures:
    """Counts how often it is asked; ``meanwhile`` happens during the count."""

    def __init__(self) -> None:
        self.asked = 0
        self.failure: Exception | None = None
        self.meanwhile = lambda: None

    async def __call__(self, at: Instant) -> DayCount:
        self.asked += 1
        self.meanwhile()
        if self.failure is not None:
            raise self.failure
        return day_count(day=as_datetime(at).date(), entrants=self.asked)


@pytest.fixture
def made() -> tuple[DayWatch, Figures, Room, Clock]:
    clock, figures = Clock(), Figures()
    board = Board(FILIERES, clock=clock)

    async def never(_seconds: float) -> None:
        raise AssertionError("look() does not pause")

    def local_day(at: Instant) -> date:
        return as_datetime(at).date()

    return DayWatch(board, figures, clock=clock, local_day=local_day, pause=never), figures, Room(board), clock


async def test_a_calm_room_is_counted_once(made: tuple[DayWatch, Figures, Room, Clock]) -> None:
    watch, figures, room, _ = made
    await watch.look()
    await watch.look()
    assert figures.asked == 1
    assert room.board.snapshot()["day"]["entrants"] == 1


async def test_a_call_asks_for_a_new_count(made: tuple[DayWatch, Figures, Room, Clock]) -> None:
    watch, figures, room, _ = made
    await watch.look()
    room.arrive("c", T0)
    await watch.look()
    assert figures.asked == 2


async def test_a_call_that_moves_during_the_count_is_counted_the_next_time(made: tuple[DayWatch, Figures, Room, Clock]) -> None:
    watch, figures, room, _ = made
    figures.meanwhile = lambda: room.arrive("c", T0)
    await watch.look()
    figures.meanwhile = lambda: None
    await watch.look()
    assert figures.asked == 2


async def test_midnight_starts_a_new_day_even_when_nobody_calls(made: tuple[DayWatch, Figures, Room, Clock]) -> None:
    watch, _, room, clock = made
    await watch.look()
    clock.now += 24 * 3600 * S
    await watch.look()
    assert room.board.snapshot()["day"]["day"] == "2026-12-17"


async def test_figures_that_cannot_be_read_leave_the_old_ones_and_are_asked_again(
    made: tuple[DayWatch, Figures, Room, Clock],
) -> None:
    watch, figures, room, _ = made
    await watch.look()
    room.arrive("c", T0)
    figures.failure = StoreUnavailable("locked")
    await watch.look()
    assert room.board.snapshot()["day"]["entrants"] == 1
    figures.failure = None
    await watch.look()
    assert room.board.snapshot()["day"]["entrants"] == 3
