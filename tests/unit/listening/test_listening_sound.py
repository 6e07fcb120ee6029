"""Bytes of a file that is nowhere, its peaks, its tickets: against plain arithmetic on the whole."""

import io
import struct
from array import array

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from cti.journey.around.access import AccessRole
from cti.listening.peaks import Track
from cti.listening.stereo import header, interleaved, part, size
from cti.listening.tickets import Ticket, Tickets

RATE = 8000


def both(frames: int) -> bytes:
    """Frames whose two samples say where they are."""
    return b"".join(struct.pack("<hh", n % 30_000, -(n % 30_000)) for n in range(frames))


def test_the_file_is_one_that_everybody_reads() -> None:
    told, rate = soundfile.read(io.BytesIO(header(5, 16_000) + both(5)), dtype="int16")
    assert (rate, told.tolist()) == (16_000, [[n, -n] for n in range(5)])
    assert size(5) == len(header(5, RATE) + both(5))


@given(frames=st.integers(0, 300), cut=st.tuples(st.integers(0, 1300), st.integers(0, 1300)), together=st.integers(1, 97))
def test_any_part_is_that_part_of_the_whole(frames: int, cut: tuple[int, int], together: int) -> None:
    whole = header(frames, RATE) + both(frames)
    first, last = min(cut) % len(whole), max(cut) % len(whole)
    if last < first:
        first, last = last, first
    asked: list[tuple[int, int]] = []

    def read(frame: int, count: int) -> bytes:
        asked.append((frame, count))
        return both(frames)[frame * 4 : (frame + count) * 4]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cti.listening.stereo._TOGETHER", together)
        assert b"".join(part(frames, RATE, first, last, read)) == whole[first : last + 1]
    assert sum(count for _, count in asked) <= (last - first) // 4 + 2, "no more than was asked for"
    assert all(count <= together for _, count in asked)


@pytest.mark.parametrize(
    ("caller", "agents", "expected"),
    [
        ([1, 2, 3], [4, 5, 6], [1, 4, 2, 5, 3, 6]), ([1], [4, 5, 6], [1, 4, 0, 5, 0, 6]), ([], [], [0] * 6),
        ([1, 2, 3, 9], [4, 5, 6, 9], [1, 4, 2, 5, 3, 6]),
    ],
)  # fmt: skip
def test_the_shorter_voice_is_silent_to_the_end(caller: list[int], agents: list[int], expected: list[int]) -> None:
    told = interleaved(array("h", caller).tobytes(), array("h", agents).tobytes(), 3)
    assert array("h", told).tolist() == expected
    assert interleaved(array("h", [7]).tobytes() + b"x", b"", 1) == array("h", [7, 0]).tobytes(), "half a sample is none"


# --- peaks --------------------------------------------------------------------------------------------------------------


def test_peaks_are_the_loudest_of_each_part_and_looked_for_once() -> None:
    frames = np.zeros((RATE, 2), dtype="<i2")  # one second: fifty slices
    frames[0, 0], frames[161, 1], frames[-1, 0] = -32_768, 16_384, 3_277
    asked: list[tuple[int, int]] = []

    def read(first: int, count: int) -> bytes:
        asked.append((first, count))
        return frames[first : first + count].tobytes()

    track = Track(RATE)
    told = track.told(RATE, read, 50, RATE)
    assert (told["duration_ms"], told["bucket_ms"]) == (1000, 20)
    assert told["caller"] == [1.0] + [0.0] * 48 + [0.1]
    assert told["agents"] == [0.0, 0.5] + [0.0] * 48
    assert asked == [(0, RATE)]
    few = track.told(RATE, read, 10, RATE)
    assert (few["bucket_ms"], few["caller"], few["agents"][0]) == (100, [1.0] + [0.0] * 8 + [0.1], 0.5)
    assert asked == [(0, RATE)], "once"
    assert track.told(RATE, read, 7, RATE)["bucket_ms"] == 160, "whole slices, no more parts than asked"
    assert len(track.told(RATE, read, 7, RATE)["caller"]) == 7
    half = track.told(RATE // 2 + 80, read, 1000, RATE)
    assert (half["duration_ms"], len(half["caller"]), asked[-1]) == (510, 26, (RATE // 2, 80)), "half a slice is looked at anew"


def test_what_may_still_change_is_looked_at_anew_and_what_grows_only_where_it_is_new() -> None:
    frames = np.zeros((2 * RATE, 2), dtype="<i2")
    asked: list[tuple[int, int]] = []

    def read(first: int, count: int) -> bytes:
        asked.append((first, count))
        return frames[first : first + count].tobytes()

    track = Track(RATE)
    track.told(RATE, read, 50, solid=RATE // 2)
    frames[RATE // 2 + 10, 1] = 32_767
    assert track.told(RATE, read, 50, solid=RATE)["agents"][25] == 1.0
    assert asked == [(0, RATE // 2), (RATE // 2, RATE // 2), (RATE // 2, RATE // 2)]
    track.told(2 * RATE, read, 50, solid=2 * RATE)
    assert asked[-1] == (RATE, RATE)


def test_an_hour_is_looked_at_in_parts() -> None:
    asked: list[int] = []

    def read(first: int, count: int) -> bytes:
        asked.append(count)
        return bytes(count * 4)

    told = Track(RATE).told(3600 * RATE, read, 1000, 3600 * RATE)
    assert (told["duration_ms"], len(told["caller"]), max(asked)) == (3_600_000, 1000, 1_200_000)
    assert Track(RATE).told(0, read, 10, 0) == {"duration_ms": 0, "bucket_ms": 20, "caller": [], "agents": []}


# --- tickets ------------------------------------------------------------------------------------------------------------


def ticket(name: str, who: str = "anne", until: int = 100) -> Ticket:
    return Ticket(
        ecoute_id=name, secret=f"secret of {name}", who=who, role=AccessRole.MRU, token_id="t", piece_id=f"p-{name}", call_id="c",
        opened_at=0, expires_at=until,
    )  # fmt: skip


def test_a_secret_opens_its_own_ticket_alone_and_is_not_shown() -> None:
    one = ticket("a")
    assert one.opens("secret of a")
    assert not one.opens("secret of b")
    assert not one.opens("\udcff")
    assert "secret of a" not in repr(one)


def test_tickets_are_counted_by_account_closed_and_swept() -> None:
    tickets = Tickets(2)
    for one in (ticket("a"), ticket("x", "zoe"), ticket("b"), ticket("c", until=300)):
        tickets.open(one)
    assert tickets.find("a") is None, "anne's oldest"
    assert (len(tickets), tickets.pieces()) == (3, {"p-x", "p-b", "p-c"})
    tickets.close("x")
    tickets.close("x")
    assert tickets.sweep(99) == []
    assert [one.ecoute_id for one in tickets.sweep(100)] == ["b"]
    assert tickets.find("c") == ticket("c", until=300)
