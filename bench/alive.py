"""Recovery with everything real: Asterisk, so many SIPp people on the telephone, the service killed and started again.

The clock runs from the start of the process to ``/readyz`` saying that all is seen; then every person who was on the telephone
before the kill and still is must be among the open calls. The process's own CPU time is told beside it, because this machine
carries the calls too.
"""

import asyncio
import os
from pathlib import Path

from bench.figures import Figure
from cti.sandbox.people.pairing import national
from tests.chaos.stage import Stage, stage

#: What comes in, not who is there, takes most of Asterisk: the house fills in a minute, then nobody else calls.
_CALLS_PER_MINUTE = 250.0
_ARRIVALS_SECONDS = 60
_PACE = 6.0  #: nobody is served quickly
_FILLED_WITHIN_SECONDS = 120.0


async def recovery(folder: Path, live: int, goal_seconds: float) -> list[Figure]:
    """The service is killed alone, then, the house being as full again, with its guardian."""
    async with stage(
        folder,
        seconds=_ARRIVALS_SECONDS,
        calls_per_minute=_CALLS_PER_MINUTE,
        seed=live,
        agents=live // 3,
        pace=_PACE,
        drain_seconds=90,
        wires=False,
    ) as scene:
        async with asyncio.timeout(_FILLED_WITHIN_SECONDS):
            while await asyncio.to_thread(scene.calling) < live:
                await asyncio.sleep(0.5)
        return [*await _one(scene, goal_seconds, cold=False), *await _one(scene, goal_seconds, cold=True)]


async def _one(scene: Stage, goal_seconds: float, *, cold: bool) -> list[Figure]:
    before = _on_the_telephone(scene)
    if cold:
        await scene.kill_service()
        await scene.restart_service()
    else:
        await scene.crash_service()
    cpu_seconds = _cpu_seconds(scene.service.pid)
    lost = (before & _on_the_telephone(scene)) - _open(scene)
    if lost:
        raise RuntimeError(f"{len(lost)} people of {len(before)} are on the telephone and not among the open calls")
    how = "service and guardian killed" if cold else "service killed"
    who = f"real PBX, {len(before)} people on the telephone, {how}"
    told = (("to the whole truth", scene.recoveries[-1], "<= 1"), ("CPU of the new service until then", cpu_seconds, ""))
    return [
        Figure(
            bench="recovery",
            what=f"{who}: {what}",
            ours=ours,
            unit="s",
            rival=goal_seconds,
            against="the goal",
            ratio=ours / goal_seconds,
            goal=goal,
        )
        for what, ours, goal in told
    ]


def _on_the_telephone(scene: Stage) -> set[str]:
    """Numbers of the people whom the PBX has answered and who have not hung up."""
    return {
        truth.number
        for truth in scene.town.truth()
        if truth.shown and truth.answered_by_pbx_at is not None and truth.ended_at is None
    }


def _open(scene: Stage) -> set[str]:
    return {national(journey.caller) for journey in scene.journeys() if journey.ended_at is None and journey.caller is not None}


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
