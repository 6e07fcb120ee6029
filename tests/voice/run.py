"""One run from the first caller to the verdict, with deaths or without."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from cti.archive.verify import verify
from cti.bootstrap.clock import now
from cti.bootstrap.keeping.opening import identity_of, shelf_of
from cti.bootstrap.keeping.proving import prove
from cti.journey.around.voice import PieceKind
from cti.recording.wav import HEADER_BYTES
from cti.sandbox.people.compare import compare
from cti.settings import load
from cti.store import open_store
from tests.voice.found import Verdict
from tests.voice.kills import Deaths, in_clear
from tests.voice.stage import Stage, VoicePlan, stage
from tests.voice.verdict import Judge

_TOLD_EVERY_SECONDS = 30.0


@dataclass(slots=True)
class Outcome:
    """What is told of one run."""

    plan: VoicePlan
    verdict: Verdict
    deaths: Deaths | None
    seconds: float  #: from the first caller to the last piece
    sealed_seconds: list[float] = field(default_factory=list)  #: from the hang-up to the seal, each piece of a call
    faults: list[str] = field(default_factory=list)  #: beside those of the verdict
    asked: int = 0
    joined: int = 0
    troubles: Sequence[str] = ()

    @property
    def good(self) -> bool:
        """Nothing to be ashamed of."""
        return not (self.faults or self.verdict.faults or (self.deaths is not None and self.deaths.faults))


async def live(plan: VoicePlan, deaths: int = 0) -> Outcome:
    """Play, kill, wait, judge."""
    async with stage(plan) as scene:
        began = time.monotonic()
        killed = Deaths() if deaths else None
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(_tell(scene))
            if killed is not None:
                await killed.run(scene, deaths, plan.callers / plan.calls_per_minute * 60)
            await scene.played()
            telling.cancel()
        seconds = time.monotonic() - began
        troubles = scene.town.troubles
    if killed is not None:
        await asyncio.to_thread(killed.look, scene)
    verdict = await asyncio.to_thread(Judge(scene.site, scene.pbx_deaths).judge)
    outcome = Outcome(plan, verdict, killed, seconds, asked=scene.lines.asked, joined=scene.lines.joined, troubles=troubles)
    await asyncio.to_thread(_look_at_the_house, scene, outcome)
    return outcome


def _look_at_the_house(scene: Stage, outcome: Outcome) -> None:
    """`cti archive verify --open`, `cti archive prove`, the recorder's folder, the times of sealing, the calls themselves."""
    settings = load(scene.site.config, {})
    store = open_store(settings.database_url)
    try:
        pieces = store.pieces.all()
        journeys = {journey.call_id: journey for journey in store.reading.journeys(None, None)}
        outcome.faults += [f"verify : {fault.line}" for fault in verify(pieces, shelf_of(settings), identity_of(settings))]
        told = [one for one in prove(settings, store, scene.site.recordings, 0, now()) if not _died(scene, journeys, one.name)]
        outcome.faults += [f"prove : {one.line}" for one in told]
    finally:
        store.close()
    # A PBX that is killed within two seconds of an answer leaves headers without a sample: no sound is in clear in them.
    hollow = HEADER_BYTES if scene.pbx_deaths else 0
    lying = sorted(path.name for path in scene.site.recordings.rglob("*") if path.is_file() and path.stat().st_size > hollow)
    outcome.faults += [f"resté en clair chez l'enregistreur : {name}" for name in lying]
    plain = [path for path in scene.site.folder.rglob("*") if not path.is_relative_to(scene.site.recordings) and in_clear(path)]
    outcome.faults += [f"en clair : {path.relative_to(scene.site.folder)}" for path in plain]
    outcome.sealed_seconds = sorted(
        (piece.sealed.sealed_at - ended) / 1e6
        for piece in pieces
        if piece.sealed is not None
        and piece.kind is PieceKind.APPEL
        and piece.call_id in journeys
        and (ended := journeys[piece.call_id].ended_at) is not None
    )
    if outcome.deaths is None:
        incoming = [one for one in journeys.values() if one.direction.value == "entrant" and one.flux != "POSTE"]
        outcome.faults += [f"appel : {one.line}" for one in compare(scene.town.truth(), incoming).differences]


def _died(scene: Stage, journeys: dict[str, object], name: str) -> bool:
    """A call that the PBX took with it: what became of its voice is told by the verdict."""
    journey = journeys.get(name)
    if journey is None:
        return False
    t0, end = getattr(journey, "t0", 0), getattr(journey, "ended_at", None) or getattr(journey, "last_at", 0)
    return any(t0 <= until + 1_000_000 and end >= since - 1_000_000 for since, until in scene.pbx_deaths)


async def _tell(scene: Stage) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(_TOLD_EVERY_SECONDS)
        done = await asyncio.to_thread(lambda: scene.town.tally().successful)
        print(f"  {time.monotonic() - began:5.0f} s: {done} calls are over", flush=True)
