"""What Asterisk's own frames tell about calls: channels, queues, phones and bridges.

Each function reads one kind of frame, updates the book of channels and yields events. Authorities: the décroché is DialEnd
ANSWER (AgentConnect waits for announcements), the end of a talk is BridgeLeave (AgentComplete comes with the caller's
hang-up), the end of a call is the Hangup of the caller's channel (QueueCallerAbandon is also raised for timeouts and
redirects and is not read at all).
"""

import uuid
from collections.abc import Iterator
from itertools import permutations

from cti.ami.frames import Frame
from cti.ami.translate import consults, outgoing, salle
from cti.ami.translate.channels import Channel, ChannelBook, Role, endpoint_of
from cti.journey import events as ev
from cti.journey.folding.joined import CALLERS_JOINED, joined_to
from cti.journey.words import CallId, FiliereCode, Instant

#: Queues of filières are named ``sas-<code>``; other queues of the PBX are none of our business.
QUEUE_PREFIX = "sas-"
#: A filière's second queue, of the same people; no code of a filière holds a dash.
P0_SUFFIX = "-p0"
#: Context in which a caller's channel starts.
ENTRY_CONTEXT = "sas-entree"

#: Identity of a call whose caller hung up before the dialplan could name it, made from the channel's uniqueid.
_UNNAMED = uuid.UUID("6f5c3d0e-7a1b-5f43-9a55-5a5a9c115116")

OFFER_ENDS = {
    "NOANSWER": ev.OfferEnd.NO_ANSWER,
    "BUSY": ev.OfferEnd.BUSY,
    "DONTCALL": ev.OfferEnd.REFUSED,
    "CANCEL": ev.OfferEnd.CANCELLED,
    "ANSWERED_ELSEWHERE": ev.OfferEnd.CANCELLED,
    "CHANUNAVAIL": ev.OfferEnd.UNREACHABLE,
    "CONGESTION": ev.OfferEnd.UNREACHABLE,
}

#: Q.850 causes with which a phone's leg ends before anybody could pick it up: the queue calls all of them NOANSWER.
_CAUSES = {
    17: ev.OfferEnd.BUSY,
    21: ev.OfferEnd.REFUSED,
    **dict.fromkeys((1, 3, 18, 20, 27, 34, 38, 41, 42, 44, 58, 88), ev.OfferEnd.UNREACHABLE),
}


def refusal(cause: str) -> ev.OfferEnd | None:
    """What a phone said by the cause of its hang-up, or None when it says nothing of its own."""
    return _CAUSES.get(int(cause)) if cause.isascii() and cause.isdigit() else None


def call_of(book: ChannelBook, frame: Frame, prefix: str = "") -> CallId | None:
    """The call a frame belongs to: by its channel, else by the ``SAS_CALL`` that every frame carries (``channelvars``)."""
    channel = book.get(frame.get(prefix + "Uniqueid", ""))
    if channel is not None and channel.call_id is not None:
        return channel.call_id
    named = frame.assignments(prefix + "ChanVariable").get("SAS_CALL")
    return book.call_named(named) if named else None


def caller_channel(book: ChannelBook, frame: Frame, at: Instant) -> Channel | None:
    """The caller's channel of this frame; adopted by its ``SAS_CALL`` when its beginning was not seen."""
    uniqueid = frame.require("Uniqueid")
    channel = book.get(uniqueid)
    if channel is not None and channel.role is Role.CALLER:
        return channel
    call_id = call_of(book, frame)
    if call_id is None or (channel is not None and channel.role is not Role.UNKNOWN):
        return None
    if salle.is_request(frame.get("Channel", "")):
        return None
    channel = book.open(Channel(uniqueid, frame.get("Channel", ""), at))
    channel.role, channel.call_id = Role.CALLER, call_id
    return channel


def filiere_of(queue: str) -> FiliereCode | None:
    """The filière of a queue named ``sas-<code>``, or ``sas-<code>-p0``; None for a queue that is not ours."""
    return queue.removeprefix(QUEUE_PREFIX).removesuffix(P0_SUFFIX) if queue.startswith(QUEUE_PREFIX) else None


def caller_number(number: str) -> str | None:
    """The caller's number as the network gave it, or None when there is none (``anonymous``, ``***``, a handset without SIM).

    A number that the caller wished to hide but the network gave (P-Asserted-Identity) is kept: emergency services are
    entitled to it (government answer of 7 August 2000 on the identification of emergency callers).
    """
    digits = number.removeprefix("+")
    return number if digits.isascii() and digits.isdigit() else None


def leg_over(channel: Channel, at: Instant, how: ev.OfferEnd = ev.OfferEnd.CANCELLED) -> Iterator[ev.CallEvent]:
    """The agent's part in the call ends, once: by an end of talk if he had answered, else by that end of ringing."""
    if channel.over or channel.call_id is None:
        return
    channel.over = True
    if channel.asked_by:
        return  # it was asked by a second line, whose end is told
    if channel.answered or channel.joined:
        yield ev.AgentLeft(call_id=channel.call_id, at=at, agent=channel.agent, leg=channel.uniqueid)
        return
    yield ev.OfferEnded(call_id=channel.call_id, at=at, agent=channel.agent, leg=channel.uniqueid, how=how)


def joined(leg: Channel, at: Instant) -> Iterator[ev.CallEvent]:
    """The agent hears the caller."""
    if leg.joined or leg.over or leg.call_id is None:
        return
    leg.joined = True
    yield ev.AgentJoined(call_id=leg.call_id, at=at, agent=leg.agent, leg=leg.uniqueid)


def born_in(context: str, uniqueid: str, linkedid: str) -> str:
    """Where a channel began; a trunk's phone that the PBX itself rings (a guest's) did not arrive anywhere, whatever it says."""
    return "" if context == ENTRY_CONTEXT and linkedid not in ("", uniqueid) else context


def newchannel(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """A channel is born; whose it is comes later, unless it is an agent's second line or a phone that this one asks."""
    channel = book.open(
        Channel(
            frame.require("Uniqueid"),
            frame.require("Channel"),
            at,
            context=born_in(frame.get("Context", ""), frame.require("Uniqueid"), frame.get("Linkedid", "")),
            exten=frame.get("Exten", ""),
            caller=frame.get("CallerIDNum", ""),
        )
    )
    linkedid = frame.get("Linkedid", "")
    yield from salle.begins(book, channel, linkedid)
    yield from outgoing.born(book, channel)
    yield from consults.begins(book, channel, linkedid)


def rename(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """Only the name changes: the uniqueid is the channel's identity."""
    channel = book.get(frame.require("Uniqueid"))
    if channel is not None:
        channel.name = frame.require("Newname")
    return iter(())


def hangup(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """The caller's Hangup ends the call; an agent's ends his leg if nothing earlier did."""
    channel = book.get(frame.require("Uniqueid"))
    if channel is None:
        return  # nothing was seen of it: the catch-up from CEL tells its story
    cause = frame.get("Cause", "0")
    placing = outgoing.of(book, channel)
    if placing is not None and not placing[1].reached:
        yield from outgoing.hung_up(placing, channel, at, int(cause or 0), refusal(cause))
    elif channel.role is Role.AGENT:
        yield from leg_over(channel, at)
    elif channel.role is Role.CONSULT:
        yield from consults.ends(channel, at)
    elif channel.role in (Role.RENFORT, Role.GUEST):
        yield from salle.over(book, channel, at)
    elif channel.call_id is not None:
        for agent in book.together(channel, Role.AGENT):
            yield from leg_over(agent, at)
        yield ev.CallEnded(call_id=channel.call_id, at=at, cause=int(cause or 0))
    elif channel.context == ENTRY_CONTEXT:
        yield from unnamed(channel, at, int(cause or 0))
    book.close(channel.uniqueid)


def join(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """The caller waits in a queue."""
    filiere = filiere_of(frame.require("Queue"))
    line = book.get(frame.require("Uniqueid"))
    if line is not None and line.role is Role.CONSULT and filiere is not None:
        return consults.waits(line, filiere, at)
    caller = caller_channel(book, frame, at)
    if filiere is None or caller is None or caller.call_id is None:
        return
    caller.filiere = filiere
    position = frame.get("Position", "")
    yield ev.QueueEntered(call_id=caller.call_id, at=at, filiere=filiere, position=int(position) if position.isdigit() else None)


def agent_called(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """A queue asks one agent's phone."""
    filiere = filiere_of(frame.require("Queue"))
    line = book.get(frame.require("Uniqueid"))
    if line is not None and line.role is Role.CONSULT:
        leg = book.open(Channel(frame.require("DestUniqueid"), frame.get("DestChannel", ""), at))
        yield from consults.asked(leg, line, endpoint_of(frame.require("Interface")), at)
        return
    caller = caller_channel(book, frame, at)
    if filiere is None or caller is None or caller.call_id is None:
        return
    leg = book.open(Channel(frame.require("DestUniqueid"), frame.get("DestChannel", ""), at))
    leg.role, leg.call_id, leg.filiere = Role.AGENT, caller.call_id, filiere
    leg.agent = endpoint_of(frame.require("Interface"))
    yield ev.AgentOffered(call_id=caller.call_id, at=at, filiere=filiere, agent=leg.agent, leg=leg.uniqueid)


def dial_end(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """DialEnd ANSWER is the décroché: AgentConnect waits for announcements and may come seconds later."""
    leg = book.get(frame.get("DestUniqueid", ""))
    placing = outgoing.of(book, leg)
    if leg is not None and placing is not None:
        yield from outgoing.dial_end(book, placing, leg, frame.require("DialStatus"), at)
        return
    if leg is not None and leg.role is Role.GUEST:
        told = frame.require("DialStatus")
        yield from salle.dialled(book, leg, None if told == "ANSWER" else OFFER_ENDS.get(told, ev.OfferEnd.UNREACHABLE), at)
        return
    if leg is None or leg.role is not Role.AGENT or leg.call_id is None or leg.over or leg.answered:
        return
    status = frame.require("DialStatus")
    if status == "ANSWER" and leg.asked_by:
        yield from consults.answered(book, leg, at)
        return
    if status == "ANSWER":
        leg.answered = True
        salle.picked_up(book, leg)
        yield ev.AgentAnswered(call_id=leg.call_id, at=at, agent=leg.agent, leg=leg.uniqueid, filiere=leg.filiere or None)
        return
    how = OFFER_ENDS.get(status, ev.OfferEnd.UNREACHABLE)
    if how is ev.OfferEnd.NO_ANSWER and leg.refusal is not None:
        how = leg.refusal
    if leg.asked_by:
        return consults.refused(book, leg, how)
    leg.over = True
    yield ev.OfferEnded(call_id=leg.call_id, at=at, agent=leg.agent, leg=leg.uniqueid, how=how)


def hangup_request(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """A phone hung up by itself: one that is busy or out of order says so here, a moment before the queue says NOANSWER."""
    leg = book.get(frame.require("Uniqueid"))
    if leg is not None:
        salle.went(book, leg)
    if leg is not None and not leg.answered and (leg.role is Role.AGENT or outgoing.of(book, leg) is not None):
        leg.refusal = refusal(frame.get("Cause", ""))
    return iter(())


def bridge_enter(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """Two channels in one bridge hear each other."""
    channel = book.get(frame.require("Uniqueid"))
    if channel is None:
        return
    book.enter(channel, frame.require("BridgeUniqueid"))
    yield from in_one_bridge(book, channel, at)


def in_one_bridge(book: ChannelBook, channel: Channel, at: Instant) -> Iterator[ev.CallEvent]:
    """Who hears whom, now that this channel is in a bridge."""
    agents = [channel] if channel.role is Role.AGENT and book.together(channel, Role.CALLER) else []
    if channel.role is Role.CALLER:
        agents = book.together(channel, Role.AGENT)
    for agent in agents:
        agent.fetched = False
    for agent in agents or salle.with_caller(book, channel):
        yield from consults.entered_a_bridge(book, agent, at) if agent.asked_by else joined(agent, at)


def bridge_leave(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """A talk ends when either side leaves the bridge; AgentComplete comes only with the caller's hang-up."""
    channel = book.get(frame.require("Uniqueid"))
    if channel is not None:
        yield from left_a_bridge(book, channel, frame.get("BridgeUniqueid", ""), frame.get("Context", ""), at)


def left_a_bridge(book: ChannelBook, channel: Channel, bridge: str, context: str, at: Instant) -> Iterator[ev.CallEvent]:
    """Whose talk ends when this channel leaves that bridge for that place of the dialplan."""
    if bridge and channel.bridge != bridge:
        return  # told before: he is in another one since, or in none
    agents = [channel] if channel.role is Role.AGENT else []
    if channel.role in (Role.CALLER, Role.RENFORT):
        agents = book.together(channel, Role.AGENT)
    if not salle.moves(book, channel, context):
        for agent in agents:
            if agent.joined and not agent.fetched:
                yield from leg_over(agent, at)
    book.leave(channel)


def hold(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """Only an agent's hold key holds the caller; a caller who holds us is still talking."""
    channel = book.get(frame.require("Uniqueid"))
    if channel is None or channel.role is not Role.AGENT or channel.call_id is None or channel.over:
        return
    kind = ev.CallerHeld if frame.event == "Hold" else ev.CallerUnheld
    yield kind(call_id=channel.call_id, at=at)


def attended(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """The agent joined his two lines; one that is no consultation we know is told as a surprise, so that nothing is silent.

    One that failed changes nothing: the phone was told, and everybody is where he was.
    """
    if frame.get("Result", "Success") != "Success" or frame.get("DestType", "") == "Fail":
        return
    lines = [frame.get(side + "TransfererUniqueid", "") for side in ("Second", "Orig")]
    if any(line in book.joined for line in lines):
        return
    transferers = [channel for channel in map(book.get, lines) if channel is not None]
    line = next((channel for channel in transferers if channel.role is Role.CONSULT), None)
    if line is not None and frame.get("DestType", "") != "Threeway":
        yield from consults.joined_to_caller(book, line, at)
        return
    held = {channel.call_id for channel in transferers if channel.role is Role.AGENT and channel.call_id is not None}
    if len(held) > 1:  # no agent is with either of them any more
        for call_id, other in permutations(sorted(held), 2):
            yield ev.PbxSurprised(call_id=call_id, at=at, kind=CALLERS_JOINED, detail=joined_to(other))
        return
    found = call_of(book, frame, "OrigTransferer") or call_of(book, frame, "SecondTransferer")
    if found is not None and book.caller_of(found) is not None:  # told late, of a caller who is gone, it is no surprise
        detail = f"attended transfer {frame.get('DestType', '')} {frame.get('DestApp', '')}".strip()
        yield ev.PbxSurprised(call_id=found, at=at, kind="attended_transfer", detail=detail)


def unnamed(channel: Channel, at: Instant, cause: int) -> Iterator[ev.CallEvent]:
    """A caller who left before the first step of the dialplan is a caller all the same."""
    call_id = str(uuid.uuid5(_UNNAMED, channel.uniqueid))
    yield ev.CallArrived(
        call_id=call_id,
        at=channel.created_at,
        channel=channel.uniqueid,
        did=channel.exten,
        flux="",
        caller=caller_number(channel.caller),
    )
    detail = "gone before the dialplan named the call"
    yield ev.PbxSurprised(call_id=call_id, at=at, kind="unnamed_call", detail=detail)
    yield ev.CallEnded(call_id=call_id, at=at, cause=cause)
