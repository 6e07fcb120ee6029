"""SIPp's message log, read: every SIP message that a simulated person sent or received, with its microsecond.

The instant is the one at which SIPp handed the message to the network or took it in. A log that is still being written, or that
a killed SIPp left unfinished, is read up to its last whole message.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cti.journey import Instant
from cti.journey.words import from_datetime

_MESSAGE = re.compile(
    r"^-{20,} (?P<at>\d{4}-\d\d-\d\d[T\t ]\S+)\s*\n\w+ message (?P<way>sent|received) \[\d+\] bytes ?:\s*\n+", re.MULTILINE
)
_HEADER = re.compile(r"^([A-Za-z-]+)\s*:[ \t]*(.*?)\r?$", re.MULTILINE)
_URI_USER = re.compile(r"(?:sips?|tel):([^@;>]+)")


@dataclass(frozen=True, slots=True)
class Message:
    """One SIP message as one person saw it."""

    at: Instant
    sent: bool
    start: str
    """First line."""
    call: str
    """SIP Call-ID."""
    method: str
    """Method in CSeq: what a response answers."""
    headers: dict[str, str]
    """Header names in small letters; the first of a name counts."""
    body: str

    @property
    def code(self) -> int | None:
        """The code of a response; None for a request."""
        return int(self.start.split(" ", 2)[1]) if self.start.startswith("SIP/2.0 ") else None

    @property
    def dialled(self) -> str:
        """The user part of the address that a request is for."""
        return user_of(self.start)

    @property
    def retransmitted(self) -> tuple[bool, str, str, str]:
        """What this message and its repetitions have in common."""
        return self.sent, self.start, self.method, self.headers.get("cseq", "")


def user_of(address: str) -> str:
    """The user part of the first SIP or tel address in a text; empty when there is none."""
    found = _URI_USER.search(address)
    return found[1] if found else ""


def read_trace(path: Path) -> Iterator[Message]:
    """The messages of one log, in order; nothing when there is no such file."""
    if path.is_file():
        # SIPp's own line ends are bare, a message's are CRLF: kept as they are.
        yield from parse_trace(path.read_bytes().decode("utf-8", errors="replace"))


def parse_trace(text: str) -> Iterator[Message]:
    """The messages of a log's text; one that is torn or makes no sense is left out."""
    found = list(_MESSAGE.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)][: len(found)]
    for one, following in zip(found, ends, strict=True):
        message = _message(one["at"], one["way"] == "sent", text[one.end() : following])
        if message is not None:
            yield message


def _message(stamp: str, sent: bool, text: str) -> Message | None:
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    start, _, rest = head.partition("\n")
    headers: dict[str, str] = {}
    for name, value in _HEADER.findall(rest):
        headers.setdefault(name.lower(), value)
    at = _instant(stamp)
    if at is None or "call-id" not in headers or " " not in headers.get("cseq", "") or not _is_start(start):
        return None
    return Message(at, sent, start, headers["call-id"], headers["cseq"].split(" ")[1], headers, body)


def _is_start(line: str) -> bool:
    return re.match(r"SIP/2\.0 \d{3}( |$)|[A-Z]+ \S+ SIP/2\.0$", line) is not None


def _instant(stamp: str) -> Instant | None:
    """SIPp 3.8 writes RFC 3339 with the zone; without one, it is the clock of this machine."""
    try:
        when = datetime.fromisoformat(stamp.replace("\t", "T"))
    except ValueError:
        return None
    return from_datetime(when.astimezone() if when.tzinfo is None else when)
