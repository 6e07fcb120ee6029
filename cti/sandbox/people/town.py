"""A town: the people who call and the people who answer, alive around one PBX for as long as the demo or the test lasts.

One SIPp plays all the agents of a filière, one SIPp plays the callers of a few minutes. A SIPp speaks for some 1,250 calls
and then falls silent (sipp issue 568), so callers get a new one in time, well before.
"""

import asyncio
import csv
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from cti.journey import FiliereCode
from cti.sandbox.errors import SippFailed
from cti.sandbox.host.free import free_port
from cti.sandbox.install import Install
from cti.sandbox.people.acting.acts import with_acts
from cti.sandbox.people.draw import Caller, Habits, callers
from cti.sandbox.people.lines import write_callers, write_gestures
from cti.sandbox.people.scenarios import agent, caller
from cti.sandbox.people.sip.places import free_media_ports, hang_up_everybody, until_taken
from cti.sandbox.people.sip.tones import CALLER_HERTZ, agents_hertz, write_tone
from cti.sandbox.people.staff import Phone, gestures
from cti.sandbox.people.truth import CallerTruth, read_truth
from cti.sandbox.sipp import SippProcess, SippRun

_WINDOW_MS = 300_000
"""Callers of five minutes share a SIPp..."""
_WINDOW_CALLS = 900
"""... unless there are more of them than this."""
_LINES = 2_000
"""Gestures drawn for each filière before they repeat."""
_SHORTEST_MS = 500
_MEDIA_PORTS = 1_200
_READY_SECONDS = 10.0
_STEADY = (
    # In-dialog OPTIONS, UPDATE, INFO and NOTIFY get their 200 wherever the scenario stands.
    *("-aa",),
    # A PBX that is frozen for half a minute loses no caller.
    *("-max_invite_retrans", "12", "-max_non_invite_retrans", "12"),
    # SIPp ends its whole run when it was late too often: on a busy machine that would be the end of every call.
    *("-watchdog_minor_maxtriggers", "1000000", "-watchdog_major_maxtriggers", "1000000"),
    "-skip_rlimit",
)
_NO_TROUBLE = (
    *("receive timeout on", "The following events", "Overload warning", "There were more errors"),
    "(successful), received 'BYE",
)
"""What SIPp writes as an error although no call suffers: timeouts are part of the play, slowness shows in the instants, and two
who hang up at the same instant both say so.
"""
_DATED = re.compile(r"^(?=\d{4}-\d\d-\d\d\t)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TownPlan:
    """What happens in a town.

    Without `duration_seconds` people go on calling until the town is closed. With `home_by_seconds` every caller hangs up by
    then, at the latest; without it the last ones stay until they are served. `pace` scales human durations (0.3: three times
    as quick). `waits` is the share of conversations that agents leave to the caller or to the service to end. With `acts` agents
    also hold, consult, and call others in. No more than `most` call.
    """

    calls_per_minute: float
    duration_seconds: float | None = None
    home_by_seconds: float | None = None
    seed: int = 1
    pace: float = 1.0
    waits: float = 0.0
    acts: bool = False
    most: int | None = None
    habits: Habits = field(default_factory=Habits)


@dataclass(frozen=True, slots=True)
class Tally:
    """What the callers' SIPps counted: calls that went as their scenario says, and the others."""

    successful: int
    failed: int


class Town:
    """People around one PBX. Use it as `async with`; nobody stays behind when it is left."""

    def __init__(self, install: Install, phones: Sequence[Phone], pbx: str, plan: TownPlan, folder: Path) -> None:
        """Prepare; nobody is there yet.

        Args:
            install: where SIPp is.
            phones: the phones of the room, at the addresses that the PBX knows.
            pbx: where the PBX takes calls, as `127.0.0.1:5060`.
            plan: who calls and how people behave.
            folder: receives scenarios, tones and every log; the truth is read from it.
        """
        self._install = install
        self._phones = tuple(phones)
        self._hertz = agents_hertz(phone.endpoint for phone in phones)
        self._pbx = pbx
        self._plan = plan
        self._folder = folder.absolute()
        self._callers: list[SippProcess] = []
        self._controls: list[int] = []
        self._agents: list[SippProcess] = []
        self._stack = AsyncExitStack()
        self._stream: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Open: every phone can ring, and the first callers are on their way."""
        self._folder.mkdir(parents=True, exist_ok=True)
        await self._stack.__aenter__()
        try:
            self._stack.push_async_callback(self._close)
            await self._open_room()
            tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
            self._stream = tasks.create_task(self._bring_callers())
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close: no more callers, conversations are cut, every SIPp is gone."""
        if self._stream is not None:
            self._stream.cancel()
        await self._stack.__aexit__(kind, error, trace)

    async def finished(self) -> Tally:
        """Return once everybody has called and the last caller has hung up; never, when the plan has no duration.

        Raises:
            SippFailed: a SIPp itself failed, so the truth is not whole.
        """
        if self._stream is not None:
            await asyncio.wait({self._stream})
        for people in self._callers:
            await people.wait()
        return self.tally()

    def tally(self) -> Tally:
        """What SIPp counted so far."""
        counts = [_counted(people.folder / "stat.csv") for people in self._callers]
        return Tally(sum(count.successful for count in counts), sum(count.failed for count in counts))

    def truth(self) -> tuple[CallerTruth, ...]:
        """What really happened so far, caller by caller, from the logs of this town."""
        return read_truth(self._folder)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What SIPp complained about, call by call."""
        said = [one for people in (*self._callers, *self._agents) for one in _complaints(people.errors())]
        return tuple(one for one in said if not any(words in one for words in _NO_TROUBLE))

    async def _open_room(self) -> None:
        """Start one SIPp for each filière's port, and return once all of them listen; `SippFailed` with what SIPp says."""
        by_port: dict[int, list[Phone]] = {}
        for phone in self._phones:
            by_port.setdefault(phone.port, []).append(phone)
        staffed = tuple({phone.filieres[0]: None for phone in self._phones})
        for port, phones in by_port.items():
            run = self._room_run(port, phones, staffed)
            people = SippProcess(self._install, run, self._folder / f"postes-{phones[0].filieres[0]}-{port}")
            self._agents.append(people)
            await people.start()
        try:
            await until_taken(tuple(by_port), _READY_SECONDS)
        except TimeoutError:
            for people in self._agents:
                if not people.is_running:
                    await people.wait()
            raise SippFailed(f"the phones do not listen after {_READY_SECONDS:g} s") from None

    def _room_run(self, port: int, phones: Sequence[Phone], staffed: Sequence[FiliereCode]) -> SippRun:
        filiere = phones[0].filieres[0]
        chance = Random(f"{self._plan.seed}/{filiere}/{port}")
        drawn = gestures(filiere, staffed, chance, self._plan.pace, self._plan.waits)
        if self._plan.acts:
            drawn = with_acts(drawn, filiere, staffed, Random(f"{self._plan.seed}/acts/{port}"), self._plan.pace)
        names = [phone.endpoint for phone in phones]
        tones = {name: write_tone(self._folder / f"{name}.alaw", self._hertz[name]) for name in names}
        scenario = self._folder / f"poste-{filiere}.xml"
        scenario.write_text(agent(tones), encoding="utf-8")
        return SippRun(
            scenario=scenario,
            local_port=port,
            media_ports=free_media_ports(_MEDIA_PORTS),
            injections=(write_gestures(self._folder / f"gestes-{filiere}-{port}.csv", islice(drawn, _LINES)),),
            trace_messages=True,
            extra=_STEADY,
        )

    async def _bring_callers(self) -> None:
        """Start the callers of each window when it opens."""
        loop = asyncio.get_running_loop()
        opened_at = loop.time()
        tones = [write_tone(self._folder / f"appelant-{digit}.alaw", hertz) for digit, hertz in enumerate(CALLER_HERTZ)]
        scenario = self._folder / "appelant.xml"
        scenario.write_text(caller(tones), encoding="utf-8")
        for number, (starts_ms, people) in enumerate(windows(self._drawn())):
            await asyncio.sleep(max(0.0, opened_at + starts_ms / 1000 - loop.time()))
            lines = write_callers(self._folder / f"appelants-{number}.csv", people, round((loop.time() - opened_at) * 1000))
            run = SippRun(
                scenario=scenario,
                local_port=free_port(socket.SOCK_DGRAM),
                remote=self._pbx,
                media_ports=free_media_ports(_MEDIA_PORTS),
                control_port=free_port(socket.SOCK_DGRAM),
                rate=200,
                calls=len(people),
                at_once=len(people),
                injections=(lines,),
                trace_messages=True,
                extra=_STEADY,
            )
            process = SippProcess(self._install, run, self._folder / f"appelants-{number}")
            self._callers.append(process)
            self._controls.append(run.control_port or 0)
            await process.start()

    def _drawn(self) -> Iterator[Caller]:
        """The callers of the plan, in order."""
        plan = self._plan
        last_minutes = Random(f"{plan.seed}/home")
        for one in islice(callers(plan.calls_per_minute, Random(f"{plan.seed}/callers"), plan.habits, plan.pace), plan.most):
            if plan.duration_seconds is not None and one.arrives_ms >= plan.duration_seconds * 1000:
                return
            if plan.home_by_seconds is None:
                yield one
                continue
            # Not all at the same instant: within the last tenth of the time.
            left_ms = round(plan.home_by_seconds * 1000 * last_minutes.uniform(0.9, 1.0)) - one.arrives_ms
            yield replace(one, stay_ms=max(_SHORTEST_MS, min(one.stay_ms, left_ms)))

    async def _close(self) -> None:
        """Whoever still calls hangs up now, then the agents leave; nobody is left to the PBX as if his line were cut."""
        for people, port in zip(self._callers, self._controls, strict=True):
            if people.is_running:
                hang_up_everybody(port)
        for group, deadline_seconds in ((self._callers, 3.0), (self._agents, 1.0)):
            await asyncio.gather(*(one.stop(deadline_seconds) for one in group), return_exceptions=True)


def windows(people: Iterator[Caller]) -> Iterator[tuple[int, list[Caller]]]:
    """Callers in groups that one SIPp can play, each with the millisecond at which it must have started."""
    group: list[Caller] = []
    starts_ms = 0
    for one in people:
        if group and (one.arrives_ms >= starts_ms + _WINDOW_MS or len(group) >= _WINDOW_CALLS):
            yield starts_ms, group
            group, starts_ms = [], one.arrives_ms
        group.append(one)
    if group:
        yield starts_ms, group


def _complaints(text: str) -> Iterator[str]:
    """What SIPp complained about, one by one: each begins with its date, and may quote a whole message."""
    for part in _DATED.split(text):
        yield from (one.strip() for one in ([part] if _DATED.match(part) else part.splitlines()) if one.strip())


def _counted(statistics: Path) -> Tally:
    """The last whole line of SIPp's statistics."""
    rows = list(csv.reader(statistics.read_text(encoding="utf-8").splitlines(), delimiter=";")) if statistics.exists() else []
    if len(rows) < 2:
        return Tally(0, 0)
    last = dict(zip(rows[0], next(row for row in reversed(rows) if len(row) >= len(rows[0])), strict=False))
    return Tally(int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"]))
