"""Actions, answers and frames over a live link: one test for each thing seen to go wrong with stock AMI clients."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from cti.ami.actions import PbxActions
from cti.ami.answers import ActionFailed, ActionTimeout, UnsafeValue
from cti.ami.connection import AmiLink, LinkState
from cti.ami.frames import TooLarge
from tests.fakes.ami_listener import Listener, new_link, running
from tests.fakes.asterisk import FakeAsterisk, event, listing, response
from tests.fakes.simulated import SimulatedWait

PATIENT = 5.0


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


async def test_list_ends_with_event_list_complete_not_with_texts(pbx: FakeAsterisk, link: AmiLink, listener: Listener) -> None:
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
