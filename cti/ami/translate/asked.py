"""Rows of CEL in which our dialplan writes whom it asks for a call: outgoing calls, the room. Pure.

They are one contract with ``dialplans/extensions_sortants.conf`` and ``dialplans/extensions_salle.conf``; what they mean is
told by `cti.ami.translate.outgoing` and `cti.ami.translate.salle`, as it is for AMI.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from cti.ami.translate import outgoing, salle
from cti.ami.translate.cel import CelRow
from cti.ami.translate.channels import Channel, ChannelBook
from cti.ami.translate.telephony import OFFER_ENDS, refusal
from cti.journey import events as ev


def placed(book: ChannelBook, row: CelRow) -> Iterator[ev.CallEvent]:
    """Our dialplan named an outgoing call, on the agent's channel."""
    call_id, number = row.words(2)
    if not call_id:
        return iter(())
    return outgoing.placed(book, book.open(Channel(row.uniqueid, row.channel, row.at)), call_id, row.at, number)


def _dialled(book: ChannelBook, row: CelRow) -> Iterator[ev.CallEvent]:
    """The trunk's channel of an outgoing call is about to ring somebody."""
    call_id, line = row.words(2)
    if not call_id:
        return iter(())
    callee = book.open(Channel(row.uniqueid, row.channel, row.at))
    return outgoing.dialled(book, callee, call_id, line, row.at)


def _unreached(book: ChannelBook, row: CelRow) -> Iterator[ev.CallEvent]:
    """Why nobody was reached; an agent who hangs up first leaves no such row."""
    call_id, status = row.words(2)
    placing = book.placed.get(call_id)
    if placing is not None and not placing.reached and not placing.missed:
        placing.missed = True
        how = outgoing.MISSES.get(status, ev.OfferEnd.UNREACHABLE)
        yield ev.CalleeMissed(call_id=call_id, at=row.at, line=placing.callee, how=placing.refusal or how)


def hung_up(mine: outgoing.Mine, channel: Channel, row: CelRow, cause: int) -> Iterator[ev.CallEvent]:
    """The trunk's channel is gone (why is told by what follows), or the agent's, which ends the call."""
    _, placing = mine
    how = refusal(row.extra.get("hangupcause", ""))
    if channel.uniqueid == placing.callee:
        placing.refusal = how
        return iter(())
    return outgoing.hung_up(mine, channel, row.at, cause, how)


def guest_or_request_hung_up(book: ChannelBook, channel: Channel, row: CelRow) -> Iterator[ev.CallEvent]:
    """Somebody who was asked, or his request, is gone: one row tells who hung up, why a phone refused and that it is over.

    ``hangupsource`` is the channel whose far end hung up; it stands on that channel and on the one in a bridge with it.
    """
    asking = book.get(channel.asked_by) or channel
    for phone in (channel, *(c for c in book.channels.values() if c.asked_by == channel.uniqueid)):
        if phone.name == row.extra.get("hangupsource", ""):
            salle.went(book, phone)
    why = refusal(row.extra.get("hangupcause", ""))
    if channel is not asking and not channel.answered and why is not None:
        yield from salle.dialled(book, channel, why, row.at)
    if channel is asking and channel.refusal is None:
        channel.refusal = OFFER_ENDS.get(row.extra.get("dialstatus", ""))
    yield from salle.over(book, channel, row.at)


def _demanded(book: ChannelBook, row: CelRow) -> Iterator[ev.CallEvent]:
    """Somebody is asked to come to a caller, or consulted for him."""
    call_id, genre, cible, by, via, numero, room, libelle = row.words(8)
    request = book.open(Channel(row.uniqueid, row.channel, row.at))
    if call_id:
        demand = salle.Demand(call_id, genre, cible, by, via, numero, libelle, room)
        yield from salle.demanded(book, request, demand, row.at)


def _waits_for_a_consult(book: ChannelBook, row: CelRow) -> Iterator[ev.CallEvent]:
    """An agent consults; the caller hears music."""
    (call_id,) = row.words(1)
    if call_id:
        salle.waits(book, row.uniqueid)
        yield ev.CallerHeld(call_id=book.call_named(call_id), at=row.at)


#: Those that need nothing but the book.
ASKED: Mapping[str, Callable[[ChannelBook, CelRow], Iterator[ev.CallEvent]]] = MappingProxyType(
    {
        "SAS_DIALLED": _dialled,
        "SAS_UNREACHED": _unreached,
        "SAS_DEMANDE": _demanded,
        "SAS_ATTENTE": _waits_for_a_consult,
    }
)
