"""A real Asterisk as a child of this process: started, watched, asked, frozen, killed, and always cleaned up.

Asterisk runs in the foreground in a session of its own, so that a Ctrl-C at the terminal is ours to handle and a kill
reaches the scripts it started too.
"""

import asyncio
import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from cti.sandbox.errors import AsteriskDied, AsteriskNotRunning, PortTaken
from cti.sandbox.host.child import Child
from cti.sandbox.host.ports import claims, require_free
from cti.sandbox.install import Install
from cti.sandbox.machine import MachineSettings, RunFolder, lay_out, run_folder

_LOOK_SECONDS = 0.02
_PROBLEM = re.compile(r"\] (WARNING|ERROR)\[")
_BIND_FAILED = re.compile(
    r"Unable to bind .*: Address already in use|could not be started: (Address|.*EADDRINUSE|.*120098)", re.IGNORECASE
)
_LAST_LINES = 12


class SandboxAsterisk:
    """One Asterisk, its run folder and its life. Use it as `async with`, or call `start` and `stop`.

    The same object may be started again after `stop` or `kill`: its database, spool and log stay, as on a real machine.
    """

    def __init__(
        self,
        install: Install,
        telephony: Path,
        run_dir: Path,
        settings: MachineSettings | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`telephony` is the folder of rendered configuration; `environment` replaces ours for Asterisk and its scripts."""
        self._install = install
        self._telephony = telephony
        self._settings = settings or MachineSettings()
        self._environment = dict(os.environ if environment is None else environment)
        self._child: Child | None = None
        self._log_start = 0
        self.run: RunFolder = run_folder(run_dir)
        self._output = self.run.base / "log" / "stdout"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        """The process id; `AsteriskNotRunning` when there is none."""
        return self._running().pid

    @property
    def is_running(self) -> bool:
        """Whether our Asterisk lives (a frozen one lives)."""
        return self._child is not None and self._child.code is None

    async def start(self, deadline_seconds: float = 60.0) -> None:
        """Start, and return once every module is loaded and calls are accepted.

        `PortTaken` when an address of the configuration is not free, `AsteriskDied` when it ends or is not ready in time.
        """
        if self.is_running:
            return
        require_free(claims(self._telephony))
        lay_out(self._install, self._telephony, self.run, self._settings)
        self._log_start = self.run.full_log.stat().st_size if self.run.full_log.exists() else 0
        words = (*self._install.asterisk, "-C", str(self.run.configuration), "-f", "-n")
        self._child = Child.start(words, self.run.base, self._environment, self._output)
        try:
            async with asyncio.timeout(deadline_seconds):
                await self._ready(self._child)
            self._refuse_taken_ports()
        except BaseException as error:
            await self.kill()
            self.run.remove_control()
            if isinstance(error, TimeoutError):
                late = f"Asterisk was not ready after {deadline_seconds:g} s:\n{self._last_lines()}"
                raise AsteriskDied(late) from None
            raise

    async def _ready(self, child: Child) -> None:
        """Return once the control socket answers that the boot is complete; a death on the way is an error."""
        while await child.wait(_LOOK_SECONDS) is None:
            if self.run.socket.exists() and "fully booted" in await self._remote("core waitfullybooted"):
                return
        raise AsteriskDied(f"Asterisk ended at start (code {child.code}):\n{self._last_lines()}")

    def _refuse_taken_ports(self) -> None:
        """`PortTaken` when the log of this start says that an address could not be had: Asterisk itself goes on without."""
        taken = next((line for line in self._log_lines() if _BIND_FAILED.search(line)), None)
        if taken is not None:
            raise PortTaken(f"another program took a port while Asterisk started: {taken}")

    async def rx(self, command: str, deadline_seconds: float = 20.0) -> str:
        """Run one CLI command and return what Asterisk says.

        `AsteriskNotRunning` when it is gone, `TimeoutError` when it is silent.
        """
        self._running()
        async with asyncio.timeout(deadline_seconds):
            said = await self._remote(command)
        if said.startswith("Unable to connect to remote asterisk"):
            raise AsteriskNotRunning(f"Asterisk does not answer {command!r}")
        return said

    async def _remote(self, command: str) -> str:
        remote = await asyncio.create_subprocess_exec(
            *self._install.asterisk,
            "-C",
            str(self.run.configuration),
            "-rx",
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment,
        )
        try:
            said, _ = await remote.communicate()
        except asyncio.CancelledError:
            remote.kill()
            await remote.wait()
            raise
        return said.decode("utf-8", errors="replace").strip()

    async def reload(self, module: str = "") -> str:
        """Reload one module, such as `res_pjsip.so`, or every module that can be."""
        return await self.rx(f"module reload {module}" if module else "core reload")

    async def stop(self, gracefully: bool = False, deadline_seconds: float = 15.0) -> None:
        """Stop: at once, or `gracefully` once the last call ends, within the deadline; then by force.

        After the deadline the process is killed, so that nothing stays behind. Stopping what does not run is no error.
        """
        if self._child is not None and self.is_running:
            self.thaw()
            try:
                async with asyncio.timeout(deadline_seconds):
                    await self._remote(f"core stop {'gracefully' if gracefully else 'now'}")
                    await self._child.wait()
            except TimeoutError:
                await self.kill()
        self.run.remove_control()

    async def kill(self) -> None:
        """End at once, as a crash would, scripts included; nothing is flushed or closed."""
        if self._child is not None:
            await self._child.kill()

    def let_go(self) -> None:
        """Leave this Asterisk running after us; from then on this object knows nothing of it."""
        self._running().let_go()
        self._child = None

    def freeze(self) -> None:
        """Stop the process where it stands: it holds its ports and answers nothing."""
        self._running().send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        self._running().send(signal.SIGCONT)

    def problems(self) -> list[str]:
        """The WARNING and ERROR lines of the log since the last start."""
        return [line for line in self._log_lines() if _PROBLEM.search(line)]

    def _log_lines(self) -> list[str]:
        """The log since the last start."""
        if not self.run.full_log.exists():
            return []
        with self.run.full_log.open("rb") as stream:
            stream.seek(self._log_start)
            return stream.read().decode("utf-8", errors="replace").splitlines()

    def _last_lines(self) -> str:
        said = self._output.read_text(encoding="utf-8", errors="replace").splitlines() if self._output.exists() else []
        return "\n".join([line for line in (*said, *self._log_lines()) if line.strip()][-_LAST_LINES:])

    def _running(self) -> Child:
        if self._child is None or self._child.code is not None:
            raise AsteriskNotRunning(f"no Asterisk runs in {self.run.base}")
        return self._child
