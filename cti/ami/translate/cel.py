"""The channel event log (CEL) on disk: the witness that survives us.

Asterisk writes one CSV row per event with microseconds whether we run or not (``cel_custom.conf``). Here its rows are read,
from the end of the file backwards; `cti.ami.translate.witness` makes events of them.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

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
#: Names of the events that our own dialplan writes (``CELGenUserEvent``).
OURS = "SAS_"
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

    def words(self, count: int) -> list[str]:
        """The fields of one of our own events, ``call_id/rank|...``, without the rank: so many, empty where the row has fewer."""
        first, *others = self.extra.get("extra", "").split("|")
        return [first.partition("/")[0], *others, *[""] * count][:count]

    @property
    def ours(self) -> tuple[CallId, int] | None:
        """Whose it is and its number among the call's own rows, from 1; None: not ours.

        0 when an older dialplan wrote it; -1 (``call/-``) when another channel than the caller's did, which his count leaves out.
        """
        if not self.kind.startswith(OURS):
            return None
        call_id, _, rank = self.extra.get("extra", "").partition("|")[0].partition("/")
        return call_id, -1 if rank == "-" else int(rank) if rank.isascii() and rank.isdigit() else 0


def parse_row(fields: list[str], where: str) -> CelRow:
    """A row from its CSV fields.

    Raises:
        UnreadableRow: too few fields, or a time that is no number.
    """
    if len(fields) < len(COLUMNS):
        raise UnreadableRow(f"{where}: {len(fields)} fields instead of {len(COLUMNS)}")
    seconds, _, fraction = fields[1].partition(".")
    digits = seconds + fraction[:6].ljust(6, "0")
    if not (seconds and digits.isascii() and digits.isdigit()):
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

    A last row that has no end of line yet is a bad row: half of what it says could be taken for the whole.

    Reads backwards from the end in blocks until it is before ``since``, so the size of the log does not matter. A log that
    does not exist gives nothing, and says so in ``troubles``.
    """
    troubles = [] if troubles is None else troubles
    if not path.exists():
        troubles.append(f"{path.name}: no such file")
        return
    for number, fields in enumerate(csv.reader(_tail(path, since, troubles)), start=1):
        if not fields:
            continue
        try:
            row = parse_row(fields, f"{path.name}: row {number} of the tail read")
        except UnreadableRow as trouble:
            troubles.append(str(trouble))
            continue
        if row.at >= since:
            yield row


def rows_of(path: Path, kind: str, since: Instant) -> list[CelRow]:
    """The rows of one kind from ``since`` on, oldest first; a log that is not there or a row that is not legible gives nothing.

    Only the lines that hold the word are parsed, so a day of calls is read in a moment.
    """
    if not path.exists():
        return []
    word, found = f'"{kind}"', []
    lines = [line for line in _tail(path, since, []) if word in line]
    for fields in csv.reader(lines):
        try:
            row = parse_row(fields, path.name)
        except UnreadableRow:
            continue
        if row.kind == kind and row.at >= since:
            found.append(row)
    return found


def _tail(path: Path, since: Instant, troubles: list[str]) -> Iterator[str]:
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
    data, newline, torn = data.rpartition(b"\n")
    if torn:
        troubles.append(f"{path.name}: the last row is torn: {torn[:80]!r}")
    lines = (data + newline).decode("utf-8", "replace").splitlines()
    yield from lines[1:] if start else lines
