"""Frames in, events of the trade out: one synchronous fold over everything the PBX says, in its order.

Frames (or CEL rows) enter in the order the PBX made them; events of ``cti.journey`` leave, stamped by the PBX clock. What may
never happen here: waiting, reading a clock, dropping a caller's frame because another one could not be understood.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from cti.ami.frames import Frame, MissingHeader
from cti.ami.translate import announced, members, outgoing, telephony
from cti.ami.translate.channels import Channel, ChannelBook, Role, endpoint_of
from cti.journey import events as ev
from cti.journey.words import Instant

__all__ = ["UNDERSTOOD", "Channel", "ChannelBook", "Role", "Translator", "endpoint_of"]

_READERS: Mapping[str, Callable[[ChannelBook, Frame, Instant], Iterator[ev.Event]]] = MappingProxyType(
    {
        "Newchannel": telephony.newchannel,
        "Rename": telephony.rename,
        "HangupRequest": telephony.hangup_request,
        "Hangup": telephony.hangup,
        "QueueCallerJoin": telephony.join,
        "AgentCalled": telephony.agent_called,
        "DialEnd": telephony.dial_end,
        "DialState": outgoing.dial_state,
        "BridgeEnter": telephony.bridge_enter,
        "BridgeLeave": telephony.bridge_leave,
        "Hold": telephony.hold,
        "Unhold": telephony.hold,
        "AttendedTransfer": telephony.attended,
        "QueueMember": members.member,
        "QueueMemberStatus": members.member,
        "QueueMemberPause": members.member,
        "QueueMemberAdded": members.member,
        "QueueMemberRemoved": members.member_removed,
        "UserEvent": announced.user_event,
    }
)

#: The frames that tell us something; any other may be dropped from the raw bytes before it is parsed.
UNDERSTOOD = frozenset(_READERS)


class Translator:
    """The fold from frames to events; one for the life of the service."""

    def __init__(self) -> None:
        self.book = ChannelBook()

    def read(self, frame: Frame) -> list[ev.Event]:
        """What this frame tells, in order; empty for most frames. Never raises on what the PBX may send.

        A frame that cannot be understood becomes a ``PbxSurprised`` on its call when the call is known.
        """
        reader = _READERS.get(frame.event)
        if reader is None:
            return []
        at = frame.stamped_at or frame.received_at
        try:
            return list(reader(self.book, frame, at))
        except (MissingHeader, ValueError) as surprise:
            call_id = telephony.call_of(self.book, frame) or frame.get("CallId", "")
            if not call_id:
                return []
            detail = f"{frame.event}: {surprise}"
            return [ev.PbxSurprised(call_id=call_id, at=at, kind="unreadable_frame", detail=detail)]
