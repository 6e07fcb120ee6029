"""As much of a TURN client as it takes to see whether a relay does what it should: TURN over TLS (RFC 8656, RFC 8489).

It asks for a relay, asks to be let through to a peer, and hangs up: no voice.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import secrets
import ssl
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

_COOKIE: Final = 0x2112_A442
_ALLOCATE, _REFRESH, _PERMISSION = 0x003, 0x004, 0x008
_USERNAME, _INTEGRITY, _ERROR, _LIFETIME, _PEER, _REALM, _NONCE, _RELAYED, _TRANSPORT = (
    0x0006, 0x0008, 0x0009, 0x000D, 0x0012, 0x0014, 0x0015, 0x0016, 0x0019,
)  # fmt: skip
_UDP: Final = 17
_SUCCESS, _FAILURE = 0x100, 0x110
_UNAUTHORIZED, _STALE = 401, 438
_PATIENCE_SECONDS: Final = 10.0
_PORT: Final = 9  # a permission holds for every port of its address

Attributes = Sequence[tuple[int, bytes]]


class TurnRefused(Exception):
    """The server says no; ``code`` is its own."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code


class TurnClient:
    """One connection, one user."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, username: str, password: str) -> None:
        self._reader, self._writer = reader, writer
        self._username, self._password = username, password
        self._realm = self._nonce = b""

    async def allocate(self) -> tuple[str, int]:
        """The address of a relay.

        Raises:
            TurnRefused: it is not given.
            OSError, TimeoutError: the server says nothing that can be read.
        """
        got = await self._ask(_ALLOCATE, [(_TRANSPORT, bytes((_UDP, 0, 0, 0)))])
        return _address(got[_RELAYED])

    async def permit(self, peer: str) -> None:
        """Let this address through, both ways.

        Raises:
            TurnRefused: the relay does not talk to it.
            OSError, TimeoutError: the server says nothing that can be read.
        """
        await self._ask(_PERMISSION, [(_PEER, _xor(peer, _PORT))])

    async def refresh(self, seconds: int) -> int:
        """Keep the relay for so long; how long the server keeps it (seconds). 0 gives it back.

        Raises:
            TurnRefused: it is not kept.
            OSError, TimeoutError: the server says nothing that can be read.
        """
        got = await self._ask(_REFRESH, [(_LIFETIME, struct.pack("!I", seconds))])
        return int(struct.unpack("!I", got[_LIFETIME])[0])

    async def _ask(self, method: int, attributes: Attributes) -> dict[int, bytes]:
        """Ask; the first answer to somebody unknown is a challenge, and a nonce may grow old."""
        for _ in range(2):
            known = bool(self._nonce)
            try:
                return await self._once(method, attributes, signed=known)
            except TurnRefused as refusal:
                if not (refusal.code == _STALE or (refusal.code == _UNAUTHORIZED and not known)):
                    raise
        return await self._once(method, attributes, signed=True)

    async def _once(self, method: int, attributes: Attributes, *, signed: bool) -> dict[int, bytes]:
        transaction = secrets.token_bytes(12)
        who = [(_USERNAME, self._username.encode()), (_REALM, self._realm), (_NONCE, self._nonce)] if signed else []
        body = b"".join(_attribute(kind, value) for kind, value in (*attributes, *who))
        if signed:
            head = _head(method, len(body) + 24, transaction)
            key = hashlib.md5(b":".join((self._username.encode(), self._realm, self._password.encode()))).digest()  # noqa: S324 - RFC 8489, 9.2.2
            body += _attribute(_INTEGRITY, hmac.new(key, head + body, hashlib.sha1).digest())
        self._writer.write(_head(method, len(body), transaction) + body)
        await self._writer.drain()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                kind, which, got = await self._message()
                if which == transaction:
                    break
        if kind == method | _SUCCESS:
            return got
        self._realm, self._nonce = got.get(_REALM, self._realm), got.get(_NONCE, self._nonce)
        error = got.get(_ERROR, bytes(4))
        raise TurnRefused(error[2] * 100 + error[3], error[4:].decode("utf-8", "replace"))

    async def _message(self) -> tuple[int, bytes, dict[int, bytes]]:
        try:
            kind, length, cookie, transaction = struct.unpack("!HHI12s", await self._reader.readexactly(20))
            body = await self._reader.readexactly(length)
        except asyncio.IncompleteReadError as end:
            raise ConnectionResetError("the server closed the connection") from end
        if cookie != _COOKIE:
            raise ConnectionError("what answers is no TURN server")
        got: dict[int, bytes] = {}
        while len(body) >= 4:
            name, size = struct.unpack("!HH", body[:4])
            got[name] = body[4 : 4 + size]
            body = body[4 + size + -size % 4 :]
        return kind, transaction, got


@asynccontextmanager
async def turn_client(
    host: str, port: int, name: str, context: ssl.SSLContext, username: str, password: str
) -> AsyncIterator[TurnClient]:
    """Connect to ``host``, asking by TLS for ``name``.

    Raises:
        OSError, TimeoutError: not reached, or its certificate is not believed.
    """
    async with asyncio.timeout(_PATIENCE_SECONDS):
        reader, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=name)
    try:
        yield TurnClient(reader, writer, username, password)
    finally:
        writer.transport.abort()


def _head(method: int, length: int, transaction: bytes) -> bytes:
    return struct.pack("!HHI12s", method, length, _COOKIE, transaction)


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _xor(address: str, port: int) -> bytes:
    """XOR-PEER-ADDRESS of an IPv4 address (RFC 8489, 14.2)."""
    return struct.pack("!BBHI", 0, 1, port ^ (_COOKIE >> 16), int(ipaddress.IPv4Address(address)) ^ _COOKIE)


def _address(value: bytes) -> tuple[str, int]:
    _, _, port, address = struct.unpack("!BBHI", value[:8])
    return str(ipaddress.IPv4Address(address ^ _COOKIE)), port ^ (_COOKIE >> 16)
