"""Until when a piece is kept: the dated classes, and the term that follows from them.

Every class that fits the facts is computed, and the longest term wins: five years for any call (arrêté du 20 octobre 2011,
art. 1), twenty from the last act when a dossier holds it, and never before the patient's 28th birthday when the birth is known
(CSP R.1112-7). In doubt about a call, the classes of a dossier fit too.

A term is counted in civil time: from one day to the same day of its last year, and whole to the end of that day. Where that day
does not exist (29 February), it ends with the last of the month. (The computing of délais in French procedure, code de procédure
civile art. 641 and 642, taken by analogy.)
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from cti.journey import Instant
from cti.journey.around.keeping import Facts, Refused, Term
from cti.journey.words import as_datetime, from_datetime


class When(StrEnum):
    """Which calls a class fits."""

    APPEL = "appel"  #: every recorded call
    DOSSIER = "dossier"  #: a dossier holds it, or may
    NAISSANCE_CONNUE = "naissance_connue"  #: somebody told the patient's birth


class Since(StrEnum):
    """From when a class counts."""

    FIN_APPEL = "fin_appel"
    DERNIER_ACTE = "dernier_acte"
    NAISSANCE = "naissance"


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """One version of one class."""

    code: str
    label: str
    when: When
    since: Since
    years: int
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The table, every version of every class."""

    classes: tuple[RetentionClass, ...]

    def on(self, day: date) -> Iterator[RetentionClass]:
        """The version of each class in force that day."""
        for code in dict.fromkeys(c.code for c in self.classes):
            versions = [c for c in self.classes if c.code == code and c.valid_from <= day]
            if versions:
                yield max(versions, key=lambda c: c.valid_from)


def term(facts: Facts, rules: Rules, zone: ZoneInfo, at: Instant) -> Term:
    """The longest term that the classes in force at ``at`` give.

    Raises:
        Refused: none fits; without a term nothing is destroyed.
    """
    found = [_term_of(one, facts, zone) for one in rules.on(civil_day(at, zone)) if _fits(one, facts)]
    if not found:
        raise Refused("aucune classe de conservation ne convient à cet appel (retention.toml)")
    best = max(found, key=lambda one: (one.keep_until, one.code))
    doubt = " ; appel incertain : la plus longue" if facts.in_doubt else ""
    return Term(code=best.code, starts_at=best.starts_at, keep_until=best.keep_until, reason=best.reason + doubt, at=at)


def civil_day(at: Instant, zone: ZoneInfo) -> date:
    """The day on the site's calendar."""
    return as_datetime(at).astimezone(zone).date()


def midnight(day: date, zone: ZoneInfo) -> Instant:
    """When that day begins."""
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=zone))


def at_midnight(at: Instant, zone: ZoneInfo) -> Instant:
    """``at``, or the next time a day begins."""
    day = civil_day(at, zone)
    return at if midnight(day, zone) == at else midnight(day + timedelta(days=1), zone)


def add_years(day: date, years: int) -> date:
    """The same day so many years later; the last of the month where there is none."""
    year = day.year + years
    return date(year, day.month, min(day.day, monthrange(year, day.month)[1]))


def _fits(one: RetentionClass, facts: Facts) -> bool:
    if one.when is When.DOSSIER:
        return facts.dossier_ref is not None or facts.dossier_last_at is not None or facts.in_doubt
    return one.when is When.APPEL or facts.birth is not None


def _term_of(one: RetentionClass, facts: Facts, zone: ZoneInfo) -> Term:
    if one.since is Since.NAISSANCE and facts.birth is not None:
        first, starts_at = facts.birth, midnight(facts.birth, zone)
    else:
        last = facts.dossier_last_at if one.since is Since.DERNIER_ACTE else None
        starts_at = max(facts.ended_at, last or 0)
        first = civil_day(starts_at, zone)
    last_day = add_years(first, one.years)
    words = {Since.FIN_APPEL: "de la fin de l'appel", Since.DERNIER_ACTE: "du dernier acte", Since.NAISSANCE: "de la naissance"}
    reason = f"{one.label} : {one.years} ans à compter {words[one.since]} ({first:%d/%m/%Y}), {one.source}"
    until = midnight(last_day + timedelta(days=1), zone)
    # A hold before the voice existed stops no clock: the birth begins the count, not the running of the term.
    running = facts.ended_at if one.since is Since.NAISSANCE else starts_at
    return Term(code=one.code, starts_at=running, keep_until=until, reason=reason)
