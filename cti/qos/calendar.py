"""PDSA hours and SAS hours of a département, on its own clock.

Theory. The *permanence des soins ambulatoires* covers, by CSP R.6315-1: 1° every day from 20:00 to 08:00; 2° Sundays and
public holidays from 08:00 to 20:00; 3° according to the needs of the population, Saturday from noon, the Monday before a
holiday, the Friday and the Saturday after one. 1° and 2° are national; each part of 3° is a dated choice of the territory.
SAS hours are the complement (decree 2024-541). A call belongs to the hours of its t0, read on the wall clock of the
département, so nights when the clocks change need no rule of their own.

The text says "the Saturday that follows a holiday". After a Thursday holiday, with the Friday taken as a bridge, whether the
Saturday follows is open: ``samedi_apres_pont`` decides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cti.journey.words import Instant, as_datetime
from cti.qos.rules import Block, Rule, Unit

DAY_MINUTES: Final = 1_440
_MONDAY, _FRIDAY, _SATURDAY, _SUNDAY = 0, 4, 5, 6
_ONE_DAY: Final = timedelta(days=1)

#: The rules this calendar reads.
CALENDAR_RULES: Final[Mapping[str, Unit]] = {
    "pdsa_soir": Unit.HEURE,
    "pdsa_matin": Unit.HEURE,
    "pdsa_samedi_debut": Unit.HEURE,
    "pdsa_samedi_apres_midi": Unit.OUI_NON,
    "pdsa_lundi_veille_ferie": Unit.OUI_NON,
    "pdsa_vendredi_lendemain_ferie": Unit.OUI_NON,
    "pdsa_samedi_lendemain_ferie": Unit.OUI_NON,
    "pdsa_samedi_apres_pont": Unit.OUI_NON,
}

#: Départements (INSEE code) whose holidays differ from the national list -> the name ``holidays`` gives them.
_SUBDIVISIONS: Final[Mapping[str, str]] = {
    **{code: code for code in ("57", "971", "972", "973", "974", "976")},
    "67": "6AE",
    "68": "6AE",
    "975": "PM",
    "977": "BL",
    "978": "MF",
    "984": "TF",
    "986": "WF",
    "987": "PF",
    "988": "NC",
}
_DEPARTEMENTS: Final = frozenset({*(f"{n:02d}" for n in range(1, 96) if n != 20), "2A", "2B", *_SUBDIVISIONS})


@dataclass(frozen=True, slots=True)
class CalendarSettings:
    """Where the site is, and the holidays that the site corrects."""

    zone: ZoneInfo
    departement: str
    added: frozenset[date]
    removed: frozenset[date]


@dataclass(frozen=True, slots=True)
class PdsaCalendar:
    """Which hours are PDSA and which are SAS."""

    settings: CalendarSettings
    rules: Mapping[str, Rule]
    _days: dict[date, tuple[int, int]] = field(default_factory=dict, repr=False, compare=False)
    _holidays: dict[int, frozenset[date]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the département."""
        return self.settings.zone

    def local(self, at: Instant) -> datetime:
        """The wall clock of the département."""
        return as_datetime(at).astimezone(self.settings.zone)

    def is_holiday(self, day: date) -> bool:
        """A public holiday in this département, after the site's own corrections."""
        if day in self.settings.added:
            return True
        if day.year not in self._holidays:
            self._holidays[day.year] = public_holidays(day.year, self.settings.departement)
        return day in self._holidays[day.year] and day not in self.settings.removed

    def sas_minutes(self, day: date) -> tuple[int, int]:
        """The SAS hours of one day, in minutes after local midnight: from (counted) to (not counted); empty when equal.

        Raises:
            cti.qos.rules.NoValueYet: the rules begin after that day.
        """
        found = self._days.get(day)
        if found is None:
            found = self._days[day] = self._sas_minutes(day)
        return found

    def is_sas(self, local: datetime) -> bool:
        """Whether this moment of the wall clock is in SAS hours."""
        start, end = self.sas_minutes(local.date())
        return start <= local.hour * 60 + local.minute < end

    def is_pdsa(self, local: datetime) -> bool:
        """Whether this moment of the wall clock is in PDSA hours."""
        return not self.is_sas(local)

    def _sas_minutes(self, day: date) -> tuple[int, int]:
        rule = self._rule(day)
        morning, evening = rule("pdsa_matin"), rule("pdsa_soir")
        if self._whole_day(day, rule):
            return morning, morning
        if day.weekday() == _SATURDAY and rule("pdsa_samedi_apres_midi"):
            return morning, max(morning, min(rule("pdsa_samedi_debut"), evening))
        return morning, max(morning, evening)

    def _rule(self, day: date) -> Callable[[str], int]:
        return lambda code: int(self.rules[code].on(day))

    def _whole_day(self, day: date, rule: Callable[[str], int]) -> bool:
        """No SAS hour at all: Sunday, holiday, or a bridge that the territory has chosen."""
        if day.weekday() == _SUNDAY or self.is_holiday(day):
            return True
        after = self.is_holiday(day - _ONE_DAY)
        weekday = day.weekday()
        if weekday == _MONDAY:
            return bool(rule("pdsa_lundi_veille_ferie")) and self.is_holiday(day + _ONE_DAY)
        if weekday == _FRIDAY:
            return bool(rule("pdsa_vendredi_lendemain_ferie")) and after
        bridged = self.is_holiday(day - 2 * _ONE_DAY) and bool(rule("pdsa_samedi_apres_pont"))
        return weekday == _SATURDAY and bool(rule("pdsa_samedi_lendemain_ferie")) and (after or bridged)


def public_holidays(year: int, departement: str) -> frozenset[date]:
    """The public holidays of a year as the ``holidays`` library knows them, by date and never by name."""
    import holidays  # noqa: PLC0415 - for the first figures; a start does not wait for it

    return frozenset(holidays.country_holidays("FR", subdiv=_SUBDIVISIONS.get(departement), years=year))


def read_calendar(block: Block) -> CalendarSettings:
    """The ``[calendrier]`` block; faults are noted on it."""
    name = block.text("zone", "Europe/Paris")
    try:
        zone = ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        block.fault("zone", f"unknown time zone {name!r}")
        zone = ZoneInfo("Europe/Paris")
    departement = block.text("departement")
    if departement and departement not in _DEPARTEMENTS:
        block.fault("departement", f"unknown département {departement!r} (INSEE code: 35, 2A, 974...)")
    days = {}
    for name in ("feries_ajoutes", "feries_retires"):
        days[name] = block.by_day(name, required=False)
        for day, reason in days[name].items():
            if not isinstance(reason, str) or not reason.strip():
                block.fault(f"{name}.{day}", f"the reason is expected as a text, not {reason!r}")
    for day in sorted(days["feries_ajoutes"].keys() & days["feries_retires"].keys()):
        block.fault(f"feries_retires.{day}", "also in feries_ajoutes")
    block.finish()
    return CalendarSettings(zone, departement, frozenset(days["feries_ajoutes"]), frozenset(days["feries_retires"]))
