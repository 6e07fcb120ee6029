"""The bad days, one by one: what is broken, when, and for how long. Every instant is drawn from the seed."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypedDict

from tests.chaos.clocks import Clock
from tests.chaos.disks import full
from tests.chaos.stage import Stage

_MANY = 200
_HOUR = 3_600.0
#: Some 30 s before civil time does what it does but rarely: the town opens about 10 s after the clocks are set.
_AUTUMN = "2026-10-25T02:59:30+02:00"
_SPRING = "2027-03-28T01:59:30+01:00"
_MIDNIGHT = "2026-12-31T23:59:30+01:00"
_FILLING_SECONDS = 66.0
#: Calls a minute. libfaketime makes each question for the time dearer, and Asterisk asks at each piece of voice: with 200 callers
#: two cores are short of it (answers up to 140 ms late, at load 18), and the day would be about that and not about its clocks.
_USUAL, _WITH_CLOCKS = 200, 120


@dataclass(frozen=True, slots=True)
class BadDay:
    """One kind of bad day."""

    name: str
    words: str  #: for the table
    breaks: Callable[[Stage], Awaitable[None]]
    calls_per_minute: float | None = None
    pace: float = 0.15  #: human durations are multiplied by this
    disks: tuple[str, ...] = ()
    starts: str | None = None  #: clocks that can be stepped, and what they say at first; empty: the true time
    disorder: bool = False  #: AMI frames overtake each other
    seconds: float | None = None  #: how long people call, where it is not the usual time

    @property
    def rate(self) -> float:
        """Calls a minute, where nothing else is said."""
        return self.calls_per_minute or (_USUAL if self.starts is None else _WITH_CLOCKS)


class _House(TypedDict):
    calls_per_minute: float
    pace: float
    seconds: float


async def nothing(scene: Stage) -> None:
    """Only very many calls."""


async def service_killed(scene: Stage) -> None:
    """Both processes, as a machine that dies; whoever watches them starts them again."""
    for _ in range(3):
        await scene.between(4, 9)
        await scene.kill_service()
        await scene.between(0, 6)
        await scene.restart_service()


async def service_crashed(scene: Stage) -> None:
    """The service at work alone, its guardian makes a new one: at an instant of its own start too (a fifth time within a minute
    would be one too often for the guardian).
    """
    for _ in range(2):
        await scene.between(5, 12)
        await scene.crash_service()
    await scene.between(2, 4)
    await scene.service.crash()
    await scene.between(0.05, 0.4)
    await scene.crash_service()


async def crashed_with_many_alive(scene: Stage) -> None:
    """Nobody is served quickly: the room is full of callers when the service dies."""
    await _many(scene)
    await scene.crash_service()


async def killed_with_many_alive(scene: Stage) -> None:
    """The same, and its guardian dies with it: a cold start."""
    await _many(scene)
    await scene.kill_service()
    await scene.restart_service()


async def _many(scene: Stage) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FILLING_SECONDS):
            while await asyncio.to_thread(scene.calling) < _MANY:
                await asyncio.sleep(1)


async def service_frozen(scene: Stage) -> None:
    for seconds in (1.0, 4.0, 12.0):
        await scene.between(2, 6)
        scene.service.freeze()
        try:
            await asyncio.sleep(seconds * scene.chance.uniform(0.7, 1.3))
        finally:
            scene.service.thaw()
        await scene.recovered()


async def ami_cut(scene: Stage) -> None:
    for _ in range(5):
        await scene.between(2, 6)
        scene.ami.cut()
        await scene.between(0, 0.5)
        scene.ami.cut()
        await scene.recovered()


async def ami_half_open(scene: Stage) -> None:
    await scene.between(4, 8)
    scene.ami.hold()
    try:
        await scene.between(14, 20)
    finally:
        scene.ami.flow()
    await scene.recovered()


async def ami_throttled(scene: Stage) -> None:
    await scene.between(4, 8)
    scene.ami.bytes_per_second = 20_000
    await scene.between(8, 12)
    await scene.kill_service()
    await scene.between(0, 2)
    await scene.service.start(wait=False)
    await scene.between(3, 5)
    scene.ami.bytes_per_second = None
    await scene.recovered()


async def agi_frozen(scene: Stage) -> None:
    await scene.between(4, 8)
    scene.agi.hold()
    try:
        await scene.between(12, 18)
    finally:
        scene.agi.flow()


async def database_locked(scene: Stage) -> None:
    for _ in range(2):
        await scene.between(3, 6)
        with scene.database_locked():
            await scene.between(6, 9)
        await scene.recovered()


async def database_gone(scene: Stage) -> None:
    await scene.between(4, 8)
    with scene.database_gone():
        await scene.between(6, 10)
    await scene.recovered()


async def disk_full(scene: Stage) -> None:
    """Database and raw journal share the service's disk; the secours files have another."""
    await scene.between(4, 7)
    with full(scene.site.var):
        await scene.between(6, 9)
    await scene.recovered()
    with full(scene.site.folder / "secours"):
        scene.service.freeze()
        try:
            await scene.between(5, 8)
        finally:
            scene.service.thaw()
    await scene.recovered()


async def disk_full_then_killed(scene: Stage) -> None:
    """What waited in memory is lost with it: the PBX's own log tells it again."""
    await scene.between(4, 7)
    with full(scene.site.var):
        await scene.between(4, 7)
        await scene.kill_service()
    await scene.restart_service()


async def pbx_killed(scene: Stage) -> None:
    await scene.between(9, 14)
    with scene.no_pbx():
        await scene.pbx.kill()
    await scene.pbx.start()
    await scene.recovered()


async def pbx_restarted(scene: Stage) -> None:
    """As an operator does it in a hurry: ``core stop now`` hangs everybody up."""
    await scene.between(9, 14)
    with scene.no_pbx():
        await scene.pbx.stop()
    await scene.pbx.start()
    await scene.recovered()


async def both_killed(scene: Stage) -> None:
    """A power cut."""
    await scene.between(9, 14)
    with scene.no_pbx():
        await scene.kill_service()
        await scene.pbx.kill()
    await scene.pbx.start()
    await scene.restart_service()


async def database_read_only(scene: Stage) -> None:
    await scene.between(4, 8)
    with scene.database_read_only():
        await scene.between(8, 12)
    await scene.recovered()


async def clocks_stepped(scene: Stage) -> None:
    """The machine's clock is set, and everything on it follows; in the end the service dies soon after a step that it saw."""
    for hours in (1, -1, -1):
        await scene.between(8, 11)
        await asyncio.gather(*(clock.step(hours * _HOUR) for clock in _clocks(scene)))
        await scene.between(1, 2)
        await scene.recovered()
    await scene.kill_service()
    await scene.between(0, 2)
    await scene.restart_service()


async def clocks_apart(scene: Stage) -> None:
    """Two machines, one of which is set wrong and then right again."""
    pbx, service = _clocks(scene)
    for clock, hours in ((service, 1), (service, -2), (pbx, -1), (pbx, 2), (service, 2)):
        await scene.between(5, 7)
        await clock.step(hours * _HOUR)
        await scene.recovered()


async def clock_back_while_dead(scene: Stage) -> None:
    """The same hour twice, and nobody watched when the second one began."""
    await scene.between(9, 12)
    await scene.kill_service()
    await scene.between(1, 3)
    await asyncio.gather(*(clock.step(-_HOUR) for clock in _clocks(scene)))
    await scene.between(2, 4)
    await scene.restart_service()


def _clocks(scene: Stage) -> tuple[Clock, Clock]:
    if scene.clocks is None:
        raise RuntimeError("this day needs clocks that can be stepped: BadDay(starts=...)")
    return scene.clocks.pbx, scene.clocks.service


async def killed_at_the_turn(scene: Stage) -> None:
    """The hour changes some 20 s after the start; the service dies a little later, on the other side of it."""
    await scene.between(24, 28)
    await scene.kill_service()
    await scene.between(1, 4)
    await scene.restart_service()


#: Nobody is served quickly, and no more come in than Asterisk can take in beside two hundred people on two cores.
_FULL_HOUSE: _House = {"calls_per_minute": 200, "pace": 4.0, "seconds": 72.0}

BAD_DAYS = (
    BadDay("burst", "200 calls a minute, no fault", nothing),
    BadDay("service_killed", "service and guardian: kill -9 three times", service_killed),
    BadDay("service_crashed", "service: kill -9 four times, twice within half a second", service_crashed),
    BadDay("many_alive", "service: kill -9 with 200 people on the telephone", crashed_with_many_alive, **_FULL_HOUSE),
    BadDay("many_alive_cold", "service and guardian: kill -9 with 200 on the telephone", killed_with_many_alive, **_FULL_HOUSE),
    BadDay("service_frozen", "service: STOP and CONT three times, up to 15 s", service_frozen),
    BadDay("ami_cut", "AMI links reset ten times", ami_cut),
    BadDay("ami_half_open", "AMI links half open (no byte either way) for 14 to 20 s", ami_half_open),
    BadDay("ami_throttled", "AMI at 20 kB/s in pieces of 61 bytes, then kill -9", ami_throttled),
    BadDay("agi_frozen", "FastAGI half open for 12 to 18 s", agi_frozen),
    BadDay("database_locked", "database locked by another writer twice, 6 to 9 s", database_locked),
    BadDay("database_gone", "database file gone for 6 to 10 s, and back", database_gone),
    BadDay("disk_full", "disk full: database and journal, then the secours folder", disk_full, disks=("var", "secours")),
    BadDay("disk_full_then_killed", "disk full, then kill -9 while it is", disk_full_then_killed, disks=("var",)),
    BadDay("database_read_only", "database on a file system made read-only for 8 to 12 s", database_read_only),
    BadDay("ami_disorder", "AMI frames overtake each other by up to 20 ms, all day", nothing, disorder=True),
    BadDay("clocks_stepped", "clock of PBX and service: one hour forward, back twice; then kill -9", clocks_stepped, starts=""),
    BadDay("clocks_apart", "clocks of PBX and service stepped by hours, one without the other", clocks_apart, starts=""),
    BadDay("clock_back_dead", "service: kill -9; clocks one hour back; started again", clock_back_while_dead, starts=""),
    BadDay("night_of_25_hours", "25 h night: 03:00 is 02:00 again; then kill -9", killed_at_the_turn, starts=_AUTUMN),
    BadDay("night_of_23_hours", "23 h night: 02:00 is 03:00; then kill -9", killed_at_the_turn, starts=_SPRING),
    BadDay("midnight", "midnight of the last day of the year; then kill -9", killed_at_the_turn, starts=_MIDNIGHT),
    BadDay("pbx_killed", "Asterisk: kill -9, started again", pbx_killed),
    BadDay("pbx_restarted", "Asterisk: core stop now, started again", pbx_restarted),
    BadDay("both_killed", "Asterisk and service: kill -9 together", both_killed),
)
