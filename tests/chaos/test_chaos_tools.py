"""The tools of the bad days can do what they say, and the judge can find somebody guilty."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from cti.sandbox.people.sip.places import free_port
from cti.sandbox.people.truth import CallerTruth, Offer, Side
from tests.chaos import verdict
from tests.chaos.proxy import Wire

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
