"""Consultations: an agent with a caller on the line dials a colleague or a filière on his second line, for that caller.

The second line belongs to the caller's call from its first frame: it never becomes a call of its own, whatever identity our
dialplan gives it (``SAS_CALL`` of a post's call, kept here as another name of the caller's call). What happens on it is told
beside the caller's story; when the agent joins the two, it is told again as the caller's own stage, with the instants at which it
happened: the entry in the queue, the rings, the décroché. Used by both witnesses (AMI, CEL).

An attended transfer ends in one of three ways, all seen on Asterisk 22.10:

* *bridge*: the colleague's channel moves into the caller's bridge (both posts), a moment before ``AttendedTransfer`` is told;
* *link*: a Local channel joins the two bridges, because a queue's bridge lets nobody be swapped; the colleague never shares
  a bridge with the caller's channel, and still hears him;
* *app*: nobody has answered yet; the caller's own channel takes the second line's place in ``Queue()`` or ``Dial()`` and keeps
  its uniqueid, while the variables (``SAS_CALL`` among them) are those of the second line from then on.
"""

from collections.abc import Iterator

from cti.ami.translate.channels import Channel, ChannelBook, Role, endpoint_of
from cti.journey import events as ev
from cti.journey.words import CONSULTATION, AgentId, CallId, Instant

#: Context in which what a phone of the room dials begins; phones that are asked are born in it too, at ``s``.
POSTS_CONTEXT = "sas-postes"


def begins(book: ChannelBook, line: Channel, linkedid: str) -> Iterator[ev.CallEvent]:
    """A channel was born: the second line of an agent who has a caller, a phone asked by such a line, or neither."""
    if line.role is not Role.UNKNOWN or line.context != POSTS_CONTEXT:
        return
    asker = book.get(linkedid)
    if asker is not None and asker.role is Role.CONSULT and asker is not line:
        yield from asked(line, asker, endpoint_of(line.name), line.created_at)
        return
    agent = endpoint_of(line.name)
    # A code of the post (*53: pause) is dialled for nobody.
    dials = line.exten not in ("", "s") and not line.exten.startswith("*")
    first = _line_with_a_caller(book, agent) if dials else None
    if first is None or first.call_id is None:
        return
    line.role, line.call_id, line.agent, line.asked_by = Role.CONSULT, first.call_id, agent, first.uniqueid
    at, target = line.created_at, line.exten
    yield ev.ConsultStarted(call_id=first.call_id, at=at, agent=agent, line=line.uniqueid, target=target)


def _line_with_a_caller(book: ChannelBook, agent: AgentId) -> Channel | None:
    lines = (c for c in book.channels.values() if c.role is Role.AGENT and c.agent == agent and not c.asked_by)
    talking = [c for c in lines if c.joined and not c.over]
    return max(talking, key=lambda c: c.created_at, default=None)


def named(book: ChannelBook, line: Channel, call_id: CallId) -> None:
    """The dialplan gave the second line an identity: another name of the caller's call."""
    book.aliases[call_id] = line.call_id or call_id


def second_line(book: ChannelBook, uniqueid: str) -> Channel | None:
    """The second line that this channel is, or that asks this phone; the phone that answers is the one that is recorded."""
    channel = book.get(uniqueid)
    line = book.get(channel.asked_by) if channel is not None and channel.role is Role.AGENT else channel
    return line if line is not None and line.role is Role.CONSULT else None


def waits(line: Channel, filiere: str, at: Instant) -> None:
    """The second line entered a filière's queue."""
    if line.filiere != filiere or not line.entered_at:
        line.filiere, line.entered_at = filiere, at


def asked(leg: Channel, line: Channel, agent: AgentId, at: Instant) -> Iterator[ev.CallEvent]:
    """A phone rings for the second line."""
    if leg.role is not Role.UNKNOWN or line.call_id is None:
        return
    leg.role, leg.call_id, leg.filiere = Role.AGENT, line.call_id, line.filiere
    leg.agent, leg.asked_by = agent, line.uniqueid
    if line.over:  # the caller has taken the second line's place meanwhile
        leg.asked_by = ""
        yield ev.AgentOffered(call_id=line.call_id, at=at, filiere=leg.filiere, agent=agent, leg=leg.uniqueid)


def answered(book: ChannelBook, leg: Channel, at: Instant) -> Iterator[ev.CallEvent]:
    """Somebody picked up for the second line."""
    leg.answered, leg.answered_at = True, at
    line = book.get(leg.asked_by)
    if leg.call_id is not None and line is not None:
        line.answered = True
        yield ev.ConsultAnswered(call_id=leg.call_id, at=at, line=line.uniqueid, agent=leg.agent)


def refused(book: ChannelBook, leg: Channel, how: ev.OfferEnd) -> None:
    """A phone stopped ringing for the second line."""
    leg.over = True
    line = book.get(leg.asked_by)
    if line is not None:
        line.refusal = how


def ends(line: Channel, at: Instant) -> Iterator[ev.CallEvent]:
    """The second line was hung up, and the caller was not passed on."""
    if line.over or line.call_id is None:
        return
    line.over = True
    how = ev.ConsultEnd.RETURNED if line.answered else ev.ConsultEnd.NO_ANSWER
    if not line.answered and line.refusal in (ev.OfferEnd.BUSY, ev.OfferEnd.REFUSED):
        how = ev.ConsultEnd.BUSY
    yield ev.ConsultEnded(call_id=line.call_id, at=at, line=line.uniqueid, how=how)


def entered_a_bridge(book: ChannelBook, leg: Channel, at: Instant) -> Iterator[ev.CallEvent]:
    """A consulted phone shares the caller's bridge, and the agent who asked is out of it: the two are joined."""
    line = book.get(leg.asked_by)
    together = [c for c in book.together(leg, Role.AGENT) if not c.asked_by]
    if line is not None and book.together(leg, Role.CALLER) and not together:
        yield from joined_to_caller(book, line, at)


def joined_to_caller(
    book: ChannelBook, line: Channel, at: Instant, via: ev.TransferVia = ev.TransferVia.REFER
) -> Iterator[ev.CallEvent]:
    """The agent joined the two: what happened on his second line is the caller's own stage, as it happened."""
    call_id = line.call_id
    caller = book.caller_of(call_id) if call_id is not None else None
    if line.over or call_id is None or caller is None:
        return
    line.over = True
    book.joined[line.uniqueid] = call_id
    legs = [c for c in book.channels.values() if c.asked_by == line.uniqueid and c.role is Role.AGENT and not c.over]
    filiere = line.filiere or caller.filiere
    entered_at = line.entered_at or line.created_at
    yield ev.ConsultEnded(call_id=call_id, at=at, line=line.uniqueid, how=ev.ConsultEnd.TRANSFERRED)
    yield ev.TransferAsked(call_id=call_id, at=at, target=filiere, via=via, by=line.agent, leg=line.asked_by)
    source = ev.RouteSource.TRANSFERT
    yield ev.CallRouted(call_id=call_id, at=entered_at, filiere=filiere, source=source, motif=CONSULTATION)
    yield ev.QueueEntered(call_id=call_id, at=entered_at, filiere=filiere)
    caller.filiere, caller.entered_at = filiere, entered_at
    for leg in sorted(legs, key=lambda c: (c.created_at, c.uniqueid)):
        yield from as_his_own(leg, filiere, call_id, at)


def fetched(book: ChannelBook, leg_id: str, at: Instant) -> Iterator[ev.CallEvent]:
    """Our dialplan joins the two again, by themselves: on its way to the caller the colleague's phone is in no bridge.

    It may say so a moment before Asterisk tells that the agent joined his two lines.
    """
    leg = book.get(leg_id)
    if leg is None or leg.role is not Role.AGENT or leg.over:
        return
    line = book.get(leg.asked_by)
    if line is not None:
        yield from joined_to_caller(book, line, at)
    leg.fetched = leg.joined


def as_his_own(leg: Channel, filiere: str, call_id: CallId, at: Instant) -> Iterator[ev.CallEvent]:
    """What a consulted phone did, told as the caller's."""
    leg.asked_by, leg.filiere = "", filiere
    agent, name = leg.agent, leg.uniqueid
    yield ev.AgentOffered(call_id=call_id, at=leg.created_at, filiere=filiere, agent=agent, leg=name)
    if leg.answered:
        leg.joined = True
        yield ev.AgentAnswered(call_id=call_id, at=leg.answered_at, agent=agent, leg=name, filiere=filiere)
        yield ev.AgentJoined(call_id=call_id, at=at, agent=agent, leg=name)
