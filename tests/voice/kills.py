"""Kill -9 at random instants while people talk: the service (its archive's thread with it) and its guardian, the service alone,
the archive's own process, the PBX.

After each death the shelf is looked at before anybody starts again: whatever has a manifest is whole, and nothing lies in clear.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from cti.archive.sealing.keys import sha256
from cti.archive.sealing.manifest import MANIFEST, names, read_manifest
from cti.archive.stores import Shelf
from cti.bootstrap.keeping.opening import shelf_of
from cti.settings import load
from tests.voice.stage import Stage

#: Of ten deaths one is of `cti archive run`, two are of the service alone; the PBX dies a few times in all.
_EVERY = 10
_WORKER_AT, _ALONE_AT = (9,), (3, 6)
_PBX_DEATHS = 3


class Victim(StrEnum):
    """Who dies."""

    SERVICE = "service and guardian"
    ALONE = "service (its guardian makes another)"
    WORKER = "archive worker"
    PBX = "Asterisk"


def drawn(deaths: int, chance_places: Sequence[int]) -> list[Victim]:
    """Who dies when, in order; `chance_places` are the places at which the PBX does."""
    places = {**dict.fromkeys(_WORKER_AT, Victim.WORKER), **dict.fromkeys(_ALONE_AT, Victim.ALONE)}
    order = [places.get(place % _EVERY, Victim.SERVICE) for place in range(deaths)]
    for place in chance_places:
        order[place] = Victim.PBX
    return order


@dataclass(slots=True)
class Deaths:
    """What was killed, and what was found right after."""

    count: dict[Victim, int] = field(default_factory=lambda: dict.fromkeys(Victim, 0))
    cut_short: int = 0  #: archive workers that were at work when they died
    faults: list[str] = field(default_factory=list)
    _whole: set[str] = field(default_factory=set)
    _clear: set[Path] = field(default_factory=set)

    async def run(self, scene: Stage, deaths: int, seconds: float) -> None:
        """Spread so many deaths over so long; a life that is being started lives at least until it is ready."""
        places = scene.chance.sample(range(deaths // 6, deaths), min(_PBX_DEATHS, max(1, deaths // 3)))
        loop = asyncio.get_running_loop()
        instants = sorted(loop.time() + scene.chance.uniform(0.05, 0.95) * seconds for _ in range(deaths))
        for at, victim in zip(instants, drawn(deaths, places), strict=True):
            await asyncio.sleep(max(0.0, at - loop.time()))
            await self._die(scene, victim)

    async def _die(self, scene: Stage, victim: Victim) -> None:
        self.count[victim] += 1
        if victim is Victim.PBX:
            await scene.kill_pbx()
            return
        if victim is Victim.ALONE:
            await scene.service.crash()
            await asyncio.to_thread(self.look, scene)
            await scene.service.ready()
            return
        await scene.service.kill()
        if victim is Victim.WORKER:
            await self._worker(scene)
        await asyncio.to_thread(self.look, scene)
        await scene.service.start()

    async def _worker(self, scene: Stage) -> None:
        """`cti archive run` in the place of the dead service, killed in its turn."""
        words = [sys.executable, "-m", "cti", "archive", "run", "--config", str(scene.site.config)]
        log = scene.site.folder / "archive-run.log"
        with log.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                *words, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        try:
            async with asyncio.timeout(scene.chance.uniform(0.6, 2.0)):  # the instant of its death
                await process.wait()
        except TimeoutError:
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            self.cut_short += 1

    def look(self, scene: Stage) -> None:
        """Nothing half visible, nothing in clear; what was found sound before is not read again."""
        shelf = shelf_of(load(scene.site.config, {}))
        for one in shelf.list():
            if one.name.endswith(MANIFEST) and one.name not in self._whole:
                self.faults += _half(shelf, one.name)
                self._whole.add(one.name)
        self.faults += [f"en clair : {path.relative_to(scene.site.folder)}" for path in self._in_clear(scene)]

    def _in_clear(self, scene: Stage) -> list[Path]:
        found = []
        for path in scene.site.folder.rglob("*"):
            if path in self._clear or path.is_relative_to(scene.site.recordings):
                continue
            self._clear.add(path)
            if in_clear(path):
                found.append(path)
        return found


def in_clear(path: Path) -> bool:
    """Sound that anybody could play. (The tones that SIPp plays are the test's own.)"""
    if path.suffix in (".wav", ".flac", ".raw", ".pcm", ".slin", ".ogg"):
        return True
    try:
        if not path.is_file() or path.suffix == ".alaw":
            return False
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False  # gone meanwhile
    return head[:4] in (b"RIFF", b"fLaC", b"OggS", b".snd", b"caff")


def _half(shelf: Shelf, name: str) -> list[str]:
    """What a manifest promises and the shelf does not hold."""
    sealed = read_manifest(shelf.get(name) or b"").sealed
    sound, beside, _ = names(sealed.key)
    wanted = ((sound, sealed.sealed_sha256), (beside, sealed.timeline_sha256))
    return [f"à moitié visible : {one}" for one, digest in wanted if sha256(shelf.get(one) or b"") != digest]
