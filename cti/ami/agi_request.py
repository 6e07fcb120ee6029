"""One FastAGI session as the PBX speaks it: its question, the variables it takes back, its replies, bounded.

Asterisk (res_agi) sends ``agi_*: value`` lines and a blank line, then obeys one command line at a time and
replies to each. It polls the socket but reads it through a stdio stream, one line per poll: a second command
sent before the first reply stays unseen in that stream until more bytes come. So a command is only written
once the one before it is answered. Texts are UTF-8 when they can be, Latin-1 otherwise.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from panoramisk.fast_agi import Request
from typing_extensions import override

#: Longest command line, in bytes: Asterisk's own buffer (AGI_BUF_LEN) is 2,048 before 22.6.
COMMAND_BYTES: Final = 2_000
#: Longest answer read for one command, in bytes: the longest usage text of Asterisk 22 is about 1,500.
REPLY_BYTES: Final = 16_384

_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_REPLY = re.compile(r"(\d{3})(?:([ -])(.*))?", re.DOTALL)
_RESULT = re.compile(r"result=(\S*)(?: \((.*)\))?")
_UNSAFE = re.compile(r"[\r\n\0]")


class AgiProbeError(Exception):
    """The peer connected and left without a word: a health probe, not a fault."""


class AgiRudeError(Exception):
    """The peer does not speak AGI, or says more than a PBX ever would."""


class AgiHungUpError(Exception):
    """The caller or the PBX left in the middle of the answer."""


class AgiDeclinedError(Exception):
    """The PBX read the command and would not obey it (510, 520, result -1)."""


@dataclass(frozen=True, slots=True)
class AgiLimits:
    """What one peer may cost. The dialplan leaves us after 2 s: both deadlines together fit in it."""

    #: Largest header block, in bytes. Asterisk sends about 700.
    header_bytes: int = 16_384
    #: Time to send all headers, in milliseconds from the connection.
    header_ms: int = 1_000
    #: Time for the whole answer, the PBX's replies included, in milliseconds from the last header.
    answer_ms: int = 1_000
    #: Simultaneous sessions; one more is closed at once and its dialplan falls back.
    sessions: int = 512


@dataclass(frozen=True, slots=True)
class AgiQuestion:
    """What the dialplan asks.

    `caller` is empty when the PBX says ``unknown``; `variables` holds every header as sent.
    """

    path: str
    args: tuple[str, ...]
    channel: str
    uniqueid: str
    caller: str
    extension: str
    context: str
    variables: Mapping[str, str]

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self:
        """Read the PBX's headers.

        Raises:
            AgiRudeError: there is no script name, so nobody can know what is asked.
        """
        script = headers.get("agi_network_script")
        if script is None:
            raise AgiRudeError("no agi_network_script header")
        caller = headers.get("agi_callerid", "")
        args: list[str] = []
        while (arg := headers.get(f"agi_arg_{len(args) + 1}")) is not None:
            args.append(arg)
        return cls(
            path=script.partition("?")[0].strip("/"),
            args=tuple(args),
            channel=headers.get("agi_channel", ""),
            uniqueid=headers.get("agi_uniqueid", ""),
            caller="" if caller == "unknown" else caller,
            extension=headers.get("agi_extension", ""),
            context=headers.get("agi_context", ""),
            variables=dict(headers),
        )


@dataclass(frozen=True, slots=True)
class AgiAnswer:
    """The channel variables to set, in order.

    The one the dialplan trusts goes last: then it is only there when all the others are.

    Raises:
        ValueError: a name is not a plain variable, or a value could not stand in one command line.
    """

    variables: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        self.commands()

    def commands(self) -> tuple[str, ...]:
        """The ``SET VARIABLE`` lines, without their newline."""
        return tuple(set_variable(name, value) for name, value in self.variables)


#: Answers one question from memory: no waiting, no I/O. What it raises closes the session with nothing set.
AgiRoute = Callable[[AgiQuestion], AgiAnswer]


@dataclass(frozen=True, slots=True)
class AgiReply:
    """One reply of the PBX: ``200 result=1 (data)``."""

    code: int
    result: str = ""
    data: str = ""
    text: str = ""


def set_variable(name: str, value: str) -> str:
    """One ``SET VARIABLE`` line, its value quoted the way res_agi's ``parse_args`` takes it apart.

    Raises:
        ValueError: the name is not a plain variable (a function would run), or the value holds a line end.
    """
    if not _VARIABLE_NAME.fullmatch(name):
        raise ValueError(f"not a plain channel variable name: {name!r}")
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return checked_command(f'SET VARIABLE {name} "{quoted}"')


def checked_command(command: str) -> str:
    """The command itself, if it is exactly one line that the PBX can hold.

    Raises:
        ValueError: CR, LF or NUL (a second command would be smuggled in), or longer than `COMMAND_BYTES`.
    """
    if _UNSAFE.search(command):
        raise ValueError(f"line end or NUL inside an AGI command: {command[:80]!r}")
    if len(command.encode()) > COMMAND_BYTES:
        raise ValueError(f"AGI command longer than {COMMAND_BYTES} bytes: {command[:80]!r}...")
    return command


async def read_headers(reader: asyncio.StreamReader) -> dict[str, str]:
    """The header block.

    A name sent twice keeps its last value: the dialplan's arguments come after the caller's own texts.

    Raises:
        AgiProbeError: the peer left without sending a byte.
        AgiRudeError: the block is cut short or longer than the reader's limit.
    """
    try:
        block = await reader.readuntil(b"\n\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            raise AgiProbeError from None
        raise AgiRudeError("left in the middle of its headers") from None
    except asyncio.LimitOverrunError:
        raise AgiRudeError("headers longer than the limit") from None
    headers = {}
    for line in block.split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon:
            headers[_text(name)] = _text(value.removeprefix(b" "))
    return headers


class AgiRequest(Request):
    """A session in progress: panoramisk's request with our own writing and reading."""

    def __init__(
        self,
        app: object,
        question: AgiQuestion,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        super().__init__(app, question.variables, reader, writer)  # type: ignore[no-untyped-call]
        self.question = question
        self._reader = reader
        self._writer = writer

    @override
    async def send_command(self, command: str) -> AgiReply:
        """Send one command and wait for its reply.

        Raises:
            ValueError: the command is not one safe line; nothing was sent.
            AgiHungUpError: 511 (dead channel), or the PBX closed the connection.
            AgiDeclinedError: 510, 520, ``result=-1`` or a code that we do not know.
            AgiRudeError: what came back is no AGI reply.
        """
        self._writer.write(checked_command(command).encode() + b"\n")
        await self._writer.drain()
        reply = await self._read_result()
        while reply.code == 100:
            reply = await self._read_result()
        if reply.code == 511:
            raise AgiHungUpError("the channel is dead")
        if reply.code != 200 or reply.result == "-1":
            raise AgiDeclinedError(f"{command!r} answered {reply.text!r}")
        return reply

    @override
    async def _read_result(self) -> AgiReply:
        line = await self._read_line(REPLY_BYTES)
        match = _REPLY.fullmatch(line)
        if match is None:
            raise AgiRudeError(f"not an AGI reply: {line[:80]!r}")
        code, separator, rest = int(match[1]), match[2], match[3] or ""
        if separator == "-":
            await self._skip_block(match[1])
        found = _RESULT.match(rest)
        result, data = (found[1], found[2] or "") if found else ("", "")
        return AgiReply(code, result, data, line)

    async def _skip_block(self, code: str) -> None:
        """Read a usage text to its end (``520-`` ... ``520 ``), so that the next reply is the next reply."""
        left = REPLY_BYTES
        while left > 0:
            line = await self._read_line(left)
            if line.startswith(f"{code} "):
                return
            left -= len(line) + 1
        raise AgiRudeError("usage text without an end")

    async def _read_line(self, limit: int) -> str:
        """The next line that is a reply: the word HANGUP, alone or stuck to it, is only news of the caller.

        Asterisk sends ``HANGUP`` as urgent data, whose last byte, the newline, travels apart.
        """
        for _ in range(limit):
            try:
                raw = await self._reader.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                raise AgiHungUpError("the PBX closed the session") from None
            except asyncio.LimitOverrunError:
                raise AgiRudeError("reply line longer than the limit") from None
            line = _text(raw[:-1])
            while line.startswith("HANGUP"):
                line = line.removeprefix("HANGUP")
            if line:
                return line
        raise AgiRudeError("nothing but hang-up notices")


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
