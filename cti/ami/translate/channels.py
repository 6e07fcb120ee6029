"""Which channels exist on the PBX now, whose they are, and who is in a bridge with whom.

Pure. A channel is a *caller* once the dialplan said ``SasArrived`` on it (or once a frame carried its ``SAS_CALL``), an *agent's
leg* once a queue asked it for a caller, a *consultation* when an agent who has a caller dials on his second line. Everything is
keyed by Asterisk's uniqueid, which survives a blind transfer and an AMI Redirect; names change, linkedids merge, so neither is
ever a key.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from cti.journey import AgentId, CallId, FiliereCode, Instant
from cti.journey.events import OfferEnd

#: AMI stamps a moment later than CEL does, by less than this (microseconds).
TWO_WITNESSES: Instant = 200_000


class Role(StrEnum):
    """Whose channel it is."""

    UNKNOWN = "unknown"
    CALLER = "caller"
    AGENT = "agent"
    CONSULT = "consult"  #: the second line of an agent who has a caller
    RENFORT = "renfort"  #: asks a filière to come to a caller whom nobody leaves
    GUEST = "guest"  #: calls somebody who is no agent of a filière, or is his phone


@dataclass(slots=True)
class Channel:
    """One channel of the PBX, as far as we have seen it."""

    uniqueid: str
    name: str
    created_at: Instant
    context: str = ""
    exten: str = ""
    caller: str = ""
    role: Role = Role.UNKNOWN
    call_id: CallId | None = None
    agent: AgentId = ""
    filiere: FiliereCode = ""
    entered_at: Instant = 0  #: when the caller entered that filière's queue, if CEL told it: AMI may still be about to
    bridge: str | None = None
    answered: bool = False
    refusal: OfferEnd | None = None  #: why a phone hung up by itself before it was answered
    answered_at: Instant = 0  #: of a consulted phone
    joined: bool = False
    held: bool = False  #: of a caller, as CEL tells it
    fetched: bool = False  #: an agent's leg between two bridges: the caller is about to be joined to it again
    over: bool = False  #: an agent's leg whose part in the call has ended
    went: bool = False  #: of a request: the guest whom it called hung up by himself
    moving: bool = False  #: of an agent: his caller has gone to the room, and he follows
    room: str = ""  #: of a caller, the room in which he is; of a request, the one for which it asks
    sent_by: str = ""  #: of an agent, the request for reinforcement that he answered
    asked_by: str = ""  #: of a consulted phone, the second line that asks; of a second line, the agent's first one


@dataclass(slots=True)
class Placing:
    """An outgoing call that lives: the agent's channel, and the trunk's once the number was dialled."""

    line: str
    ready: bool  #: the agent's phone is off the hook
    callee: str = ""
    ringing: bool = False
    reached: bool = False
    missed: bool = False
    over: bool = False  #: the end of the call is told
    refusal: OfferEnd | None = None  #: why the trunk's channel was hung up, if it said so


@dataclass(slots=True)
class ChannelBook:
    """Every live channel, and which are in which bridge."""

    channels: dict[str, Channel] = field(default_factory=dict)
    bridges: dict[str, set[str]] = field(default_factory=dict)
    aliases: dict[CallId, CallId] = field(default_factory=dict)  #: a consultation's own identity -> the caller's call
    placed: dict[CallId, Placing] = field(default_factory=dict)  #: outgoing calls
    joined: dict[str, CallId] = field(default_factory=dict)  #: second lines that were joined to their caller, gone or not
    requests: dict[str, str] = field(default_factory=dict)  #: linkedid of the phones that a request asks -> the request

    def open(self, channel: Channel) -> Channel:
        """A channel was created (or found alive at a snapshot); the first sight of it stays."""
        return self.channels.setdefault(channel.uniqueid, channel)

    def get(self, uniqueid: str) -> Channel | None:
        """The channel, or None when it is not known to live."""
        return self.channels.get(uniqueid)

    def enter(self, channel: Channel, bridge: str) -> None:
        """The channel is now in this bridge, and in no other."""
        if channel.bridge is not None and channel.bridge != bridge:
            self.leave(channel)
        channel.bridge = bridge
        self.bridges.setdefault(bridge, set()).add(channel.uniqueid)

    def leave(self, channel: Channel) -> None:
        """The channel is in no bridge any more."""
        if channel.bridge is None:
            return
        members = self.bridges.get(channel.bridge)
        if members is not None:
            members.discard(channel.uniqueid)
            if not members:
                del self.bridges[channel.bridge]
        channel.bridge = None

    def close(self, uniqueid: str) -> Channel | None:
        """The channel is gone."""
        channel = self.channels.pop(uniqueid, None)
        if channel is not None:
            self.leave(channel)
            placing = self.placed.get(channel.call_id or "")
            if placing is not None and not {placing.line, placing.callee} & self.channels.keys():
                del self.placed[channel.call_id or ""]
            if self.requests:
                self.requests = {linked: request for linked, request in self.requests.items() if request != uniqueid}
            if (self.aliases or self.joined) and channel.role is Role.CALLER:
                self.aliases = {name: call for name, call in self.aliases.items() if call != channel.call_id}
                self.joined = {line: call for line, call in self.joined.items() if call != channel.call_id}
        return channel

    def together(self, channel: Channel, role: Role) -> list[Channel]:
        """The channels of that role that share the channel's bridge and its call, in order of creation."""
        if channel.bridge is None:
            return []
        members = (self.channels[uid] for uid in self.bridges.get(channel.bridge, ()) if uid in self.channels)
        found = [c for c in members if c.role is role and c.call_id == channel.call_id and c is not channel]
        return sorted(found, key=lambda c: (c.created_at, c.uniqueid))

    def caller_of(self, call_id: CallId) -> Channel | None:
        """The live channel of that call's caller."""
        return next((c for c in self.channels.values() if c.role is Role.CALLER and c.call_id == call_id), None)

    def call_named(self, call_id: CallId) -> CallId:
        """The call that this identity means: a consultation's means its caller's."""
        return self.aliases.get(call_id, call_id)

    def clear(self) -> None:
        """Forget everything: the PBX was restarted, or a snapshot follows."""
        self.channels.clear()
        self.bridges.clear()
        self.aliases.clear()
        self.placed.clear()
        self.joined.clear()
        self.requests.clear()


def endpoint_of(interface: str) -> AgentId:
    """The endpoint in a channel or interface name: ``PJSIP/arm01-0000002a`` and ``PJSIP/arm01`` give ``arm01``.

    Only the last dash is Asterisk's own; an endpoint's name may hold others (``PJSIP/mrg-dupont-00000003``).
    """
    tail = interface.rpartition("/")[2] if interface.count("/") <= 1 else interface.partition("/")[2].partition("/")[0]
    name, dash, suffix = tail.rpartition("-")
    if dash and len(suffix) >= 8 and all(c in "0123456789abcdef" for c in suffix.partition(";")[0]):
        return name
    return tail
