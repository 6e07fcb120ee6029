"""Actions: what is written for each, what is refused before it leaves, and how rows become types."""

from collections.abc import Awaitable, Callable

import pytest

from cti.ami.actions import ChannelRow, CoreStatus, Done, MemberRow, PbxActions, QueueRow, UnreadableRow, WaitingRow
from cti.ami.answers import Answer, Headers, UnsafeValue
from cti.ami.frames import MissingHeader, parse


def frame(*lines: str) -> str:
    return "\r\n".join(lines)


class FakeLink:
    """Keeps what was asked; answers what it was given."""

    def __init__(self, response: str = "Response: Success\r\nActionID: x/1/1\r\nMessage: done", *rows: str) -> None:
        self.asked: list[tuple[str, Headers, float]] = []
        self._answer = Answer(parse(response.encode(), 0), tuple(parse(row.encode(), 0) for row in rows))

    async def ask(self, action: str, headers: Headers, *, deadline_seconds: float) -> Answer:
        self.asked.append((action, headers, deadline_seconds))
        return self._answer


CHANNEL = "PJSIP/trunk-in-00000001"
ACTS: list[tuple[Callable[[PbxActions], Awaitable[object]], str, Headers]] = [
    (
        lambda pbx: pbx.redirect(CHANNEL, "sas-transferts", "mg"),
        "Redirect",
        {"Channel": CHANNEL, "Context": "sas-transferts", "Exten": "mg", "Priority": 1},
    ),
    (lambda pbx: pbx.set_global("SAS_CRISE_DEMANDEE", 1), "Setvar", {"Variable": "SAS_CRISE_DEMANDEE", "Value": 1}),
    (lambda pbx: pbx.hangup(CHANNEL, 17), "Hangup", {"Channel": CHANNEL, "Cause": 17}),
    (
        lambda pbx: pbx.queue_pause("PJSIP/arm01", True, "repas"),
        "QueuePause",
        {"Interface": "PJSIP/arm01", "Paused": "true", "Reason": "repas"},
    ),
    (
        lambda pbx: pbx.queue_pause("PJSIP/arm01", False, queue="sas-n1"),
        "QueuePause",
        {"Interface": "PJSIP/arm01", "Paused": "false", "Queue": "sas-n1"},
    ),
    (
        lambda pbx: pbx.queue_add("sas-n1", "PJSIP/arm01", penalty=2, paused=True, name="arm01"),
        "QueueAdd",
        {"Queue": "sas-n1", "Interface": "PJSIP/arm01", "Penalty": 2, "Paused": "true", "MemberName": "arm01"},
    ),
    (lambda pbx: pbx.queue_remove("sas-n1", "PJSIP/arm01"), "QueueRemove", {"Queue": "sas-n1", "Interface": "PJSIP/arm01"}),
    (
        lambda pbx: pbx.queue_priority("sas-n1", CHANNEL, 10),
        "QueueChangePriorityCaller",
        {"Queue": "sas-n1", "Caller": CHANNEL, "Priority": 10, "Immediate": "yes"},
    ),
    (
        lambda pbx: pbx.set_var(CHANNEL, "__SAS_VIA", "api:régul, 1"),
        "Setvar",
        {"Channel": CHANNEL, "Variable": "__SAS_VIA", "Value": "api:régul, 1"},
    ),
    (lambda pbx: pbx.user_event("SasNote", {"CallId": "1"}), "UserEvent", {"UserEvent": "SasNote", "CallId": "1"}),
]


@pytest.mark.parametrize(("act", "action", "headers"), ACTS, ids=[act[1] for act in ACTS])
async def test_an_act_writes_its_headers_and_says_what_the_pbx_said(
    act: Callable[[PbxActions], Awaitable[object]], action: str, headers: Headers
) -> None:
    link = FakeLink()
    assert await act(PbxActions(link.ask, act_seconds=3)) == Done("done")
    assert link.asked == [(action, headers, 3)]


async def test_originate_is_always_async_and_never_an_application() -> None:
    link = FakeLink()
    originated = await PbxActions(link.ask).originate(
        "PJSIP/arm01", "sas-postes", "801", caller_id="SAS <15>", variables={"__SAS_CALL": "u-1", "SAS_FLUX": "15"}
    )
    assert originated.action_id == "x/1/1"
    action, headers, _ = link.asked[0]
    assert (action, headers["Async"], headers["Timeout"], headers["CallerID"]) == ("Originate", "true", 30_000, "SAS <15>")
    assert headers["Variable"] == ["__SAS_CALL=u-1", "SAS_FLUX=15"]
    assert {"Application", "Data"}.isdisjoint(headers)


def test_command_is_not_offered() -> None:
    assert not hasattr(PbxActions, "command")


@pytest.mark.parametrize("channel", ["", "  ", "/PJSIP/.*/", "/.*/", "trunk", "/"])
async def test_what_does_not_name_one_channel_is_refused(channel: str) -> None:
    """Asterisk hangs up every channel that ``/expression/`` matches, and sets a global when there is no channel."""
    link = FakeLink()
    pbx = PbxActions(link.ask)
    for asked in (pbx.hangup(channel), pbx.redirect(channel, "c", "e"), pbx.set_var(channel, "A", "1"), pbx.status(channel)):
        with pytest.raises(UnsafeValue, match="does not name one channel"):
            await asked
    assert link.asked == []


@pytest.mark.parametrize("name", ["SHELL(rm)", "A=1,B", "", "1A", "GLOBAL(X)"])
async def test_only_plain_variables_are_set(name: str) -> None:
    link = FakeLink()
    with pytest.raises(UnsafeValue, match="not a plain channel variable"):
        await PbxActions(link.ask).set_var(CHANNEL, name, "1")
    with pytest.raises(UnsafeValue, match="not a plain channel variable"):
        await PbxActions(link.ask).originate(CHANNEL, "c", "e", variables={name: "1"})
    assert link.asked == []


@pytest.mark.parametrize("name", ["DB(sas/crise)", "GLOBAL(SAS_X)", "SAS_X,Y", "X", "SAS_X)"])
async def test_only_plain_globals_of_ours_are_set(name: str) -> None:
    link = FakeLink()
    with pytest.raises(UnsafeValue):
        await PbxActions(link.ask).set_global(name, 1)
    assert link.asked == []


@pytest.mark.parametrize("value", ["1,B=2", 'a"b', "a\\"])
async def test_value_that_asterisk_would_cut_into_two_variables_is_refused(value: str) -> None:
    with pytest.raises(UnsafeValue, match="Asterisk would cut it there"):
        await PbxActions(FakeLink().ask).originate(CHANNEL, "c", "e", variables={"A": value})


@pytest.mark.parametrize("header", ["Action", "ACTIONID", "UserEvent", "Event"])
async def test_user_event_cannot_carry_the_action_s_own_headers(header: str) -> None:
    with pytest.raises(UnsafeValue, match="read as the action's own"):
        await PbxActions(FakeLink().ask).user_event("X", {header: "1"})


async def test_empty_places_are_refused() -> None:
    pbx = PbxActions(FakeLink().ask)
    for asked in (
        pbx.redirect(CHANNEL, "", "e"),
        pbx.redirect(CHANNEL, "c", " "),
        pbx.queue_remove("", "PJSIP/a"),
        pbx.queue_pause("", True),
        pbx.queue_status(""),
        pbx.user_event("", {}),
    ):
        with pytest.raises(UnsafeValue, match="is empty"):
            await asked


MEMBER = frame(
    "Event: QueueMember", "Queue: sas-n1", "Name: arm01", "Location: PJSIP/arm01", "Penalty: 1", "LastCall: 0",
    "InCall: 1", "Status: 2", "Paused: 1", "PausedReason: repas",
)  # fmt: skip


async def test_queue_status_rows() -> None:
    link = FakeLink(
        "Response: Success",
        frame("Event: QueueParams", "Queue: sas-n1", "Strategy: rrmemory", "Calls: 1", "Holdtime: 3"),
        MEMBER,
        frame("Event: QueueEntry", "Queue: sas-n1", "Position: 1", f"Channel: {CHANNEL}", "Uniqueid: 1.2", "Wait: 7",
              "Priority: 5", "CallerIDNum: 0612345678"),
        frame("Event: QueueParams", "Queue: sas-mg", "Strategy: linear", "Calls: 0"),
    )  # fmt: skip
    snapshot = await PbxActions(link.ask, list_seconds=8).queue_status("sas-n1")
    assert snapshot.queues == (QueueRow("sas-n1", "rrmemory", 1), QueueRow("sas-mg", "linear", 0))
    assert snapshot.members == (MemberRow("sas-n1", "PJSIP/arm01", "arm01", 1, True, "repas", True, 2, 0),)
    assert snapshot.waiting == (WaitingRow("sas-n1", CHANNEL, "1.2", 1, 5, 7, "0612345678"),)
    assert link.asked == [("QueueStatus", {"Queue": "sas-n1"}, 8)]


async def test_core_show_channels_rows() -> None:
    base = (f"Channel: {CHANNEL}", "Uniqueid: 1.2", "Linkedid: 1.1", "ChannelStateDesc: Up", "Context: c", "Exten: 15")
    link = FakeLink(
        "Response: Success",
        frame("Event: CoreShowChannel", *base, "Application: Queue", "Duration: 01:02:03", "BridgeId: b-1"),
        frame("Event: CoreShowChannel", *base, "Duration: 00:00:00", "BridgeId: "),
    )
    first, second = await PbxActions(link.ask).core_show_channels()
    assert first == ChannelRow(CHANNEL, "1.2", "1.1", "Up", "c", "15", "Queue", "b-1", 3723, {})
    assert (second.application, second.bridge_id, second.age_seconds) == ("", "", 0)


async def test_status_reads_the_variables_asked_for() -> None:
    link = FakeLink(
        "Response: Success",
        frame("Event: Status", f"Channel: {CHANNEL}", "Uniqueid: 1.2", "Seconds: 9", "Variable: SAS_CALL=u=1",
              "Variable: CHANNEL(state)=Up"),
    )  # fmt: skip
    (row,) = await PbxActions(link.ask).status(CHANNEL, ["SAS_CALL", "CHANNEL(state)"])
    assert (row.age_seconds, row.variables) == (9, {"SAS_CALL": "u=1", "CHANNEL(state)": "Up"})
    assert link.asked[0][1] == {"Channel": CHANNEL, "Variables": "SAS_CALL,CHANNEL(state)"}
    with pytest.raises(UnsafeValue, match="may be read"):
        await PbxActions(link.ask).status(CHANNEL, ["SHELL(id; id)"])


async def test_core_status_row() -> None:
    link = FakeLink(
        frame("Response: Success", "CoreStartupDate: 2026-08-10", "CoreStartupTime: 06:30:00", "CoreReloadDate: 2026-08-10",
              "CoreReloadTime: 06:31:00", "CoreCurrentCalls: 3")
    )  # fmt: skip
    assert await PbxActions(link.ask).core_status() == CoreStatus("2026-08-10 06:30:00", "2026-08-10 06:31:00", 3)


async def test_a_row_that_cannot_be_read_names_its_header() -> None:
    with pytest.raises(UnreadableRow, match="Penalty of QueueMember is 'high', not a number"):
        await PbxActions(FakeLink("Response: Success", MEMBER.replace("Penalty: 1", "Penalty: high")).ask).queue_status()
    with pytest.raises(MissingHeader, match="QueueMember received at 0 has no header 'Location'"):
        await PbxActions(FakeLink("Response: Success", MEMBER.replace("Location", "Place")).ask).queue_status()
    row = frame("Event: CoreShowChannel", f"Channel: {CHANNEL}", "Uniqueid: 1", "Duration: soon")
    with pytest.raises(UnreadableRow, match="Duration of CoreShowChannel is 'soon'"):
        await PbxActions(FakeLink("Response: Success", row).ask).core_show_channels()
