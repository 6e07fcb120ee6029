"""Outgoing calls: an agent dials out, or clicks and his phone rings first; used by both witnesses (AMI, CEL).

Two channels make such a call. The agent's own is *placed* (``SasPlaced``, by which the dialplan gives the call its identity; for
a click, the very uniqueid of the channel) and is an agent's leg like any other. The trunk's is *dialled* for it (``SasDialled``)
and stands where a caller's channel would: it keeps the call's identity and its recording when the agent passes the person on. The
call ends with the trunk's channel once somebody was reached, and before that with the agent's.

An agent who has a caller and dials out on his second line consults somebody outside: that is told as a consultation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cti.ami.frames import Frame
from cti.ami.translate import consults
from cti.ami.translate.channels import Channel, ChannelBook, Placing, Role, endpoint_of
from cti.journey import events as ev
from cti.journey.words import CallId, Instant

#: Q.850: rang, and nobody came. (Asterisk's own word when an Originate gives up; there is no DialEnd then.)
_RANG_IN_VAIN: Final = 19
#: How the uniqueid of a phone that is rung for a click begins.
_CLICK: Final = "cti"
#: ``DIALSTATUS`` and the status of DialEnd, in our words.
MISSES: Mapping[str, ev.OfferEnd] = MappingProxyType(
    {
        "NOANSWER": ev.OfferEnd.NO_ANSWER,
        "BUSY": ev.OfferEnd.BUSY,
        "DONTCALL": ev.OfferEnd.REFUSED,
        "CANCEL": ev.OfferEnd.CANCELLED,
        "CHANUNAVAIL": ev.OfferEnd.UNREACHABLE,
        "CONGESTION": ev.OfferEnd.UNREACHABLE,
    }
)

#: An outgoing call, and how far it came.
Mine = tuple[CallId, Placing]


@dataclass(frozen=True, slots=True)
class Click:
    """A click on a number, as the uniqueid of the phone's channel tells it: at its birth, to both witnesses, and before it rings.

    The dialplan comes too late to name such a call: it runs when the phone was picked up.
    """

    call_id: CallId
    number: str
    callback: CallId | None = None
    about: CallId | None = None

    @property
    def channel_id(self) -> str:
        """The uniqueid to give to the phone's channel (Asterisk takes 149 characters)."""
        return "~".join((_CLICK, self.call_id, self.number, self.callback or "", self.about or ""))

    @classmethod
    def read(cls, uniqueid: str) -> "Click | None":
        """The click for which this channel was made; None for any other channel."""
        first, *words = uniqueid.split("~")
        if first != _CLICK or len(words) != 4:
            return None
        call_id, number, callback, about = words
        return cls(call_id, number, callback or None, about or None)


def born(book: ChannelBook, line: Channel) -> Iterator[ev.CallEvent]:
    """A channel was born: that of a phone which is rung for a click, or another one."""
    click = Click.read(line.uniqueid)
    if click is None or line.role is not Role.UNKNOWN:
        return
    line.role, line.call_id, line.agent = Role.AGENT, click.call_id, endpoint_of(line.name)
    book.placed.setdefault(click.call_id, Placing(line.uniqueid, ready=False))
    yield ev.CallPlaced(
        call_id=click.call_id,
        at=line.created_at,
        channel=line.uniqueid,
        agent=line.agent,
        number=click.number,
        via=ev.PlacedVia.ECRAN,
        callback=click.callback,
        about=click.about,
    )


def placed(book: ChannelBook, line: Channel, call_id: CallId, at: Instant, number: str) -> Iterator[ev.CallEvent]:
    """The dialplan named an outgoing call that an agent dialled on his phone."""
    if line.role is Role.CONSULT:
        consults.named(book, line, call_id)
        return
    line.role, line.call_id, line.agent = Role.AGENT, call_id, endpoint_of(line.name)
    line.answered = True
    book.placed.setdefault(call_id, Placing(line.uniqueid, ready=True))
    yield ev.CallPlaced(
        call_id=call_id,
        at=min(line.created_at, at),
        channel=line.uniqueid,
        agent=line.agent,
        number=number,
        via=ev.PlacedVia.POSTE,
    )


def dialled(book: ChannelBook, callee: Channel, call_id: CallId, line: str, at: Instant) -> Iterator[ev.CallEvent]:
    """The trunk's channel exists, and is about to ring somebody."""
    asker = book.get(line)
    if asker is not None and asker.role is Role.CONSULT:
        yield from consults.asked(callee, asker, endpoint_of(callee.name), at)
        return
    if asker is not None and asker.role is Role.UNKNOWN and call_id not in book.placed:  # nobody heard the dialplan name it
        yield from placed(book, asker, call_id, at, asker.exten)
    placing = book.placed.get(call_id)
    if placing is None:  # its beginning was not seen
        placing = book.placed.setdefault(call_id, Placing(line, ready=True))
    if placing.callee:
        return
    placing.callee = callee.uniqueid
    callee.role, callee.call_id = Role.CALLER, call_id
    yield from ready(book, call_id, at)
    yield ev.CalleeDialled(call_id=call_id, at=at, line=callee.uniqueid)


def ready(book: ChannelBook, call_id: CallId, at: Instant) -> Iterator[ev.CallEvent]:
    """The agent picked up his own phone."""
    placing = book.placed[call_id]
    line = book.get(placing.line)
    if placing.ready or line is None:
        return
    placing.ready = line.answered = True
    yield ev.PlacerReady(call_id=call_id, at=at, agent=line.agent, leg=line.uniqueid)


def of(book: ChannelBook, channel: Channel | None) -> Mine | None:
    """The outgoing call of which this is one of the two channels, and how far it came."""
    if channel is None or channel.call_id is None:
        return None
    placing = book.placed.get(channel.call_id)
    if placing is None or channel.uniqueid not in (placing.line, placing.callee):
        return None
    return channel.call_id, placing


def answered(book: ChannelBook, mine: Mine, channel: Channel, at: Instant) -> Iterator[ev.CallEvent]:
    """One of the two channels was picked up."""
    call_id, placing = mine
    if channel.uniqueid == placing.line:
        yield from ready(book, call_id, at)
    elif not (placing.reached or placing.over):
        placing.reached = True
        yield ev.CalleeReached(call_id=call_id, at=at, line=channel.uniqueid)


def missed(mine: Mine, channel: Channel, at: Instant, how: ev.OfferEnd) -> Iterator[ev.CallEvent]:
    """One of the two channels was not picked up."""
    call_id, placing = mine
    if channel.uniqueid == placing.line:
        if not placing.ready and not channel.over:
            channel.over = True
            yield ev.OfferEnded(call_id=call_id, at=at, agent=channel.agent, leg=channel.uniqueid, how=how)
    elif not placing.reached and not placing.missed:
        placing.missed = True
        yield ev.CalleeMissed(call_id=call_id, at=at, line=channel.uniqueid, how=placing.refusal or how)


def hung_up(mine: Mine, channel: Channel, at: Instant, cause: int, how: ev.OfferEnd | None) -> Iterator[ev.CallEvent]:
    """The agent's channel is gone before anybody was reached, and that ends the call; or the trunk's is.

    After an answer this says nothing: the ordinary ends (of an agent's leg, of a caller) tell it.
    """
    call_id, placing = mine
    if how is None:
        how = ev.OfferEnd.NO_ANSWER if cause == _RANG_IN_VAIN else ev.OfferEnd.CANCELLED
    yield from missed(mine, channel, at, how)
    if channel.uniqueid == placing.line and not placing.reached:
        if placing.callee and not placing.missed:
            placing.missed = True
            yield ev.CalleeMissed(call_id=call_id, at=at, line=placing.callee, how=ev.OfferEnd.CANCELLED)
        placing.over = True
        yield ev.CallEnded(call_id=call_id, at=at, cause=cause)


# --- as AMI tells it --------------------------------------------------------------------------------------------------


def announced(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """``SasPlaced``, on the agent's channel."""
    line = book.open(Channel(frame.require("Uniqueid"), frame.get("Channel", ""), at))
    return placed(book, line, frame.require("CallId"), at, frame.get("Number", ""))


def announced_callee(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """``SasDialled``, on the trunk's channel."""
    callee = book.open(Channel(frame.require("Uniqueid"), frame.get("Channel", ""), at))
    return dialled(book, callee, frame.require("CallId"), frame.get("Line", ""), at)


def dial_state(book: ChannelBook, frame: Frame, at: Instant) -> Iterator[ev.Event]:
    """It rings there."""
    found = of(book, book.get(frame.get("DestUniqueid", "")))
    if found is None or frame.get("DialStatus", "") != "RINGING":
        return
    call_id, placing = found
    if frame["DestUniqueid"] == placing.callee and not (placing.ringing or placing.reached):
        placing.ringing = True
        yield ev.CalleeRinging(call_id=call_id, at=at, line=placing.callee)


def dial_end(book: ChannelBook, mine: Mine, channel: Channel, status: str, at: Instant) -> Iterator[ev.CallEvent]:
    """DialEnd of one of the two channels."""
    if status == "ANSWER":
        return answered(book, mine, channel, at)
    how = MISSES.get(status, ev.OfferEnd.UNREACHABLE)
    return missed(mine, channel, at, channel.refusal or how if how is ev.OfferEnd.NO_ANSWER else how)
