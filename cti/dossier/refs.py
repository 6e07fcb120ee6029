"""The readable number of a dossier: ``2026-350-0001234``, local year, day of the year, rank in that year.

People read it aloud over the telephone, so it is digits only, and it sorts as text in the order of opening. It stays within the
25 characters that the national interface allows for ``idDossier`` (DST SI-SAMU/LRM 1.2).
"""

import re
from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Self

from typing_extensions import override

#: Longest ``idDossier`` of the national interface, in characters.
ID_DOSSIER_MAX: Final = 25

#: A rank wider than seven digits is written in full rather than refused: the caller comes before the look of a number.
_REF: Final = re.compile(r"([0-9]{4})-([0-9]{3})-([0-9]{7}|[1-9][0-9]{7,15})")


class BadRef(ValueError):
    """A text is not the number of any dossier; the message says why."""


@dataclass(frozen=True, slots=True, order=True)
class DossierRef:
    """One dossier's number.

    Raises:
        BadRef: the year has no such day, or the rank is below 1.
    """

    year: int
    day: int  #: 1 is the first of January
    sequence: int  #: rank in the year, from 1

    def __post_init__(self) -> None:
        if not 1 <= self.year <= 9999:
            raise BadRef(f"year {self.year} is not between 1 and 9999")
        last = 366 if isleap(self.year) else 365
        if not 1 <= self.day <= last:
            raise BadRef(f"day {self.day} is not between 1 and {last}, the days of {self.year}")
        if not 1 <= self.sequence < 10**16:
            raise BadRef(f"sequence {self.sequence} is not between 1 and 10^16 - 1")

    @classmethod
    def of(cls, local_day: date, sequence: int) -> Self:
        """The number of the ``sequence``-th dossier of the year, opened on this day of the site's calendar."""
        return cls(local_day.year, local_day.timetuple().tm_yday, sequence)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number back.

        Raises:
            BadRef: the text is not written like one, or names a day that does not exist.
        """
        found = _REF.fullmatch(text)
        if found is None:
            raise BadRef(f"{text[:40]!r} is not written year-day-rank, as in 2026-350-0001234")
        year, day, sequence = (int(part) for part in found.groups())
        return cls(year, day, sequence)

    @property
    def local_day(self) -> date:
        """The day it was opened on, in the site's calendar."""
        return date(self.year, 1, 1) + timedelta(days=self.day - 1)

    @override
    def __str__(self) -> str:
        return f"{self.year:04d}-{self.day:03d}-{self.sequence:07d}"
