"""Recorded frames altered: at another hour, stretched, with other values, with frames put in."""

import re
from collections.abc import Callable, Iterable, Iterator

from cti.ami.recorded import Recorded
from cti.journey.words import Instant

_STAMP = re.compile(rb"^Timestamp: (\d+)\.(\d{6})\r?$", re.MULTILINE)


def later(record: Recorded, us: int) -> Recorded:
    """The same frame, made so many microseconds later."""

    def stamp(found: re.Match[bytes]) -> bytes:
        at = int(found[1]) * 1_000_000 + int(found[2]) + us
        end = b"\r" if found[0].endswith(b"\r") else b""
        return b"Timestamp: %d.%06d" % divmod(at, 1_000_000) + end

    return Recorded(_STAMP.sub(stamp, record.frame_bytes), record.received_at + us, record.epoch)


def moved(records: Iterable[Recorded], us: int) -> list[Recorded]:
    """The whole story at another hour."""
    return [later(record, us) for record in records]


def stretched(records: Iterable[Recorded], after: Callable[[Recorded], bool], us: int) -> Iterator[Recorded]:
    """Time stands still for so long after the first frame for which ``after`` holds."""
    late = False
    for record in records:
        yield later(record, us) if late else record
        late = late or after(record)


def put_in(records: Iterable[Recorded], event: str, made: Callable[[Recorded], bytes]) -> Iterator[Recorded]:
    """After each frame of that event, one more, of the same instant."""
    for record in records:
        yield record
        if record.frame().event == event:
            yield Recorded(made(record), record.received_at, record.epoch)


def renamed(record: Recorded, event: str) -> bytes:
    """The same headers under the name of another event."""
    return re.sub(rb"^Event: [^\r\n]*", b"Event: " + event.encode(), record.frame_bytes, count=1, flags=re.MULTILINE)


def with_value(record: Recorded, header: str, value: bytes) -> Recorded:
    """One header says something else, where there is one."""
    head = re.escape(header.encode())
    changed = re.sub(rb"^(%b: )[^\r\n]*" % head, lambda found: found[1] + value, record.frame_bytes, flags=re.MULTILINE)
    return Recorded(changed, record.received_at, record.epoch)


def at(record: Recorded) -> Instant:
    """When the PBX made it."""
    frame = record.frame()
    return frame.stamped_at or frame.received_at
