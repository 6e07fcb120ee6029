"""When the day's figures are asked for, and what stays on the wall when they cannot be had."""

import pytest

from cti.journey import Instant
from cti.journey.ledger import StoreUnavailable
from cti.journey.words import as_datetime
from cti.live import Board, DayCount, DayWatch
from tests.fakes.room import FILIERES, Clock, S, day_count


class Figures:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.entrants = 1
        self.failure: Exception | None = None

    async def __call__(self, at: Instant) -> DayCount:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return day_count(day=as_datetime(at).date(), entrants=self.entrants)


class Made:
    """A watch over a board, with pauses that a test counts."""

    def __init__(self) -> None:
        self.clock, self.figures = Clock(), Figures()
        self.board = Board(FILIERES, clock=self.clock)
        self.pauses: list[float] = []
        self.watch = DayWatch(self.board, self.figures, clock=self.clock, pause=self.pause)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) == 3:
            raise EndOfTest


class EndOfTest(Exception):
    pass


@pytest.fixture
def made() -> Made:
    return Made()


async def test_it_looks_every_two_seconds(made: Made) -> None:
    with pytest.raises(EndOfTest):
        await made.watch.run()
    assert (made.figures.asked, made.pauses) == (3, [2.0, 2.0, 2.0])


async def test_an_unchanged_day_wakes_no_screen(made: Made) -> None:
    await made.watch.look()
    before = made.board.seq
    await made.watch.look()
    assert made.board.seq == before
    made.figures.entrants = 2
    await made.watch.look()
    assert made.board.seq == before + 1


async def test_midnight_starts_a_new_day_even_when_nobody_calls(made: Made) -> None:
    await made.watch.look()
    made.clock.now += 24 * 3600 * S
    await made.watch.look()
    assert made.board.snapshot()["day"]["day"] == "2026-12-17"


@pytest.mark.parametrize("failure", [StoreUnavailable("locked"), ZeroDivisionError("a bug of ours")])
async def test_figures_that_cannot_be_had_leave_the_old_ones_and_are_asked_for_again(made: Made, failure: Exception) -> None:
    await made.watch.look()
    made.figures.failure, made.figures.entrants = failure, 2
    await made.watch.look()
    await made.watch.look()
    assert made.board.snapshot()["day"]["entrants"] == 1
    made.figures.failure = None
    await made.watch.look()
    assert made.board.snapshot()["day"]["entrants"] == 2
