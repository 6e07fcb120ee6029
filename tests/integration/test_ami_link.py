"""The AMI link against a fake Asterisk that speaks bytes: one test for each thing seen to go wrong with stock clients."""

import asyncio
import contextlib
import gc
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from cti.ami.actions import PbxActions
from cti.ami.connection import AmiLink, LinkHooks, LinkInfo, LinkSettings, LinkState, LinkTime, Wait, wait_for_event
from cti.ami.frames import AmiError, Frame, TooLarge
from cti.ami.protocol import ActionFailed, ActionTimeout, LinkLost, UnsafeValue
from tests.fakes.asterisk import FakeAsterisk, event, listing, response
from tests.fakes.simulated import SimulatedWait

PATIENT = 5.0


class Listener:
    """Keeps what the link says, and lets a test wait for it."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.ups: list[LinkInfo] = []
        self.downs: list[str] = []
        self.refusals: list[str] = []
        self.states: list[LinkState] = []
        self.recorded: list[tuple[str, int]] = []
        self.breaks_on: str | None = None
        self._changed = asyncio.Event()

    @property
    def names(self) -> list[str]:
        return [frame.event for frame in self.frames if frame.event != "FullyBooted"]

    def hooks(self) -> LinkHooks:
        return LinkHooks(
            on_frame=self._on_frame,
            on_up=self._keep(self.ups),
            on_down=self._keep(self.downs),
            on_refused=self._keep(self.refusals),
            on_state=self._keep(self.states),
            record=lambda frame, epoch: self.recorded.append((frame.name, epoch)),
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def _on_frame(self, frame: Frame) -> None:
        self._keep(self.frames)(frame)
        if frame.event == self.breaks_on:
            raise ValueError("the listener is broken")

    def _keep(self, where: list[Any]) -> Callable[[Any], None]:
        def keep(what: Any) -> None:
            where.append(what)
            self._changed.set()

        return keep


def new_link(pbx: FakeAsterisk, listener: Listener, wait: Wait = wait_for_event, **settings: Any) -> AmiLink:
    given: dict[str, Any] = {"name": "cti", "host": "127.0.0.1", "username": "cti", "secret": "s3cret", "port": pbx.port}
    clock = lambda: time.time_ns() // 1000  # noqa: E731
    monotonic = lambda: time.monotonic_ns() // 1000  # noqa: E731
    return AmiLink(LinkSettings(**(given | settings)), listener.hooks(), LinkTime(clock, monotonic, lambda: 1.0, wait))


@asynccontextmanager
async def running(link: AmiLink) -> AsyncIterator[None]:
    task = asyncio.ensure_future(link.run())
    try:
        yield
    finally:
        link.close()
        async with asyncio.timeout(5):
            await task


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


def pending(link: AmiLink) -> int:
    assert link._wire is not None
    return len(link._wire.answers)


# --- actions and their answers ----------------------------------------------------------------------------------------


async def test_queue_add_resolves(pbx: FakeAsterisk, link: AmiLink) -> None:
    pbx.on("QueueAdd", lambda action: response(action, "Message: Added interface to queue"))
    done = await PbxActions(link.ask).queue_add("sas-n1", "PJSIP/arm01")
    assert done.message == "Added interface to queue"
    assert pending(link) == 0


async def test_originate_without_async_resolves(pbx: FakeAsterisk, link: AmiLink) -> None:
    pbx.on("Originate", lambda action: response(action, "Message: Originate successfully queued"))
    answer = await link.ask("Originate", {"Channel": "PJSIP/a"}, deadline_seconds=PATIENT)
    assert answer.response["Message"] == "Originate successfully queued"
    assert link.state is LinkState.UP


async def test_play_dtmf_resolves(pbx: FakeAsterisk, link: AmiLink) -> None:
    pbx.on("PlayDTMF", lambda action: response(action, "Message: DTMF successfully queued"))
    assert (await link.ask("PlayDTMF", {"Channel": "PJSIP/a", "Digit": "1"}, deadline_seconds=PATIENT)).rows == ()


async def test_list_action_answered_by_error_fails(pbx: FakeAsterisk, link: AmiLink) -> None:
    pbx.on("Status", lambda action: response(action, "Message: No such channel", status="Error"))
    with pytest.raises(ActionFailed, match="the PBX refused Status: No such channel"):
        await PbxActions(link.ask).status("PJSIP/gone-1")
    assert pending(link) == 0


async def test_list_ends_with_event_list_complete_not_with_texts(
    pbx: FakeAsterisk, link: AmiLink, listener: Listener
) -> None:
    rows = [event("QueueMemberComplete", "Message: it will follow"), event("Row", "Response: Success")]

    def reply(action: dict[str, str]) -> bytes:
        first, rest = listing(action, rows, "TheEnd").split(b"Event: Row", 1)
        return first + event("QueueCallerJoin", "Queue: sas-n1") + b"Event: Row" + rest

    pbx.on("QueueStatus", reply)
    answer = await link.ask("QueueStatus", {}, deadline_seconds=PATIENT)
    assert [row.event for row in answer.rows] == ["QueueMemberComplete", "Row"]
    assert listener.names == ["QueueCallerJoin"], "a live event inside a list is delivered"


async def test_list_cancelled_is_a_failure_not_half_a_list(pbx: FakeAsterisk, link: AmiLink) -> None:
    pbx.on("CoreShowChannels", lambda action: listing(action, [event("CoreShowChannel")], "End", end="cancelled"))
    with pytest.raises(ActionFailed, match="broken off after 1 rows"):
        await PbxActions(link.ask).core_show_channels()


@pytest.mark.parametrize("lines", [[], ["one"], ["one", "", "three"]])
async def test_command_gives_a_list_of_lines(pbx: FakeAsterisk, link: AmiLink, lines: list[str]) -> None:
    pbx.on("Command", lambda action: response(action, "Message: Command output follows", *(f"Output: {x}" for x in lines)))
    assert (await link.ask("Command", {"Command": "core show uptime"}, deadline_seconds=PATIENT)).lines == lines


async def test_answers_out_of_order_find_their_actions(pbx: FakeAsterisk, link: AmiLink) -> None:
    kept: list[dict[str, str]] = []
    pbx.on("Getvar", kept.append)
    asked = [asyncio.ensure_future(link.ask("Getvar", {"Variable": name}, deadline_seconds=PATIENT)) for name in "ab"]
    await pbx.until(lambda: len(kept) == 2)
    for action in reversed(kept):
        pbx.send(response(action, f"Value: {action['Variable']}"))
    assert [(await each).response["Value"] for each in asked] == ["a", "b"]


async def test_action_without_answer_times_out_and_leaves_nothing(pbx: FakeAsterisk, link: AmiLink) -> None:
    pbx.on("Redirect", lambda action: None)
    with pytest.raises(ActionTimeout, match=r"no answer to Redirect in 0\.02 s: it may have been executed"):
        await PbxActions(link.ask, act_seconds=0.02).redirect("PJSIP/a-1", "sas-transferts", "mg")
    assert pending(link) == 0


async def test_a_thousand_cancelled_actions_leave_nothing(pbx: FakeAsterisk, link: AmiLink) -> None:
    pbx.on("Getvar", lambda action: None)
    asked = [asyncio.ensure_future(link.ask("Getvar", {"Variable": "x"}, deadline_seconds=PATIENT)) for _ in range(1000)]
    await pbx.until(lambda: len(pbx.received("Getvar")) == 1000)
    for each in asked:
        each.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    assert pending(link) == 0


async def test_late_list_is_thrown_away_and_never_taken_for_live_events(
    pbx: FakeAsterisk, link: AmiLink, listener: Listener
) -> None:
    pbx.on("QueueStatus", lambda action: None)
    with pytest.raises(ActionTimeout):
        await PbxActions(link.ask, list_seconds=0.02).queue_status()
    pbx.send(listing(pbx.received("QueueStatus")[0], [event("QueueMember")], "QueueStatusComplete"), event("Hangup"))
    await listener.until(lambda: listener.names == ["Hangup"])
    assert link.counters.late_answers == 3


async def test_events_that_echo_our_action_id_are_live(pbx: FakeAsterisk, link: AmiLink, listener: Listener) -> None:
    pbx.on("Originate", lambda action: response(action, "Message: Originate successfully queued"))
    originated = await PbxActions(link.ask).originate("PJSIP/arm01", "sas-postes", "801")
    pbx.send(event("OriginateResponse", f"ActionID: {originated.action_id}", "Response: Failure", "Reason: 5"))
    await listener.until(lambda: listener.names == ["OriginateResponse"])


async def test_crlf_in_a_value_is_refused_and_nothing_is_sent(pbx: FakeAsterisk, link: AmiLink) -> None:
    before = len(pbx.actions)
    for value in ("x\r\n\r\nAction: Originate", "x\ny", "x\ry", "x\0y"):
        with pytest.raises(UnsafeValue, match="the value of Exten"):
            await PbxActions(link.ask).redirect("PJSIP/a-1", "c", value)
    with pytest.raises(UnsafeValue, match="not the name of a header"):
        await link.ask("Getvar", {"Variable: x\r\nAction": "Originate"}, deadline_seconds=PATIENT)
    await PbxActions(link.ask).ping()
    assert [action["Action"] for action in pbx.actions[before:]] == ["Ping"]
    assert pending(link) == 0


async def test_line_of_1024_bytes_passes_and_one_more_is_refused(pbx: FakeAsterisk, link: AmiLink) -> None:
    pbx.on("Setvar", lambda action: response(action, "Message: Variable Set"))
    longest = "x" + "é" * ((1024 - len("Value: x\r\n")) // 2)
    await PbxActions(link.ask).set_var("PJSIP/a-1", "SAS_VIA", longest)
    assert pbx.received("Setvar")[0]["Value"] == longest
    with pytest.raises(TooLarge, match="the line Value has 1025 bytes"):
        await PbxActions(link.ask).set_var("PJSIP/a-1", "SAS_VIA", longest + "y")


async def test_128_headers_pass_and_129_are_refused(pbx: FakeAsterisk, link: AmiLink) -> None:
    pbx.on("UserEvent", lambda action: response(action, "Message: Event Sent"))
    headers = {"UserEvent": "x", **{f"H{number}": "v" for number in range(125)}}
    await link.ask("UserEvent", headers, deadline_seconds=PATIENT)
    with pytest.raises(TooLarge, match="129 headers"):
        await link.ask("UserEvent", headers | {"H125": "v"}, deadline_seconds=PATIENT)


# --- frames and listeners ---------------------------------------------------------------------------------------------


async def test_exception_in_the_listener_loses_no_frame_and_keeps_the_link(
    pbx: FakeAsterisk, link: AmiLink, listener: Listener
) -> None:
    listener.breaks_on = "Two"
    with capture_logs() as logs:
        pbx.send(b"".join(event(name) for name in ("One", "Two", "Three", "Four", "Five")))
        await listener.until(lambda: len(listener.names) == 5)
    assert listener.names == ["One", "Two", "Three", "Four", "Five"]
    assert (link.state, link.counters.listener_errors) == (LinkState.UP, 1)
    assert [entry["frame"] for entry in logs if entry["event"] == "ami_listener_failed"] == ["Two"]


async def test_frames_are_delivered_in_order(pbx: FakeAsterisk, link: AmiLink, listener: Listener) -> None:
    pbx.send(*(event("E", f"N: {number}") for number in range(500)))
    await listener.until(lambda: len(listener.names) == 500)
    assert [frame["N"] for frame in listener.frames if frame.event == "E"] == [str(number) for number in range(500)]


async def test_utf8_letter_split_over_two_tcp_reads(pbx: FakeAsterisk, link: AmiLink, listener: Listener) -> None:
    data = event("Newchannel", "CallerIDName: Hélène")
    cut = data.index("é".encode()) + 1
    pbx.send(event("Before") + data[:cut])
    await listener.until(lambda: listener.names == ["Before"])
    pbx.send(data[cut:])
    await listener.until(lambda: len(listener.names) == 2)
    assert listener.frames[-1]["CallerIDName"] == "Hélène"


async def test_endless_message_closes_the_link_with_its_reason(pbx: FakeAsterisk, listener: Listener) -> None:
    wait = SimulatedWait()
    link = new_link(pbx, listener, wait, max_frame_bytes=100_000)
    async with running(link):
        await listener.until(lambda: bool(listener.ups))
        pbx.send(*[b"x" * 10_000] * 11)
        await listener.until(lambda: bool(listener.downs))
        assert "without a blank line" in listener.downs[0]


async def test_garbage_is_counted_named_and_survived(pbx: FakeAsterisk, link: AmiLink, listener: Listener) -> None:
    with capture_logs() as logs:
        pbx.send(b"\x00\xff nonsense\r\n\r\n" + b"Event: A\r\nwhat is this\r\n\r\n" + event("B"))
        await listener.until(lambda: listener.names == ["A", "B"])
    assert [entry["line"] for entry in logs] == ["\x00ÿ nonsense", "what is this"]
    assert (link.state, link.counters.garbage) == (LinkState.UP, 2)


async def test_every_frame_is_recorded_with_its_epoch_answers_included(
    pbx: FakeAsterisk, link: AmiLink, listener: Listener
) -> None:
    await PbxActions(link.ask).ping()
    epoch = listener.ups[0].epoch
    assert listener.recorded == [("Response", epoch), ("Response", epoch), ("FullyBooted", epoch), *[("Response", epoch)] * 2]


async def test_frames_carry_two_clocks(pbx: FakeAsterisk, link: AmiLink, listener: Listener) -> None:
    pbx.send(event("A"))
    await listener.until(lambda: listener.names == ["A"])
    frame = listener.frames[-1]
    assert abs(frame.received_at - time.time_ns() // 1000) < 5_000_000
    assert abs(frame.monotonic_us - time.monotonic_ns() // 1000) < 5_000_000


async def test_skipped_events_never_arrive(pbx: FakeAsterisk, listener: Listener) -> None:
    link = new_link(pbx, listener, skip=frozenset({"VarSet"}))
    async with running(link):
        await listener.until(lambda: bool(listener.ups))
        pbx.send(event("VarSet", "Value: 1"), event("Hangup"))
        await listener.until(lambda: listener.names == ["Hangup"])
        assert link.counters.skipped == 1


# --- the life of the link ---------------------------------------------------------------------------------------------


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


async def test_back_off_doubles_up_to_its_limit_and_begins_again_after_a_good_ping(
    pbx: FakeAsterisk, listener: Listener
) -> None:
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
