"""The service's own question whether the PBX hears SIP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest
from typing_extensions import override

from cti.ami import sip_probe
from cti.ami.sip_probe import SipProbe, answered, options

S = 1_000_000


class Pbx(asyncio.DatagramProtocol):
    """Hears what it is sent, and answers as it is told to."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.answer: Callable[[str], str | None] = said
        self._transport: asyncio.DatagramTransport | None = None

    @override
    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # type: ignore[override]
        text = data.decode()
        self.heard.append(text)
        answer = self.answer(text)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer.encode(), addr)


def said(request: str, status: str = "404 Not Found") -> str:
    kept = [line for line in request.split("\r\n") if line.partition(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
    return "\r\n".join((f"SIP/2.0 {status}", *kept, "Content-Length: 0", "", ""))


@pytest.fixture
async def pbx(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Pbx, int]]:
    monkeypatch.setattr(sip_probe, "PATIENCE_SECONDS", 0.3)
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(Pbx, local_addr=("127.0.0.1", 0))
    yield protocol, transport.get_extra_info("sockname")[1]
    transport.close()


def probe_of(port: int, at: list[int]) -> SipProbe:
    return SipProbe("127.0.0.1", port, 5, lambda: at[0], asyncio.sleep)


async def test_whatever_is_answered_was_heard(pbx: tuple[Pbx, int]) -> None:
    protocol, port = pbx
    probe = probe_of(port, [7 * S])
    for status in ("200 OK", "404 Not Found", "401 Unauthorized"):
        protocol.answer = lambda request, status=status: said(request, status)
        await probe.ask()
        assert (probe.silent_since, probe.unanswered) == (None, 0)
    assert all(request.startswith(f"OPTIONS sip:sas-sonde@127.0.0.1:{port} SIP/2.0\r\n") for request in protocol.heard)
    assert len({line for request in protocol.heard for line in request.split("\r\n") if line.startswith("Call-ID")}) == 3


async def test_a_silence_counts_from_the_first_question_that_met_it_and_ends_with_an_answer(pbx: tuple[Pbx, int]) -> None:
    protocol, port = pbx
    protocol.answer = lambda _: None
    at = [7 * S]
    probe = probe_of(port, at)
    await probe.ask()
    at[0] = 12 * S
    await probe.ask()
    assert (probe.silent_since, probe.unanswered) == (7 * S, 2)
    protocol.answer = said
    await probe.ask()
    assert (probe.silent_since, probe.unanswered) == (None, 0)


async def test_a_site_that_wants_no_probe_asks_nothing() -> None:
    probe = SipProbe("127.0.0.1", 5060, 0, lambda: 1, asyncio.sleep)
    await probe.run()
    assert probe.silent_since is None


async def test_the_answer_to_another_question_is_none(pbx: tuple[Pbx, int]) -> None:
    protocol, port = pbx
    protocol.answer = lambda request: said(request.replace("Call-ID: sas-sonde-", "Call-ID: sas-sonde-9"))
    probe = probe_of(port, [7 * S])
    await probe.ask()
    assert probe.unanswered == 1


async def test_a_port_where_nobody_listens_is_a_silence() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    probe = probe_of(port, [7 * S])
    await probe.ask()
    assert probe.unanswered == 1


async def test_an_address_that_cannot_be_is_a_silence() -> None:
    probe = SipProbe("pbx.invalid", 5060, 5, lambda: 7 * S, asyncio.sleep)
    await probe.ask()
    assert probe.unanswered == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff\xfe",
        b"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: sas-sonde-1@x\r\n",
        b"SIP/2.0 200 OK\r\nCall-ID: sas-sonde-x@y\r\n",
        b"SIP/2.0 200 OK\r\n",
    ],
)
def test_what_is_no_answer_of_ours_is_none(answer: bytes) -> None:
    assert answered(answer) is None


def test_the_short_form_of_a_header_is_read() -> None:
    assert answered(b"SIP/2.0 200 OK\r\ni: sas-sonde-12@127.0.0.1:5\r\n") == 12


def test_the_question_ends_as_a_request_must() -> None:
    text = options(3, "10.0.0.5", 5060, ("10.0.0.9", 4444)).decode()
    assert text.endswith("Content-Length: 0\r\n\r\n")
    assert "Via: SIP/2.0/UDP 10.0.0.9:4444;branch=z9hG4bK-sas-sonde-3;rport\r\n" in text
