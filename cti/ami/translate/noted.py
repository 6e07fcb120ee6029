"""Rows of CEL that tell something by themselves: what our own dialplan writes beside its UserEvents, and music.

One row, one event, and with a post's own refusal what became of whoever asked it: nothing else is concluded here. The rows and
their fields are one contract with ``dialplans/extensions.conf``, as `cti.ami.translate.announced` is for AMI.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from cti.ami.translate.announced import QUEUE_ENDS, VIAS
from cti.ami.translate.cel import CelRow
from cti.ami.translate.channels import ChannelBook, Role
from cti.ami.translate.consults import POSTS_CONTEXT
from cti.ami.translate.telephony import ENTRY_CONTEXT, OFFER_ENDS, caller_number, leg_over
from cti.journey import events as ev

#: Rows that name a call where it begins, and those that another channel than a caller's writes.
_NO_CALLER = frozenset({"SAS_ARRIVED", "SAS_PLACED", "SAS_DIALLED", "SAS_UNREACHED", "SAS_AGENT", "SAS_DEMANDE", "SAS_JONCTION"})


def named_late(book: ChannelBook, row: CelRow) -> Iterator[ev.CallArrived]:
    """A later row of ours names a caller whose arrival is missing."""
    channel, call_id = book.get(row.uniqueid), row.words(1)[0]
    if row.kind in _NO_CALLER or not call_id or channel is None:
        return
    if channel.role is Role.UNKNOWN and channel.context in (ENTRY_CONTEXT, POSTS_CONTEXT):
        channel.role, channel.call_id = Role.CALLER, call_id
        yield ev.CallArrived(
            call_id=call_id,
            at=channel.created_at,
            seen=ev.Seen.CEL,
            channel=row.uniqueid,
            did=channel.exten,
            flux="",
            caller=caller_number(channel.caller),
        )


def _greeting(book: ChannelBook, row: CelRow) -> Iterator[ev.CallEvent]:
    """The welcome message begins or is over."""
    call_id, step, sound = row.words(3)
    if not call_id:
        return
    call_id = book.call_named(call_id)
    if step == "start":
        yield ev.GreetingStarted(call_id=call_id, at=row.at, sound=sound)
    else:
        yield ev.GreetingEnded(call_id=call_id, at=row.at)


def _secours(book: ChannelBook, row: CelRow) -> Iterator[ev.CallEvent]:
    """The service said nothing: the PBX routes alone."""
    call_id, reason, _detail = row.words(3)
    if call_id:
        yield ev.ServiceSilent(call_id=book.call_named(call_id), at=row.at, reason=reason)


def _queue_end(book: ChannelBook, row: CelRow) -> Iterator[ev.CallEvent]:
    """The queue gave the caller back, and why."""
    call_id, filiere, status = row.words(3)
    if call_id:
        if status in OFFER_ENDS:  # of a post: its phone may be hung up a moment later, and would be told as rung in vain
            legs = [one for one in book.channels.values() if one.role is Role.AGENT and not (one.answered or one.joined)]
            for leg in (one for one in legs if one.call_id == book.call_named(call_id)):
                yield from leg_over(leg, row.at, OFFER_ENDS[status])
        how = QUEUE_ENDS.get(status, ev.QueueEnd.OTHER)
        yield ev.QueueGaveUp(call_id=book.call_named(call_id), at=row.at, filiere=filiere, how=how)


def _transfer(book: ChannelBook, row: CelRow) -> Iterator[ev.CallEvent]:
    """An agent passed the caller on: where to, who, and how."""
    call_id, target, _origin, by, via, _member = row.words(6)
    if call_id:
        how = VIAS.get(via, ev.TransferVia.OTHER)
        yield ev.TransferAsked(call_id=book.call_named(call_id), at=row.at, target=target, via=how, by=by or None)


def _music(book: ChannelBook, row: CelRow) -> Iterator[ev.CallEvent]:
    """Music for a caller who is with an agent: he is held. (A caller who waits in a queue hears it too.)"""
    channel = book.get(row.uniqueid)
    if channel is None or channel.role is not Role.CALLER or channel.call_id is None:
        return
    if row.kind == "STREAM_END" and channel.held:
        channel.held = False
        yield ev.CallerUnheld(call_id=channel.call_id, at=row.at)
    elif row.kind == "STREAM_BEGIN" and "class" in row.extra and book.together(channel, Role.AGENT):
        channel.held = True
        yield ev.CallerHeld(call_id=channel.call_id, at=row.at)


NOTED: Mapping[str, Callable[[ChannelBook, CelRow], Iterator[ev.CallEvent]]] = MappingProxyType(
    {
        "SAS_GREETING": _greeting,
        "SAS_SECOURS": _secours,
        "SAS_QUEUE_END": _queue_end,
        "SAS_TRANSFER": _transfer,
        "STREAM_BEGIN": _music,
        "STREAM_END": _music,
    }
)
