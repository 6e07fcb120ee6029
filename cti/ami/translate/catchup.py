"""After a blind interval: what CEL tells of it, made into events, and the book of channels that live frames go on from.

Pure. In: the rows of the log, the channels that live now, the calls that were open when we went blind, and the interval. Out:
events in order, and the book. Rules:

* a call born in the interval is told whole by CEL (``reconstructed``);
* a call that was open gets only what CEL saw from the interval on, and is ``uncertain`` from then on (``ObservationLost``);
* an open call whose channel lives no more and whose hang-up no row tells is ended at the end of the interval, uncertain;
* a PBX that was started anew holds nothing of before: every call of before is over, at the latest sign of the PBX that died;
* rows a little older than the interval count, because AMI may not have told them yet when the link was lost; rows younger
  than it are left to the live frames, which have been waiting since the link is back.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cti.ami.translate.cel import CelRow
from cti.ami.translate.channels import TWO_WITNESSES, ChannelBook, Role
from cti.ami.translate.witness import CelTranslator
from cti.journey import events as ev
from cti.journey.model import Journey
from cti.journey.words import CallId, Instant

_NO_END = "aucun témoin de la fin de cet appel"


@dataclass(frozen=True, slots=True)
class CatchUp:
    """What the blind interval held."""

    events: tuple[ev.CallEvent, ...]
    book: ChannelBook
    touched: frozenset[CallId]  #: calls the interval concerns


def catch_up(
    rows: Sequence[CelRow],
    alive: Collection[str],
    open_calls: Sequence[Journey],
    since: Instant,
    until: Instant,
    reason: str,
    started_at: Instant | None = None,
) -> CatchUp:
    """The events of ``[since, until]``.

    Args:
        rows: CEL from before the oldest open call on, oldest first; all that the log holds.
        alive: uniqueids of the channels that exist at ``until``.
        open_calls: calls not ended when we went blind.
        since: last instant at which we saw.
        until: instant of the snapshot.
        reason: why we were blind, in words.
        started_at: when the PBX was started, if that was within the interval; what it held before is gone.
    """
    book = ChannelBook()
    known = frozenset(journey.call_id for journey in open_calls)
    told, born = _told(CelTranslator(book), rows, until, known, since - TWO_WITNESSES)
    ended = {event.call_id for event in told if isinstance(event, ev.CallEnded)}
    told += [ev.ObservationLost(call_id=j.call_id, at=max(until, j.last_at), since=since, reason=reason) for j in open_calls]
    lived = {*alive, *(row.uniqueid for row in rows if row.kind == "HANGUP" and row.at > until)}
    died_at = until if started_at is None else _last_sign(rows, since, started_at)
    gone = {j.call_id: max(died_at, j.t0) for j in open_calls if started_at is not None or j.channel not in lived}
    for uniqueid, channel in list(book.channels.items()):
        if uniqueid not in lived:
            if channel.role is Role.CALLER and channel.call_id in born:
                gone[channel.call_id] = died_at if channel.created_at < died_at else until
            book.close(uniqueid)
    for call_id, at in gone.items():
        if call_id in ended:
            continue
        if call_id in born:
            told.append(ev.ObservationLost(call_id=call_id, at=at, since=at, reason=_NO_END))
        told.append(ev.CallEnded(call_id=call_id, at=at, seen=ev.Seen.CEL))
    return CatchUp(tuple(told), book, known | born)


def _last_sign(rows: Sequence[CelRow], since: Instant, started_at: Instant) -> Instant:
    """The latest instant at which the PBX of before is known to have lived."""
    return max((since, *(row.at for row in rows if row.at < started_at)))


def _told(
    witness: CelTranslator, rows: Sequence[CelRow], until: Instant, known: Collection[CallId], since: Instant
) -> tuple[list[ev.CallEvent], frozenset[CallId]]:
    """What is new in these events, and the calls born in them: all of a call born since then, the rest of a known one."""
    kept: list[ev.CallEvent] = []
    born: set[CallId] = set()
    for event in witness.read(rows, until):
        if event.call_id in known:
            if max(event.at, witness.joined_at) >= since:
                kept.append(event)
            continue
        if isinstance(event, ev.CallArrived) and event.at >= since:
            born.add(event.call_id)
        if event.call_id in born:
            kept.append(event)
    return kept, frozenset(born)
