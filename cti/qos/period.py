"""Periods as people ask for them: a day, a month, "aujourd'hui", two instants.

A period holds its first instant and not its last one, so that two periods that touch share no call. Words and dates are read on
the wall clock of the département: a day has 23 or 25 hours when the clocks change. The present instant is passed in.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cti.journey.words import Instant, as_datetime, from_datetime

_ONE_DAY: Final = timedelta(days=1)
_AGO: Final = re.compile(r"-?(\d{1,6})(min|m|h|d|j)")
_AGO_SECONDS: Final = {"m": 60, "min": 60, "h": 3600, "d": 86_400, "j": 86_400}
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_TODAY: Final = ("today", "aujourd'hui", "aujourdhui")
_YESTERDAY: Final = ("yesterday", "hier")
_NOW: Final = ("now", "maintenant")


class PeriodError(ValueError):
    """What was asked names no period."""


@dataclass(frozen=True, slots=True)
class Period:
    """From ``since`` (held) to ``until`` (not held), with the zone in which its days and hours are read."""

    since: Instant
    until: Instant
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise PeriodError(f"the period ends ({self._shown(self.until)}) before it begins ({self._shown(self.since)})")

    def holds(self, at: Instant) -> bool:
        """Whether this instant belongs to the period."""
        return self.since <= at < self.until

    @property
    def first_day(self) -> date:
        """The local day of the first instant."""
        return as_datetime(self.since).astimezone(self.zone).date()

    @property
    def last_day(self) -> date:
        """The local day of the last instant held."""
        return as_datetime(self.until - 1).astimezone(self.zone).date()

    def _shown(self, at: Instant) -> str:
        return as_datetime(at).astimezone(self.zone).isoformat()


def day_start(day: date, zone: ZoneInfo) -> Instant:
    """The first instant of a local day."""
    return from_datetime(datetime.combine(day, time(), zone))


def local_day(day: date, zone: ZoneInfo) -> Period:
    """One local day, of 23, 24 or 25 hours."""
    return Period(day_start(day, zone), day_start(day + _ONE_DAY, zone), zone)


def parse_period(since: str | None, until: str | None, now: Instant, zone: ZoneInfo) -> Period:
    """The period that was asked for; by default, today until now.

    Each end is an ISO instant (local time when it has no offset), a day ``2026-11-22``, a month ``2026-11``, ``aujourd'hui``
    (``today``), ``hier`` (``yesterday``), ``maintenant`` (``now``), or a delay before now: ``2h``, ``30min``, ``7j``. A day or a
    month given as ``until`` is held to its end. Alone, a day or a month given as ``since`` still runs until now.

    Raises:
        PeriodError: an end cannot be read, names no local time, or comes before the other.
    """
    end = now if until is None else _bound(until, now, zone)[1]
    return Period(_bound("today" if since is None else since, now, zone)[0], end, zone)


def _bound(text: str, now: Instant, zone: ZoneInfo) -> tuple[Instant, Instant]:
    """First and last instants of what the text names; equal when it names an instant."""
    words = text.strip().lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    today = as_datetime(now).astimezone(zone).date()
    if words in _NOW:
        return now, now
    if words in _TODAY:
        return _days(today, today + _ONE_DAY, zone)
    if words in _YESTERDAY:
        return _days(today - _ONE_DAY, today, zone)
    if ago := _AGO.fullmatch(words):
        at = now - int(ago[1]) * _AGO_SECONDS[ago[2]] * 1_000_000
        return at, at
    if month := _MONTH.fullmatch(words):
        first = date(int(month[1]), int(month[2]), 1)
        return _days(first, (first + 31 * _ONE_DAY).replace(day=1), zone)
    try:
        if len(words) == len("AAAA-MM-JJ"):
            day = date.fromisoformat(words)
            return _days(day, day + _ONE_DAY, zone)
        when = datetime.fromisoformat(words.upper())
    except (ValueError, OverflowError) as error:
        raise PeriodError(f"{text!r} is neither an instant, a day (AAAA-MM-JJ), a month nor a known word: {error}") from error
    at = _instant(when, zone)
    return at, at


def _days(first: date, after: date, zone: ZoneInfo) -> tuple[Instant, Instant]:
    return day_start(first, zone), day_start(after, zone)


def _instant(when: datetime, zone: ZoneInfo) -> Instant:
    """A time without offset is local; 02:30 that comes twice is the first one, 02:30 that never comes is refused."""
    if when.tzinfo is not None:
        return from_datetime(when)
    at = from_datetime(when.replace(tzinfo=zone))
    if as_datetime(at).astimezone(zone).replace(tzinfo=None) != when:
        raise PeriodError(f"{when} does not exist in {zone.key}: the clocks go forward over it")
    return at
