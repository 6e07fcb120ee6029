"""A fake Asterisk manager port that speaks bytes: what it sends, when and in which pieces is the test's to say.

It answers Challenge, Login, Ping and CoreStatus as Asterisk 22 does; everything else is scripted with `on`, or sent with
`send`. It reads actions strictly by their bytes, so an injected header or action shows in `actions`.
"""

import asyncio
import hashlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

Action = dict[str, str]
Reply = Callable[[Action], bytes | None]

FULLY_BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 42\r\nLastReload: 42\r\nStatus: Fully Booted\r\n\r\n"


def response(action: Action, *lines: str, status: str = "Success") -> bytes:
    """One response to an action, with its ActionID."""
    return "\r\n".join([f"Response: {status}", f"ActionID: {action['ActionID']}", *lines, "", ""]).encode()


def event(name: str, *lines: str) -> bytes:
    """One event."""
    return "\r\n".join([f"Event: {name}", *lines, "", ""]).encode()


def listing(action: Action, rows: list[bytes], closing: str, end: str = "Complete") -> bytes:
    """A list answer: start, rows (ActionID added), closing event."""
    mark = f"ActionID: {action['ActionID']}"
    head = response(action, "EventList: start", "Message: list will follow")
    body = b"".join(row.removesuffix(b"\r\n") + mark.encode() + b"\r\n\r\n" for row in rows)
    return head + body + event(closing, mark, f"EventList: {end}", f"ListItems: {len(rows)}")


@dataclass
class Script:
    """What the fake does; change it at any moment."""

    secret: str = "s3cret"
    banner: bytes = b"Asterisk Call Manager/11.0.0\r\n"
    answers_pings: bool = True
    #: Sent after an accepted login whose event mask is not ``off``.
    booted: bytes = FULLY_BOOTED
    #: What a Ping's answer says of the time, as ``Timestamp: 1.000000``.
    clock: tuple[str, ...] = ()
    #: Reads nothing and says nothing.
    deaf: bool = False
    replies: dict[str, Reply] = field(default_factory=dict)


class FakeAsterisk:
    """``async with FakeAsterisk() as pbx``: listens on ``pbx.port``."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.script = Script()
        #: Every action received, over all connections, in order.
        self.actions: list[Action] = []
        self.connections = 0
        self.port = 0
        self._tls = tls
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut everybody, as a PBX that dies."""
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def on(self, action: str, reply: Reply) -> None:
        """Answer this action so; None answers nothing."""
        self.script.replies[action] = reply

    def send(self, *pieces: bytes) -> None:
        """Write to the newest connection, one write a piece."""
        for piece in pieces:
            self._writers[-1].write(piece)

    async def drain(self) -> None:
        """Let what was written leave."""
        await self._writers[-1].drain()

    def cut(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def received(self, action: str) -> list[Action]:
        """The actions of this name received so far."""
        return [each for each in self.actions if each.get("Action") == action]

    async def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait until a condition on what was received holds."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(condition)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.connections += 1
        await self._tell()
        try:
            writer.write(self.script.banner)
            while block := await reader.readuntil(b"\r\n\r\n"):
                await self._take(block, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _take(self, block: bytes, writer: asyncio.StreamWriter) -> None:
        action: Action = {}
        for line in block.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name:
                action[name] = value if name not in action else f"{action[name]}\n{value}"
        self.actions.append(action)
        if not self.script.deaf and (reply := self._reply(action)):
            writer.write(reply)
        await self._tell()

    def _reply(self, action: Action) -> bytes | None:
        if scripted := self.script.replies.get(action["Action"]):
            return scripted(action)
        match action["Action"]:
            case "Challenge":
                return response(action, "Challenge: 184521")
            case "Login":
                return self._login(action)
            case "Ping":
                return response(action, "Ping: Pong", *self.script.clock) if self.script.answers_pings else None
            case "CoreStatus":
                return response(action, "CoreStartupDate: 2026-08-10", "CoreStartupTime: 06:30:00", "CoreCurrentCalls: 0")
        return response(action, "Message: Invalid/unknown command", status="Error")

    def _login(self, action: Action) -> bytes:
        key = hashlib.md5(f"184521{self.script.secret}".encode()).hexdigest()
        if action.get("Key") != key:
            return response(action, "Message: Authentication failed", status="Error")
        booted = b"" if action.get("Events") == "off" else self.script.booted
        return response(action, "Message: Authentication accepted") + booted

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
