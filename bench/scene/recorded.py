"""Frames of real calls, and the same calls many times over with identities and hours of their own.

Two ears listen to the same calls on a real PBX: the service's own login, and one with every class. What they hear is kept as
bytes; a copy of a call differs from it only in call id, channel names, uniqueids, bridges and instants, so that whoever reads the
copies meets as many distinct calls.
"""

import heapq
import itertools
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.scene.people import Manner
from bench.scene.stage import CURIOUS, Stage, listen, open_stage, until_written

_CALLS = 6
_STAMP = re.compile(rb"\r\nTimestamp: (\d+)\.(\d{6})")
_LINKED = re.compile(rb"(?:Linkedid|DestLinkedid): (\d{10}\.\d+)")
_THINGS = re.compile(rb"\r\n(?:BridgeUniqueid|Interface): ([^\r]+)")


@dataclass(frozen=True, slots=True)
class Call:
    """One real call: its frames as bytes, each with its instant (microseconds after the first)."""

    frames: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """The same calls as two logins hear them."""

    service: tuple[Call, ...]
    curious: tuple[Call, ...]


async def record(folder: Path | None = None) -> Heard:
    """Play a few calls on a real PBX (one in three is passed on) and keep what both logins hear."""
    with tempfile.TemporaryDirectory(prefix="cti-bench-") as made:
        async with (
            open_stage(folder or Path(made), n1=6, amu=3) as stage,
            stage.service(),
            listen(stage) as service,
            listen(stage, CURIOUS) as curious,
        ):
            await _play(stage)
    return Heard(tuple(_by_call(service)), tuple(_by_call(curious)))


async def _play(stage: Stage) -> None:
    manner = Manner(stay_ms=5_000, refer_after_ms=1_500)
    async with stage.staffed(manner), stage.callers(manner, calls=_CALLS, rate=1) as people:
        await people.wait(60)
        await until_written(stage.site, _CALLS)


def _by_call(blocks: list[tuple[int, bytes]]) -> Iterator[Call]:
    """The blocks of each call, told apart by linkedid; those of no call are left out."""
    calls: dict[bytes, list[tuple[int, bytes]]] = {}
    owner: dict[bytes, bytes] = {}  # of a bridge or a phone: the call that it serves
    for _, block in blocks:
        stamp, linked = _STAMP.search(block), _LINKED.search(block)
        things = _THINGS.findall(block)
        name = linked[1] if linked else next((owner[thing] for thing in things if thing in owner), None)
        if stamp is None or name is None:
            continue
        owner.update(dict.fromkeys(things, name))
        calls.setdefault(name, []).append((int(stamp[1] + stamp[2]), block))
    for frames in calls.values():
        first = frames[0][0]
        yield Call(tuple((at - first, block) for at, block in frames))


class Copier:
    """Makes copies of calls that nobody can take for the same call."""

    def __init__(self, calls: tuple[Call, ...], first: int = 1) -> None:
        """Copies are numbered from `first`: two copiers of one run must not share numbers."""
        self._calls = [_template(call) for call in calls]
        self._numbers = itertools.count(first)

    def copy(self, at: int) -> Iterator[tuple[int, bytes]]:
        """The next call, begun at that instant: (instant, frame without its blank line)."""
        number = next(self._numbers)
        unique, template = 1_000_000 + number * 16, self._calls[number % len(self._calls)]
        call_id = b"%08x-0000-4000-8000-%012x" % (number, number)
        for offset, pieces in template:
            when = at + offset
            stamp = b"%d.%06d" % divmod(when, 1_000_000)
            yield (
                when,
                b"".join([piece if isinstance(piece, bytes) else _fill(piece, call_id, unique, stamp) for piece in pieces]),
            )

    def interleaved(self, calls: int, rate: float, since: int) -> Iterator[bytes]:
        """So many copies begun `rate` a second, their frames in the order of their instants."""
        step, waiting = int(1_000_000 / rate), list[tuple[int, int, bytes, Iterator[tuple[int, bytes]]]]()
        for number in range(calls):
            born = since + number * step
            while waiting and waiting[0][0] < born:
                yield from _advance(waiting)
            frames = self.copy(born)
            at, frame = next(frames)
            heapq.heappush(waiting, (at, number, frame, frames))
        while waiting:
            yield from _advance(waiting)


def _advance(waiting: list[tuple[int, int, bytes, Iterator[tuple[int, bytes]]]]) -> Iterator[bytes]:
    _, number, frame, frames = waiting[0]
    yield frame
    following = next(frames, None)
    if following is None:
        heapq.heappop(waiting)
    else:
        heapq.heapreplace(waiting, (following[0], number, following[1], frames))


_Piece = bytes | tuple[str, int]


def _template(call: Call) -> list[tuple[int, list[_Piece]]]:
    """Each frame cut where copies differ. A call has few uniqueids, so they are numbered in order of appearance."""
    uniqueids: dict[bytes, int] = {}
    suffixes: dict[bytes, int] = {}
    bridges: dict[bytes, int] = {}
    every = re.compile(
        rb"(?P<stamp>(?<=\r\nTimestamp: )\d+\.\d{6})|(?P<uuid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
        rb"|(?P<unique>(?<![\d.])\d{10}\.\d{1,5}(?![\d.]))|(?P<suffix>(?<=-)[0-9a-f]{8}(?=[\r;/,]|$))"
    )
    named = _call_ids(call)
    cut: list[tuple[int, list[_Piece]]] = []
    for offset, block in call.frames:
        pieces: list[_Piece] = []
        end = 0
        for match in every.finditer(block):
            pieces.append(block[end : match.start()])
            end = match.end()
            text = match[0]
            if match["stamp"]:
                pieces.append(("stamp", 0))
            elif match["unique"]:
                pieces.append(("unique", uniqueids.setdefault(text, len(uniqueids))))
            elif match["suffix"]:
                pieces.append(("suffix", suffixes.setdefault(text, len(suffixes))))
            elif text in named:
                pieces.append(("call", 0))
            else:
                pieces.append(("bridge", bridges.setdefault(text, len(bridges))))
        pieces.append(block[end:])
        cut.append((offset, pieces))
    return cut


def _call_ids(call: Call) -> set[bytes]:
    found = (re.search(rb"\r\nCallId: (\S+)", block) for _, block in call.frames)
    return {match[1] for match in found if match}


def _fill(piece: tuple[str, int], call_id: bytes, unique: int, stamp: bytes) -> bytes:
    kind, number = piece
    match kind:
        case "stamp":
            return stamp
        case "call":
            return call_id
        case "unique":
            return b"1786350000.%d" % (unique + number)
        case "suffix":
            return b"%08x" % (unique + number)
    return b"%08x-0000-4000-9000-%012x" % (unique + number, unique)
