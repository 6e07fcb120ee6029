"""Memory of the service: at rest, with 500 calls on the line, and over 100,000 calls.

At rest and with calls it is `cti run` itself, before a fake PBX that speaks bytes: frames of real calls, copied, up to the talk.
Over 100,000 calls it is the code of `cti replay` in a process of its own; three callers in four give up waiting, the fourth
is answered.
"""

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil

from bench.figures import Figure
from bench.scene.recorded import Call, Copier, record
from bench.scene.stage import ROOT, count, running_service
from cti.ami.recorded import Recorded
from cti.bootstrap.clock import now
from cti.bootstrap.sandbox import Site, make_site
from cti.bootstrap.telling.replaying import replay_into
from cti.sandbox.people.staff import Phone
from cti.settings import load
from cti.store import open_store
from tests.fakes.asterisk import FakeAsterisk, listing

_LIVE_CALLS = 500
_REPLAYED = 100_000
_MARKS = (10_000, 50_000, 100_000)
_IDLE_MB, _LIVE_MB = 120.0, 200.0
_BORN = 1_786_350_000_000_000
#: Of the fake PBX: as long as a real one must be.
_SECRET = "bench-of-the-house"


async def run() -> list[Figure]:
    """All three."""
    calls = (await record()).service
    with tempfile.TemporaryDirectory(prefix="cti-bench-") as made:
        figures = await _service(Path(made), calls)
        return [*figures, await _replay(Path(made), calls)]


# --- the service --------------------------------------------------------------------------------------------------------


async def _service(folder: Path, calls: tuple[Call, ...]) -> list[Figure]:
    async with fake_pbx() as pbx:
        site = make_site(ROOT / "config", folder / "site", [Phone("n101", "Poste", "arm_n1", ("n1",), "sip:n101@127.0.0.1:9")])
        point_at(site, pbx)
        async with running_service(site.config, site.web, folder / "service.log") as service:
            await asyncio.sleep(3)
            idle = _resident_mb(service)
            await _call_in(pbx, site, calls)
            await asyncio.sleep(3)
            live = _resident_mb(service)
    each = f"{1024 * (live - idle) / _LIVE_CALLS:.0f} kB for each call on the line"
    return [
        _figure("resident at rest", idle, _IDLE_MB),
        _figure(f"resident with {_LIVE_CALLS} calls talking", live, _LIVE_MB, each),
    ]


def _figure(what: str, ours: float, limit: float, *remarks: str) -> Figure:
    return Figure(
        bench="memory", what=what, ours=ours, unit="MB", rival=limit, against="what we allow ourselves", ratio=ours / limit,
        goal="<= 1", remarks=remarks,
    )  # fmt: skip


class FakePbx(FakeAsterisk):
    """Tells every connection: the link for actions takes no notice of events."""

    async def tell(self, block: bytes) -> None:
        """Send one block, and let it leave."""
        for writer in self._writers:
            writer.write(block + b"\r\n\r\n")
        for writer in self._writers:
            await writer.drain()


@contextlib.asynccontextmanager
async def fake_pbx() -> AsyncIterator[FakePbx]:
    """A PBX that speaks bytes, with nobody in its queues and nothing on the line."""
    async with FakePbx() as pbx:
        pbx.script.secret = _SECRET
        for action, end in (("QueueStatus", "QueueStatusComplete"), ("Status", "StatusComplete")):
            pbx.on(action, lambda asked, end=end: listing(asked, [], end))  # type: ignore[misc]
        yield pbx


def point_at(site: Site, pbx: FakePbx) -> None:
    """The site's service watches the fake."""
    path = site.config / "pbx.toml"
    text = path.read_text(encoding="utf-8")
    old = load(site.config, {}).pbx.ami
    text = text.replace(old.events_secret, _SECRET).replace(old.actions_secret, _SECRET)
    text = text.replace(f"port = {old.port}", f"port = {pbx.port}")
    path.write_text(text, encoding="utf-8")


async def _call_in(pbx: FakePbx, site: Site, calls: tuple[Call, ...]) -> None:
    """Send the frames of that many calls up to the talk, and wait until the service has written them all."""
    copier = Copier(tuple(_until_talk(call) for call in calls))
    for block in copier.interleaved(_LIVE_CALLS, 20.0, now()):
        await pbx.tell(block)
    await count(site, "SELECT count(*) FROM call WHERE answered_at IS NOT NULL AND ended_at IS NULL", _LIVE_CALLS)


def _until_talk(call: Call) -> Call:
    ends = (i for i, (_, block) in enumerate(call.frames) if block.startswith(b"Event: BridgeLeave\r\n"))
    return Call(call.frames[: next(ends, len(call.frames))])


def _resident_mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


# --- the replay ---------------------------------------------------------------------------------------------------------


async def _replay(folder: Path, calls: tuple[Call, ...]) -> Figure:
    heard = folder / "calls.json"
    heard.write_text(json.dumps([[(at, block.decode("latin-1")) for at, block in call.frames] for call in calls]))
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.memory", str(heard), str(folder / "replay.db"), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        said, _ = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
    if child.returncode:
        raise RuntimeError(f"the replay ended with code {child.returncode}")
    marks: dict[str, float] = json.loads(said)
    first, last = marks[str(_MARKS[0])], marks[str(_MARKS[-1])]
    told = ", ".join(f"{mark:,}: {marks[str(mark)]:.1f} MB" for mark in _MARKS)
    slope = 1024 * 1024 * (last - first) / (_MARKS[-1] - _MARKS[0])
    return Figure(
        bench="memory",
        what=f"resident after {_MARKS[-1]:,} calls, against {_MARKS[0]:,}",
        ours=last,
        unit="MB",
        rival=first,
        against="the same run, earlier",
        ratio=last / first,
        goal="<= 1.05",
        remarks=(f"{told}; {slope:.0f} bytes for each further call; database {marks['database_mb']:.0f} MB",),
        detail=dict(marks),
    )


def _replayed(calls: tuple[Call, ...], marks: dict[str, float]) -> Iterator[Recorded]:
    """One answered call, three that gave up, and so on; notes the memory at each mark."""
    process = psutil.Process()
    whole = Copier(calls)
    short = Copier(tuple(_given_up(call) for call in calls), first=1_000_000)
    for number in range(1, _REPLAYED + 1):
        copier = short if number % 4 else whole
        for at, block in copier.copy(_BORN + number * 25_000):
            yield Recorded(block, at, 1)
        if number in _MARKS:
            marks[str(number)] = _resident_mb(process)


def _given_up(call: Call) -> Call:
    """The same caller, had nobody been there: his own frames, without queue's and agents' doings."""
    kept = (b"Event: Newchannel\r\n", b"Event: UserEvent\r\n", b"Event: QueueCallerJoin\r\n", b"Event: Hangup\r\n")
    trunk, moved = b"\r\nChannel: PJSIP/operateur-", b"UserEvent: SasTransfer"
    return Call(tuple((at, b) for at, b in call.frames if b.startswith(kept) and trunk in b and moved not in b))


async def _child(heard: Path, database: Path) -> None:
    calls = tuple(Call(tuple((at, text.encode("latin-1")) for at, text in frames)) for frames in json.loads(heard.read_text()))
    marks: dict[str, Any] = {}
    store = open_store(f"sqlite:///{database}")
    try:
        await replay_into(store, _replayed(calls, marks))
        ended = sum(journey.ended_at is not None for journey in store.reading.journeys(None, None))
    finally:
        store.close()
    if ended != _REPLAYED:
        raise RuntimeError(f"{ended} of {_REPLAYED} calls ended in the store")
    marks["database_mb"] = database.stat().st_size / 2**20
    print(json.dumps(marks))


if __name__ == "__main__":
    asyncio.run(_child(Path(sys.argv[1]), Path(sys.argv[2])))
