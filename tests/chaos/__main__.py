"""``make chaos``: every bad day in turn against the real PBX, a table at the end, in docs/chaos.md too.

``python -m tests.chaos [--seed N] [--seconds S] [--rate N] [--keep FOLDER] [--out FILE] [day ...]``
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from cti.bootstrap.demo.process import ServiceDied
from tests.chaos.disks import Refused
from tests.chaos.faults import BAD_DAYS, BadDay
from tests.chaos.progress import Progress
from tests.chaos.stage import ROOT, played, stage
from tests.chaos.table import document, row_of
from tests.chaos.verdict import Verdict, judge


async def live(day: BadDay, folder: Path, seed: int, seconds: float, rate: float | None = None) -> Verdict:
    """One bad day, from the first caller to the verdict."""
    calls = rate or day.rate
    agents = max(16, round(calls * 0.3))
    async with stage(
        folder,
        seconds=day.seconds or seconds,
        calls_per_minute=calls,
        seed=seed,
        agents=agents,
        pace=day.pace,
        small_disks=day.disks,
        starts=day.starts,
        disorder=day.disorder,
    ) as scene:
        await day.breaks(scene)
        await played(scene)
        return judge(scene, day.name, day.words)


async def _all(words: argparse.Namespace) -> int:
    chosen = [day for day in BAD_DAYS if not words.days or day.name in words.days]
    verdicts: list[Verdict] = []
    refused: list[str] = []
    broken: list[str] = []
    keep = Path(words.keep or tempfile.mkdtemp(prefix="cti-chaos-"))
    progress = Progress([day.name for day in chosen], words.seconds)
    print(f"{len(chosen)} days, about {progress.expected_seconds / 60:.0f} minutes", flush=True)
    for number, day in enumerate(chosen):
        folder = keep / day.name
        shutil.rmtree(folder, ignore_errors=True)
        verdict: Verdict | None = None
        try:
            async with progress.day(day.name):
                verdict = await live(day, folder, words.seed + number, words.seconds, words.rate)
        except* Refused as why:  # from the middle of a day it comes in a group
            _put_down(refused, day, why)
        except* ServiceDied as why:
            _put_down(broken, day, why)
        if verdict is None:
            continue
        verdicts.append(verdict)
        print(row_of(verdict), flush=True)
        for line in verdict.differences:
            print(f"    {line}", flush=True)
    text = document(verdicts, [*refused, *broken], words.seed, words.seconds, progress.elapsed_seconds)
    print(f"{sum(v.callers for v in verdicts)} callers in {progress.elapsed_seconds / 60:.1f} minutes", flush=True)
    if words.out is not None:
        Path(words.out).write_text(text, encoding="utf-8")
    good = bool(verdicts) and not broken and all(verdict.good for verdict in verdicts)
    if good and words.keep is None:
        shutil.rmtree(keep, ignore_errors=True)
    else:
        print(f"everything is kept in {keep}")
    return 0 if good else 1


def _put_down(days: list[str], day: BadDay, why: BaseException) -> None:
    days.append(f"{day.name}: {_first(why)}")
    print(f"not run: {days[-1]}", flush=True)


def _first(group: BaseException) -> BaseException:
    """What began it."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


def main() -> int:
    """Parse the words, run the days."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="bad days against the real PBX")
    parser.add_argument("days", nargs="*", choices=[[], *(day.name for day in BAD_DAYS)], default=[])
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=48.0, help="how long people call, each day")
    parser.add_argument("--rate", type=float, default=None, help="calls a minute")
    parser.add_argument("--keep", default=None, help="folder for everything, kept afterwards")
    parser.add_argument("--out", default=str(ROOT / "docs" / "chaos.md"))
    return asyncio.run(_all(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
