"""Clocks that a test may step: libfaketime between a program and the wall clock of this machine, and what it did to whom.

The monotonic clock is left alone, as it is on a real machine whose wall clock is set. libfaketime is the machine's own when it is
installed, else Debian's package from the machine's own archive, unpacked in the cache: no root, nothing installed.

A program looks for a new setting once a second, at the first question after a whole second. Looking at each question is simpler
and ruins what it measures: Asterisk asks for the time at every piece of voice, and then opens a file each time.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cti.bootstrap.clock import now
from cti.journey.words import Instant, from_datetime
from cti.sandbox.packages import cache_folder

_SECOND_US = 1_000_000
_LIBRARY = "lib/*/faketime/libfaketimeMT.so.1"
#: Told by a program that runs on the clock: so far it is from ours.
_TELL = "import time; print(time.time_ns() // 1000)"


class NoClocks(Exception):
    """No clock can be stepped on this machine; the message says why."""


@dataclass(slots=True)
class Clock:
    """The wall clock of one program, so far from the true one."""

    file: Path
    offset_us: int = 0
    steps: list[tuple[Instant, int]] = field(default_factory=list)  #: true instant from which it was so far off

    def set(self, offset_us: int) -> Instant:
        """It is so far off from the next whole second of the true clock on, which is given back; a new program has it at once."""
        aside = self.file.with_name(self.file.name + ".new")
        aside.write_text(f"{offset_us / _SECOND_US:+.6f}\n", encoding="ascii")
        aside.replace(self.file)
        self.offset_us = offset_us
        at = now()
        since = at - at % _SECOND_US + _SECOND_US
        self.steps.append((since, offset_us))
        return since

    async def step(self, seconds: float) -> None:
        """Forward, or back when negative; comes back when it has happened."""
        since = self.set(self.offset_us + int(seconds * _SECOND_US))
        while now() < since:
            await asyncio.sleep((since - now()) / _SECOND_US)

    def offset_at(self, at: Instant) -> int:
        """How far off it was at a true instant."""
        return next((offset for since, offset in reversed(self.steps) if since <= at), self.steps[0][1] if self.steps else 0)

    def stepped_near(self, at: Instant, within_us: int) -> bool:
        """Whether it was stepped so close to a true instant that nobody can say on which side that instant is."""
        return any(abs(at - since) <= within_us for since, _ in self.steps[1:])


@dataclass(frozen=True, slots=True)
class Clocks:
    """The PBX's and the service's."""

    library: Path
    pbx: Clock
    service: Clock

    def environ(self, clock: Clock, base: Mapping[str, str]) -> dict[str, str]:
        """What a program is started with to run on this clock."""
        return {
            **base,
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(clock.file),
            "FAKETIME_CACHE_DURATION": "0",  # whole seconds that a setting may be old
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",  # its name before 0.9.10
        }


def clocks_in(folder: Path, starts: str = "") -> Clocks:
    """Both clocks, right or at ``starts`` (ISO, with its offset from UTC).

    Raises:
        NoClocks: libfaketime cannot be had, or does not do its work here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = Clocks(_library(), Clock(folder / "pbx-clock"), Clock(folder / "service-clock"))
    offset_us = from_datetime(datetime.fromisoformat(starts)) - now() if starts else 0
    for clock in (found.pbx, found.service):
        clock.set(offset_us)
    _try(found)
    return found


def _try(clocks: Clocks) -> None:
    """A program of this machine must see the clock as we set it."""
    told = subprocess.run(
        [sys.executable, "-c", _TELL],
        env=clocks.environ(clocks.service, os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode != 0 or abs(int(told.stdout or 0) - now() - clocks.service.offset_us) > 5_000_000:
        raise NoClocks(f"libfaketime does not step clocks here: {told.stderr.strip() or told.stdout.strip()}")


def _library() -> Path:
    kept = cache_folder(os.environ) / "faketime"
    for root in (Path("/usr"), kept / "usr"):
        if found := next(iter(root.glob(_LIBRARY)), None):
            return found
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NoClocks("libfaketime is not installed, and there is no apt-get to fetch it with")
    kept.mkdir(parents=True, exist_ok=True)  # the very first thing on this machine may be this
    with tempfile.TemporaryDirectory(prefix="cti-faketime-") as folder:
        for words in (["apt-get", "-q", "download", "libfaketime"], ["sh", "-c", f"dpkg-deb -x libfaketime_*.deb '{kept}'"]):
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise NoClocks(f"libfaketime cannot be fetched (try `apt-get update`): {done.stderr.strip()[-200:]}")
    if found := next(iter((kept / "usr").glob(_LIBRARY)), None):
        return found
    raise NoClocks("Debian's libfaketime holds no library that we know")
