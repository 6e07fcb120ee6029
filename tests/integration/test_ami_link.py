"""The life of an AMI link against a fake Asterisk that speaks bytes: login, boot, ping, back-off, restart, close."""

import asyncio
import contextlib
import gc
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cti.ami.actions import PbxActions
from cti.ami.answers import ActionFailed, ActionTimeout, LinkLost, UnsafeValue
from cti.ami.connection import AmiLink, LinkHooks, LinkSettings, LinkState, LinkTime, wait_for_event
from cti.ami.frames import AmiError, TooLarge
from tests.fakes.ami_listener import Listener, new_link, running
from tests.fakes.asterisk import FakeAsterisk, event, response
from tests.fakes.simulated import SimulatedWait


@pytest.fixture
async def pbx() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as fake:
        yield fake


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def link(pbx: FakeAsterisk, listener: Listener) -> AsyncIterator[AmiLink]:
    up = new_link(pbx, listener)
    async with running(up):
        await listener.until(lambda: bool(listener.ups))
        yield up


async def test_coming_up_tells_banner_start_and_uptime(pbx: FakeAsterisk, link: AmiLink, listener: Listener) -> None:
    info = listener.ups[0]
    assert (info.name, info.banner, info.pbx_started, info.uptime_seconds) == ("cti", "11.0.0", "2026-08-10 06:30:00", 42)
    assert listener.states == [LinkState.CONNECTING, LinkState.LOGGING_IN, LinkState.UP]


async def test_login_is_by_challenge_and_the_secret_never_travels(pbx: FakeAsterisk, link: AmiLink) -> None:
    login = pbx.received("Login")[0]
    assert (login["AuthType"], login["Username"], login["Events"]) == ("MD5", "cti", "on")
    assert not any("s3cret" in value for action in pbx.actions for value in action.values())
    assert "s3cret" not in repr(link.settings)


async def test_login_refused_waits_60_seconds_and_alarms(pbx: FakeAsterisk, listener: Listener) -> None:
    wait = SimulatedWait()
    link = new_link(pbx, listener, wait, secret="wrong")
    async with running(link):
        await wait.until_waiting(60)
        assert listener.refusals == ["cti: the PBX refuses cti: Authentication failed"]
        assert (link.refused, link.state, pbx.connections) == (True, LinkState.REFUSED, 1)
        pbx.script.secret = "wrong"
        await wait.elapse(60)
        await listener.until(lambda: link.state is LinkState.UP)
        assert (link.refused, link.reason, link.counters.logins_refused) == (False, "", 1)
    assert listener.downs == ["closed by us"]


async def test_fully_booted_is_waited_for(pbx: FakeAsterisk, listener: Listener) -> None:
    pbx.script.booted = b""
    wait = SimulatedWait()
    link = new_link(pbx, listener, wait)
    async with running(link):
        await wait.until_waiting(60)
        assert link.state is LinkState.LOGGING_IN
        with pytest.raises(LinkLost, match="Ping not sent: the link cti is logging_in"):
            await PbxActions(link.ask).ping()
        pbx.send(event("FullyBooted", "Uptime: 3"))
        await listener.until(lambda: bool(listener.ups))
        assert listener.ups[0].uptime_seconds == 3


async def test_fully_booted_never_sent_says_what_to_look_at(pbx: FakeAsterisk, listener: Listener) -> None:
    pbx.script.booted = b""
    wait = SimulatedWait()
    link = new_link(pbx, listener, wait)
    async with running(link):
        await wait.elapse(60)
        await listener.until(lambda: link.state is LinkState.BACKING_OFF)
        assert "lacks read=system" in link.reason
        assert listener.ups == listener.downs == []


async def test_with_events_off_fully_booted_is_not_waited_for(pbx: FakeAsterisk, listener: Listener) -> None:
    link = new_link(pbx, listener, events="off")
    async with running(link):
        await listener.until(lambda: bool(listener.ups))
        assert listener.ups[0].uptime_seconds is None


async def test_core_status_forbidden_does_not_keep_the_link_down(pbx: FakeAsterisk, listener: Listener) -> None:
    pbx.on("CoreStatus", lambda action: response(action, "Message: Permission denied", status="Error"))
    async with running(new_link(pbx, listener)):
        await listener.until(lambda: bool(listener.ups))
        assert listener.ups[0].pbx_started is None


async def test_peer_that_stops_answering_is_declared_dead(pbx: FakeAsterisk, listener: Listener) -> None:
    wait = SimulatedWait()
    link = new_link(pbx, listener, wait, ping_answer_seconds=0.02)
    async with running(link):
        await wait.elapse(5)
        await wait.until_waiting(5)
        pbx.script.deaf = True
        await wait.elapse(5)
        await listener.until(lambda: bool(listener.downs))
        assert listener.downs == ["no answer to a ping in 0.02 s: half open"]
        assert len(pbx.received("Ping")) == 2, "pings do not pile up"


async def test_late_ping_is_forgiven_while_frames_come_but_not_for_ever(pbx: FakeAsterisk, listener: Listener) -> None:
    wait = SimulatedWait()
    link = new_link(pbx, listener, wait, ping_answer_seconds=0.02, late_pings_forgiven=2)
    pbx.on("Ping", lambda action: event("Busy"))
    async with running(link):
        for _ in range(3):
            await wait.elapse(5)
        await listener.until(lambda: bool(listener.downs))
        assert (link.counters.late_pings, len(pbx.received("Ping"))) == (2, 3)


async def test_nothing_is_sent_again_after_reconnection(pbx: FakeAsterisk, listener: Listener) -> None:
    wait = SimulatedWait()
    link = new_link(pbx, listener, wait)
    pbx.on("Redirect", lambda action: None)
    async with running(link):
        await listener.until(lambda: bool(listener.ups))
        asked = asyncio.ensure_future(PbxActions(link.ask).redirect("PJSIP/a-1", "c", "mg"))
        await pbx.until(lambda: bool(pbx.received("Redirect")))
        pbx.cut()
        with pytest.raises(LinkLost, match="link lost"):
            await asked
        with pytest.raises(LinkLost, match="Hangup not sent"):
            await PbxActions(link.ask).hangup("PJSIP/a-1")
        await wait.elapse(0.5)
        await listener.until(lambda: len(listener.ups) == 2)
        await PbxActions(link.ask).ping()
        assert len(pbx.received("Redirect")) == 1
        assert pbx.received("Hangup") == []
        first, second = listener.ups
        assert second.epoch > first.epoch


async def test_back_off_doubles_up_to_its_limit_and_begins_again_after_a_good_ping(pbx: FakeAsterisk, listener: Listener) -> None:
    wait = SimulatedWait()
    await pbx.stop()
    link = new_link(pbx, listener, wait)
    async with running(link):
        waited = [await wait.elapse() for _ in range(8)]
        assert waited == [0.5, 1, 2, 4, 8, 15, 15, 15]
        assert link.state is LinkState.BACKING_OFF
        await pbx.start()
        await wait.elapse(15)
        await wait.elapse(5)
        await wait.until_waiting(5)
        pbx.cut()
        await wait.until_waiting(0.5)
    assert [state for state in listener.states if state is LinkState.UP] == [LinkState.UP]


async def test_back_off_has_jitter(pbx: FakeAsterisk, listener: Listener) -> None:
    wait = SimulatedWait()
    await pbx.stop()
    link = new_link(pbx, listener, wait)
    link._time = LinkTime(lambda: 1, lambda: 1, lambda: 0.5, wait)
    async with running(link):
        assert [await wait.elapse() for _ in range(3)] == [0.375, 0.75, 1.5]
    await pbx.start()


async def test_close_while_a_reconnect_is_pending_really_stops(pbx: FakeAsterisk, listener: Listener) -> None:
    wait = SimulatedWait()
    link = new_link(pbx, listener, wait)
    task = asyncio.ensure_future(link.run())
    await listener.until(lambda: bool(listener.ups))
    pbx.cut()
    await wait.until_waiting(0.5)
    link.close()
    async with asyncio.timeout(5):
        await task
    assert (link.state, pbx.connections) == (LinkState.CLOSED, 1)
    with pytest.raises(RuntimeError, match="already run"):
        await link.run()


async def test_close_while_up_and_while_logging_in(pbx: FakeAsterisk, listener: Listener) -> None:
    pbx.on("Challenge", lambda action: None)
    link = new_link(pbx, listener)
    async with running(link):
        await pbx.until(lambda: bool(pbx.received("Challenge")))
    assert (link.state, pbx.received("Login"), listener.downs) == (LinkState.CLOSED, [], [])


async def test_cancelling_run_closes_the_socket(pbx: FakeAsterisk, listener: Listener) -> None:
    link = new_link(pbx, listener)
    task = asyncio.ensure_future(link.run())
    await listener.until(lambda: bool(listener.ups))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert (link.state, listener.downs) == (LinkState.CLOSED, ["stopped"])


async def test_pbx_restart_in_mid_call_is_seen(pbx: FakeAsterisk, listener: Listener) -> None:
    wait = SimulatedWait()
    link = new_link(pbx, listener, wait)
    async with running(link):
        await listener.until(lambda: bool(listener.ups))
        pbx.send(event("Newchannel"), event("Shutdown", "Shutdown: Uncleanly", "Restart: False"))
        await listener.until(lambda: listener.names == ["Newchannel", "Shutdown"])
        await pbx.stop()
        await listener.until(lambda: bool(listener.downs))
        pbx.on("CoreStatus", lambda action: response(action, "CoreStartupDate: 2026-08-10", "CoreStartupTime: 07:00:00"))
        await pbx.start()
        await wait.elapse(0.5)
        await listener.until(lambda: len(listener.ups) == 2)
        assert [info.pbx_started for info in listener.ups] == ["2026-08-10 06:30:00", "2026-08-10 07:00:00"]


async def test_peer_that_is_no_asterisk_never_comes_up(pbx: FakeAsterisk, listener: Listener) -> None:
    wait = SimulatedWait()
    pbx.script.banner = b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n"
    pbx.script.deaf = True
    link = new_link(pbx, listener, wait, login_seconds=0.02)
    async with running(link):
        await wait.until_waiting(0.5)
        assert "no answer to Challenge" in link.reason
        assert link.counters.garbage == 1


async def test_two_logins_are_two_links(pbx: FakeAsterisk) -> None:
    first, second = Listener(), Listener()
    events, actions = new_link(pbx, first, name="events"), new_link(pbx, second, name="actions", events="system")
    async with running(events), running(actions):
        await first.until(lambda: bool(first.ups))
        await second.until(lambda: bool(second.ups))
        await PbxActions(actions.ask).ping()
        assert {action["ActionID"].split("/")[0] for action in pbx.actions} == {"events", "actions"}
        actions.close()
        await second.until(lambda: bool(second.downs))
        await PbxActions(events.ask).ping()


async def test_a_hook_that_raises_does_not_stop_the_link(pbx: FakeAsterisk, listener: Listener) -> None:
    def broken(_: object) -> None:
        raise ValueError("broken hook")

    link = new_link(pbx, listener)
    link._hooks = LinkHooks(on_frame=broken, on_up=broken, on_down=broken, on_state=broken, record=lambda *_: broken(_))
    with capture_logs():
        async with running(link):
            async with asyncio.timeout(5):
                while link.state is not LinkState.UP:
                    await asyncio.sleep(0)
            await PbxActions(link.ask).ping()
    assert link.counters.listener_errors >= 4


async def test_reconnecting_a_hundred_times_keeps_no_memory(pbx: FakeAsterisk, listener: Listener) -> None:
    wait = SimulatedWait()
    link = new_link(pbx, listener, wait)
    async with running(link):
        for count in range(1, 101):
            await listener.until(lambda count=count: len(listener.ups) == count)
            await wait.until_waiting(5)
            pbx.cut()
            await listener.until(lambda count=count: len(listener.downs) == count)
            await wait.elapse()
        await listener.until(lambda: len(listener.ups) == 101)
        gc.collect()
        wires = [each for each in gc.get_objects() if type(each).__name__ == "Wire"]
        assert len(wires) == 1


async def test_tls(tmp_path: Path, listener: Listener) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    async with FakeAsterisk(tls=server) as pbx:
        async with running(new_link(pbx, listener, tls=ssl.create_default_context(cafile=str(cert)))):
            await listener.until(lambda: bool(listener.ups))
        stranger = new_link(pbx, Listener(), SimulatedWait(), tls=ssl.create_default_context())
        async with running(stranger):
            async with asyncio.timeout(5):
                while stranger.state is not LinkState.BACKING_OFF:
                    await asyncio.sleep(0)
            assert "certificate verify failed" in stranger.reason


def test_link_is_built_outside_the_event_loop() -> None:
    link = AmiLink(LinkSettings("cti", "127.0.0.1", "cti", "x"), LinkHooks(print), LinkTime(int, int, float, wait_for_event))
    assert (link.state, link.refused) == (LinkState.IDLE, False)


async def test_errors_are_one_family() -> None:
    assert all(issubclass(error, AmiError) for error in (ActionFailed, ActionTimeout, LinkLost, UnsafeValue, TooLarge))
