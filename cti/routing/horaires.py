"""When a filière is open, by the clock on the wall.

Hours are local civil time: 08:00 stays 08:00 when the clocks change. Staffing hours are not the SAS/PDSA calendar
of the indicators (which belongs to the quality rules): an OSNP works 7 days a week from 08:00 to 21:00, whatever the
calendar says. A date of its own replaces the weekly hours of that day.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cti.routing.reading import Block, Problems

JOURS: Final = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
DAY_MINUTES: Final = 1_440
_PLAGE: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_TOUS: Final = "tous_les_jours"


@dataclass(frozen=True, slots=True, order=True)
class Plage:
    """Open from one minute of the day (counted in it) to another (not counted); midnight at the end is 1,440."""

    start: int
    end: int


#: The open spans of one day, in order, apart from each other.
Journee = tuple[Plage, ...]
_WHOLE_DAY: Final = (Plage(0, DAY_MINUTES),)


@dataclass(frozen=True, slots=True)
class Horaires:
    """The opening hours of one filière: seven days from Monday, and the dates that differ."""

    code: str
    semaine: tuple[Journee, ...]
    exceptions: Mapping[date, Journee] = field(default_factory=dict)

    @property
    def always_open(self) -> bool:
        """Open at every minute of every day, dates of their own included."""
        return all(day == _WHOLE_DAY for day in (*self.semaine, *self.exceptions.values()))

    def journee(self, day: date) -> Journee:
        """The open spans of one date."""
        return self.exceptions.get(day, self.semaine[day.weekday()])


@dataclass(frozen=True, slots=True)
class HorairesTable:
    """All opening hours of the site, and its time zone."""

    zone: ZoneInfo
    by_code: Mapping[str, Horaires]


def is_open(horaires: Horaires, local: datetime) -> bool:
    """Whether the filière is open at that moment, read on the wall clock of `local`."""
    minute = local.hour * 60 + local.minute
    return any(plage.start <= minute < plage.end for plage in horaires.journee(local.date()))


def next_change(horaires: Horaires, local: datetime) -> datetime | None:
    """The next moment when the filière opens or closes, in the zone of `local`; nothing when it never will.

    The night the clocks change is taken as people live it: 02:30 that does not exist comes at 03:00, and 02:30 that
    comes twice counts twice.

    Raises:
        ValueError: `local` has no time zone.
    """
    if local.tzinfo is None:
        raise ValueError("the local time needs its zone")
    now_open = is_open(horaires, local)
    first = local.date()
    last = max((*horaires.exceptions, first)) + timedelta(days=9)
    for offset in range((last - first).days):
        for candidate in _moments(horaires, first + timedelta(days=offset), local):
            if candidate > local.astimezone(UTC):
                there = candidate.astimezone(local.tzinfo)
                if is_open(horaires, there) != now_open:
                    return there
    return None


def _moments(horaires: Horaires, day: date, local: datetime) -> Iterator[datetime]:
    """The UTC moments of one local date when its state may change, in order."""
    zone = local.tzinfo
    minutes = {0} | {edge for plage in horaires.journee(day) for edge in (plage.start, plage.end)}
    midnight = datetime.combine(day, time(), zone)
    moments = {(midnight + timedelta(minutes=minute)).replace(fold=fold).astimezone(UTC) for minute in minutes for fold in (0, 1)}
    begin = midnight.astimezone(UTC)
    end = (midnight + timedelta(days=1)).astimezone(UTC)
    before, after = begin.astimezone(zone).utcoffset(), end.astimezone(zone).utcoffset()
    if before != after:
        while end - begin > timedelta(minutes=1):
            middle = begin + timedelta(minutes=(end - begin) // timedelta(minutes=2))
            if middle.astimezone(zone).utcoffset() == before:
                begin = middle
            else:
                end = middle
        moments.add(end)
    yield from sorted(moments)


def from_mapping(data: Mapping[str, object], file: str) -> HorairesTable:
    """Read the opening hours.

    Raises:
        RoutingConfigError: with every fault of the file.
    """
    problems = Problems(file)
    top = Block(problems, "(top)", data)
    zone = _zone(top)
    by_code = {}
    for code, table in top.tables("horaires").items():
        block = Block(problems, f"horaires.{code}", table)
        semaine = _semaine(block)
        by_code[code] = Horaires(code, semaine, _exceptions(block))
        block.finish()
    top.finish()
    problems.raise_if_any()
    return HorairesTable(zone, by_code)


def _zone(top: Block) -> ZoneInfo:
    name = top.text("zone", "Europe/Paris")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        top.fault("zone", f"unknown time zone {name!r}")
        return ZoneInfo("UTC")


def _semaine(block: Block) -> tuple[Journee, ...]:
    """The weekly hours: a day of its own replaces `tous_les_jours`.

    A span over midnight is cut, and its second half belongs to the next day.
    """
    every_day = tuple(_spans(block, _TOUS, block.texts(_TOUS)))
    own: dict[str, tuple[tuple[int, int], ...]] = {
        jour: tuple(_spans(block, jour, block.texts(jour))) for jour in JOURS if jour in block.fields()
    }
    days: list[list[Plage]] = [[] for _ in JOURS]
    for index, jour in enumerate(JOURS):
        for start, end in own.get(jour, every_day):
            if start < end:
                days[index].append(Plage(start, end))
            else:
                days[index].append(Plage(start, DAY_MINUTES))
                days[(index + 1) % 7].append(Plage(0, end))
    return tuple(_journee(block, jour if jour in own else _TOUS, plages) for jour, plages in zip(JOURS, days, strict=True))


def _exceptions(block: Block) -> dict[date, Journee]:
    """The dates of their own; an empty list is a closed day."""
    dates = Block(block.problems, f"{block.name}.exceptions", block.table("exceptions"))
    found = {}
    for name in dates.fields():
        texts = dates.texts(name)
        try:
            day = date.fromisoformat(name)
        except ValueError:
            dates.fault(name, "not a date (AAAA-MM-JJ)")
            continue
        plages = []
        for start, end in _spans(dates, name, texts):
            if start < end:
                plages.append(Plage(start, end))
            else:
                dates.fault(name, "a date of its own ends at 24:00; write the next date too")
        found[day] = _journee(dates, name, plages)
    return found


def _spans(block: Block, name: str, texts: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Minutes from and to, as written; faulty texts are noted and left out."""
    for text in texts:
        match = _PLAGE.fullmatch(text)
        start, end = (_minutes(match[1], match[2]), _minutes(match[3], match[4])) if match else (0, 0)
        if match is None or start == end or end > DAY_MINUTES:
            block.fault(name, f"{text!r} is not a span like 08:00-21:00")
        else:
            yield start, end


def _minutes(hours: str, minutes: str) -> int:
    return int(hours) * 60 + int(minutes)


def _journee(block: Block, name: str, plages: list[Plage]) -> Journee:
    """The spans of one day in order, refused when they overlap, joined when they touch."""
    joined: list[Plage] = []
    for plage in sorted(plages):
        if joined and plage.start < joined[-1].end:
            block.fault(name, "two spans overlap")
        elif joined and plage.start == joined[-1].end:
            joined[-1] = Plage(joined[-1].start, plage.end)
        else:
            joined.append(plage)
    return tuple(joined)
