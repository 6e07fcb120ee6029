"""The room of a caller with several people: P0, conference, consultation from the screen or by a feature code.

Whoever is invited comes by a Local channel (``dialplans/extensions_salle.conf``). Its half ``;2`` is *the request*: it waits in a
queue, or dials, for the caller; its half ``;1`` enters the room and is never looked at. Phones asked by a request are born
under the linkedid of its ``;1``. A queue's request is a reinforcement (its agents are agents of the caller, in a stage of
their own), or a consultation (told beside the caller until he joins them); somebody outside is a guest.

Caller and agent leave their bridge for the room in one breath, each with its new context already set or a moment before it is:
that is no end of a talk. In the room, a hang-up is. Used by both witnesses (AMI, CEL).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cti.ami.translate import consults
from cti.ami.translate.channels import Channel, ChannelBook, Role, endpoint_of
from cti.journey import events as ev
from cti.journey.words import CallId, Instant

#: Where a caller with several people is, and the agents with him.
ROOM_CONTEXT = "sas-salle"
#: Contexts in which requests begin: sas-renfort, sas-renfort-p0, sas-invites.
_ASKING = ("sas-renfort", "sas-invites")
_VIAS = {via.value: via for via in ev.TransferVia}
_GUEST_ENDS = {
    ev.OfferEnd.BUSY: ev.GuestEnd.BUSY,
    ev.OfferEnd.REFUSED: ev.GuestEnd.BUSY,
    ev.OfferEnd.UNREACHABLE: ev.GuestEnd.UNREACHABLE,
    ev.OfferEnd.CANCELLED: ev.GuestEnd.RELEASED,
}


@dataclass(frozen=True, slots=True)
class Demand:
    """What a request says of itself when it begins."""

    call_id: CallId
    genre: str  #: p0, renfort, invite or consultation
    cible: str
    by: str
    via: str
    numero: str = ""
    libelle: str = ""
    room: str = ""


def is_request(name: str) -> bool:
    """Whether this channel is a half of a request, which is nobody's call."""
    return name.startswith("Local/") and name.partition("@")[2].startswith(_ASKING)


def begins(book: ChannelBook, channel: Channel, linkedid: str) -> Iterator[ev.CallEvent]:
    """A channel was born: a request, or a phone that a request asks."""
    if is_request(channel.name):
        if channel.name.endswith(";2"):
            book.requests[linkedid] = channel.uniqueid
        return
    request = book.get(book.requests.get(linkedid, ""))
    if request is None or request.call_id is None or channel.role is not Role.UNKNOWN:
        return
    if request.role is Role.CONSULT:
        yield from consults.asked(channel, request, endpoint_of(channel.name), channel.created_at)
    elif request.role is Role.GUEST:
        channel.role, channel.call_id, channel.asked_by = Role.GUEST, request.call_id, request.uniqueid
    else:  # a request to come
        channel.role, channel.call_id, channel.filiere = Role.AGENT, request.call_id, request.filiere
        channel.agent, channel.sent_by = endpoint_of(channel.name), request.uniqueid
        yield ev.AgentOffered(
            call_id=request.call_id,
            at=channel.created_at,
            filiere=channel.filiere,
            agent=channel.agent,
            leg=channel.uniqueid,
        )


def demanded(book: ChannelBook, request: Channel, demand: Demand, at: Instant) -> Iterator[ev.CallEvent]:
    """The dialplan says who is asked, for whom and by whom."""
    if request.role is not Role.UNKNOWN:
        return
    call_id, via, by = book.call_named(demand.call_id), _VIAS.get(demand.via, ev.TransferVia.OTHER), demand.by or None
    request.call_id, request.room = call_id, demand.room
    if demand.genre == "consultation":
        first = _leg_of(book, call_id, demand.by)
        request.role, request.agent = Role.CONSULT, demand.by
        request.filiere = "" if demand.numero else demand.cible  # a post has no filière of its own
        request.asked_by = first.uniqueid if first is not None else ""
        target = demand.numero or demand.cible
        yield ev.ConsultStarted(call_id=call_id, at=request.created_at, agent=demand.by, line=request.uniqueid, target=target)
    elif demand.genre == "invite":
        request.role = Role.GUEST
        yield ev.GuestAsked(
            call_id=call_id,
            at=at,
            guest=request.uniqueid,
            code=demand.cible,
            libelle=demand.libelle,
            number=demand.numero or None,
            by=by,
            via=via,
        )
    else:
        request.role, request.filiere = Role.RENFORT, demand.cible
        p0 = demand.genre == "p0"
        yield ev.ReinforcementAsked(call_id=call_id, at=at, filiere=demand.cible, via=via, p0=p0, by=by)


def _leg_of(book: ChannelBook, call_id: CallId, agent: str) -> Channel | None:
    legs = [c for c in book.channels.values() if c.role is Role.AGENT and c.call_id == call_id and c.agent == agent]
    return max((c for c in legs if not c.over), key=lambda c: c.created_at, default=None)


def entered(book: ChannelBook, caller: Channel, room: str, motif: str, via: str, at: Instant) -> Iterator[ev.CallEvent]:
    """The caller goes to a room, or takes the place of a consultation that still rings; what that means for it."""
    line = consult_of(book, caller.call_id)
    caller.room = "" if motif == "sonnerie" else room
    how = _VIAS.get(via, ev.TransferVia.OTHER)
    if caller.call_id is None:
        return
    if motif in ("retour", "conference"):
        yield ev.CallerUnheld(call_id=caller.call_id, at=at)
    if line is None:
        return
    if motif == "retour":
        yield from consults.ends(line, at)
    elif motif == "sonnerie":
        line.over = True
        yield ev.ConsultEnded(call_id=caller.call_id, at=at, line=line.uniqueid, how=ev.ConsultEnd.TRANSFERRED)
    elif motif == "complet":
        for leg in _asked(book, line):
            leg.sent_by = line.uniqueid
        yield from consults.joined_to_caller(book, line, at, how)
    elif motif == "conference":
        yield from _all_together(book, line, how, at)


def waits(book: ChannelBook, uniqueid: str) -> None:
    """The caller hears music while an agent consults: he is in no room."""
    caller = book.get(uniqueid)
    if caller is not None:
        caller.room = ""


def consult_of(book: ChannelBook, call_id: CallId | None) -> Channel | None:
    """The request by which an agent consults for this caller now."""
    lines = [c for c in book.channels.values() if c.role is Role.CONSULT and c.call_id == call_id and not c.over]
    return max((c for c in lines if is_request(c.name)), key=lambda c: c.created_at, default=None)


def _all_together(book: ChannelBook, line: Channel, via: ev.TransferVia, at: Instant) -> Iterator[ev.CallEvent]:
    """Agent, caller and whoever was consulted: the consultation becomes a stage that accompanies."""
    call_id = line.call_id or ""
    line.over, line.role = True, Role.RENFORT
    yield ev.ConsultEnded(call_id=call_id, at=at, line=line.uniqueid, how=ev.ConsultEnd.JOINED)
    asked_at = line.entered_at or line.created_at
    yield ev.ReinforcementAsked(call_id=call_id, at=asked_at, filiere=line.filiere, via=via, by=line.agent or None)
    for leg in sorted(_asked(book, line), key=lambda c: (c.created_at, c.uniqueid)):
        leg.sent_by = line.uniqueid
        yield from consults.as_his_own(leg, line.filiere, call_id, at)


def _asked(book: ChannelBook, line: Channel) -> list[Channel]:
    return [c for c in book.channels.values() if c.asked_by == line.uniqueid and c.role is Role.AGENT and not c.over]


def with_caller(book: ChannelBook, channel: Channel) -> list[Channel]:
    """The agents whom this channel's arrival in a bridge brings to the caller by a request."""
    if channel.role is Role.RENFORT:
        return book.together(channel, Role.AGENT)
    return [channel] if channel.role is Role.AGENT and book.together(channel, Role.RENFORT) else []


def moves(book: ChannelBook, channel: Channel, context: str) -> bool:
    """Whether this channel leaves its bridge for the room, or within it: nobody's talk ends by that."""
    heading = context == ROOM_CONTEXT
    if channel.role is Role.CALLER and not heading:
        channel.room = ""
    elif channel.role is Role.CALLER:
        for agent in book.together(channel, Role.AGENT):
            agent.moving = True
    elif channel.role is Role.AGENT and channel.moving:
        heading, channel.moving = True, False
    return heading and channel.role in (Role.CALLER, Role.AGENT)


def dialled(book: ChannelBook, leg: Channel, how: ev.OfferEnd | None, at: Instant) -> Iterator[ev.CallEvent]:
    """A guest's phone was picked up (None), or was not."""
    guest = book.get(leg.asked_by)
    if guest is None or guest.call_id is None or guest.answered:
        return
    if how is not None:
        guest.refusal = how
        return
    guest.answered = True
    yield ev.GuestAnswered(call_id=guest.call_id, at=at, guest=guest.uniqueid)


def picked_up(book: ChannelBook, leg: Channel) -> None:
    """An agent answered a request: it is asked no more."""
    request = book.get(leg.sent_by)
    if request is not None:
        request.answered = True


def went(book: ChannelBook, phone: Channel) -> None:
    """This phone hung up by itself: a guest whom the PBX lets go with the caller's end, or before it, does not.

    The order of hang-ups says nothing: the PBX lets guests go first and ends the caller's channel milliseconds later.
    """
    request = book.get(phone.asked_by)
    if phone.role is Role.GUEST and request is not None:
        request.went = True


def over(book: ChannelBook, request: Channel, at: Instant) -> Iterator[ev.CallEvent]:
    """A request is hung up: nobody came, or whoever came is gone."""
    if request.over and request.role is not Role.RENFORT:
        return
    request.over = True
    if request.call_id is None or request.asked_by:
        return
    if request.role is Role.GUEST:
        how = _GUEST_ENDS.get(request.refusal, ev.GuestEnd.NO_ANSWER) if request.refusal else ev.GuestEnd.NO_ANSWER
        if request.answered:
            how = ev.GuestEnd.LEFT if request.went else ev.GuestEnd.RELEASED
        yield ev.GuestLeft(call_id=request.call_id, at=at, guest=request.uniqueid, how=how)
    elif not request.answered:
        yield ev.ReinforcementEnded(call_id=request.call_id, at=at, filiere=request.filiere)
