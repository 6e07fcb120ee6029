"""Does the PBX still hear SIP? An OPTIONS (RFC 3261, 11) every few seconds, from the service itself.

Theory. A PBX may be deaf and look alive: AMI answers, calls that talk go on, and no new call, hang-up or transfer gets through
any more. Seen on 22.10.1 (decision 0039), where a transfer by a phone locked the whole of PJSIP for good. The links to AMI cannot
tell, nor can the PBX's own OPTIONS to its phones, which are stuck with the rest. So the service asks as a phone would, under a
name of its own that may do nothing else; whatever is answered, it was heard.
"""

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from typing_extensions import override

from cti.journey.words import Instant

#: The endpoint under which the service asks (``dialplan.phones``).
PROBE: Final = "sas-sonde"
#: An answer that takes longer is none (seconds).
PATIENCE_SECONDS: Final = 2.0


def options(number: int, host: str, port: int, own: tuple[str, int]) -> bytes:
    """The request, numbered so that a late answer is not taken for the next one's."""
    mine = f"{own[0]}:{own[1]}"
    lines = (
        f"OPTIONS sip:{PROBE}@{host}:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {mine};branch=z9hG4bK-{PROBE}-{number};rport",
        "Max-Forwards: 5",
        f"From: <sip:{PROBE}@{mine}>;tag={number}",
        f"To: <sip:{PROBE}@{host}:{port}>",
        f"Call-ID: {PROBE}-{number}@{mine}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:{PROBE}@{mine}>",
        "Content-Length: 0",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


def answered(data: bytes) -> int | None:
    """The number of the request that this answers; None when it answers none of ours."""
    head, _, rest = data.decode("utf-8", "replace").partition("\r\n")
    if not head.startswith("SIP/2.0 "):
        return None
    for line in rest.split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() in ("call-id", "i"):
            number = value.strip().removeprefix(f"{PROBE}-").partition("@")[0]
            return int(number) if number.isascii() and number.isdecimal() else None
    return None


class SipProbe:
    """Asks again and again, and remembers since when nothing is answered. Lives in the event loop's thread."""

    def __init__(
        self,
        host: str,
        port: int,
        seconds: float,
        clock: Callable[[], Instant],
        pause: Callable[[float], Awaitable[None]],
        first: int | None = None,
    ) -> None:
        """`first` numbers the first request; by itself, a number that no service before us has used.

        For 32 s Asterisk takes a request with a known branch for a repetition, wherever it comes from, and answers to where the
        first one came from (RFC 3261, 17.2.3): a service that had just been started again called the PBX deaf (seen on 22.10.1).
        """
        self._target = (host, port)
        self._seconds = seconds
        self._clock = clock
        self._pause = pause
        self._numbers = itertools.count(secrets.randbits(40) if first is None else first)
        #: When the first request since the last answer was sent; None while all are answered.
        self.silent_since: Instant | None = None
        #: Requests since then.
        self.unanswered = 0

    async def run(self) -> None:
        """Ask until cancelled; not at all where the site wants no probe (0 seconds).

        A socket that cannot be opened, or a refused port, is a silence like any other.
        """
        while self._seconds:
            await self.ask()
            await self._pause(self._seconds)

    async def ask(self) -> None:
        """Ask once."""
        at, number = self._clock(), next(self._numbers)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):  # the name of the PBX may be slow to be found, too
                heard = await self._exchange(number)
        except (OSError, TimeoutError):
            heard = False
        if heard:
            self.silent_since, self.unanswered = None, 0
            return
        self.unanswered += 1
        if self.silent_since is None:
            self.silent_since = at

    async def _exchange(self, number: int) -> bool:
        loop = asyncio.get_running_loop()
        transport, ear = await loop.create_datagram_endpoint(lambda: _Ear(number), remote_addr=self._target)
        try:
            own: tuple[str, int] = transport.get_extra_info("sockname")[:2]
            transport.sendto(options(number, *self._target, own))
            return await ear.heard
        finally:
            transport.close()


class _Ear(asyncio.DatagramProtocol):
    """Waits for the answer to one request."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        if answered(data) == self._number:
            self._tell(heard=True)

    @override
    def error_received(self, exc: Exception) -> None:
        self._tell(heard=False)

    def _tell(self, *, heard: bool) -> None:
        if not self.heard.done():
            self.heard.set_result(heard)
