"""The fan-out: one number per screen, bounded by construction."""

import asyncio
import json

import pytest

from cti.live import Board, Feed
from cti.live.feed import TooManyScreens
from tests.fakes.room import FILIERES, T0, Clock, Room


class Spacing:
    """A pause that remembers and passes at once."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)


def a_feed(*, history: int = 100, max_screens: int = 10) -> tuple[Feed, Room, Spacing]:
    board = Board(FILIERES, clock=Clock(), history=history)
    spacing = Spacing()
    return Feed(board, pause=spacing, max_screens=max_screens), Room(board), spacing


async def test_a_new_screen_takes_the_picture_then_the_changes() -> None:
    feed, room, _ = a_feed()
    screen = feed.subscribe()
    first = await screen.next()
    assert first is not None
    assert first.kind == "snapshot"
    room.arrive("c", T0)
    second = await screen.next()
    assert second is not None
    assert second.kind == "change"
    assert json.loads(second.data)["calls"]["c"]["state"] == "greeting"
    assert second.id == f"{room.board.epoch}.{room.board.seq}"


async def test_a_change_wakes_a_waiting_screen() -> None:
    feed, room, _ = a_feed()
    screen = feed.subscribe()
    await screen.next()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waiting = group.create_task(screen.next())
        while not screen._bell._waiters:  # the screen listens
            await asyncio.sleep(0)
        room.arrive("c", T0)
    push = waiting.result()
    assert push is not None
    assert push.kind == "change"


async def test_pushes_to_one_screen_keep_their_spacing_and_the_first_goes_at_once() -> None:
    feed, room, spacing = a_feed()
    screen = feed.subscribe()
    await screen.next()
    assert spacing.asked == []
    room.arrive("c", T0)
    await screen.next()
    assert spacing.asked == [0.03]


async def test_a_slow_screen_gets_one_push_for_all_it_missed_and_costs_the_others_nothing() -> None:
    feed, room, _ = a_feed()
    slow, quick = feed.subscribe(), feed.subscribe()
    await slow.next()
    await quick.next()
    for i in range(50):
        room.arrive(f"c{i}", T0)
        assert await quick.next() is not None
    push = await slow.next()
    assert push is not None
    assert push.kind == "change"
    assert len(json.loads(push.data)["calls"]) == 50


async def test_a_screen_behind_the_memory_takes_the_picture_again() -> None:
    feed, room, _ = a_feed(history=10)
    screen = feed.subscribe()
    await screen.next()
    for i in range(11):
        room.arrive(f"c{i}", T0)
    push = await screen.next()
    assert push is not None
    assert push.kind == "snapshot"
    assert len(json.loads(push.data)["calls"]) == 11


async def test_a_screen_resumes_where_it_stopped() -> None:
    feed, room, _ = a_feed()
    screen = feed.subscribe()
    first = await screen.next()
    assert first is not None
    feed.leave(screen)
    room.arrive("c", T0)
    push = await feed.subscribe(first.id).next()
    assert push is not None
    assert push.kind == "change"


@pytest.mark.parametrize("last_id", ["", "nonsense", "abc.1", "{epoch}.-1", "{epoch}.99999", "{epoch}.²", "{epoch}." + "9" * 40])
async def test_an_id_this_board_never_gave_starts_with_the_picture(last_id: str) -> None:
    feed, room, _ = a_feed()
    room.arrive("c", T0)
    push = await feed.subscribe(last_id.format(epoch=room.board.epoch)).next()
    assert push is not None
    assert push.kind == "snapshot"


async def test_screens_that_keep_up_share_one_encoded_push() -> None:
    feed, room, _ = a_feed()
    screens = [feed.subscribe() for _ in range(3)]
    for screen in screens:
        await screen.next()
    room.arrive("c", T0)
    pushes = [await screen.next() for screen in screens]
    assert pushes[0] is pushes[1] is pushes[2]


async def test_the_number_of_screens_is_bounded_and_a_place_is_given_back() -> None:
    feed, _, _ = a_feed(max_screens=2)
    first, _second = feed.subscribe(), feed.subscribe()
    with pytest.raises(TooManyScreens):
        feed.subscribe()
    feed.leave(first)
    feed.subscribe()
    assert feed.screens == 2


async def test_closing_ends_every_stream() -> None:
    feed, _, _ = a_feed()
    screen = feed.subscribe()
    await screen.next()
    feed.close()
    assert await screen.next() is None
    assert feed.screens == 0
