"""``make voice``: a thousand calls of every kind, each recording opened and listened to; then kill -9 again and again.

``python -m tests.voice [--callers N] [--rate N] [--seed N] [--kills N] [--killed-callers N] [--keep FOLDER] [--out FILE]``
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.voice.report import document, lines
from tests.voice.run import Outcome, live
from tests.voice.stage import ROOT, VoicePlan

#: People in the room for each call a minute: nobody waits long, and every voice is another one (`sip.tones`).
_ROOM, _MOST = 0.4, 70


async def _run(words: argparse.Namespace) -> int:
    keep = Path(words.keep or tempfile.mkdtemp(prefix="cti-voice-"))
    room = min(_MOST, max(20, round(words.rate * _ROOM)))
    began, outcomes = time.monotonic(), []
    for name, callers, deaths in (("calm", words.callers, 0), ("kills", words.killed_callers, words.kills)):
        if callers == 0:
            continue
        folder = keep / name
        shutil.rmtree(folder, ignore_errors=True)
        plan = VoicePlan(
            folder=folder, callers=callers, calls_per_minute=words.rate, agents=room, seed=words.seed + deaths, pace=words.pace
        )
        print(f"{name}: {callers} callers at {words.rate:g} a minute, {room} agents, {deaths} deaths", flush=True)
        outcome = await live(plan, deaths)
        outcomes.append(outcome)
        print(*lines(outcome), sep="\n", flush=True)
    text = document(outcomes, words.seed, time.monotonic() - began)
    if words.out:
        Path(words.out).write_text(text, encoding="utf-8")
    good = bool(outcomes) and all(outcome.good for outcome in outcomes)
    if good and words.keep is None:
        shutil.rmtree(keep, ignore_errors=True)
    else:
        print(f"everything is kept in {keep}")
    return 0 if good else 1


def main() -> int:
    """Parse the words, play."""
    parser = argparse.ArgumentParser(prog="python -m tests.voice", description="the proof that the voice is kept")
    parser.add_argument("--callers", type=int, default=1_060, help="so that a thousand are answered; 0: no such run")
    parser.add_argument("--rate", type=float, default=120.0, help="calls a minute")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", type=float, default=0.12, help="human durations are multiplied by this")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--killed-callers", type=int, default=700, help="callers of the run with deaths; 0: no such run")
    parser.add_argument("--keep", default=None, help="folder for everything, kept afterwards")
    parser.add_argument("--out", default=str(ROOT / "docs" / "voice.md"))
    return asyncio.run(_run(parser.parse_args()))


__all__ = ["Outcome", "main"]

if __name__ == "__main__":
    sys.exit(main())
