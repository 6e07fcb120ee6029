"""What we may ask of the PBX: a short list, each action with its deadline and its typed result.

`PbxActions` is deliberately less than AMI offers. There is no ``Command`` and no ``Originate`` of an application: both
equal a shell, and the login does not hold those classes. Values are checked here for what Asterisk would read in them
besides a value (a channel ``/expression/`` hangs up every match, an empty one sets a global variable); CR, LF, NUL and
lengths are checked by the link. Each method raises `ActionFailed` (the PBX said no), `ActionTimeout` (unknown whether
done), `LinkLost`, `UnsafeValue` or `TooLarge`. None is ever repeated.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from cti.ami.answers import Answer, Headers, HeaderValue, UnsafeValue
from cti.ami.frames import AmiError, Frame
from cti.journey.words import Instant


class UnreadableRow(AmiError):
    """A row of a list answer holds something else than the number it should."""


class Ask(Protocol):
    """How an action reaches the PBX: `AmiLink.ask`."""

    async def __call__(self, action: str, headers: Headers, *, deadline_seconds: float) -> Answer:
        """Send the action, give its answer."""
        ...


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queue as app_queue sees it. Its averages and totals are left out: they are never shown (see the QoS room)."""

    queue: str
    strategy: str
    waiting: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A person in a queue."""

    queue: str
    #: What QueuePause and QueueRemove want, such as ``PJSIP/arm01``.
    interface: str
    name: str
    penalty: int
    paused: bool
    paused_reason: str
    in_call: bool
    #: Asterisk's device state: 1 free, 2 in use, 3 busy, 4 invalid, 5 unavailable, 6 ringing, 7 ringing in use, 8 hold.
    status: int
    #: Whole seconds since the epoch of the end of the last call; 0 when none.
    last_call: int
    #: Added while the PBX runs, as opposed to written in ``queues.conf``.
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A caller waiting in a queue."""

    queue: str
    channel: str
    uniqueid: str
    position: int
    priority: int
    #: Whole seconds: app_queue knows no better.
    wait_seconds: int
    caller_number: str


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """All queues at one moment, to begin again after a gap."""

    queues: tuple[QueueRow, ...]
    members: tuple[MemberRow, ...]
    waiting: tuple[WaitingRow, ...]


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel that exists now."""

    channel: str
    uniqueid: str
    linkedid: str
    state: str
    context: str
    exten: str
    application: str
    #: Empty when it is in no bridge.
    bridge_id: str
    #: Age of the channel in whole seconds.
    age_seconds: int
    #: The values asked of `status`; empty in `core_show_channels`.
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CoreStatus:
    """When the PBX started and was last reloaded, as it writes it (its own time zone), and its calls."""

    started: str
    reloaded: str
    current_calls: int


@dataclass(frozen=True, slots=True)
class Done:
    """The PBX did it; what it said."""

    message: str


@dataclass(frozen=True, slots=True)
class Originated:
    """The PBX accepted to place the call. How it ends comes as the event ``OriginateResponse`` with this ActionID."""

    action_id: str


_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: What ``Status`` may read: a variable or a function of one plain argument, ``CHANNEL(linkedid)``.
_READABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\([A-Za-z0-9_,-]*\))?")
#: Asterisk cuts ``Variable: a=1,b=2`` at commas, and reads quotes and backslashes (app.c, AST_STANDARD_APP_ARGS).
_CUTS_VARIABLES: Final = re.compile(r'[,"\\]')
#: The header by which most phones pick up by themselves.
_PICK_UP: Final = "PJSIP_HEADER(add,Call-Info)=<sip:cti>;answer-after=0"
_RESERVED: Final = frozenset({"action", "actionid", "userevent", "event"})

_Sent: TypeAlias = dict[str, HeaderValue | Sequence[HeaderValue]]


class PbxActions:
    """The actions, over one link.

    Args:
        ask: `AmiLink.ask` of the actions login.
        act_seconds: patience for one act; list_seconds: patience for a whole list.
    """

    def __init__(self, ask: Ask, *, act_seconds: float = 2.0, list_seconds: float = 10.0) -> None:
        self._ask = ask
        self._act_seconds = act_seconds
        self._list_seconds = list_seconds

    async def redirect(self, channel: str, context: str, exten: str, priority: int = 1) -> Done:
        """Send a channel to a place of the dialplan; its identity and its recording survive."""
        place: _Sent = {"Context": _filled("Context", context), "Exten": _filled("Exten", exten), "Priority": priority}
        return await self._act("Redirect", {"Channel": _one_channel(channel), **place})

    async def redirect_two(self, channel: str, exten: str, other: str, other_exten: str, context: str) -> Done:
        """Send two channels of one bridge to places of one context, in one breath: neither is hung up for the other's leaving."""
        first: _Sent = {"Context": _filled("Context", context), "Exten": _filled("Exten", exten), "Priority": 1}
        second: _Sent = {"ExtraContext": context, "ExtraExten": _filled("ExtraExten", other_exten), "ExtraPriority": 1}
        who: _Sent = {"Channel": _one_channel(channel), "ExtraChannel": _one_channel(other)}
        return await self._act("Redirect", {**who, **first, **second})

    async def hangup(self, channel: str, cause: int = 16) -> Done:
        """Hang up one channel with a Q.850 cause (16 = normal)."""
        return await self._act("Hangup", {"Channel": _one_channel(channel), "Cause": cause})

    async def queue_pause(self, interface: str, paused: bool, reason: str = "", queue: str | None = None) -> Done:
        """Pause or resume a person, in one queue or in all (None)."""
        headers: _Sent = {"Interface": _filled("Interface", interface), "Paused": "true" if paused else "false"}
        if reason:
            headers["Reason"] = reason
        if queue is not None:
            headers["Queue"] = _filled("Queue", queue)
        return await self._act("QueuePause", headers)

    async def queue_add(self, queue: str, interface: str, *, penalty: int = 0, paused: bool = False, name: str = "") -> Done:
        """Put a person into a queue."""
        headers: _Sent = {"Queue": _filled("Queue", queue), "Interface": _filled("Interface", interface)}
        headers |= {"Penalty": penalty, "Paused": "true" if paused else "false"}
        if name:
            headers["MemberName"] = name
        return await self._act("QueueAdd", headers)

    async def queue_remove(self, queue: str, interface: str) -> Done:
        """Take a person out of a queue."""
        headers: _Sent = {"Queue": _filled("Queue", queue), "Interface": _filled("Interface", interface)}
        return await self._act("QueueRemove", headers)

    async def queue_priority(self, queue: str, channel: str, priority: int) -> Done:
        """Give a waiting caller another priority, felt at once."""
        headers: _Sent = {"Queue": _filled("Queue", queue), "Caller": _one_channel(channel), "Priority": priority}
        return await self._act("QueueChangePriorityCaller", {**headers, "Immediate": "yes"})

    async def queue_status(self, queue: str | None = None) -> QueueSnapshot:
        """Queues, people and waiting callers, of one queue or of all (None)."""
        rows = await self._list("QueueStatus", {} if queue is None else {"Queue": _filled("Queue", queue)})
        return QueueSnapshot(
            queues=tuple(_queue_row(row) for row in rows if row.event == "QueueParams"),
            members=tuple(_member_row(row) for row in rows if row.event == "QueueMember"),
            waiting=tuple(_waiting_row(row) for row in rows if row.event == "QueueEntry"),
        )

    async def core_show_channels(self) -> tuple[ChannelRow, ...]:
        """Every channel that exists now."""
        rows = await self._list("CoreShowChannels", {})
        return tuple(_channel_row(row) for row in rows if row.event == "CoreShowChannel")

    async def status(self, channel: str | None = None, variables: Sequence[str] = ()) -> tuple[ChannelRow, ...]:
        """One channel, or all (None), with the values of some variables or functions such as ``CHANNEL(linkedid)``."""
        headers: _Sent = {} if channel is None else {"Channel": _one_channel(channel)}
        for variable in variables:
            if not _READABLE.fullmatch(variable):
                raise UnsafeValue(f"{variable!r} is not a variable that may be read")
        if variables:
            headers["Variables"] = ",".join(variables)
        return tuple(_status_row(row) for row in await self._list("Status", headers) if row.event == "Status")

    async def set_var(self, channel: str, variable: str, value: str) -> Done:
        """Set a variable of one channel; never a function, never a global."""
        headers: _Sent = {"Channel": _one_channel(channel), "Variable": _variable(variable), "Value": value}
        return await self._act("Setvar", headers)

    async def set_global(self, variable: str, value: int) -> Done:
        """Set a number that the whole dialplan reads; a name of ours (``SAS_...``) and nothing but a number."""
        if not variable.startswith("SAS_"):
            raise UnsafeValue(f"{variable!r} is no global of ours")
        return await self._act("Setvar", {"Variable": _variable(variable), "Value": value})

    async def originate(
        self,
        channel: str,
        context: str,
        exten: str,
        *,
        priority: int = 1,
        caller_id: str = "",
        ring_ms: int = 30_000,
        variables: Mapping[str, str] | None = None,
        channel_id: str = "",
        auto_answer: bool = False,
    ) -> Originated:
        """Ring a phone, then send it to a place of the dialplan. Returns when the PBX has accepted, not when it rings.

        ``channel_id`` becomes the uniqueid of the phone's channel; ``auto_answer`` asks the phone to pick up by itself. (A header
        ``PreDialGoSub`` would be ignored: Asterisk 22 reads it only of an Originate for which the whole session waits.)
        """
        headers: _Sent = {"Channel": _one_channel(channel), "Async": "true", "Timeout": ring_ms, "Priority": priority}
        headers |= {"Context": _filled("Context", context), "Exten": _filled("Exten", exten)}
        if caller_id:
            headers["CallerID"] = caller_id
        if channel_id:
            headers["ChannelId"] = channel_id
        assigned = [_assignment(name, value) for name, value in (variables or {}).items()]
        assigned += [_PICK_UP] if auto_answer else []
        if assigned:
            headers["Variable"] = assigned
        answer = await self._ask("Originate", headers, deadline_seconds=self._act_seconds)
        return Originated(answer.response.require("ActionID"))

    async def user_event(self, name: str, headers: Mapping[str, str]) -> Done:
        """Publish an event of ours to everyone who listens to the PBX."""
        for header in headers:
            if header.lower() in _RESERVED:
                raise UnsafeValue(f"{header} of a UserEvent would be read as the action's own")
        return await self._act("UserEvent", {"UserEvent": _filled("UserEvent", name), **headers})

    async def core_status(self) -> CoreStatus:
        """When the PBX started."""
        row = (await self._ask("CoreStatus", {}, deadline_seconds=self._act_seconds)).response
        return CoreStatus(
            started=f"{row.require('CoreStartupDate')} {row.require('CoreStartupTime')}",
            reloaded=f"{row.get('CoreReloadDate', '')} {row.get('CoreReloadTime', '')}".strip(),
            current_calls=_number(row, "CoreCurrentCalls"),
        )

    async def ping(self) -> Instant | None:
        """Ask for a sign of life; what the PBX's own clock says, None from a PBX that does not tell."""
        return (await self._ask("Ping", {}, deadline_seconds=self._act_seconds)).response.stamped_at

    async def _act(self, action: str, headers: Headers) -> Done:
        answer = await self._ask(action, headers, deadline_seconds=self._act_seconds)
        return Done(answer.response.get("Message", ""))

    async def _list(self, action: str, headers: Headers) -> tuple[Frame, ...]:
        return (await self._ask(action, headers, deadline_seconds=self._list_seconds)).rows


# --- what goes out ----------------------------------------------------------------------------------------------------


def _filled(header: str, value: str) -> str:
    if not value.strip():
        raise UnsafeValue(f"{header} is empty")
    return value


def _one_channel(channel: str) -> str:
    if "/" not in channel.strip("/") or channel.startswith("/"):
        raise UnsafeValue(f"{channel!r} does not name one channel")
    return channel


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise UnsafeValue(f"{name!r} is not a plain channel variable")
    return name


def _assignment(name: str, value: str) -> str:
    if found := _CUTS_VARIABLES.search(value):
        raise UnsafeValue(f"the value of variable {name} holds {found[0]!r}: Asterisk would cut it there")
    return f"{_variable(name)}={value}"


# --- what comes back --------------------------------------------------------------------------------------------------


def _number(row: Frame, header: str) -> int:
    value = row.require(header)
    try:
        return int(value)
    except ValueError:
        raise UnreadableRow(f"{header} of {row.name} is {value!r}, not a number") from None


def _queue_row(row: Frame) -> QueueRow:
    return QueueRow(row.require("Queue"), row.get("Strategy", ""), _number(row, "Calls"))


def _member_row(row: Frame) -> MemberRow:
    return MemberRow(
        queue=row.require("Queue"),
        interface=row.require("Location"),
        name=row.get("Name", ""),
        penalty=_number(row, "Penalty"),
        paused=row.require("Paused") == "1",
        paused_reason=row.get("PausedReason", ""),
        in_call=row.get("InCall", "0") == "1",
        status=_number(row, "Status"),
        last_call=_number(row, "LastCall"),
        dynamic=row.get("Membership", "") == "dynamic",
    )


def _waiting_row(row: Frame) -> WaitingRow:
    return WaitingRow(
        queue=row.require("Queue"),
        channel=row.require("Channel"),
        uniqueid=row.require("Uniqueid"),
        position=_number(row, "Position"),
        priority=_number(row, "Priority"),
        wait_seconds=_number(row, "Wait"),
        caller_number=row.get("CallerIDNum", ""),
    )


def _channel_row(row: Frame) -> ChannelRow:
    hours, minutes, seconds = (int(part) for part in _clock_parts(row))
    return _as_channel(row, row.get("BridgeId", ""), hours * 3600 + minutes * 60 + seconds)


def _clock_parts(row: Frame) -> list[str]:
    parts = row.require("Duration").split(":")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        raise UnreadableRow(f"Duration of {row.name} is {row['Duration']!r}, not hours:minutes:seconds")
    return parts


def _status_row(row: Frame) -> ChannelRow:
    return _as_channel(row, row.get("BridgeID", ""), _number(row, "Seconds"))


def _as_channel(row: Frame, bridge_id: str, age_seconds: int) -> ChannelRow:
    return ChannelRow(
        channel=row.require("Channel"),
        uniqueid=row.require("Uniqueid"),
        linkedid=row.get("Linkedid", ""),
        state=row.get("ChannelStateDesc", ""),
        context=row.get("Context", ""),
        exten=row.get("Exten", ""),
        application=row.get("Application", ""),
        bridge_id=bridge_id,
        age_seconds=age_seconds,
        variables=row.assignments("Variable"),
    )
