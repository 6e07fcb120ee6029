"""How long after the ring at the PBX the desk's page has the line, and what two hundred desks cost.

`cti run` itself before a fake PBX that speaks bytes: the frames of one recorded call, copied five times a second, each for
another post. Every desk is followed as its page follows it. A ring is measured from the frame that says that a phone is asked, as
it leaves the fake, to the line of the stream that says *sonne*: one machine, one clock.
"""

import asyncio
import contextlib
import json
import re
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil

from bench.figures import Figure, percentile, spread
from bench.memory import FakePbx, fake_pbx, point_at
from bench.scene.recorded import Call, Copier
from bench.scene.stage import ROOT, cpu_seconds, running_service
from cti.ami.recorded import read_session
from cti.bootstrap.clock import now
from cti.bootstrap.sandbox import Site, make_site
from cti.sandbox.people.staff import Phone

_RECORDED = ROOT / "tests" / "scenarios" / "answered_agent_hangs_up" / "session.ami"
_RATE = 5.0
_CALLS = 300
_LIMIT_MS = 150.0
_FEW, _MANY = 50, 200
#: What two hundred desks may add: memory, and the share of one core at five calls a second.
_MEMORY_MB, _CORE = 60.0, 0.3
_WATCHED_CALLS = 100
_STAMP = re.compile(rb"\r\nTimestamp: (\d+)\.(\d{6})")
#: The first frame that says that a phone is asked.
_ASKED = b"Event: AgentCalled\r\n"
_CALL_ID = re.compile(rb"SAS_CALL=(\S+)|\r\nCallId: (\S+)")


@dataclass
class _Rings:
    """When the PBX asked a phone for each call, and when the call was first at the desk (microseconds of one steady clock)."""

    sent: dict[str, int] = field(default_factory=dict)
    heard: dict[str, int] = field(default_factory=dict)
    posts: dict[str, str] = field(default_factory=dict)  #: for which each copy was made
    wrong: list[str] = field(default_factory=list)
    lag_ms: list[float] = field(default_factory=list)  #: how late this bench itself was with each frame
    late: int = 0  #: calls that were picked up before the desk had seen them ring

    def delays_ms(self) -> list[float]:
        """From the frame to the line, of each call."""
        return [(at - self.sent[call_id]) / 1000 for call_id, at in self.heard.items()]


async def run() -> list[Figure]:
    """Fifty desks for the delay; none and two hundred for what they cost."""
    call = _recorded()
    with tempfile.TemporaryDirectory(prefix="cti-bench-") as made:
        async with fake_pbx() as pbx:
            phones = [Phone(_post(i), f"Poste {i}", "arm_n1", ("n1",), f"sip:{_post(i)}@127.0.0.1:9") for i in range(_MANY)]
            site = make_site(ROOT / "config", Path(made) / "site", phones)
            point_at(site, pbx)
            async with running_service(site.config, site.web, Path(made) / "service.log") as service:
                await asyncio.sleep(3)
                copier = Copier((call,))
                alone = await _cost(service, pbx, site, copier, 0)
                delay = await _delay(pbx, site, copier)
                full = await _cost(service, pbx, site, copier, _MANY)
    return [delay, *_costs(alone, full)]


def _recorded() -> Call:
    """One call as it was recorded, its instants after the first."""
    frames = [record.frame_bytes for record in read_session(_RECORDED)]
    stamps = [int(found[1] + found[2]) for block in frames if (found := _STAMP.search(block)) is not None]
    return Call(tuple(zip((at - stamps[0] for at in stamps), frames, strict=True)))


def _post(number: int) -> str:
    return f"arm{number:03d}"


# --- the delay ----------------------------------------------------------------------------------------------------------


async def _delay(pbx: FakePbx, site: Site, copier: Copier) -> Figure:
    rings = _Rings()
    async with _followed(site, _FEW, rings):
        await _play(pbx, copier, _CALLS, _FEW, rings)
        async with asyncio.timeout(10):
            while len(rings.heard) < _CALLS:
                await asyncio.sleep(0.05)
    if rings.wrong:
        raise RuntimeError(f"calls at another's desk: {rings.wrong[:5]}")
    delays = rings.delays_ms()
    worst = percentile(delays, 0.99)
    return Figure(
        bench="desks",
        what=f"p99 from the ring at the PBX to the desk's stream ({_FEW} desks, {_RATE:g} calls/s, {len(delays)} rings)",
        ours=worst,
        unit="ms",
        rival=_LIMIT_MS,
        against="what a desk may lag behind its phone",
        ratio=worst / _LIMIT_MS,
        goal="<= 1",
        remarks=(
            f"p50 {percentile(delays, 0.5):.0f} ms, 20 ms of it the pipeline's linger and then its commit",
            f"the bench's own process was {percentile(rings.lag_ms, 0.99):.0f} ms late at p99: if it is busy, look there first",
            f"{rings.late} calls were picked up (0.3 s) before the desk had seen them ring",
        ),
        detail={"stream_ms": spread(delays)},
    )


@contextlib.asynccontextmanager
async def _followed(site: Site, desks: int, rings: _Rings) -> AsyncIterator[None]:
    """So many desks followed, each by a connection of its own; all have their picture when it begins."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as http:
        ready = [asyncio.Event() for _ in range(desks)]
        pages = [asyncio.create_task(_page(http, site, _post(i), ready[i], rings)) for i in range(desks)]
        try:
            async with asyncio.timeout(60):
                await asyncio.gather(*(event.wait() for event in ready))
            yield
            for page in pages:
                if page.done():
                    page.result()
                    raise RuntimeError("a desk's stream ended")
        finally:
            for page in pages:
                page.cancel()
            await asyncio.gather(*pages, return_exceptions=True)


async def _page(http: aiohttp.ClientSession, site: Site, post: str, ready: asyncio.Event, rings: _Rings) -> None:
    async with http.get(f"{site.web}/api/v1/poste/flux", params={"poste": post}) as answer:
        answer.raise_for_status()
        async for line in answer.content:
            if not line.startswith(b"data: "):
                continue
            at = time.monotonic_ns() // 1000
            ready.set()
            if b'"place"' in line:
                _hear(json.loads(line[6:]), post, at, rings)


def _hear(told: dict[str, dict[str, dict[str, str] | None]], post: str, at: int, rings: _Rings) -> None:
    for call_id, call in told.get("calls", {}).items():
        if call is None or call_id in rings.heard:
            continue
        rings.heard[call_id] = at
        rings.late += call["place"] != "sonne"
        if rings.posts[call_id] != post:
            rings.wrong.append(f"{call_id} at {post}")


async def _play(pbx: FakePbx, copier: Copier, calls: int, desks: int, rings: _Rings) -> None:
    """Calls in their own time, each for the next desk."""
    frames: list[tuple[int, int, str, bytes]] = []
    begins = now() + 200_000
    for number in range(calls):
        post = _post(number % desks)
        blocks = [(at, block.replace(b"arm01", post.encode())) for at, block in copier.copy(begins + int(number * 1e6 / _RATE))]
        call_id = next(
            (found[1] or found[2]).decode() for _, block in blocks if (found := _CALL_ID.search(block)) and (found[1] or found[2])
        )
        rings.posts[call_id] = post
        frames.extend((at, len(frames) + place, call_id, block) for place, (at, block) in enumerate(blocks))
    for at, _, call_id, block in sorted(frames):
        early = (at - now()) / 1e6
        if early > 0:
            await asyncio.sleep(early)
            early = (at - now()) / 1e6
        rings.lag_ms.append(max(0.0, -early) * 1000)
        if block.startswith(_ASKED):
            rings.sent[call_id] = time.monotonic_ns() // 1000
        await pbx.tell(block)


# --- the cost -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cost:
    resident_mb: float
    core: float  #: share of one core while calls come in


async def _cost(service: psutil.Process, pbx: FakePbx, site: Site, copier: Copier, desks: int) -> _Cost:
    """What the service takes at five calls a second with so many desks that look."""
    rings = _Rings()
    async with _followed(site, desks, rings):
        await asyncio.sleep(1)
        began, used = time.monotonic(), cpu_seconds(service)
        await _play(pbx, copier, _WATCHED_CALLS, max(desks, 1), rings)
        took = time.monotonic() - began
        return _Cost(float(service.memory_info().rss) / 2**20, (cpu_seconds(service) - used) / took)


def _costs(alone: _Cost, full: _Cost) -> Sequence[Figure]:
    memory, core = full.resident_mb - alone.resident_mb, full.core - alone.core
    what = f"{_MANY} desks that look, at {_RATE:g} calls/s"
    return (
        Figure(
            bench="desks", what=f"memory that they add: {what}", ours=memory, unit="MB", rival=_MEMORY_MB,
            against="what we allow ourselves", ratio=memory / _MEMORY_MB, goal="<= 1",
            remarks=(f"{alone.resident_mb:.0f} MB without, {full.resident_mb:.0f} MB with them, some calls later",),
        ),
        Figure(
            bench="desks", what=f"share of a core that they add: {what}", ours=core, unit="core", rival=_CORE,
            against="what we allow ourselves", ratio=core / _CORE, goal="<= 1",
            remarks=(f"{alone.core:.3f} without, {full.core:.3f} with them",),
        ),
    )  # fmt: skip
