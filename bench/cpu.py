"""CPU-seconds of the service per call, against Asterisk's own for the same calls.

Callers hear a greeting, are recorded on both sides, speak and are spoken to over RTP all the time, and one in three is passed on
to another filière. Both processes are looked at just before the first call and when the last one is written.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import psutil

from bench.figures import Figure
from bench.scene.people import Manner
from bench.scene.stage import Stage, cpu_seconds, open_stage, screen, told, until_written

CALLS = 90
RATE = 2.0
_GOAL = "<= 0.25"
_MANNER = Manner(stay_ms=12_000, ring_ms=1_500, refer_after_ms=2_500)
_QUIET_SECONDS = 5.0


async def run() -> list[Figure]:
    """Play the calls on a real PBX, with the service answering and one screen following the board."""
    with tempfile.TemporaryDirectory(prefix="cti-bench-") as made:
        async with open_stage(Path(made), n1=24, amu=12) as stage, stage.service() as service, stage.staffed(_MANNER):
            idle = await _idle(service)
            async with screen(stage.site.web):
                return [await _measure(stage, service, idle)]


async def _idle(service: psutil.Process) -> float:
    """CPU-seconds per second of a service that nobody calls: what it would have used anyway."""
    before, at = cpu_seconds(service), time.monotonic()
    await asyncio.sleep(_QUIET_SECONDS)
    return (cpu_seconds(service) - before) / (time.monotonic() - at)


async def _measure(stage: Stage, service: psutil.Process, idle: float) -> Figure:
    asterisk = psutil.Process(stage.pbx.pid)
    at, before = time.monotonic(), (cpu_seconds(service), cpu_seconds(asterisk))
    async with stage.callers(_MANNER, calls=CALLS, rate=RATE) as people:
        ended = await people.wait(180)
    await until_written(stage.site, CALLS)
    ours, pbx = cpu_seconds(service) - before[0], cpu_seconds(asterisk) - before[1]
    took = time.monotonic() - at
    rows = await told(stage.site.web)
    passed_on = sum(len(row["stages"]) > 1 for row in rows)
    unsound = sum(1 for row in rows for recording in row["recordings"] if recording.get("problem"))
    return Figure(
        bench="cpu",
        what=f"service CPU per call ({CALLS} calls, {passed_on} passed on)",
        ours=1000 * ours / CALLS,
        unit="ms",
        rival=1000 * pbx / CALLS,
        against="Asterisk, same calls",
        ratio=ours / pbx,
        goal=_GOAL,
        remarks=(f"of the service's {ours:.2f} s, {idle * took:.2f} s would have gone in {took:.0f} s without a call",),
        detail={
            "sipp": ended.name,
            "answered": sum(row["outcome"] == "answered" for row in rows),
            "recordings_with_a_problem": unsound,
            "idle_cpu_share": round(idle, 4),
            "seconds": round(took, 1),
        },
    )
