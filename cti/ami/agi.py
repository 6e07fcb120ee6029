"""The PBX asks where a call must go: a FastAGI server that can be silent, but can never hold a caller.

Built on panoramisk's `Application` and its routes; connection handling and reading are ours, because the
stock ones freeze the whole loop on one connect-and-close. Every peer is bounded in bytes, in time and in
number. Whatever goes wrong the session ends with the trusted variable unset, and the dialplan falls back.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog
from panoramisk.fast_agi import Application
from typing_extensions import override

from cti.ami.agi_request import (
    AgiAnswer,
    AgiDeclinedError,
    AgiHungUpError,
    AgiLimits,
    AgiProbeError,
    AgiQuestion,
    AgiRequest,
    AgiRoute,
    AgiRudeError,
    read_headers,
)

__all__ = ["AgiAnswer", "AgiCounters", "AgiLimits", "AgiQuestion", "AgiRoute", "AgiServer"]

_log = structlog.get_logger(__name__)
#: In microseconds. The dialplan leaves after 2 s and every other caller waits meanwhile: slower is a fault.
_SLOW_ROUTE_US: Final = 50_000


@dataclass(slots=True)
class AgiCounters:
    """What became of every connection since the start; each one is counted once, apart from `open`."""

    #: All variables set and acknowledged.
    answered: int = 0
    #: Closed at once: too many sessions already.
    refused: int = 0
    #: Headers or replies came too late.
    timed_out: int = 0
    #: Not AGI, cut short, or too long.
    rude: int = 0
    #: Caller or PBX left before the end.
    hung_up: int = 0
    #: The PBX would not obey.
    declined: int = 0
    #: Our own route raised, or nobody has that route.
    failed: int = 0
    #: Connected and left without a word.
    probes: int = 0
    #: Sessions in progress.
    open: int = 0
    #: Longest complete answer, from last header to last acknowledgement, in microseconds.
    slowest_us: int = 0


class _RouteFailedError(Exception):
    """Our side could not answer."""


class AgiApplication(Application):
    """panoramisk's table of routes, with a `handler` that no peer can hold."""

    def __init__(self, limits: AgiLimits, clock: Callable[[], int]) -> None:
        super().__init__(loop=asyncio.get_running_loop())  # type: ignore[no-untyped-call]
        self.counters = AgiCounters()
        self.sessions: dict[asyncio.Task[object], asyncio.StreamWriter] = {}
        self._limits = limits
        self._clock = clock

    def add_agi_route(self, path: str, route: AgiRoute) -> None:
        """Answer `path` with a synchronous route."""

        async def endpoint(request: AgiRequest) -> None:
            for command in self._answer(route, request.question).commands():
                await request.send_command(command)

        self.add_route(path, endpoint)  # type: ignore[no-untyped-call]

    def _answer(self, route: AgiRoute, question: AgiQuestion) -> AgiAnswer:
        started = self._clock()
        try:
            answer = route(question)
        except Exception as error:
            raise _RouteFailedError(f"route {question.path!r} raised {error!r}") from error
        took_us = self._clock() - started
        if took_us > _SLOW_ROUTE_US:
            _log.warning("agi_route_slow", path=question.path, uniqueid=question.uniqueid, took_us=took_us)
        return answer

    @override
    async def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from accept to close."""
        task = asyncio.current_task()
        assert task is not None
        if len(self.sessions) >= self._limits.sessions:
            self.counters.refused += 1
            writer.transport.abort()
            _log.warning("agi_session_refused", sessions=self._limits.sessions)
            return
        self.sessions[task] = writer
        self.counters.open += 1
        try:
            if await self._counted(reader, writer):
                writer.close()
        finally:
            del self.sessions[task]
            self.counters.open -= 1
            if not writer.transport.is_closing():
                # Not close(): that would wait for a peer that never reads.
                writer.transport.abort()

    async def _counted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Hold the conversation and count how it ended; true when the answer was taken whole."""
        question: AgiQuestion | None = None
        try:
            question = await self._question(reader, writer)
            await self._conversation(question, reader, writer)
        except AgiProbeError:
            self.counters.probes += 1
        except TimeoutError:
            self.counters.timed_out += 1
            _log.warning("agi_session_timed_out", **_who(question))
        except AgiRudeError as error:
            self.counters.rude += 1
            _log.warning("agi_peer_rude", why=str(error), **_who(question))
        except (AgiHungUpError, OSError) as error:
            self.counters.hung_up += 1
            _log.info("agi_session_hung_up", why=str(error), **_who(question))
        except AgiDeclinedError as error:
            self.counters.declined += 1
            _log.error("agi_command_declined", why=str(error), **_who(question))
        except _RouteFailedError as error:
            self.counters.failed += 1
            _log.exception("agi_route_failed", why=str(error), **_who(question))
        else:
            self.counters.answered += 1
            return True
        return False

    async def _question(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AgiQuestion:
        # Keeps the newline of an urgent HANGUP in its place in the stream.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        try:
            async with asyncio.timeout(self._limits.header_ms / 1000):
                return AgiQuestion.from_headers(await read_headers(reader))
        except ConnectionError:
            raise AgiProbeError from None

    async def _conversation(self, question: AgiQuestion, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        started = self._clock()
        endpoint: Callable[[AgiRequest], Awaitable[None]] | None = self._route.get(question.path)
        if endpoint is None:
            raise _RouteFailedError(f"no route {question.path!r}")
        async with asyncio.timeout(self._limits.answer_ms / 1000):
            await endpoint(AgiRequest(self, question, reader, writer))
        self.counters.slowest_us = max(self.counters.slowest_us, self._clock() - started)


class AgiServer:
    """The listening side: maps a script name (``agi://HOST:PORT/route``) to its synchronous answer."""

    def __init__(
        self,
        host: str,
        port: int,
        routes: Mapping[str, AgiRoute],
        limits: AgiLimits,
        clock: Callable[[], int],
    ) -> None:
        """Prepare; nothing listens yet.

        Args:
            host: address to listen on, as figures (``localhost`` may try ::1 first).
            port: 0 takes a free one.
            routes: script name to answer.
            limits: what one peer may cost.
            clock: microseconds on a clock that never steps; only measures, never decides.
        """
        self._host = host
        self._port = port
        self._routes = dict(routes)
        self._limits = limits
        self._clock = clock
        self._app: AgiApplication | None = None
        self._server: asyncio.Server | None = None

    @property
    def counters(self) -> AgiCounters:
        """A copy of the counters as they stand."""
        return AgiCounters() if self._app is None else replace(self._app.counters)

    async def start(self) -> int:
        """Listen, and return the port.

        Raises:
            OSError: the address cannot be had.
        """
        app = AgiApplication(self._limits, self._clock)
        for path, route in self._routes.items():
            app.add_agi_route(path, route)
        self._server = await asyncio.start_server(
            app.handler,
            self._host,
            self._port,
            limit=self._limits.header_bytes,
            backlog=max(128, self._limits.sessions),
        )
        self._app = app
        port: int = self._server.sockets[0].getsockname()[1]
        _log.info("agi_server_listening", host=self._host, port=port, routes=sorted(self._routes))
        return port

    async def stop(self) -> None:
        """Stop listening and cut the sessions in progress: their dialplans fall back at once."""
        if self._server is None or self._app is None:
            return
        self._server.close()
        sessions = dict(self._app.sessions)
        # Cut, not cancelled: before Python 3.12 a cancelled stream handler is logged as an error of the loop.
        for writer in sessions.values():
            writer.transport.abort()
        await asyncio.gather(*sessions, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None


def _who(question: AgiQuestion | None) -> dict[str, str]:
    if question is None:
        return {}
    return {"path": question.path, "uniqueid": question.uniqueid, "channel": question.channel}
