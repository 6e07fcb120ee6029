"""What asking the service for a route costs the caller, on a real PBX taking 20 calls a second.

From the moment his recording runs to the moment he stands in a queue (both stamped by the PBX): once with the service answering
over FastAGI, once with the same dialplan where the question is replaced by the same answer, written in, and once with a FastAGI
server that does nothing else, which tells what the machine itself makes of two round trips. Turn about: all meet one machine.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Figure, percentile, spread
from bench.scene.bare_agi import bare_agi
from bench.scene.people import Manner
from bench.scene.stage import ROOT, Stage, header, listen, open_stage, stamp

RATE = 20.0
_CALLS = 120  #: in each turn
_TURNS = 2
_LIMIT_MS = 5.0
_MANNER = Manner(stay_ms=1_200, ring_ms=200, refer_after_ms=600_000)
_QUESTION = " same => n,AGI(agi://${SAS_AGI}/${SAS_QUESTION},${SAS_ARGUMENTS})\n"
_WRITTEN_IN = " same => n,Set(ROUTE=n1|20|60|écrit dans le dialplan)\n same => n,Set(AGISTATUS=SUCCESS)\n"


_BARE = " same => n,AGI(agi://127.0.0.1:{port}/route)\n"


async def run() -> list[Figure]:
    """The three, turn about, under the same callers."""
    with tempfile.TemporaryDirectory(prefix="cti-bench-") as made:
        async with (
            bare_agi(str(ROOT)) as port,
            open_stage(Path(made), n1=45, amu=3, greeting=False) as stage,
            stage.service(),
            stage.staffed(_MANNER),
        ):
            ways = (_WRITTEN_IN, _BARE.format(port=port), _QUESTION)
            took: tuple[list[float], ...] = ([], [], [])
            for _ in range(_TURNS):
                for way, waits in zip(ways, took, strict=True):
                    waits.extend(await _turn(stage, way, ways))
    return [_figure(*took)]


async def _turn(stage: Stage, way: str, ways: Sequence[str]) -> list[float]:
    """Milliseconds of each caller's question, asked that way."""
    path = stage.site.telephony / "extensions.conf"
    text = path.read_text(encoding="utf-8")
    present = [each for each in ways if each in text]
    if len(present) != 1:
        raise RuntimeError("extensions.conf no longer asks its question in the line that this bench knows")
    path.write_text(text.replace(present[0], way), encoding="utf-8")
    await stage.pbx.rx("dialplan reload")
    async with listen(stage) as blocks, stage.callers(_MANNER, calls=_CALLS, rate=RATE) as people:
        await people.wait(60)
        found = _waits(blocks)
    source = b"\r\nSource: cti\r\n"
    routed = sum(b"\r\nUserEvent: SasRoute\r\n" in block and source in block for _, block in blocks)
    if len(found) < 0.99 * _CALLS or routed < 0.99 * _CALLS:
        raise RuntimeError(f"{len(found)} of {_CALLS} callers reached a queue, {routed} by an answer")
    return found


def _waits(blocks: Sequence[tuple[int, bytes]]) -> list[float]:
    """From SasRecording to the first QueueCallerJoin, by the PBX's clock, call by call."""
    begun: dict[bytes, int] = {}
    found: list[float] = []
    for _, block in blocks:
        is_join = block.startswith(b"Event: QueueCallerJoin\r\n")
        if not is_join and b"\r\nUserEvent: SasRecording\r\n" not in block:
            continue
        channel, at = header(block, b"Uniqueid"), stamp(block)
        if not is_join:
            begun[channel] = at
        elif channel in begun:
            found.append((at - begun.pop(channel)) / 1_000)
    return found


def _figure(written: list[float], bare: list[float], asked: list[float]) -> Figure:
    ours, rival, least = percentile(asked, 0.99), percentile(written, 0.99), percentile(bare, 0.99)
    middle = [percentile(waits, 0.5) for waits in (written, bare, asked)]
    return Figure(
        bench="route",
        what=f"p99 of a route question at {RATE:g} calls/s",
        ours=ours,
        unit="ms",
        rival=rival,
        against="answer written in the dialplan",
        ratio=(ours - rival) / _LIMIT_MS,
        goal="<= 1",
        remarks=(
            f"the ratio is what the service adds at p99 ({ours - rival:.2f} ms) over the {_LIMIT_MS:g} ms allowed; "
            f"at p50 it adds {middle[2] - middle[0]:.2f} ms",
            f"a bare server that does nothing else adds {least - rival:.2f} ms at p99 and {middle[1] - middle[0]:.2f} ms at p50",
        ),
        detail={"asked": spread(asked), "bare_server": spread(bare), "written_in": spread(written)},
    )
