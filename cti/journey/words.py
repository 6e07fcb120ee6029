"""The words every room shares: instants, identities, and how an instant is written.

An instant is a whole number of microseconds since the Unix epoch, read from the PBX (``timestampevents=yes``). Whole
numbers compare exactly, survive JSON and cannot carry a wrong time zone.
"""

from datetime import UTC, datetime, timedelta
from typing import TypeAlias

#: Microseconds since 1970-01-01T00:00:00Z, PBX clock unless said otherwise.
Instant: TypeAlias = int
#: UUID given by the dialplan at the first step (``__SAS_CALL``); never Asterisk's uniqueid or linkedid.
CallId: TypeAlias = str
#: Code of a filière: ``n1``, ``amu``, ``mru``, ``mg``, ``mrg``, ``psy``, ``dentaire``...
FiliereCode: TypeAlias = str
#: The endpoint of a person's phone on the PBX: ``arm01``, ``mru02``.
AgentId: TypeAlias = str
#: Why a caller is in a stage that began as a consultation (``CallRouted.motif``).
CONSULTATION = "consultation"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_datetime(at: Instant) -> datetime:
    """The instant as an aware UTC datetime, exact to the microsecond."""
    return _EPOCH + timedelta(microseconds=at)


def from_datetime(when: datetime) -> Instant:
    """The instant of an aware datetime.

    Raises:
        ValueError: the datetime has no time zone, so it names no instant.
    """
    if when.tzinfo is None:
        raise ValueError(f"{when.isoformat()} has no time zone, so it names no instant")
    return (when - _EPOCH) // timedelta(microseconds=1)


def iso(at: Instant | None) -> str | None:
    """UTC ISO 8601 with milliseconds, cut and never rounded up: ``2026-12-16T08:00:29.999Z``."""
    if at is None:
        return None
    return as_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at // 1000 % 1000:03d}Z"


def elapsed_ms(start: Instant | None, end: Instant | None) -> int | None:
    """Whole milliseconds from start to end, cut and never rounded up; None when either was not seen.

    29.9999 s is 29 999 ms: a strict "< 30 s" is decided on this number, before any rounding for display.
    """
    if start is None or end is None:
        return None
    return (end - start) // 1000
