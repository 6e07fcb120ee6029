"""Simulated people: one SIPp process, from its command line to its end.

A scenario plays callers or agents; SIPp's own files (statistics, response times, errors) go into a folder of their own and
are the truth that our figures are compared with. A process started here never outlives the object that started it.
"""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from cti.sandbox.errors import SippFailed
from cti.sandbox.host.child import Child
from cti.sandbox.install import Install

_QUOTED_BYTES = 600
_NICENESS = -5
_TERM_SECONDS = 2.0
_STOPPED_BY_US = {-signal.SIGUSR1, -signal.SIGTERM, -signal.SIGKILL}


class SippExit(IntEnum):
    """How SIPp says it ended (`sipp -h`, exit codes)."""

    ALL_SUCCESSFUL = 0
    SOME_FAILED = 1
    INTERNAL_COMMAND = 97
    NO_CALL = 99
    RTP_CHECK = 253
    BIND_FAILED = 254
    FATAL = 255


_MEANINGS = {
    SippExit.ALL_SUCCESSFUL: "every call was successful",
    SippExit.SOME_FAILED: "at least one call failed",
    SippExit.INTERNAL_COMMAND: "the scenario ended the run",
    SippExit.NO_CALL: "no call was made",
    SippExit.RTP_CHECK: "the voice received was not the voice expected",
    SippExit.BIND_FAILED: "a port could not be taken",
    SippExit.FATAL: "fatal error",
}
_CALLS_COUNTED = {SippExit.ALL_SUCCESSFUL, SippExit.SOME_FAILED, SippExit.INTERNAL_COMMAND, SippExit.NO_CALL}


@dataclass(frozen=True, slots=True)
class SippRun:
    """What one SIPp process does. Without `remote` it only answers; without `calls` it goes on until it is stopped."""

    scenario: Path
    local_port: int
    local_host: str = "127.0.0.1"
    remote: str | None = None
    service: str | None = None
    """User part of the address called: the number dialled."""
    media_ports: tuple[int, int] | None = None
    control_port: int | None = None
    rate: float | None = None
    """Calls that start in each `rate_period_ms`."""
    rate_period_ms: int = 1000
    calls: int | None = None
    at_once: int | None = None
    injections: tuple[Path, ...] = ()
    out_of_call: Path | None = None
    transport: str = "u1"
    keys: Mapping[str, str] = field(default_factory=dict)
    give_up_seconds: int | None = None
    trace_messages: bool = False
    trace_response_times: bool = False
    extra: tuple[str, ...] = ()

    def arguments(self, folder: Path) -> tuple[str, ...]:
        """The words after `sipp`, with every file that SIPp writes in `folder`."""
        words = [*self._where(), *self._how_much(), *self._traces(folder)]
        for injection in self.injections:
            words += ["-inf", str(injection)]
        if self.out_of_call is not None:
            words += ["-oocsf", str(self.out_of_call)]
        for key, value in self.keys.items():
            words += ["-key", key, value]
        return (*words, "-nostdin", *self.extra)

    def _where(self) -> list[str]:
        words = [self.remote] if self.remote else []
        words += ["-sf", str(self.scenario), "-i", self.local_host, "-p", str(self.local_port)]
        words += ["-mi", self.local_host, "-t", self.transport]
        if self.service is not None:
            words += ["-s", self.service]
        if self.media_ports is not None:
            words += ["-min_rtp_port", str(self.media_ports[0]), "-max_rtp_port", str(self.media_ports[1])]
        if self.control_port is not None:
            words += ["-cp", str(self.control_port)]
        return words

    def _how_much(self) -> list[str]:
        words = []
        if self.rate is not None:
            words += ["-r", f"{self.rate:g}", "-rp", str(self.rate_period_ms)]
        if self.calls is not None:
            words += ["-m", str(self.calls)]
        if self.at_once is not None:
            words += ["-l", str(self.at_once)]
        if self.give_up_seconds is not None:
            words += ["-timeout", f"{self.give_up_seconds}s", "-timeout_error"]
        return words

    def _traces(self, folder: Path) -> list[str]:
        words = ["-trace_err", "-error_file", str(folder / "errors.log")]
        words += ["-trace_stat", "-stf", str(folder / "stat.csv"), "-fd", "1"]
        words += ["-trace_screen", "-screen_file", str(folder / "screen.log")]
        words += ["-trace_logs", "-log_file", str(folder / "actions.log")]
        if self.trace_messages:
            words += ["-trace_msg", "-message_file", str(folder / "messages.log")]
            words += ["-trace_shortmsg", "-shortmessage_file", str(folder / "messages.csv")]
        if self.trace_response_times:
            words += ["-trace_rtt", "-rtt_freq", "1"]
        return words


class SippProcess:
    """One SIPp at work. Use it as `async with`, or call `start`, then `wait` or `stop`."""

    def __init__(self, install: Install, run: SippRun, folder: Path) -> None:
        """`folder` receives every file that SIPp writes; it is made if absent."""
        self._install = install
        self._run = run
        self.folder = folder.absolute()
        self._child: Child | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._child is not None:
            await self._end(deadline_seconds=5.0)

    @property
    def is_running(self) -> bool:
        """Whether this SIPp still plays."""
        return self._child is not None and self._child.code is None

    async def start(self) -> None:
        """Start SIPp in a session of its own, its working folder being `folder`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        words = (*self._install.sipp, *self._run.arguments(self.folder))
        # A terminal it cannot draw on: SIPp's screens go to a file of their own.
        self._child = Child.start(words, self.folder, {**os.environ, "TERM": "dumb"}, self.folder / "output.log")
        # People's telephones have processors of their own: an instant that they write down must not wait for the service's turn.
        self._child.prefer(_NICENESS)

    async def wait(self, deadline_seconds: float | None = None) -> SippExit:
        """Wait for SIPp's own end. Lost calls are a result, not an error; `SippFailed` when SIPp itself failed."""
        code = await self._started().wait(deadline_seconds)
        if code is None:
            await self._end(deadline_seconds=5.0)
            raise SippFailed(f"{self._run.scenario.name} did not end in {deadline_seconds:g} s{self._quote()}")
        return self._verdict(code)

    async def stop(self, deadline_seconds: float = 10.0) -> SippExit:
        """Ask SIPp to end its calls and leave; after the deadline, end it by force. `SippFailed` when it had failed."""
        self._started()
        code = await self._end(deadline_seconds)
        return SippExit.INTERNAL_COMMAND if code in _STOPPED_BY_US else self._verdict(code)

    async def _end(self, deadline_seconds: float) -> int:
        """SIGUSR1 lets calls finish, SIGTERM ends them, SIGKILL ends SIPp. Returns the exit code."""
        child = self._started()
        for sign, patience in ((signal.SIGUSR1, deadline_seconds), (signal.SIGTERM, _TERM_SECONDS)):
            if child.code is None:
                child.send(sign)
                await child.wait(patience)
        await child.kill()
        return child.code if child.code is not None else SippExit.FATAL

    def _started(self) -> Child:
        if self._child is None:
            raise SippFailed(f"{self._run.scenario.name} was not started")
        return self._child

    def _verdict(self, code: int) -> SippExit:
        known = next((known for known in SippExit if known == code), None)
        if known is None:
            raise SippFailed(f"{self._run.scenario.name} ended by signal or code {code}{self._quote()}")
        if known not in _CALLS_COUNTED:
            raise SippFailed(f"{self._run.scenario.name}: {_MEANINGS[known]} (code {code}){self._quote()}")
        return known

    def _quote(self) -> str:
        """The end of SIPp's own error files, for the message."""
        said = []
        for name in ("output.log", "errors.log"):
            path = self.folder / name
            if path.exists():
                said.append(path.read_text(encoding="utf-8", errors="replace").strip())
        text = "\n".join(part for part in said if part)
        return f":\n{text[-_QUOTED_BYTES:]}" if text else ""

    def errors(self) -> str:
        """What SIPp wrote about failed calls so far: its `errors.log`."""
        path = self.folder / "errors.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
