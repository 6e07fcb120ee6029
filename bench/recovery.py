"""How long until the whole truth is there again after a kill -9, by the number of calls alive; and how fast CEL is reconciled.

A real ``cti run`` is started on a store that holds so many open calls, a CEL file that tells what became of them meanwhile, and
a manager port that lists their channels: the clock runs from the start of the process to ``/readyz`` saying that all is seen. The
PBX is our fake, so that the figure is ours and not that of a thousand calls on this machine. The rival is the goal. ``alive``
does it once more with 200 people on a real PBX. The service starts from bytecode, as it does on a site (`make build`).
"""

import asyncio
import compileall
import csv
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import alive
from bench.figures import Figure
from cti.ami.reconcile import reconcile
from cti.ami.translate.cel import rows_since
from cti.bootstrap.clock import now
from cti.bootstrap.demo.process import ServiceProcess
from cti.bootstrap.sandbox import Site, make_site
from cti.journey import Journey, apply
from cti.journey import events as ev
from cti.journey.ledger import Batch, Entry
from cti.journey.model import Quality
from cti.sandbox.host.free import free_range
from cti.sandbox.people.staff import phones
from cti.settings import load
from cti.store import open_store
from tests.fakes.asterisk import Action, FakeAsterisk, event, listing

_ROOT = Path(__file__).parents[1]
_LIVE = (50, 200, 1_000)
_GOAL_SECONDS = 3.0
_RECONCILED = 5_000
_NORMAL = '{"hangupcause":16}'
_S = 1_000_000
_APART = 1_000  #: between two callers, in the store as in CEL (microseconds)
_WAITING = frozenset({"CHAN_START", "SAS_ARRIVED", "ANSWER", "SAS_ROUTE", "APP_START"})


async def run() -> list[Figure]:
    """Recovery for each number of calls, then reconciliation."""
    compileall.compile_dir(_ROOT / "cti", quiet=1)
    with tempfile.TemporaryDirectory(prefix="cti-bench-") as folder:
        kinds = [(live, cold) for cold in (False, True) for live in _LIVE]
        figures = [await _recovery(Path(folder) / f"{live}-{cold}", live, cold=cold) for live, cold in kinds]
        figures += await alive.recovery(Path(folder) / "real", 200, _GOAL_SECONDS)
        return [*figures, _reconciliation(Path(folder))]


async def _recovery(folder: Path, live: int, *, cold: bool) -> Figure:
    """One dead service with so many waiting callers, all of whom are answered before the next one sees them.

    ``cold``: its guardian died with it.
    """
    site = make_site(_ROOT / "config", folder, phones(16, free_range(10)))
    died_at = now() - 5 * _S
    settings = load(site.config, {})
    _fill(settings.database_url, live, died_at)
    waiting, answered = _cel(live, died_at)
    _append(settings.cti.pbx.cel, waiting)
    async with FakeAsterisk() as pbx:
        pbx.script.secret = settings.pbx.ami.events_secret
        await _answer_at(pbx, site, live)
        service = ServiceProcess(site)
        try:
            if not cold:
                await service.start()
                service.freeze()
            _append(settings.cti.pbx.cel, answered)
            began = time.perf_counter()
            await (service.start() if cold else _crashed(service))
            seconds = time.perf_counter() - began
        finally:
            await service.stop()
    known = _told_whole(settings.database_url)
    if known != live:
        raise RuntimeError(f"{known} calls of {live} were told by CEL as answered, with no doubt")
    how = "service and guardian killed (cold start)" if cold else "service killed"
    return Figure(
        bench="recovery",
        what=f"{how}: to the whole truth, {live} calls alive",
        ours=seconds,
        unit="s",
        rival=_GOAL_SECONDS,
        against="the goal",
        ratio=seconds / _GOAL_SECONDS,
        goal="<= 1" if live <= 200 else "",
    )


async def _crashed(service: ServiceProcess) -> None:
    """It dies where it was frozen; its guardian goes on."""
    os.kill(service.guardian, signal.SIGCONT)
    await service.crash()
    await service.ready()


def _reconciliation(folder: Path) -> Figure:
    """Ended calls, read from CEL and compared with as many journeys."""
    began_at = now() - 3600 * _S
    cel = folder / "cel.csv"
    rows = [row for n in range(_RECONCILED) for row in _rows(n, began_at + n * _APART, ended=True)]
    _append(cel, sorted(rows, key=lambda row: row[1]))
    began = time.perf_counter()
    told = list(rows_since(cel, 0))
    found = reconcile((), told, (), 0, now())
    seconds = time.perf_counter() - began
    if len(found.differences) != _RECONCILED:
        raise RuntimeError(f"{len(found.differences)} of {_RECONCILED} calls were found missing")
    return Figure(
        bench="recovery",
        what=f"calls read from CEL and reconciled, {len(told)} rows",
        ours=_RECONCILED / seconds,
        unit="/s",
        rival=0.5,
        against="0.5 calls a second of a large SAMU in a burst",
        ratio=_RECONCILED / seconds / 0.5,
    )


async def _answer_at(pbx: FakeAsterisk, site: Site, live: int) -> None:
    """The fake listens where the site says, accepts both logins, and lists the channels."""
    pbx.on("QueueStatus", lambda action: listing(action, [], "QueueStatusComplete"))

    def status(action: Action) -> bytes:
        rows = [
            event("Status", f"Channel: PJSIP/{who}-{n:08x}", f"Uniqueid: c{n}.{leg}", f"Linkedid: c{n}.0", "Seconds: 30",
                  f"BridgeID: b{n}", f"Variable: SAS_CALL=u-{n}")
            for n in range(live)
            for leg, who in enumerate(("operateur", "arm01"))
        ]  # fmt: skip
        return listing(action, rows, "StatusComplete")

    pbx.on("Status", status)
    pbx.on("Login", lambda action: f"Response: Success\r\nActionID: {action['ActionID']}\r\n\r\n".encode() + pbx.script.booted)
    await pbx.stop()
    pbx.port = site.ports.ami
    await pbx.start()


def _fill(url: str, live: int, died_at: int) -> None:
    """Open calls, as the killed service left them: in the queue."""
    store = open_store(url)
    try:
        for n in range(live):
            at = died_at + n * _APART
            told: list[ev.CallEvent] = [
                ev.CallArrived(call_id=f"u-{n}", at=at - 20 * _S, channel=f"c{n}.0", did="15", flux="15", caller=None),
                ev.QueueEntered(call_id=f"u-{n}", at=at - 18 * _S, filiere="n1"),
            ]
            journey = Journey(call_id=f"u-{n}")
            for one in told:
                journey, _ = apply(journey, one)
            store.commit(Batch(tuple(Entry(one, "1", 2 * n + part, 0) for part, one in enumerate(told)), (journey,)))
    finally:
        store.close()


def _told_whole(url: str) -> int:
    store = open_store(url)
    try:
        found = store.reading.journeys(None, None)
        return sum(journey.answered_at is not None and journey.quality is Quality.RECONSTRUCTED for journey in found)
    finally:
        store.close()


def _cel(calls: int, at: int) -> tuple[list[list[str]], list[list[str]]]:
    """Rows of so many callers: those until they wait, and those that tell who answered."""
    rows = sorted((row for n in range(calls) for row in _rows(n, at + n * _APART, ended=False)), key=lambda row: row[1])
    waiting = [row for row in rows if row[0] in _WAITING and not (row[0] == "ANSWER" and row[2] != row[3])]
    return waiting, [row for row in rows if row not in waiting]


def _append(path: Path, rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)


def _rows(n: int, at: int, *, ended: bool) -> Iterator[list[str]]:
    """A caller who arrived 20 s before ``at`` and is answered 1 s after it."""
    caller, leg = f"c{n}.0", f"c{n}.1"

    def row(kind: str, when: int, uniqueid: str, app: str = "", data: str = "", extra: str = "") -> list[str]:
        channel = f"PJSIP/operateur-{n:08x}" if uniqueid == caller else f"PJSIP/arm01-{n:08x}"
        stamp = f"{when // _S}.{when % _S:06d}"
        return [kind, stamp, uniqueid, caller, channel, "", "15", "sas-entree", app, data, "", "", extra]

    bridge = f'{{"bridge_id":"b{n}"}}'
    yield row("CHAN_START", at - 20 * _S, caller)
    yield row("SAS_ARRIVED", at - 20 * _S + 1, caller, extra=f'{{"extra":"u-{n}/1|15|15||1|0"}}')
    yield row("ANSWER", at - 20 * _S + 2, caller)
    yield row("SAS_ROUTE", at - 19 * _S, caller, extra=f'{{"extra":"u-{n}/2|n1"}}')
    yield row("APP_START", at - 18 * _S, caller, "Queue", "sas-n1,,,,60")
    yield row("CHAN_START", at, leg)
    yield row("ANSWER", at + _S, leg)
    yield row("BRIDGE_ENTER", at + _S + 1, leg, extra=bridge)
    yield row("BRIDGE_ENTER", at + _S + 2, caller, extra=bridge)
    if ended:
        end = at + 5 * _S
        for late, (kind, extra) in enumerate((("BRIDGE_EXIT", bridge), ("HANGUP", _NORMAL), ("CHAN_END", ""))):
            yield row(kind, end + late, leg, extra=extra)
        yield row("BRIDGE_EXIT", end + 3, caller, extra=bridge)
        yield row("APP_END", end + 4, caller, "Queue")
        yield row("SAS_END", end + 5, caller, extra=f'{{"extra":"u-{n}/3|n1|16||"}}')
        yield row("HANGUP", end + 6, caller, extra=_NORMAL)
        yield row("CHAN_END", end + 7, caller)


if __name__ == "__main__":
    for figure in asyncio.run(run()):
        print(f"{figure.what}: {figure.ours:.2f} {figure.unit}")
