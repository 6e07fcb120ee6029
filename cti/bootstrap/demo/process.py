"""The service as its own process, as a site runs it: started, watched until it is ready, frozen, killed, stopped."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from cti.bootstrap.sandbox import Site

#: Between two looks at ``/readyz``: what is measured until then holds half of it.
_POLL_SECONDS = 0.025


class ServiceDied(RuntimeError):
    """The service ended by itself; the message holds the end of its log."""


class ServiceProcess:
    """One ``cti run`` on a sandbox site."""

    def __init__(self, site: Site, environ: Mapping[str, str] | None = None) -> None:
        self.site = site
        self.log = site.folder / "service.log"
        self._environ = dict(os.environ if environ is None else environ)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def guardian(self) -> int:
        """Process id of its guardian, which is that of its group too.

        Raises:
            ServiceDied: it does not run.
        """
        if self._process is None or self._process.returncode is not None:
            raise ServiceDied(f"the service does not run:\n{self.last_lines()}")
        return self._process.pid

    @property
    def pid(self) -> int:
        """Process id of the service at work; 0 while its guardian has none.

        Raises:
            ServiceDied: it does not run.
        """
        return next(iter(children_of(self.guardian)), 0)

    async def start(self, deadline_seconds: float = 30.0, *, wait: bool = True) -> None:
        """Start it, and return when it says it is ready (PBX seen, store open).

        Raises:
            ServiceDied: it ended, or was not ready in time.
        """
        words = [sys.executable, "-m", "cti", "--log-json", "run", "--config", str(self.site.config)]
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *words, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=self._environ, start_new_session=True
            )
        if wait:
            await self.ready(deadline_seconds)

    async def ready(self, deadline_seconds: float = 30.0) -> None:
        """Wait until ``/readyz`` answers 200.

        Raises:
            ServiceDied: it ended, or was not ready in time.
        """
        try:
            async with asyncio.timeout(deadline_seconds), aiohttp.ClientSession() as http:
                while await self._readyz(http) != 200:
                    _ = self.guardian
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise ServiceDied(f"the service is not ready after {deadline_seconds:g} s:\n{self.last_lines()}") from None

    async def _readyz(self, http: aiohttp.ClientSession) -> int:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with http.get(f"{self.site.web}/readyz") as answer:
                return answer.status
        return 0

    def freeze(self) -> None:
        """SIGSTOP, to both processes."""
        os.killpg(self.guardian, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.killpg(self.guardian, signal.SIGCONT)

    async def kill(self) -> None:
        """SIGKILL to both processes, as a machine that dies, and wait for their end."""
        guardian = self.guardian
        async with _seen_to_its_end(self.pid):
            os.killpg(guardian, signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()

    async def crash(self) -> None:
        """SIGKILL to the service at work alone, as the kernel does when memory runs out, and wait until it is gone.

        Raises:
            ServiceDied: there is none.
        """
        at_work = self.pid
        if not at_work:
            raise ServiceDied("the guardian has no service at work")
        async with _seen_to_its_end(at_work):
            os.kill(at_work, signal.SIGKILL)

    async def stop(self, deadline_seconds: float = 15.0) -> int:
        """SIGTERM, then SIGKILL after the deadline; the exit code. Stopping what does not run is no error."""
        process = self._process
        if process is None:
            return 0
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGCONT)
                process.terminate()
            try:
                async with asyncio.timeout(deadline_seconds):
                    await process.wait()
            except TimeoutError:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        return process.returncode or 0

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        return _last_lines(self.log, count)


def children_of(pid: int) -> list[int]:
    """The processes that this one made; none when it is gone."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


@contextlib.asynccontextmanager
async def _seen_to_its_end(pid: int) -> AsyncIterator[None]:
    """After the block this process (0: none) has ended: its ports are free, whoever may still have to reap it."""
    try:
        watched = os.pidfd_open(pid) if pid else None
    except ProcessLookupError:
        watched = None
    if watched is None:
        yield
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(watched, ended.set)
    try:
        yield
        await ended.wait()
    finally:
        loop.remove_reader(watched)
        os.close(watched)


def _last_lines(path: Path, count: int) -> str:
    if not path.exists():
        return ""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])


async def get_json(http: aiohttp.ClientSession, url: str) -> Any:
    """A JSON answer, or None when the service cannot be reached now."""
    try:
        async with http.get(url, timeout=aiohttp.ClientTimeout(total=3)) as answer:
            return await answer.json() if answer.status == 200 else None
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None
