"""The channel event log (CEL), read afterwards: the witness that survives us.

Asterisk writes one CSV row per event with microseconds whether we run or not (``cel_custom.conf``). Each row is read into the
same book of channels and the same events as live frames, marked ``Seen.CEL``. Two notes on what CEL can and cannot say: a
queue entry is the start of the Queue application on the caller's channel, and a décroché is the ANSWER of a leg that was
started for the caller.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from cti.ami.translate.announced import priority_of, source_of
from cti.ami.translate.channels import Channel, ChannelBook, Role, endpoint_of
from cti.ami.translate.telephony import caller_number, filiere_of, joined, leg_over
from cti.journey import events as ev
from cti.journey.words import CallId, Instant

#: Columns of ``cti-cel.csv``, in the order of ``dialplans/cel_custom.conf``.
COLUMNS = (
    "eventtype",
    "eventtime",
    "uniqueid",
    "linkedid",
    "channame",
    "cidnum",
    "exten",
    "context",
    "appname",
    "appdata",
    "peer",
    "userdeftype",
    "extra",
)
_BLOCK = 256 * 1024


class UnreadableRow(ValueError):
    """A row of the CEL file is not what ``cel_custom.conf`` writes; the message names file, row and column."""


@dataclass(frozen=True, slots=True)
class CelRow:
    """One row of the log."""

    kind: str
    at: Instant
    uniqueid: str
    linkedid: str
    channel: str
    caller: str
    exten: str
    context: str
    app: str
    data: str
    extra: Mapping[str, str]

    @property
    def words(self) -> list[str]:
        """The fields of one of our own events: ``call_id|...``."""
        return self.extra.get("extra", "").split("|")


def parse_row(fields: list[str], where: str) -> CelRow:
    """A row from its CSV fields.

    Raises:
        UnreadableRow: too few fields, or a time that is no number.
    """
    if len(fields) < len(COLUMNS):
        raise UnreadableRow(f"{where}: {len(fields)} fields instead of {len(COLUMNS)}")
    seconds, _, fraction = fields[1].partition(".")
    digits = seconds + fraction[:6].ljust(6, "0")
    if not digits.isdigit():
        raise UnreadableRow(f"{where}: eventtime {fields[1]!r} is not seconds.microseconds")
    return CelRow(
        kind=fields[0],
        at=int(digits),
        uniqueid=fields[2],
        linkedid=fields[3],
        channel=fields[4],
        caller=fields[5],
        exten=fields[6],
        context=fields[7],
        app=fields[8],
        data=fields[9],
        extra=_extra(fields[12]),
    )


def _extra(text: str) -> Mapping[str, str]:
    if text.startswith("{"):
        try:
            return {str(k): str(v) for k, v in json.loads(text).items()}
        except ValueError:
            pass
    return {"extra": text} if text else {}


def rows_since(path: Path, since: Instant, troubles: list[str] | None = None) -> Iterator[CelRow]:
    """The rows from ``since`` on, oldest first; a bad row is named in ``troubles`` and passed over.

    Reads backwards from the end in blocks until it is before ``since``, so the size of the log does not matter. A log that
    does not exist gives nothing, and says so in ``troubles``.
    """
    troubles = [] if troubles is None else troubles
    if not path.exists():
        troubles.append(f"{path.name}: no such file")
        return
    for number, fields in enumerate(csv.reader(_tail(path, since)), start=1):
        if not fields:
            continue
        try:
            row = parse_row(fields, f"{path.name}: row {number} of the tail read")
        except UnreadableRow as trouble:
            troubles.append(str(trouble))
            continue
        if row.at >= since:
            yield row


def _tail(path: Path, since: Instant) -> Iterator[str]:
    """Whole lines that may be as young as ``since``."""
    with path.open("rb") as log:
        start = log.seek(0, 2)
        end = start
        while start > 0:
            start = max(0, start - _BLOCK)
            log.seek(start)
            head = log.read(min(8192, end - start))
            first = head.partition(b"\n")[2] if start else head
            fields = first.split(b",", 2)
            stamp = fields[1].strip(b'"').partition(b".")[0] if len(fields) > 1 else b""
            if stamp.isdigit() and int(stamp) * 1_000_000 < since - 1_000_000:
                break
        log.seek(start)
        data = log.read(end - start)
    lines = data.decode("utf-8", "replace").splitlines()
    yield from lines[1:] if start else lines


class CelTranslator:
    """The same fold as the live one, from rows. Give it the live translator's book to let live frames go on from there."""

    def __init__(self, book: ChannelBook) -> None:
        self._book = book
        self._calls: dict[str, CallId] = {}  # linkedid -> call

    def read(self, rows: Iterable[CelRow]) -> Iterator[ev.CallEvent]:
        """The events these rows tell, in their order, marked ``Seen.CEL``."""
        for row in rows:
            reader = _READERS.get(row.kind)
            for event in reader(self, row) if reader is not None else ():
                if isinstance(event, ev.CallEvent):
                    yield replace(event, seen=ev.Seen.CEL)

    def start(self, row: CelRow) -> Iterator[ev.Event]:
        """A channel was born; one born under a known call's linkedid is a leg asked for its caller."""
        channel = self._book.open(
            Channel(row.uniqueid, row.channel, row.at, context=row.context, exten=row.exten, caller=row.caller)
        )
        call_id = self._calls.get(row.linkedid)
        caller = self._book.caller_of(call_id) if call_id is not None else None
        if caller is None or channel.role is not Role.UNKNOWN or row.uniqueid == row.linkedid:
            return
        channel.role, channel.call_id, channel.filiere = Role.AGENT, call_id, caller.filiere
        channel.agent = endpoint_of(row.channel)
        yield ev.AgentOffered(call_id=call_id or "", at=row.at, filiere=channel.filiere, agent=channel.agent, leg=row.uniqueid)

    def ours(self, row: CelRow) -> Iterator[ev.Event]:
        """What our dialplan wrote into the log itself."""
        words = [*row.words, "", "", "", "", "", "", ""]
        call_id = words[0]
        if not call_id:
            return
        if row.kind == "SAS_ARRIVED":
            channel = self._book.open(Channel(row.uniqueid, row.channel, row.at))
            channel.role, channel.call_id = Role.CALLER, call_id
            self._calls[row.linkedid] = call_id
            yield ev.CallArrived(
                call_id=call_id,
                at=min(channel.created_at, row.at),
                channel=row.uniqueid,
                did=words[2],
                flux=words[1],
                caller=caller_number(words[3] or row.caller, words[6]),
                public=words[4] != "0",
                test=words[5] == "1",
            )
        elif row.kind == "SAS_ROUTE":
            yield ev.CallRouted(
                call_id=call_id,
                at=row.at,
                filiere=words[1],
                source=source_of(words[2]),
                priority=priority_of(words[3]),
            )
        elif row.kind == "SAS_RECORDING":
            yield ev.RecordingStarted(call_id=call_id, at=row.at, stem=words[1])

    def app(self, row: CelRow) -> Iterator[ev.Event]:
        """The Queue application began on the caller's channel."""
        channel = self._book.get(row.uniqueid)
        filiere = filiere_of(row.data.partition(",")[0])
        if row.app != "Queue" or channel is None or channel.role is not Role.CALLER or filiere is None:
            return
        channel.filiere = filiere
        yield ev.QueueEntered(call_id=channel.call_id or "", at=row.at, filiere=filiere)

    def answer(self, row: CelRow) -> Iterator[ev.Event]:
        """A leg picked up. (The caller's own ANSWER is the PBX greeting him, which is no décroché.)"""
        channel = self._book.get(row.uniqueid)
        if channel is None or channel.role is not Role.AGENT or channel.answered or channel.over:
            return
        channel.answered = True
        yield ev.AgentAnswered(
            call_id=channel.call_id or "",
            at=row.at,
            agent=channel.agent,
            leg=channel.uniqueid,
            filiere=channel.filiere or None,
        )

    def enter(self, row: CelRow) -> Iterator[ev.Event]:
        """A channel entered a bridge."""
        channel = self._book.get(row.uniqueid)
        bridge = row.extra.get("bridge_id", "")
        if channel is None or not bridge:
            return
        self._book.enter(channel, bridge)
        if channel.role is Role.AGENT and self._book.together(channel, Role.CALLER):
            yield from joined(channel, row.at)
        elif channel.role is Role.CALLER:
            for agent in self._book.together(channel, Role.AGENT):
                yield from joined(agent, row.at)

    def exit(self, row: CelRow) -> Iterator[ev.Event]:
        """A channel left a bridge: the talk between the two is over."""
        channel = self._book.get(row.uniqueid)
        if channel is None:
            return
        agents = [channel] if channel.role is Role.AGENT else self._book.together(channel, Role.AGENT)
        for agent in agents:
            if agent.joined:
                yield from leg_over(agent, row.at)
        self._book.leave(channel)

    def hangup(self, row: CelRow) -> Iterator[ev.Event]:
        """A channel is gone; the caller's ends the call."""
        channel = self._book.get(row.uniqueid)
        if channel is None:
            return
        if channel.role is Role.AGENT:
            yield from leg_over(channel, row.at)
        elif channel.call_id is not None:
            for agent in self._book.together(channel, Role.AGENT):
                yield from leg_over(agent, row.at)
            cause = row.extra.get("hangupcause", "0")
            yield ev.CallEnded(call_id=channel.call_id, at=row.at, cause=int(cause) if cause.isdigit() else 0)
        self._book.close(row.uniqueid)

    def transfer(self, row: CelRow) -> Iterator[ev.Event]:
        """A phone's own transfer key; the target is told by the SAS_ROUTE that follows."""
        channel = self._book.get(row.uniqueid)
        if channel is None or channel.call_id is None:
            return
        target = row.extra.get("extension", "")
        by = channel.agent or None
        yield ev.TransferAsked(call_id=channel.call_id, at=row.at, target=target, via=ev.TransferVia.REFER, by=by)


_READERS: Mapping[str, Callable[[CelTranslator, CelRow], Iterator[ev.Event]]] = MappingProxyType(
    {
        "CHAN_START": CelTranslator.start,
        # CELGenUserEvent writes its own name as the event's type (seen on 22.10).
        "SAS_ARRIVED": CelTranslator.ours,
        "SAS_ROUTE": CelTranslator.ours,
        "SAS_RECORDING": CelTranslator.ours,
        "APP_START": CelTranslator.app,
        "ANSWER": CelTranslator.answer,
        "BRIDGE_ENTER": CelTranslator.enter,
        "BRIDGE_EXIT": CelTranslator.exit,
        "HANGUP": CelTranslator.hangup,
        "BLINDTRANSFER": CelTranslator.transfer,
    }
)
