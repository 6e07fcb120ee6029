"""After a blind interval: what CEL tells of it, made into events, and the book of channels that live frames go on from.

Pure. In: the rows of the log, what the PBX shows now, the calls that were open when we went blind, and the interval. Out: events
in order, and the book. Rules:

* a call born in the interval is told whole by CEL (``reconstructed``);
* a call that was open gets what CEL saw from the interval on, and is ``reconstructed`` too;
* each of them is ``uncertain`` when a witness of the interval fails for it: ``ObservationLost`` says which (`coverage`);
* an open call whose channel lives no more and whose hang-up no row tells is ended at the end of the interval, uncertain;
* a PBX that was started anew holds nothing of before: every call of before is over, at the latest sign of the PBX that died;
* of a call that was over, while agents went on to speak of it, it is told what they did then, and nothing else;
* rows a little older than the interval count, because AMI may not have told them yet when the link was lost; rows younger
  than it are left to the live frames, which have been waiting since the link is back.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cti.ami.translate import outgoing
from cti.ami.translate.cel import CelRow
from cti.ami.translate.channels import TWO_WITNESSES, Channel, ChannelBook, Role, endpoint_of
from cti.ami.translate.coverage import Snapshot, Witnesses
from cti.ami.translate.queue_log import QueueLogRow
from cti.ami.translate.telephony import ENTRY_CONTEXT
from cti.ami.translate.wholeness import lineages
from cti.ami.translate.witness import CelTranslator
from cti.journey import events as ev
from cti.journey.folding.consulting import untold_ends
from cti.journey.folding.fold import apply
from cti.journey.model import Journey
from cti.journey.words import CallId, Instant

_NO_END = "aucun témoin de la fin de cet appel"
#: How old a caller's end may be for a consultation for him to be looked for in CEL when none of its channels lives.
_OUTLIVED_US = 600 * 1_000_000
#: What may still be told of a call that is over.
_OF_AGENTS = (ev.ConsultAnswered, ev.ConsultRecorded, ev.ConsultEnded)


@dataclass(frozen=True, slots=True)
class CatchUp:
    """What the blind interval held."""

    events: tuple[ev.CallEvent, ...]
    book: ChannelBook
    touched: frozenset[CallId]  #: calls the interval concerns


@dataclass(frozen=True, slots=True)
class Blind:
    """The interval, and what was there to witness it."""

    since: Instant  #: last instant at which we saw
    until: Instant  #: when the PBX was asked what is there
    reason: str  #: why we were blind, in words
    snapshot: Snapshot
    troubles: Sequence[str] = ()  #: what of CEL could not be read
    queue_log: Sequence[QueueLogRow] = ()
    started_at: Instant | None = None  #: when the PBX was started, if that was within the interval


@dataclass(slots=True)
class _Story:
    """The calls as CEL alone tells them, and of them what is new."""

    events: list[ev.CallEvent] = field(default_factory=list)
    born: set[CallId] = field(default_factory=set)
    journeys: dict[CallId, Journey] = field(default_factory=dict)
    over: dict[CallId, Journey] = field(default_factory=dict)  #: calls that were over before
    hung_up: set[str] = field(default_factory=set)  #: of these, second lines whose end is told

    def afterwards(self, event: ev.CallEvent) -> None:
        """An agent did this when his caller was gone: told if it says of the consultation what was not known."""
        before = self.over[event.call_id]
        after, _ = apply(before, event)
        if isinstance(event, _OF_AGENTS) and after.consults != before.consults:
            self.over[event.call_id] = after
            self.events.append(event)


def outlived(over: Iterable[Journey], since: Instant, alive: Collection[str]) -> list[Journey]:
    """Of calls that are over, those of which agents may have spoken after ``since``.

    Args:
        over: calls of which it is not known when agents ended to speak of them.
        since: when we went blind.
        alive: uniqueids of the channels that live now.
    """
    return [
        journey
        for journey in over
        if (journey.ended_at or 0) >= since - _OUTLIVED_US or any(one.line in alive for one in untold_ends(journey))
    ]


def catch_up(rows: Sequence[CelRow], open_calls: Sequence[Journey], blind: Blind, over: Sequence[Journey] = ()) -> CatchUp:
    """The events of the blind interval.

    Args:
        rows: CEL from before the oldest open call on, oldest first; all that the log holds.
        open_calls: calls not ended when we went blind.
        blind: the interval and its other witnesses.
        over: calls that are (`outlived`); CEL is wanted from their consultations on.
    """
    book, until = ChannelBook(), blind.until
    known = {journey.call_id: journey for journey in open_calls}
    lines = _lines_of(book, over, blind.snapshot)
    story = _told(CelTranslator(book), rows, until, known, blind.since - TWO_WITNESSES, {call.call_id: call for call in over})
    told, touched = story.events, frozenset(known) | story.born
    doubts = _doubts(rows, story, known, book, blind)
    ended = {event.call_id for event in told if isinstance(event, ev.CallEnded)}
    gone = {c: at for c, at in _gone(rows, story, known, book, blind).items() if c not in ended}
    for call_id in (*known, *sorted(story.born)):
        doubt = doubts[call_id] or (_NO_END if call_id in gone else "")
        if call_id in known:
            told.append(_lost(call_id, max(until, known[call_id].last_at), blind.since, blind.reason, doubt))
        elif doubt:
            told.append(_lost(call_id, gone.get(call_id, until), story.journeys[call_id].t0, blind.reason, doubt))
    told += [ev.CallEnded(call_id=call_id, at=at, seen=ev.Seen.CEL) for call_id, at in gone.items()]
    for line, call_id in lines.items():
        if book.get(line) is None and line not in story.hung_up:
            story.afterwards(_cut_short(line, call_id, until))
    told += _unheard_of(book, known, story.born.union(story.over), rows, blind)
    return CatchUp(tuple(told), book, touched)


def _lines_of(book: ChannelBook, over: Iterable[Journey], snapshot: Snapshot) -> Mapping[str, CallId]:
    """Second lines of calls that are over come into the book as what they are: the first line, which would tell, is gone."""
    lines = {}
    for journey in over:
        for one in untold_ends(journey):
            shown = snapshot.channels.get(one.line)
            line = book.open(Channel(one.line, shown.name if shown is not None else "", one.started_at, role=Role.CONSULT))
            line.call_id, line.agent, line.answered = journey.call_id, one.agent, one.answered_at is not None
            if shown is not None and shown.call_id not in ("", journey.call_id):
                book.aliases[shown.call_id] = journey.call_id
            lines[one.line] = journey.call_id
    return lines


def _cut_short(line: str, call_id: CallId, until: Instant) -> ev.ConsultEnded:
    """A second line that lives no more, and no row tells its end: the PBX died, or CEL was off."""
    return ev.ConsultEnded(call_id=call_id, at=until, seen=ev.Seen.CEL, line=line, how=ev.ConsultEnd.RETURNED)


def _gone(
    rows: Sequence[CelRow], story: _Story, known: Mapping[CallId, Journey], book: ChannelBook, blind: Blind
) -> Mapping[CallId, Instant]:
    """Calls whose channel lives no more, and since when at the latest; channels that live no more leave the book."""
    until, anew = blind.until, blind.started_at is not None
    lived = {*blind.snapshot.channels, *(row.uniqueid for row in rows if row.kind == "HANGUP" and row.at > until)}
    died_at = until if blind.started_at is None else _last_sign(rows, blind.since, blind.started_at)
    gone = {j.call_id: max(died_at, j.t0) for j in known.values() if anew or _channel(book, j) not in lived}
    for uniqueid, channel in list(book.channels.items()):
        if uniqueid not in lived:
            callers = channel.role is Role.CALLER or outgoing.of(book, channel) is not None
            if callers and channel.call_id in story.born:
                gone[channel.call_id] = died_at if channel.created_at < died_at else until
            book.close(uniqueid)
    return gone


def _unheard_of(
    book: ChannelBook, known: Mapping[CallId, Journey], others: Collection[CallId], rows: Sequence[CelRow], blind: Blind
) -> Iterator[ev.ObservationLost]:
    """Live channels that CEL does not know (switched off, rotated away): the channel itself says whose it is.

    A call that nobody knows but its channels is uncertain from its first frame on. One that began as the PBX was asked is told
    by the live frames.
    """
    begun = {row.uniqueid for row in rows if row.kind == "CHAN_START"}
    younger = {row.uniqueid for row in rows if row.kind == "SAS_ARRIVED" and row.at > blind.until}
    held = {j.channel: j.call_id for j in known.values()}
    held |= {leg.leg: j.call_id for j in known.values() for stage in j.stages for leg in stage.legs}
    new: dict[CallId, None] = {}
    for uniqueid, shown in blind.snapshot.channels.items():
        call_id = held.get(uniqueid) or book.call_named(shown.call_id)
        found = book.get(uniqueid)
        nameless = found is not None and found.role is Role.UNKNOWN and found.context == ENTRY_CONTEXT
        if not call_id or uniqueid in younger or not (nameless or (found is None and uniqueid not in begun)):
            continue  # CEL knows it: whose it is, that it is gone already, or that live frames will tell
        channel = book.open(Channel(uniqueid, shown.name, blind.until))
        channel.call_id = call_id
        channel.role = Role.CALLER if uniqueid == shown.linkedid else Role.AGENT
        channel.agent = "" if channel.role is Role.CALLER else endpoint_of(shown.name)
        if call_id not in known and call_id not in others:
            new[call_id] = None
    for call_id in new:
        yield _lost(call_id, blind.until, blind.since, blind.reason, "CEL ne connaît pas cet appel")


def _lost(call_id: CallId, at: Instant, since: Instant, reason: str, doubt: str) -> ev.ObservationLost:
    said = f"{reason} ; {doubt}" if doubt else reason
    return ev.ObservationLost(call_id=call_id, at=at, since=since, reason=said, covered=not doubt)


def _doubts(
    rows: Sequence[CelRow], story: _Story, known: Mapping[CallId, Journey], book: ChannelBook, blind: Blind
) -> Mapping[CallId, str]:
    """By call, the witness that fails for it; empty when none does."""
    if not known and not story.born:
        return {}
    log: defaultdict[str, list[QueueLogRow]] = defaultdict(list)
    for row in blind.queue_log:
        log[row.uniqueid].append(row)
    witnesses = Witnesses(
        until=blind.until,
        snapshot=blind.snapshot,
        lineages=lineages(rows),
        queue_log=log,
        trouble=next(iter(blind.troubles), ""),
        restarted_at=blind.started_at,
    )
    names: defaultdict[CallId, set[CallId]] = defaultdict(set)
    for name, call_id in book.aliases.items():
        names[call_id].add(name)
    new: defaultdict[CallId, list[ev.CallEvent]] = defaultdict(list)
    for event in story.events:
        new[event.call_id].append(event)
    found = {}
    for call_id in (*known, *story.born):
        alone = story.journeys.get(call_id)
        ours = _folded(known[call_id], new[call_id]) if call_id in known else story.journeys[call_id]
        found[call_id] = witnesses.doubt(ours, alone, {call_id, *names[call_id]})
    return found


def _folded(journey: Journey, events: Iterable[ev.CallEvent]) -> Journey:
    for event in events:
        journey, _ = apply(journey, event)
    return journey


def _channel(book: ChannelBook, journey: Journey) -> str:
    """The channel with which this call ends: of an outgoing one, the trunk's once somebody was reached."""
    placing = book.placed.get(journey.call_id)
    return placing.callee if placing is not None and placing.reached else journey.channel


def _last_sign(rows: Sequence[CelRow], since: Instant, started_at: Instant) -> Instant:
    """The latest instant at which the PBX of before is known to have lived."""
    return max((since, *(row.at for row in rows if row.at < started_at)))


def _told(
    witness: CelTranslator,
    rows: Sequence[CelRow],
    until: Instant,
    known: Collection[CallId],
    since: Instant,
    over: dict[CallId, Journey],
) -> _Story:
    """What is new in these events, and the calls born in them: all of a call born since then, the rest of a known one."""
    story = _Story(over=over)
    for event in witness.read(rows, until):
        call_id = event.call_id
        if call_id in over:
            if event.at >= since:
                story.afterwards(event)
            if isinstance(event, ev.ConsultEnded):
                story.hung_up.add(event.line)
            continue
        if call_id in known:
            if max(event.at, witness.joined_at) >= since:
                story.events.append(event)
        else:
            if isinstance(event, ev.CallArrived | ev.CallPlaced) and event.at >= since:
                story.born.add(call_id)
            if call_id not in story.born:
                continue
            story.events.append(event)
        story.journeys[call_id], _ = apply(story.journeys.get(call_id) or Journey(call_id=call_id), event)
    return story
