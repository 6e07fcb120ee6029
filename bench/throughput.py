"""Frames a second through the whole pipeline and on disk, against a client that only counts them.

Ours: our protocol, translation, fold, and the commit of journal and journeys to an SQLite file in WAL mode, until the last event
is written. Rival: panoramisk 1.4's own protocol and manager, whose callback adds one. Both are given the same bytes in the same
pieces, in this process, turn about; the ratio is the middle one of the turns.
"""

import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from typing_extensions import override

from bench.figures import Figure
from bench.scene.recorded import Call, Copier, Heard, record
from cti.ami.answers import Counters
from cti.ami.frames import Frame, Framer
from cti.ami.protocol import Endpoint, Wire, WireProtocol
from cti.ami.translate import Translator
from cti.bootstrap.clock import OneThread, monotonic_us, now
from cti.bootstrap.collector import calm
from cti.pipeline import Pipeline
from cti.store import open_store

_PIECE = 65_536  #: what a socket gives at a time when much is waiting
_TURNS = 5
_CALLS_A_SECOND = 40.0
_BORN = 1_786_350_000_000_000


@dataclass(frozen=True, slots=True)
class Took:
    """One run: seconds on the wall and of CPU (all threads of this process)."""

    wall: float
    cpu: float
    events: int = 0


async def run() -> list[Figure]:
    """Both sets of frames: as the service's login receives them, and as a login with every class would."""
    heard: Heard = await record()
    calm()  # as `cti run` does; the rival has the good of it too
    return [
        await _compare("frames of the service's login, committed", heard.service, calls=2_000, goal=">= 1"),
        await _compare("frames of every class, committed", heard.curious, calls=500, goal=">= 1"),
    ]


async def _compare(what: str, calls_heard: tuple[Call, ...], *, calls: int, goal: str) -> Figure:
    frames = list(Copier(calls_heard).interleaved(calls, _CALLS_A_SECOND, _BORN))
    data = b"\r\n\r\n".join(frames) + b"\r\n\r\n"
    pieces = [data[start : start + _PIECE] for start in range(0, len(data), _PIECE)]
    turns = []
    for _ in range(_TURNS):
        rival = await _timed(_counted(pieces, len(frames)))
        turns.append((await _timed(_committed(pieces, calls)), rival))
    ratios = sorted(rival.wall / ours.wall for ours, rival in turns)
    best, best_rival = min(ours.wall for ours, _ in turns), min(rival.wall for _, rival in turns)
    cpu = statistics.median(rival.cpu / ours.cpu for ours, rival in turns)
    return Figure(
        bench="frames",
        what=what,
        ours=len(frames) / best,
        unit="/s",
        rival=len(frames) / best_rival,
        against="panoramisk 1.4, counting only",
        ratio=statistics.median(ratios),
        goal=goal,
        remarks=(f"{what}: {len(frames)} frames, {turns[0][0].events} events; by CPU instead of wall clock {cpu:.2f}",),
        detail={"turns": [round(ratio, 3) for ratio in ratios], "cpu_ratio": round(cpu, 3), "bytes": len(data)},
    )


_Side = Callable[[], Awaitable[int]]


async def _timed(side: _Side) -> Took:
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    events = await side()
    return Took(time.perf_counter() - wall, time.process_time() - cpu, events)


class _NoSocket(asyncio.Transport):
    """What a protocol may write to: nothing comes of it."""

    @override
    def write(self, data: Any) -> None:
        """Nobody listens."""


def _counted(pieces: list[bytes], frames: int) -> _Side:
    """The rival: as its own examples use it, one callback for every event."""

    async def side() -> int:
        seen = 0

        def count(_manager: Manager, _message: object) -> None:
            nonlocal seen
            seen += 1

        manager = Manager(loop=asyncio.get_running_loop())  # type: ignore[no-untyped-call]
        manager.register_event("*", count)  # type: ignore[no-untyped-call]
        protocol = AMIProtocol()
        protocol.connection_made(_NoSocket())  # type: ignore[no-untyped-call]
        protocol.factory = manager
        for piece in pieces:
            protocol.data_received(piece)  # type: ignore[no-untyped-call]
            await asyncio.sleep(0)
        if seen < 0.99 * frames:
            raise RuntimeError(f"the rival saw {seen} of {frames} frames")
        return seen

    return side


def _committed(pieces: list[bytes], calls: int) -> _Side:
    """Ours, until the last event is on disk."""

    async def side() -> int:
        thread = OneThread("bench")
        with tempfile.TemporaryDirectory(prefix="cti-bench-") as folder:
            store = await thread(open_store, f"sqlite:///{Path(folder) / 'cti.db'}")
            async with asyncio.TaskGroup() as tasks:
                pipeline = Pipeline(store, thread, now, tasks.create_task, {}, [])
                writer = tasks.create_task(pipeline.run())
                protocol = _ours(pipeline)
                for piece in pieces:
                    protocol.data_received(piece)
                    await asyncio.sleep(0)
                await pipeline.written()
                pipeline.stop()
                await writer
            ended = sum(1 for _ in _ended(store.reading.journeys(None, None)))
            await thread(store.close)
        thread.close()
        if ended != calls or pipeline.counters.rejected:
            raise RuntimeError(f"{ended} of {calls} calls ended in the store, {pipeline.counters.rejected} events rejected")
        return pipeline.counters.events

    return side


def _ended(journeys: Iterator[Any]) -> Iterator[Any]:
    return (journey for journey in journeys if journey.ended_at is not None)


def _ours(pipeline: Pipeline) -> WireProtocol:
    """The service's own protocol, translator and numbering of frames."""
    translator, number = Translator(), 0

    def deliver(frame: Frame) -> None:
        nonlocal number
        number += 1
        if events := translator.read(frame):
            pipeline.submit(events, "bench", number)

    framer = Framer()
    wire = Wire(
        Endpoint("127.0.0.1", 0), prefix="bench/", framer=framer, deliver=deliver, record=lambda frame: None,
        clock=now, monotonic_us=monotonic_us, counters=Counters(),
    )  # fmt: skip
    protocol = WireProtocol(wire, framer)
    protocol.connection_made(_NoSocket())
    wire.protocol = protocol
    return protocol
