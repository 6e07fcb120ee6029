"""The third witness: ``queue_log``, which app_queue writes by itself. Its instants are whole seconds.

One row a line: ``epoch|uniqueid of the caller|queue|member|event|data...``; rows about no call have ``NONE`` for the caller.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cti.journey.words import Instant

_SECOND = 1_000_000
_BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class QueueLogRow:
    """Something that a queue did with a caller."""

    at: Instant  #: cut to the second
    uniqueid: str
    queue: str
    agent: str  #: the member's name, as queues.conf has it
    event: str


def queue_log_of(cel: Path) -> Path:
    """Where Asterisk writes ``queue_log``: in its log folder, above the folder of the CEL file."""
    return cel.parent.parent / "queue_log"


def parse_row(line: str) -> QueueLogRow | None:
    """A row about a call; None for one about something else.

    Raises:
        ValueError: it is not what app_queue writes.
    """
    fields = line.split("|")
    if len(fields) < 5 or not (fields[0].isascii() and fields[0].isdigit()):
        raise ValueError(f"not a row of queue_log: {line[:80]!r}")
    if fields[1] == "NONE":
        return None
    return QueueLogRow(int(fields[0]) * _SECOND, *fields[1:5])


def rows_since(path: Path, since: Instant, troubles: list[str]) -> Iterator[QueueLogRow]:
    """The rows from ``since`` on, read from the end of the log backwards, so that its size does not matter.

    Raises:
        OSError: the file cannot be read; one that is not there gives nothing, and says so in ``troubles``.
    """
    if not path.exists():
        troubles.append(f"{path.name} : fichier absent")
        return
    with path.open("rb") as log:
        start = end = log.seek(0, 2)
        while start > 0:
            start = max(0, start - _BLOCK)
            log.seek(start)
            head = log.read(min(4096, end - start)).partition(b"\n")[2]
            stamp = head.partition(b"|")[0]
            if stamp.isdigit() and int(stamp) * _SECOND < since - _SECOND:
                break
        log.seek(start)
        text = log.read(end - start).decode("utf-8", "replace")
    lines = text.splitlines()
    for line in lines[1:] if start else lines:
        try:
            row = parse_row(line)
        except ValueError as trouble:
            troubles.append(f"{path.name} : {trouble}")
            continue
        if row is not None and row.at > since - _SECOND:
            yield row


def rows_between(path: Path, since: Instant, until: Instant, troubles: list[str]) -> Iterator[QueueLogRow]:
    """The rows of ``since <= at <= until``, in order; a bad row is named in ``troubles`` and passed over.

    Raises:
        OSError: the file cannot be read; one that is not there gives nothing, and says so in ``troubles``.
    """
    if not path.exists():
        troubles.append(f"{path.name} : fichier absent")
        return
    with path.open(encoding="utf-8", errors="replace") as log:
        for number, line in enumerate(log, start=1):
            try:
                row = parse_row(line.rstrip("\n"))
            except ValueError as trouble:
                troubles.append(f"{path.name}, ligne {number} : {trouble}")
                continue
            if row is not None and since - _SECOND < row.at <= until:
                yield row
