"""The same fold as the live one, from CEL rows: what the PBX's own log tells of calls that nobody watched.

Pure. What our dialplan says to AMI it writes into CEL too (``SAS_...``). Asterisk's own rows say less than its frames, so part of
it is concluded from what comes before and after a row:

* a queue entry is the start of the Queue application on the caller's channel, unless it ends at once (nobody is logged in);
* a décroché is the ANSWER of a leg that was started for the caller;
* a phone that stopped ringing was *cancelled* when the caller left or another agent answered at that moment, else nobody
  picked it up;
* a caller who hears music while he is in a bridge with an agent is held by him (CEL has no row for a hold);
* in rows of an older dialplan: a caller who is routed again after a talk was transferred; one who is routed again after waiting
  was given back by the queue.

What CEL cannot tell: places in the queue.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from cti.ami.translate import asked, consults, outgoing, salle
from cti.ami.translate.ahead import TOGETHER, Way, settled, turned_away
from cti.ami.translate.announced import gap_of, priority_of, source_of
from cti.ami.translate.asked import ASKED
from cti.ami.translate.cel import CelRow
from cti.ami.translate.channels import Channel, ChannelBook, Role, endpoint_of
from cti.ami.translate.noted import NOTED, named_late
from cti.ami.translate.telephony import (
    ENTRY_CONTEXT,
    OFFER_ENDS,
    born_in,
    caller_number,
    filiere_of,
    in_one_bridge,
    left_a_bridge,
    leg_over,
    refusal,
    unnamed,
)
from cti.journey import events as ev
from cti.journey.words import CallId, Instant


class CelTranslator:
    """Reads one stretch of the log. Give it the live translator's book to let live frames go on from there."""

    def __init__(self, book: ChannelBook) -> None:
        self._book = book
        self._calls: dict[str, CallId] = {}  # linkedid -> call
        self._ways: dict[CallId, Way] = {}
        self._turned_away: frozenset[tuple[str, Instant]] = frozenset()
        self._settled: Mapping[str, Sequence[Instant]] = {}
        #: when the row being read says that a caller was joined to whoever an agent had asked: its events tell older things
        self.joined_at: Instant = 0

    def read(self, rows: Sequence[CelRow], until: Instant) -> Iterator[ev.CallEvent]:
        """The events of the rows up to `until`, marked ``Seen.CEL``, in the order of the rows that settle them.

        What is younger is told by live frames; here it only helps to understand what is older. A row written twice is one row.
        """
        rows = [row for number, row in enumerate(rows) if number == 0 or row != rows[number - 1]]
        self._turned_away = turned_away(rows)
        self._settled = settled(rows)
        for row in rows:
            self.joined_at = 0
            if row.ours is not None and row.at <= until:
                for arrived in named_late(self._book, row):
                    self._calls[row.linkedid] = arrived.call_id
                    yield arrived
            reader = _READERS.get(row.kind) if row.at <= until else _YOUNGER.get(row.kind)
            for event in reader(self, row) if reader is not None else ():
                yield replace(event, seen=ev.Seen.CEL)

    def start(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """A channel was born; one born under a known call's linkedid is a leg asked for its caller."""
        context = born_in(row.context, row.uniqueid, row.linkedid)
        channel = self._book.open(Channel(row.uniqueid, row.channel, row.at, context=context, exten=row.exten, caller=row.caller))
        yield from salle.begins(self._book, channel, row.linkedid)
        yield from consults.begins(self._book, channel, row.linkedid)
        for event in outgoing.born(self._book, channel):
            self._calls[row.linkedid] = event.call_id
            yield event
        call_id = None if row.channel.startswith("Local/") else self._calls.get(row.linkedid)
        caller = self._book.caller_of(call_id) if call_id is not None else None
        if call_id is None or caller is None or channel.role is not Role.UNKNOWN or row.uniqueid == row.linkedid:
            return
        channel.role, channel.call_id, channel.filiere = Role.AGENT, call_id, caller.filiere
        channel.agent = endpoint_of(row.channel)
        yield ev.AgentOffered(call_id=call_id, at=row.at, filiere=channel.filiere, agent=channel.agent, leg=row.uniqueid)

    def arrived(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """Our dialplan named the call."""
        call_id, flux, did, caller, public, test, priority, _presentation = row.words(8)
        if not call_id:
            return
        channel = self._book.open(Channel(row.uniqueid, row.channel, row.at))
        if channel.role is Role.CONSULT:
            return consults.named(self._book, channel, call_id)
        channel.role, channel.call_id = Role.CALLER, call_id
        self._calls[row.linkedid] = call_id
        yield ev.CallArrived(
            call_id=call_id,
            at=min(channel.created_at, row.at),
            channel=row.uniqueid,
            did=did,
            flux=flux,
            caller=caller_number(caller),
            public=public != "0",
            test=test == "1",
            priority=priority_of(priority),
        )

    def noted(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """What stands in one row by itself; the end of a queue and a transfer also settle where the caller was."""
        if row.ours is not None:
            if self._second_line(row) is not None:
                return iter(())
            if row.kind in ("SAS_QUEUE_END", "SAS_TRANSFER"):
                self._ways.pop(self._book.call_named(row.words(1)[0]), None)
        return NOTED[row.kind](self._book, row)

    def placed(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """Our dialplan named an outgoing call, on the agent's channel."""
        for event in asked.placed(self._book, row):
            self._calls[row.linkedid] = event.call_id
            yield event

    def asked(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """Whom our dialplan asks, for an outgoing call or to come to the room."""
        return ASKED[row.kind](self._book, row)

    def recording(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """The PBX began to write the voice."""
        call_id, stem, gap = row.words(3)
        line = consults.second_line(self._book, row.uniqueid)
        if line is not None and line.call_id is not None:
            if gap:
                return
            yield ev.ConsultRecorded(call_id=line.call_id, at=row.at, line=line.uniqueid, stem=stem)
        elif call_id:
            yield ev.RecordingStarted(call_id=self._book.call_named(call_id), at=row.at, stem=stem, gap_ms=gap_of(gap))

    def room(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """The caller goes to a room."""
        caller = self._book.get(row.uniqueid)
        _call_id, room, motif, _by, via = row.words(5)
        if caller is not None and caller.role is Role.CALLER:
            yield from self._joined(salle.entered(self._book, caller, room, motif, via, row.at), row.at)

    def route(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """The call goes to a filière; what became of the filière before is settled here."""
        call_id, filiere, source, priority, _patience, _origin, motif = row.words(7)
        if not call_id or self._second_line(row) is not None:
            return
        call_id = self._book.call_named(call_id)
        concluded = ev.RouteSource.SECOURS
        for event in self._settle(row):
            concluded = ev.RouteSource.TRANSFERT if isinstance(event, ev.TransferAsked) else ev.RouteSource.DEBORDEMENT
            yield event
        known = source_of(source) if source else concluded
        rank = priority_of(priority)
        yield ev.CallRouted(call_id=call_id, at=row.at, filiere=filiere, source=known, motif=motif, priority=rank)

    def younger_route(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """A route younger than the interval: only what it says of a queue that the caller had left within it.

        A dialplan that numbers its rows said so itself, in a row of its own.
        """
        if row.ours is not None and row.ours[1]:
            return
        way = self._ways.get(self._book.call_named(row.words(1)[0]))
        if way is not None and self._second_line(row) is None and (way.left_at is not None or way.referred is not None):
            yield from self._settle(row)

    def _settle(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """Why the caller left his latest queue, now that he is routed again."""
        call_id, filiere, source = row.words(3)
        call_id = self._book.call_named(call_id)
        way = self._ways.pop(call_id, None) or Way()
        if source == ev.RouteSource.RETOUR:
            return
        if way.referred is not None:
            at, by = way.referred
            yield ev.TransferAsked(call_id=call_id, at=at, target=filiere, via=ev.TransferVia.REFER, by=by)
        elif way.talked or (way.queue and source == ev.RouteSource.TRANSFERT):
            yield ev.TransferAsked(call_id=call_id, at=row.at, target=filiere, via=ev.TransferVia.OTHER)
        elif way.queue:
            at = way.left_at if way.left_at is not None else row.at
            yield ev.QueueGaveUp(call_id=call_id, at=at, filiere=way.queue, how=way.given_back())

    def app(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """The Queue application began on the caller's channel."""
        channel = self._book.get(row.uniqueid)
        arguments = [*row.data.split(","), "", "", "", ""]
        filiere = filiere_of(arguments[0])
        line = self._second_line(row)
        if row.app == "Queue" and line is not None and filiere is not None:
            return consults.waits(line, filiere, row.at)
        if row.app != "Queue" or channel is None or channel.role is not Role.CALLER or filiere is None:
            return
        call_id = channel.call_id or ""
        way = Way(filiere, row.at, int(arguments[4]) if arguments[4].isdigit() else 0)
        way.turned_away = (row.uniqueid, row.at) in self._turned_away
        self._ways[call_id] = way
        if not way.turned_away:
            channel.filiere, channel.entered_at = filiere, row.at
            yield ev.QueueEntered(call_id=call_id, at=row.at, filiere=filiere)

    def app_over(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """The Queue application ended; why is told by what follows. (Dial: he took the place of a line that rang at a post.)

        On the way to the room the talk goes on.
        """
        way = self._way(row)
        if row.app in ("Queue", "Dial") and way is not None and row.context != salle.ROOM_CONTEXT:
            way.left_at = row.at
        return iter(())

    def answer(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """A leg picked up. (The caller's own ANSWER is the PBX greeting him, which is no décroché.)"""
        leg = self._book.get(row.uniqueid)
        placing = outgoing.of(self._book, leg)
        if leg is not None and placing is not None:
            for event in outgoing.answered(self._book, placing, leg, row.at):
                if isinstance(event, ev.CalleeReached):
                    self._ways[event.call_id] = Way(talked=True)
                yield event
            return
        if leg is not None and leg.role is Role.GUEST and leg.asked_by:
            yield from salle.dialled(self._book, leg, None, row.at)
            return
        if leg is None or leg.role is not Role.AGENT or leg.call_id is None or leg.answered or leg.over:
            return
        if leg.asked_by:
            yield from consults.answered(self._book, leg, row.at)
            return
        leg.answered = True
        salle.picked_up(self._book, leg)
        way = self._ways.get(leg.call_id)
        if way is not None:
            way.talked = True
        yield ev.AgentAnswered(
            call_id=leg.call_id, at=row.at, agent=leg.agent, leg=leg.uniqueid, filiere=leg.filiere or None
        )  # fmt: skip

    def enter(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """A channel entered a bridge."""
        channel = self._book.get(row.uniqueid)
        bridge = row.extra.get("bridge_id", "")
        if channel is None or not bridge:
            return
        self._book.enter(channel, bridge)
        yield from self._joined(in_one_bridge(self._book, channel, row.at), row.at)

    def exit(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """A channel left a bridge: the talk between the two is over."""
        channel = self._book.get(row.uniqueid)
        if channel is None:
            return
        channel.held = channel.held and channel.role is not Role.CALLER
        yield from left_a_bridge(self._book, channel, row.extra.get("bridge_id", ""), row.context, row.at)
        way = self._way(row)
        if way is not None and channel.role is Role.CALLER and not way.queue:
            way.left_at = row.at  # whom an agent had called: the end of no queue tells that he is on his way

    def hangup(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """A channel is gone; the caller's ends the call."""
        channel = self._book.get(row.uniqueid)
        if channel is None:
            return
        told = row.extra.get("hangupcause", "0")
        cause = int(told) if told.isascii() and told.isdigit() else 0
        placing = outgoing.of(self._book, channel)
        if placing is not None and not placing[1].reached:
            yield from asked.hung_up(placing, channel, row, cause)
        elif channel.role is Role.AGENT:
            how = refusal(told) or self._how(row, channel)
            if channel.asked_by and not channel.answered:
                consults.refused(self._book, channel, how)
            yield from leg_over(channel, row.at, how)
        elif channel.role is Role.CONSULT:
            # The log may hold the line's end before that of the phone that refused it.
            channel.refusal = channel.refusal or OFFER_ENDS.get(row.extra.get("dialstatus", ""))
            yield from consults.ends(channel, row.at)
        elif channel.role in (Role.RENFORT, Role.GUEST):
            yield from asked.guest_or_request_hung_up(self._book, channel, row)
        elif channel.call_id is not None:
            for agent in self._book.together(channel, Role.AGENT):
                yield from leg_over(agent, row.at)
            yield ev.CallEnded(call_id=channel.call_id, at=row.at, cause=cause)
        elif channel.context == ENTRY_CONTEXT:
            yield from unnamed(channel, row.at, cause)
        self._book.close(row.uniqueid)

    def transfer(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """A phone's own transfer key; the filière is told by the route that follows."""
        channel = self._book.get(row.uniqueid)
        way = self._way(row)
        if channel is not None and way is not None:
            way.referred = (row.at, channel.agent or None)
        return iter(())

    def attended(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """The agent joined his two lines."""
        names = (row.extra.get("channel2_uniqueid", ""), row.uniqueid)
        line = next((c for c in map(self._book.get, names) if c is not None and c.role is Role.CONSULT), None)
        if line is not None:
            caller = self._book.caller_of(line.call_id or "")
            if caller is not None:
                caller.held = False
            yield from self._joined(consults.joined_to_caller(self._book, line, row.at), row.at)

    def fetched(self, row: CelRow) -> Iterator[ev.CallEvent]:
        """The caller comes to fetch his new agent; CEL may tell so before it tells that the two were joined."""
        yield from self._joined(consults.fetched(self._book, row.words(2)[1], row.at), row.at)

    def _joined(self, events: Iterator[ev.CallEvent], at: Instant) -> Iterator[ev.CallEvent]:
        """Tell them; a caller who was joined to a consultation is on its way from then on."""
        for event in events:
            if isinstance(event, ev.ConsultEnded):
                self.joined_at = at
            if isinstance(event, ev.QueueEntered):
                self._ways[event.call_id] = Way(event.filiere, event.at)
            if isinstance(event, ev.AgentAnswered):
                self._ways[event.call_id].talked = True
            yield event

    def _second_line(self, row: CelRow) -> Channel | None:
        channel = self._book.get(row.uniqueid)
        return channel if channel is not None and channel.role is Role.CONSULT else None

    def _way(self, row: CelRow) -> Way | None:
        channel = self._book.get(row.uniqueid)
        if channel is None or channel.role in (Role.CONSULT, Role.RENFORT, Role.GUEST):
            return None
        return self._ways.get(channel.call_id or "")

    def _how(self, row: CelRow, leg: Channel) -> ev.OfferEnd:
        moments = list(self._settled.get(row.linkedid, ()))
        for linkedid, call_id in self._calls.items():
            if call_id == leg.call_id and linkedid != row.linkedid:  # asked by an agent's second line
                moments += self._settled.get(linkedid, ())
        settled = any(abs(at - row.at) < TOGETHER for at in moments)
        return ev.OfferEnd.CANCELLED if settled else ev.OfferEnd.NO_ANSWER


_READERS: Mapping[str, Callable[[CelTranslator, CelRow], Iterator[ev.CallEvent]]] = MappingProxyType(
    {
        "CHAN_START": CelTranslator.start,
        # CELGenUserEvent writes its own name as the event's type (seen on 22.10).
        "SAS_ARRIVED": CelTranslator.arrived,
        "SAS_PLACED": CelTranslator.placed,
        "SAS_ROUTE": CelTranslator.route,
        "SAS_RECORDING": CelTranslator.recording,
        **dict.fromkeys(NOTED, CelTranslator.noted),
        **dict.fromkeys(ASKED, CelTranslator.asked),
        "SAS_SALLE": CelTranslator.room,
        "APP_START": CelTranslator.app,
        "APP_END": CelTranslator.app_over,
        "ANSWER": CelTranslator.answer,
        "BRIDGE_ENTER": CelTranslator.enter,
        "BRIDGE_EXIT": CelTranslator.exit,
        "HANGUP": CelTranslator.hangup,
        "BLINDTRANSFER": CelTranslator.transfer,
        "ATTENDEDTRANSFER": CelTranslator.attended,
        "SAS_JONCTION": CelTranslator.fetched,
    }
)
#: Of rows younger than the interval.
_YOUNGER: Mapping[str, Callable[[CelTranslator, CelRow], Iterator[ev.CallEvent]]] = MappingProxyType(
    {"SAS_ROUTE": CelTranslator.younger_route}
)
