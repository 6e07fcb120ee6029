"""The tools of the bad days can do what they say, and the judge can find somebody guilty."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cti.sandbox.host.free import free_port
from cti.sandbox.people.truth import CallerTruth, Offer, Side
from tests.chaos import verdict
from tests.chaos.civil import hours_of
from tests.chaos.clocks import NoClocks, clocks_in
from tests.chaos.progress import OVERHEAD_SECONDS, Progress
from tests.chaos.proxy import Wire
from tests.chaos.stage import later

S = 1_000_000


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """A wire to somebody who says everything back."""
    talking: list[asyncio.Task[None]] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                writer.write(data)
        await _gone(writer)

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking.append(asyncio.ensure_future(echo(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with Wire(free_port(), server.sockets[0].getsockname()[1]) as wire:
        yield wire
    await asyncio.gather(*talking)
    server.close()
    await server.wait_closed()


async def _said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: bytes) -> bytes:
    writer.write(words)
    async with asyncio.timeout(5):
        return await reader.readexactly(len(words))


async def _gone(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def test_a_wire_carries_both_ways_even_in_pieces(wire: Wire) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.listen)
    assert await _said(reader, writer, b"bonjour") == b"bonjour"
    wire.bytes_per_second = 1_000_000
    assert await _said(reader, writer, b"x" * 5000) == b"x" * 5000
    await _gone(writer)


async def test_a_held_wire_is_open_and_silent_then_goes_on(wire: Wire) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.listen)
    await _said(reader, writer, b"bonjour")
    wire.hold()
    writer.write(b"encore")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await reader.readexactly(6)
    wire.flow()
    async with asyncio.timeout(5):
        assert await reader.readexactly(6) == b"encore"
    await _gone(writer)


async def test_a_cut_wire_is_reset(wire: Wire) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.listen)
    await _said(reader, writer, b"bonjour")
    wire.cut()
    async with asyncio.timeout(5):
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
    await _gone(writer)


async def test_frames_overtake_each_other_and_none_is_lost() -> None:
    """Of two channels in any order, of one channel in its own but for a few; answers to actions stay where they are."""
    said = [f"Event: E\r\nNumber: {n}\r\nUniqueid: {n % 3}\r\n\r\n" for n in range(300)]
    said += [f"Response: Success\r\nNumber: {n}\r\nActionID: {n}\r\n\r\n" for n in range(300, 330)]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write("".join(said).encode())
        await reader.read()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with Wire(free_port(), server.sockets[0].getsockname()[1], disorder=Random(1)) as wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.listen)
        async with asyncio.timeout(10):
            heard = [(await reader.readuntil(b"\r\n\r\n")).decode() for _ in said]
        await _gone(writer)
    server.close()
    assert sorted(heard) == sorted(said)
    order = [said.index(frame) for frame in heard]
    moved = sum(after < before for before, after in pairwise(order))
    astray = sum(a < b for n in range(3) for b, a in pairwise(i for i in order if i < 300 and i % 3 == n))
    assert moved > 50
    assert 0 < astray < moved / 2
    assert [i for i in order if i >= 300] == list(range(300, 330))


def test_a_stepped_clock_is_what_a_program_sees(tmp_path: Path) -> None:
    """Skipped, with its reason, where libfaketime cannot be had."""
    try:
        clocks = clocks_in(tmp_path, "2026-10-25T02:59:30+02:00")
    except NoClocks as why:
        pytest.skip(str(why))
    look = "import sys, time\nfor _ in sys.stdin: print(time.time_ns() // 1000, time.monotonic_ns() // 1000, flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", look],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=clocks.environ(clocks.pbx, os.environ),
    ) as seer:
        assert seer.stdin is not None
        assert seer.stdout is not None

        def seen() -> tuple[int, int]:
            print(file=seer.stdin, flush=True)
            at, steady = seer.stdout.readline().split()  # type: ignore[union-attr]
            return int(at), int(steady)

        at, steady = seen()
        assert 0 <= at - 1_792_889_970 * S < 60 * S
        asyncio.run(clocks.pbx.step(-3600))
        later, later_steady = seen()
        assert later - at == pytest.approx(later_steady - steady - 3600 * S, abs=S // 10)
        assert later_steady > steady
        seer.stdin.close()
    assert clocks.pbx.stepped_near(clocks.pbx.steps[1][0] - 1000, S)
    assert clocks.pbx.offset_at(clocks.pbx.steps[1][0] - 1) - clocks.pbx.offset_us == 3600 * S


def test_how_long_a_run_takes_is_told_from_the_days_lived() -> None:
    progress = Progress(["burst", "ami_cut", "midnight"], 48.0)
    assert progress.expected_seconds == 3 * (48 + OVERHEAD_SECONDS)
    progress._lived.append(100.0)
    assert progress.expected_seconds == 300.0
    assert "2/3 ami_cut: 0:00, " in progress.line("ami_cut")
    assert progress.line("ami_cut").endswith(" left")


def truth(**said: Any) -> CallerTruth:
    return CallerTruth(number="0612345678", did="15", shown=True, invited_at=S, heard=True, **said)


def talk(ended_at: int) -> Offer:
    return Offer(agent="arm01", number="0612345678", offered_at=S, answered_at=2 * S, ended_at=ended_at, ended_by=Side.AGENT)


@pytest.mark.parametrize(
    ("told", "guilty"),
    [
        (truth(ended_at=9 * S, ended_by=Side.PBX), True),
        (truth(ended_at=9 * S, ended_by=Side.PBX, offers=(talk(9 * S - 1000),)), False),
        (truth(ended_at=9 * S, ended_by=Side.PBX, offers=(talk(3 * S),)), True),
        (truth(ended_at=9 * S, ended_by=Side.CALLER), False),
    ],
    ids=["hung_up_by_the_pbx", "after_the_agent", "long_after_the_agent", "by_himself"],
)
def test_a_caller_whom_nobody_let_go_was_dropped(told: CallerTruth, guilty: bool) -> None:
    scene: Any = SimpleNamespace(pbx_deaths=[])
    assert bool(verdict._dropped([told], scene)) is guilty
    scene.pbx_deaths = [(8 * S, 10 * S)]
    assert not verdict._dropped([told], scene), "its own death is no fault of ours"


@pytest.mark.parametrize(("day", "hours"), [("2026-10-25", 25), ("2027-03-28", 23), ("2026-12-31", 24)])
def test_how_long_a_civil_day_is(day: str, hours: int) -> None:
    paris = ZoneInfo("Europe/Paris")
    assert hours_of(datetime.fromisoformat(day).replace(tzinfo=paris), paris) == hours


def test_a_caller_who_lived_through_a_step_has_the_time_he_came_in_with() -> None:
    """The truth is moved by how far off the PBX's clock was when he called, offers included."""
    told = truth(ended_at=9 * S, ended_by=Side.CALLER, offers=(talk(8 * S),))
    moved = later(told, -3600 * S)
    assert (moved.invited_at, moved.ended_at) == (S - 3600 * S, 9 * S - 3600 * S)
    assert [(offer.offered_at, offer.answered_at) for offer in moved.offers] == [(S - 3600 * S, 2 * S - 3600 * S)]
    assert moved.answered_by_pbx_at is None
