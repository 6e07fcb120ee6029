"""A centre whose voices can be heard: real API, store, keys and archive; made-up people who are tones; a call that goes on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web
from playwright.async_api import Page, expect

from cti.api import build_app
from cti.archive.keeping.office import Office
from cti.bootstrap.access import accounts
from cti.bootstrap.exporting.desks import VoiceDesks
from cti.bootstrap.retention.terms import classing_of
from cti.journey import Journey
from cti.journey.around.keeping import HoldKind, Scope, Target
from cti.journey.model import Consult, Leg, Recording, Stage
from tests.browser.wall import WallClock
from tests.fakes.voice_room import AGENTS_HZ, CALLER_HZ, S, VoiceRoom, voice_room
from tests.unit.archive.voices_kept import tone

RATE = 8000
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
#: How long a person speaks before the other does (milliseconds), over and over.
_TURNS = ((0, 1700), (2100, 2900), (5200, 7600), (8000, 8600), (9900, 13_400), (15_000, 15_500))
_ROUND_MS = 17_000


def made(ms: int, hertz: int, *, second: bool = False, since: int = 0) -> bytes:
    """Somebody who speaks in turns: a tone of one pitch that comes and goes like syllables; ``second`` speaks in the pauses."""
    n = np.arange(RATE * since // 1000, RATE * (since + ms) // 1000)
    at = (n * 1000 // RATE) % _ROUND_MS
    speaks = np.logical_or.reduce([(begin <= at) & (at < end) for begin, end in _TURNS]) != second
    loud = (0.25 + 0.75 * abs(np.sin(n / 1500 + hertz))) * (0.4 + 0.6 * abs(np.sin(n / 23_000 + hertz))) * speaks
    return bytes((15_000 * loud * np.sin(2 * np.pi * hertz * n / RATE)).astype("<i2").tobytes())


speech = cache(made)


@dataclass
class Centre:
    """A room of voices in the present, and who is there."""

    room: VoiceRoom
    desks: VoiceDesks = field(init=False)

    def __post_init__(self) -> None:
        self.room.clock = WallClock()
        self.room.anew()
        self.desks = VoiceDesks(self.room.settings, self.room.store, self.room.listening.access.rights, self.room.clock)

    def token(self, name: str, *roles: str, personne: str | None = None) -> str:
        """A new account's token."""
        return self.room.account(name, *roles, personne=personne)["Authorization"].removeprefix("Bearer ")

    def talk(
        self,
        call_id: str,
        talks: Sequence[tuple[str, str, int, int | None]],
        *,
        ago: int,
        seconds: int | None = None,
        archived: bool = True,
        sound: bool = True,
        pure: bool = False,
        lost: bool = False,
        **more: Any,
    ) -> Journey:
        """A call that began ``ago`` seconds before now; ``talks``: filière, post, from and to in its seconds.

        ``pure``: both voices sound without a pause; ``lost``: there should be sound and there is none.
        """
        journey = self.story(call_id, talks, ago=ago, seconds=seconds, **more)
        if lost:
            gone = replace(journey.recordings[0], caller_ms=None, agents_ms=None, bytes=0, problem="aucun fichier audio")
            journey = replace(journey, recordings=(gone,))
        self.room.tell(journey)
        if sound:
            ms = (seconds or 0) * 1000
            stem = journey.recordings[0].stem
            voices = (
                (tone(ms, CALLER_HZ), tone(ms, AGENTS_HZ))
                if pure
                else (speech(ms, CALLER_HZ), speech(ms, AGENTS_HZ, second=True))
            )
            self.room.record(stem, caller=voices[0], agents=voices[1])
            if archived:
                self.room.archive(journey)
        return journey

    def story(
        self, call_id: str, talks: Sequence[tuple[str, str, int, int | None]], *, ago: int, seconds: int | None, **more: Any
    ) -> Journey:
        """The call alone, without its sound."""
        begin = self.room.clock() - ago * S
        over = None if seconds is None else begin + seconds * S
        stages = tuple(_stage(begin, *one) for one in talks)
        picked = stages[0].answered_at if stages else None
        recording = Recording(stem=f"2026/12/16/{call_id}", started_at=begin)
        if over is not None:
            ms = (seconds or 0) * 1000
            recording = replace(recording, checked_at=over, caller_ms=ms, agents_ms=ms, bytes=ms * 32)
        values: dict[str, Any] = {
            "caller": "+33612345678", "flux": "15", "did": "15", "dossier_id": f"d-{call_id}",
            "dossier_ref": f"2026-350-{call_id}", "recordings": (recording,),
        }  # fmt: skip
        return Journey(
            call_id=call_id, t0=begin, channel=call_id, stages=stages, answered_at=picked, joined_at=picked, ended_at=over,
            last_at=over or begin, **(values | more),
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def going_on(self, call_id: str, post: str, *, since: int) -> AsyncIterator[Journey]:
        """A call that began ``since`` seconds ago and goes on: its two files grow as a recorder makes them grow."""
        journey = self.talk(call_id, [("n1", post, 1, None)], ago=since, sound=False)
        paths = self.room.record(
            journey.recordings[0].stem, caller=speech(since * 1000, CALLER_HZ),
            agents=speech(since * 1000, AGENTS_HZ, second=True), declared=0,
        )  # fmt: skip
        writing = asyncio.create_task(self._grow(paths, journey.t0))
        try:
            yield journey
        finally:
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writing

    async def _grow(self, paths: tuple[Path, Path], began: int) -> None:
        while True:
            for path, hertz, second in zip(paths, (CALLER_HZ, AGENTS_HZ), (False, True), strict=True):
                there = (path.stat().st_size - 44) // (RATE * 2 // 1000)
                due = (self.room.clock() - began) // 20_000 * 20
                if due > there:
                    with path.open("ab") as file:
                        file.write(made(due - there, hertz, second=second, since=there))
            await asyncio.sleep(0.1)

    @contextlib.asynccontextmanager
    async def served(self, port: int, token: str | None = None) -> AsyncIterator[str]:
        """The API on a port, as in production."""
        ports = replace(self.room.ports(), kept=self.desks.ports)
        runner = web.AppRunner(build_app(ports, token=token), shutdown_timeout=2, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield f"http://127.0.0.1:{port}"
        finally:
            await runner.cleanup()

    def end(self, journey: Journey) -> int:
        """The call is over: its recording is looked at and sealed; how long it is (milliseconds)."""
        at, ms = self.room.clock(), self.written_ms(journey)
        stages = tuple(replace(one, left_at=one.left_at or at) for one in journey.stages)
        (recording,) = journey.recordings
        checked = replace(recording, checked_at=at, caller_ms=ms, agents_ms=ms, bytes=ms * 32)
        ended = replace(journey, ended_at=at, last_at=at, stages=stages, recordings=(checked,))
        self.room.tell(ended)
        self.room.archive(ended)
        return ms

    def hold(self, call_id: str, reference: str, by: str) -> None:
        """A requisition of this call."""
        office = Office(self.room.store.keeping, classing_of(self.room.settings), self.room.clock, str)
        words = {"reference": reference, "asked_by": "TJ de Lyon", "by": by, "reason": "77-1-1 CPP"}
        office.place(Target(Scope.APPEL, call_id), kind=HoldKind.REQUISITION, **words)

    def states(self, *pieces: str) -> set[str]:
        """Where these pieces stand."""
        return {found.state.value for one in pieces if (found := self.room.store.pieces.find(one)) is not None}

    def close_account(self, name: str) -> None:
        """The account is disabled."""
        accounts.disable(self.room.settings, name, "test", self.room.clock())

    def written_ms(self, journey: Journey) -> int:
        """How much of a call that goes on lies on the recorder's disk."""
        path = self.room.recordings / f"{journey.recordings[0].stem}-caller.wav"
        return (path.stat().st_size - 44) // (RATE * 2 // 1000)


def _stage(begin: int, filiere: str, post: str, since: int, until: int | None) -> Stage:
    start, end = begin + since * S, None if until is None else begin + until * S
    leg = Leg(agent=post, leg=f"{post}-{since}", offered_at=start - S, answered_at=start, joined_at=start, ended_at=end)
    return Stage(
        filiere=filiere, entered_at=start - S, legs=(leg,), answered_at=start, joined_at=start, left_at=end, agent=post
    )  # fmt: skip


def consulted(begin: int, by: str, whom: str, since: int, until: int) -> Consult:
    """``by`` asks ``whom`` apart."""
    at = begin + since * S
    return Consult(
        agent=by, line=f"{by}-2", target=whom, started_at=at, answered_by=whom, answered_at=at, ended_at=begin + until * S
    )


@contextlib.contextmanager
def centre(folder: Path) -> Iterator[Centre]:
    """A new one."""
    made = Centre(voice_room(folder))
    try:
        yield made
    finally:
        made.desks.stop()
        made.room.store.close()


async def enter(page: Page, url: str, token: str, where: str = "") -> None:
    """Open the page and show a token."""
    await page.goto(f"{url}/enregistrements{where}")
    await page.locator("[data-test=token]").fill(token)
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-test=me]")).to_be_visible()


async def faults(page: Page) -> list[str]:
    """What axe-core finds serious or critical in the page as it stands."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['impact']} {one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


#: Put before the page's scripts: what goes to the ears is listened to, and its loudest pitch can be asked (``heard()``).
EARS = """
(() => {
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      const splitter = this.context.createChannelSplitter(2);
      connect.call(this, splitter);
      window.ears = [0, 1].map((side) => {
        const ear = this.context.createAnalyser();
        ear.fftSize = 16384;
        ear.smoothingTimeConstant = 0;
        connect.call(splitter, ear, side);
        return ear;
      });
    }
    return connect.call(this, target, ...rest);
  };
  window.level = (side, hertz) => {
    const ear = window.ears[side], bins = new Float32Array(ear.frequencyBinCount);
    ear.getFloatFrequencyData(bins);
    return bins[Math.round(hertz * ear.fftSize / ear.context.sampleRate)];
  };
})();
"""
