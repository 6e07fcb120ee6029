"""A wire that a test may cut, hold, or make slow: a small TCP proxy between the service and the PBX."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from random import Random

#: Written at once while throttled: small enough to split every frame.
_PIECE = 61
#: Closed with this, a connection ends by RST and not by FIN.
_RESET = struct.pack("ii", 1, 0)

_END = b"\r\n\r\n"
#: How long a frame may be held, so that younger ones overtake it.
_OVERTAKEN_SECONDS = 0.02
#: Share of the frames that overtake even those of their own channel.
_ASTRAY = 0.03
#: Two frames that keep their order are never due at one moment.
_TICK_SECONDS = 1e-5
_IN_ORDER = (b"", b"ActionID")


def _whose(frame: bytes) -> bytes:
    """The channel of a frame; ``ActionID`` for what answers us."""
    headers = dict(line.split(b": ", 1) for line in frame.splitlines() if b": " in line)
    return b"ActionID" if b"ActionID" in headers else headers.get(b"Uniqueid", headers.get(b"DestUniqueid", b""))


@dataclass(slots=True)
class Wire:
    """One port that forwards to another. Faults are set while it runs, and concern every connection through it."""

    listen: int
    target: int
    bytes_per_second: float | None = None  #: of what the target says; None: as fast as it comes
    disorder: Random | None = None  #: chance by which whole AMI frames of the target overtake each other; None: never
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _carrying: set["asyncio.Task[None]"] = field(default_factory=set)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> "Wire":
        self._flowing.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.listen)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self._flowing.set()
        self.cut()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def hold(self) -> None:
        """A black hole: connections stay open, new ones are taken, and no byte goes either way."""
        self._flowing.clear()

    def flow(self) -> None:
        """What was held goes on."""
        self._flowing.set()

    def cut(self) -> None:
        """Every connection is reset."""
        for writer in list(self._writers):
            plug = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carrying = asyncio.ensure_future(self._carry(reader, writer))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)
        await asyncio.wait({carrying})

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        self._writers.add(writer)
        try:
            await self._flowing.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
            ends.append(far_writer)
            self._writers.add(far_writer)
            both = [asyncio.ensure_future(self._pump(reader, far_writer, slow=False))]
            back = self._pump(far_reader, writer, slow=True) if self.disorder is None else self._shuffle(far_reader, writer)
            both.append(asyncio.ensure_future(back))
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for pump in both:
                pump.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        except OSError:
            pass  # the far side is not there: the near one is told by the reset
        finally:
            for end in ends:
                self._writers.discard(end)
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                await self._flowing.wait()
                if slow and self.bytes_per_second is not None:
                    await self._dribble(data, writer)
                else:
                    writer.write(data)
                    await writer.drain()

    async def _shuffle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Each frame waits a little: those of one channel keep their order but for a few, answers and lists keep theirs."""
        chance, loop = self.disorder or Random(0), asyncio.get_running_loop()
        last: dict[bytes, float] = {}
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while frame := await reader.readuntil(_END):
                whose = _whose(frame)
                due = loop.time() + chance.uniform(0, _OVERTAKEN_SECONDS)
                if whose in _IN_ORDER or chance.random() > _ASTRAY:
                    due = max(due, last.get(whose, 0.0) + _TICK_SECONDS)
                last[whose] = max(due, last.get(whose, 0.0))  # who is astray takes nobody along
                loop.call_at(due, writer.write, frame)

    async def _dribble(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            writer.write(piece)
            await writer.drain()
            if self.bytes_per_second is not None:
                await asyncio.sleep(len(piece) / self.bytes_per_second)
