"""How soon the voice can be heard by whoever is given the call next: after the hang-up, and while the call goes on.

Real PBX, the service with its archive, SIPp people who do all that people do. From the caller's own BYE (SIPp's log) to the first
byte of the whole recording over HTTP, by a listener who asks again and again; to the seal in the archive; and, while people talk,
how far the recorder's file and what the listener is given lie behind the clock.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from bench.figures import Figure, percentile, spread
from cti.bootstrap.access import accounts
from cti.bootstrap.clock import now
from cti.bootstrap.demo.process import get_json
from cti.journey import Instant, Journey
from cti.journey.around.voice import PieceKind
from cti.journey.words import from_datetime
from cti.sandbox.people.pairing import pair
from cti.settings import load
from cti.store import open_store
from tests.voice.stage import Stage, VoicePlan, stage

_CALLERS, _PER_MINUTE, _AGENTS, _PACE = 120, 70.0, 36, 0.15
_GOAL_SEALED_SECONDS, _GOAL_BEHIND_SECONDS = 3.0, 5.0
_LOOK_SECONDS, _BEHIND_EVERY_SECONDS = 0.05, 0.5
_PATIENCE_SECONDS = 20.0
_WHY = {"motif": "mesure"}
#: A WAV's header, then two octets a sample, eight a millisecond.
_HEADER, _OCTETS_A_MS = 44, 16


async def run() -> list[Figure]:
    """One day of a few minutes."""
    with tempfile.TemporaryDirectory(prefix="cti-bench-") as made:
        plan = VoicePlan(
            folder=Path(made) / "site", callers=_CALLERS, calls_per_minute=_PER_MINUTE, agents=_AGENTS, seed=9, pace=_PACE
        )
        async with stage(plan) as scene:
            listener = Listener(scene)
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(listener.run())
                await scene.played()
                watching.cancel()
            return await asyncio.to_thread(_figures, scene, listener)


@dataclass(slots=True)
class Listener:
    """A supervisor who listens to every call as soon as it is over, and to those under way."""

    scene: Stage
    heard_at: dict[str, Instant] = field(default_factory=dict)  #: by call: the first byte of the whole
    served_behind: list[float] = field(default_factory=list)  #: of what is served of a call under way (seconds)
    file_behind: list[float] = field(default_factory=list)  #: of the recorder's file
    failed: list[str] = field(default_factory=list)
    _asked: set[str] = field(default_factory=set)
    _headers: dict[str, str] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled."""
        settings = load(self.scene.site.config, {})
        await asyncio.to_thread(accounts.add, settings, "mesure", ("superviseur",), None, "bench", now())
        shown, _ = await asyncio.to_thread(accounts.give_token, settings, "mesure", 1, "bench", now())
        self._headers = {"Authorization": f"Bearer {shown}"}
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http, asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(self._behind(http))
            try:
                while True:
                    for call in await self._calls(http):
                        if call["ended_at"] and call["answered_at"] and call["recordings"] and call["call_id"] not in self._asked:
                            self._asked.add(call["call_id"])
                            tasks.create_task(self._whole(http, call))
                    await asyncio.sleep(_LOOK_SECONDS)
            finally:
                looking.cancel()

    async def _calls(self, http: aiohttp.ClientSession) -> list[dict[str, Any]]:
        told = await get_json(http, f"{self.scene.site.web}/api/v1/calls?limit=40")
        return list(told["calls"]) if told else []

    async def _whole(self, http: aiohttp.ClientSession, call: dict[str, Any]) -> None:
        """Ask until the recording is no longer under way, then for its sound."""
        piece_id = call["recordings"][0]["stem"].rpartition("/")[2]
        path = f"{self.scene.site.web}/api/v1/enregistrements/{piece_id}/ecoutes"
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while True:
                    async with http.post(path, json=_WHY, headers=self._headers) as answer:
                        told = await answer.json() if answer.status == 201 else None
                    if told is not None and not told["en_cours"]:
                        break
                    await asyncio.sleep(_LOOK_SECONDS)
                async with http.get(f"{self.scene.site.web}{told['audio']}", headers=self._headers) as answer:
                    await answer.content.readany()
                    self.heard_at[call["call_id"]] = now()
        except (TimeoutError, aiohttp.ClientError, OSError) as why:
            self.failed.append(f"{call['call_id']}: {type(why).__name__}")

    async def _behind(self, http: aiohttp.ClientSession) -> None:
        """Of every call in which people talk now, twice a second."""
        tickets: dict[str, str] = {}
        while True:
            await asyncio.sleep(_BEHIND_EVERY_SECONDS)
            for call in await self._calls(http):
                talking = call["answered_at"] and not call["ended_at"] and call["recordings"]
                if talking:
                    await self._one(http, call, tickets)

    async def _one(self, http: aiohttp.ClientSession, call: dict[str, Any], tickets: dict[str, str]) -> None:
        stem = call["recordings"][0]["stem"]
        piece_id, begun = stem.rpartition("/")[2], from_datetime(datetime.fromisoformat(call["recordings"][0]["started_at"]))
        try:
            written = (Path(f"{stem}-caller.wav").stat().st_size - _HEADER) / _OCTETS_A_MS
            self.file_behind.append((now() - begun) / 1e6 - written / 1000)
        except FileNotFoundError:
            return
        web = self.scene.site.web
        if piece_id not in tickets:
            async with http.post(f"{web}/api/v1/enregistrements/{piece_id}/ecoutes", json=_WHY, headers=self._headers) as answer:
                if answer.status == 201:
                    tickets[piece_id] = (await answer.json())["ecoute_id"]
            return
        async with http.get(f"{web}/api/v1/ecoutes/{tickets[piece_id]}", headers=self._headers) as answer:
            told = await answer.json() if answer.status == 200 else None
        if told is not None and told["en_cours"]:
            self.served_behind.append((now() - begun) / 1e6 - told["duration_ms"] / 1000)


def _figures(scene: Stage, listener: Listener) -> list[Figure]:
    settings = load(scene.site.config, {})
    store = open_store(settings.database_url)
    try:
        journeys = [one for one in store.reading.journeys(None, None) if one.direction.value == "entrant"]
        sealed = {
            piece.call_id: piece.sealed.sealed_at
            for piece in store.pieces.all()
            if piece.sealed is not None and piece.kind is PieceKind.APPEL
        }
    finally:
        store.close()
    gone = {journey.call_id: at for journey, at in _gone(scene, journeys)}
    heard = [(listener.heard_at[call_id] - at) / 1e6 for call_id, at in gone.items() if call_id in listener.heard_at]
    kept = [(sealed[call_id] - at) / 1e6 for call_id, at in gone.items() if call_id in sealed]
    lost = [f"{len(listener.failed)} listenings failed: {', '.join(listener.failed[:3])}"] if listener.failed else []
    return [
        _figure("from the caller's BYE to the first byte of the whole recording, p99", heard, _GOAL_SEALED_SECONDS, *lost),
        _figure("from the caller's BYE to the seal in the archive, p99", kept, _GOAL_SEALED_SECONDS),
        _figure("how far what is served of a call under way lies behind, p99", listener.served_behind, _GOAL_BEHIND_SECONDS),
        _figure("how far the recorder's file of a call under way lies behind, p99", listener.file_behind, _GOAL_BEHIND_SECONDS),
    ]


def _gone(scene: Stage, journeys: list[Journey]) -> Iterator[tuple[Journey, Instant]]:
    """When each answered caller's telephone was hung up, by itself or by the PBX."""
    for truth, journey in pair(scene.town.truth(), journeys).pairs:
        if truth.ended_at is not None and journey.answered_at is not None:
            yield journey, truth.ended_at


def _figure(what: str, seconds: list[float], goal: float, *remarks: str) -> Figure:
    p99 = percentile(seconds, 0.99)
    return Figure(
        bench="listenable",
        what=what,
        ours=p99,
        unit="s",
        rival=goal,
        against="the goal",
        ratio=p99 / goal,
        goal="<= 1",
        remarks=remarks,
        detail=spread(seconds),
    )
