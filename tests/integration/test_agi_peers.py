"""The FastAGI server among real sockets: a PBX that asks, and every kind of peer that should not be there."""

import asyncio
import contextlib
import socket
import struct
import time
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog

from cti.ami.agi import AgiAnswer, AgiApplication, AgiLimits, AgiQuestion, AgiServer
from cti.routing.dialplan import agi_routes
from cti.routing.planner import RoutePlanner
from cti.routing.rules import Source, read_rules

OK = b"200 result=1\n"
DEADLINE = 20.0


def clock() -> int:
    return time.monotonic_ns() // 1_000


def amu(question: AgiQuestion) -> AgiAnswer:
    return AgiAnswer((("ROUTE_PRIO", "20"), ("ROUTE_MOTIF", f"{question.args[0]} hangup"), ("ROUTE", "amu")))


def broken(question: AgiQuestion) -> AgiAnswer:
    raise RuntimeError("no rules")


def smuggler(question: AgiQuestion) -> AgiAnswer:
    return AgiAnswer((("ROUTE", "amu\nEXEC System reboot"),))


ROUTES = {"route": amu, "broken": broken, "smuggler": smuggler}
QUICK = AgiLimits(header_ms=400, answer_ms=400, sessions=300)


@contextlib.asynccontextmanager
async def serving(limits: AgiLimits = QUICK) -> AsyncIterator[tuple[AgiServer, int]]:
    server = AgiServer("127.0.0.1", 0, ROUTES, limits, clock)
    port = await server.start()
    try:
        yield server, port
    finally:
        await server.stop()


def headers(script: str, *args: str, extra: bytes = b"") -> bytes:
    lines = ["agi_network: yes", f"agi_network_script: {script}", "agi_channel: PJSIP/trunk-1", "agi_uniqueid: 1700.7"]
    lines += [f"agi_arg_{n}: {arg}" for n, arg in enumerate(args, 1)]
    return "\n".join(lines).encode() + b"\n" + extra + b"\n"


@dataclass
class Pbx:
    """A PBX as res_agi is made: it polls, reads one line per poll through a buffered stream, and answers it.

    What came in the same packet after that line waits for the next poll, as it does in a real Asterisk.
    """

    port: int
    reply: Callable[[bytes], bytes] = lambda line: OK
    urgent: bool = False
    got: list[str] = field(default_factory=list)

    async def ask(self, block: bytes) -> list[str]:
        loop = asyncio.get_running_loop()
        with socket.socket() as sock:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(sock, ("127.0.0.1", self.port))
            await loop.sock_sendall(sock, block)
            stream = b""
            with contextlib.suppress(ConnectionError):
                while chunk := await loop.sock_recv(sock, 4_096):
                    stream += chunk
                    line, newline, rest = stream.partition(b"\n")
                    if newline:
                        stream = rest
                        self.got.append(line.decode())
                        if self.urgent:
                            sock.send(b"HANGUP\n", socket.MSG_OOB)
                        await loop.sock_sendall(sock, self.reply(line))
        return self.got


async def until_closed(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        while await loop.sock_recv(sock, 4_096):
            pass


async def connected(port: int, data: bytes = b"") -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(sock, ("127.0.0.1", port))
        await loop.sock_sendall(sock, data)
    except OSError:
        sock.close()
        raise
    return sock


EXPECTED = ['SET VARIABLE ROUTE_PRIO "20"', 'SET VARIABLE ROUTE_MOTIF "c1 hangup"', 'SET VARIABLE ROUTE "amu"']


@pytest.mark.parametrize("urgent", [False, True])
async def test_the_pbx_gets_its_answer_whatever_it_says_in_between(urgent: bool) -> None:
    async with asyncio.timeout(DEADLINE), serving() as (server, port):
        assert await Pbx(port, urgent=urgent).ask(headers("route", "c1")) == EXPECTED
        counters = server.counters
    assert (counters.answered, counters.open, counters.rude, counters.hung_up) == (1, 0, 0, 0)
    assert counters.slowest_us > 0


async def test_latin_1_and_the_word_hangup_in_a_caller_name_change_nothing() -> None:
    extra = b"agi_calleridname: hangup H\xe9l\xe8ne\nagi_x: HANGUP\n"
    async with asyncio.timeout(DEADLINE), serving() as (_, port):
        assert await Pbx(port).ask(headers("route", "c1", extra=extra)) == EXPECTED


async def test_health_probes_cost_nothing() -> None:
    with structlog.testing.capture_logs() as logs:
        async with asyncio.timeout(DEADLINE), serving() as (server, port):
            logs.clear()
            for number in range(200):
                sock = await connected(port)
                if number % 2:
                    # Leaves with a reset, as some probes do.
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.close()
            assert await Pbx(port).ask(headers("route", "c1")) == EXPECTED
            counters = server.counters
    assert logs == []
    assert (counters.probes, counters.rude, counters.timed_out, counters.answered) == (200, 0, 0, 1)


async def test_a_route_that_raises_sets_nothing_and_names_the_call() -> None:
    with structlog.testing.capture_logs() as logs:
        async with asyncio.timeout(DEADLINE), serving() as (server, port):
            for script in ("broken", "smuggler", "nowhere"):
                assert await Pbx(port).ask(headers(script, "c1")) == []
            counters = server.counters
    errors = [log for log in logs if log["event"] == "agi_route_failed"]
    assert [log["log_level"] for log in errors] == ["error"] * 3
    assert {log["uniqueid"] for log in errors} == {"1700.7"}
    assert (counters.failed, counters.answered) == (3, 0)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (b"510 Invalid or unknown command\n", "declined"),
        (b"511 Command Not Permitted on a dead channel\n", "hung_up"),
        (b"520-Invalid command syntax.\n usage\n520 End of proper usage.\n", "declined"),
        (b"200 result=-1\n", "declined"),
        (b"what?\n", "rude"),
        (b"", "timed_out"),
    ],
)
async def test_the_first_command_not_obeyed_ends_the_session(reply: bytes, outcome: str) -> None:
    async with asyncio.timeout(DEADLINE), serving() as (server, port):
        assert await Pbx(port, reply=lambda line: reply).ask(headers("route", "c1")) == EXPECTED[:1]
        assert getattr(server.counters, outcome) == 1
        assert server.counters.answered == 0


async def test_a_pbx_that_leaves_in_the_middle_is_counted_as_a_hang_up() -> None:
    async with asyncio.timeout(DEADLINE), serving() as (server, port):
        sock = await connected(port, headers("route", "c1"))
        await asyncio.get_running_loop().sock_recv(sock, 100)
        sock.shutdown(socket.SHUT_WR)
        await until_closed(sock)
        sock.close()
        assert server.counters.hung_up == 1


@pytest.mark.parametrize(
    "data", [b"x" * 200_000, b"GET / HTTP/1.1\n\n", b"\x16\x03\x01\x02" * 40 + b"\n\n", b"agi_arg_1: x\n" * 5_000 + b"\n"]
)
async def test_garbage_is_cut_off(data: bytes) -> None:
    async with asyncio.timeout(DEADLINE), serving() as (server, port):
        sock = await connected(port)
        with contextlib.suppress(ConnectionError):
            await asyncio.get_running_loop().sock_sendall(sock, data)
        await until_closed(sock)
        sock.close()
        assert server.counters.rude == 1


async def test_one_session_too_many_is_closed_at_once_and_the_others_live() -> None:
    patient = AgiLimits(header_ms=60_000, answer_ms=60_000, sessions=2)
    async with asyncio.timeout(DEADLINE), serving(patient) as (server, port):
        first, second = await connected(port, b"agi_"), await connected(port, b"agi_")
        assert await Pbx(port).ask(headers("route", "c1")) == []
        assert (server.counters.refused, server.counters.open) == (1, 2)
        for sock in (first, second):
            sock.shutdown(socket.SHUT_WR)
            await until_closed(sock)
            sock.close()
        assert await Pbx(port).ask(headers("route", "c1")) == EXPECTED


async def test_stopping_cuts_the_sessions_in_progress() -> None:
    patient = AgiLimits(header_ms=60_000, answer_ms=60_000, sessions=8)
    async with asyncio.timeout(DEADLINE), serving(patient) as (server, port):
        silent = await connected(port)
        asked = await connected(port, headers("route", "c1"))
        assert await asyncio.get_running_loop().sock_recv(asked, 100) == EXPECTED[0].encode() + b"\n"
        await server.stop()
        for sock in (silent, asked):
            await until_closed(sock)
            sock.close()
        assert (server.counters.open, server.counters.answered) == (0, 0)
        with pytest.raises(ConnectionRefusedError):
            await connected(port)


async def test_a_cancelled_session_stays_cancelled_and_is_closed() -> None:
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    app = AgiApplication(AgiLimits(header_ms=60_000), clock)
    async with asyncio.timeout(DEADLINE), asyncio.TaskGroup() as group:
        session = group.create_task(app.handler(reader, writer))
        while not app.counters.open:
            await asyncio.sleep(0)
        session.cancel()
    assert session.cancelled()
    assert writer.transport.is_closing()
    assert (app.counters.open, app.sessions) == (0, {})
    theirs.close()


async def test_a_server_never_started_stops_and_counts_nothing() -> None:
    server = AgiServer("127.0.0.1", 0, ROUTES, QUICK, clock)
    await server.stop()
    assert server.counters.answered == 0


async def test_a_slow_route_is_told() -> None:
    ticks = iter(range(0, 10_000_000, 100_000))
    server = AgiServer("127.0.0.1", 0, ROUTES, QUICK, lambda: next(ticks))
    port = await server.start()
    with structlog.testing.capture_logs() as logs:
        assert await Pbx(port).ask(headers("route", "c1")) == EXPECTED
    await server.stop()
    assert [log["event"] for log in logs] == ["agi_route_slow"]


async def test_two_hundred_rude_peers_do_not_slow_a_good_one() -> None:
    """Silent, half-said, dripping, unreading: held until their second is over, while callers are served."""
    limits = AgiLimits(header_ms=1_000, answer_ms=1_000, sessions=300)
    async with asyncio.timeout(DEADLINE), serving(limits) as (server, port):
        silent = [await connected(port) for _ in range(50)]
        half = [await connected(port, b"agi_network: yes\nagi_network_script: ro") for _ in range(50)]
        unreading = [await connected(port, headers("route", "c1")) for _ in range(50)]
        dripping = [await connected(port) for _ in range(50)]
        for _ in range(50):
            (await connected(port)).close()
        took_ms = []
        for byte in headers("route", "c2")[:40]:
            began = clock()
            assert len(await Pbx(port).ask(headers("route", "c1"))) == 3
            took_ms.append((clock() - began) / 1_000)
            for sock in dripping:
                with contextlib.suppress(ConnectionError):
                    await asyncio.get_running_loop().sock_sendall(sock, bytes([byte]))
        for sock in (*silent, *half, *unreading, *dripping):
            await until_closed(sock)
            sock.close()
        counters = server.counters
    assert counters.answered == 40
    assert counters.timed_out == 200
    assert (counters.open, counters.refused, counters.probes) == (0, 0, 50)
    assert sorted(took_ms)[20] < 10


async def test_both_questions_of_the_dialplan_over_the_wire(rules_answer: Mapping[str, object]) -> None:
    """The routing room's own routes, served: entry, then what the queue gave nothing for."""
    server = AgiServer("127.0.0.1", 0, rules_answer, AgiLimits(), clock)  # type: ignore[arg-type]
    port = await server.start()
    try:
        entry = await Pbx(port).ask(headers("route", "c1", "18", "18"))
        after = await Pbx(port).ask(headers("debordement", "c1", "amu", "timeout", "1"))
    finally:
        await server.stop()
    assert entry == ['SET VARIABLE ROUTE "amu|70|90|18 pompiers vers ARM AMU"']
    assert [line.partition("|")[0] for line in after] == ['SET VARIABLE ROUTE "n1']


@pytest.fixture
def rules_answer() -> Mapping[str, object]:
    folder = Path(__file__).parents[2] / "config"
    names = ("filieres.toml", "flux.toml", "horaires.toml")
    rules = read_rules(*(Source(name, tomllib.loads((folder / name).read_text())) for name in names))
    planner = RoutePlanner(rules, lambda: None, clock, lambda call_id, decision, asked_at: None)
    return agi_routes(planner, AgiAnswer)
