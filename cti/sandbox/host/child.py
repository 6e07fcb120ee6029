"""A long-lived program started by us: in a session of its own, awaited without a thread, ended with all it started."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self


class Child:
    """One process that we started and must reap. asyncio's own subprocess would kill it with the event loop."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    @classmethod
    def start(cls, words: Sequence[str], folder: Path, environment: Mapping[str, str], output: Path) -> Self:
        """Start `words` in `folder`; both its output streams are added to the file `output`, its input is empty."""
        with output.open("ab") as stream:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                cwd=folder,
                env=dict(environment),
                start_new_session=True,
            )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id, which is its session and group id too."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code; negative for a signal, None while it lives."""
        return self._process.poll()

    async def wait(self, seconds: float | None = None) -> int | None:
        """The exit code once it has ended; None when it still lives after `seconds`."""
        if self._process.poll() is not None:
            return self._process.returncode
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        # A process keeps its number until it is reaped, which only happens here: the descriptor is surely its own.
        watched = os.pidfd_open(self._process.pid)
        loop.add_reader(watched, ended.set)
        try:
            async with asyncio.timeout(seconds):
                await ended.wait()
        except TimeoutError:
            return None
        finally:
            loop.remove_reader(watched)
            os.close(watched)
        return self._process.wait()

    def send(self, sign: signal.Signals) -> None:
        """Send a signal to the process alone; nothing happens when it has ended."""
        if self.code is None:
            os.kill(self.pid, sign)

    def prefer(self, niceness: int) -> None:
        """Put the process before others (negative `niceness`), threads that it makes from now on included. Where the system does
        not allow it, nothing changes.
        """
        with contextlib.suppress(PermissionError, ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, self.pid, niceness)

    async def kill(self) -> None:
        """End it and everything it started, at once."""
        if self.code is None:
            os.killpg(self.pid, signal.SIGKILL)
            await self.wait()

    def let_go(self) -> None:
        """Leave the process running for good: it is no longer ours to reap."""
        # Popen would complain of a process nobody waited for.
        self._process.returncode = 0
