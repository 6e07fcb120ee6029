"""Periods as people ask for them."""

from datetime import date
from itertools import pairwise

import pytest
from qos_calls import PARIS, paris

from cti.qos import Period, PeriodError, parse_period
from cti.qos.period import local_day

NOW = paris("2026-11-22T18:30:00")


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [
        (None, None, "2026-11-22T00:00:00", "2026-11-22T18:30:00"),
        ("today", None, "2026-11-22T00:00:00", "2026-11-22T18:30:00"),
        ("Aujourd’hui", "maintenant", "2026-11-22T00:00:00", "2026-11-22T18:30:00"),
        ("hier", "hier", "2026-11-21T00:00:00", "2026-11-22T00:00:00"),
        ("2026-11-18", "2026-11-18", "2026-11-18T00:00:00", "2026-11-19T00:00:00"),
        ("2026-10", "2026-10", "2026-10-01T00:00:00", "2026-11-01T00:00:00"),
        ("2025-12", "2025-12", "2025-12-01T00:00:00", "2026-01-01T00:00:00"),
        ("2h", None, "2026-11-22T16:30:00", "2026-11-22T18:30:00"),
        ("-30min", "now", "2026-11-22T18:00:00", "2026-11-22T18:30:00"),
        ("7j", "1d", "2026-11-15T18:30:00", "2026-11-21T18:30:00"),
        ("2026-11-18T10:00:00Z", "2026-11-18 12:30", "2026-11-18T11:00:00", "2026-11-18T12:30:00"),
        ("2026-11-18t10:00:00.250+01:00", None, "2026-11-18T10:00:00.250", "2026-11-22T18:30:00"),
    ],
)
def test_what_is_asked(since: str | None, until: str | None, first: str, last: str) -> None:
    assert parse_period(since, until, NOW, PARIS) == Period(paris(first), paris(last), PARIS)


@pytest.mark.parametrize("text", ["", "demain matin", "2026-13-01", "2026-02-30", "9999-12-31", "12:00", "2026-3"])
def test_what_names_nothing(text: str) -> None:
    with pytest.raises(PeriodError):
        parse_period(text, None, NOW, PARIS)


def test_an_end_before_its_beginning() -> None:
    with pytest.raises(PeriodError, match="before it begins"):
        parse_period("2026-11-20", "2026-11-19", NOW, PARIS)


def test_the_nights_when_the_clocks_change() -> None:
    hours = {day: (local_day(day, PARIS).until - local_day(day, PARIS).since) // 3_600_000_000 for day in _days()}
    assert hours == {date(2026, 3, 29): 23, date(2026, 10, 25): 25, date(2026, 11, 18): 24}
    twice = parse_period("2026-10-25T02:30:00", None, NOW, PARIS).since
    assert twice == paris("2026-10-25T02:30:00", fold=0)
    with pytest.raises(PeriodError, match="does not exist in Europe/Paris"):
        parse_period("2026-03-29T02:30:00", None, NOW, PARIS)


def _days() -> list[date]:
    return [date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 18)]


def test_periods_that_touch_share_nothing() -> None:
    days = [local_day(date(2026, 11, n), PARIS) for n in (17, 18, 19)]
    for before, after in pairwise(days):
        assert before.until == after.since
        assert not before.holds(after.since)
        assert after.holds(after.since)
    assert (days[1].first_day, days[1].last_day) == (date(2026, 11, 18), date(2026, 11, 18))
