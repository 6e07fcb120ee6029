"""PDSA and SAS hours: the text, its optional parts, the départements, the clocks."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from qos_calls import PARIS, SITE, paris, settings

from cti.qos import NoValueYet, PdsaCalendar, from_mapping
from cti.qos.period import local_day

OPTIONS = (
    "pdsa_samedi_apres_midi",
    "pdsa_lundi_veille_ferie",
    "pdsa_vendredi_lendemain_ferie",
    "pdsa_samedi_lendemain_ferie",
)


def calendar(*, departement: str = "35", options: bool = True, bridge: bool = False, **block: Any) -> PdsaCalendar:
    data = settings()
    data["calendrier"] |= {"departement": departement, **block}
    for code in OPTIONS:
        data["regles"][code]["values"] = {"2019-01-01": options}
    data["regles"]["pdsa_samedi_apres_pont"]["values"] = {"2019-01-01": bridge}
    return from_mapping(data, "qos.toml").calendar


def sas_hours(table: PdsaCalendar, year: int) -> float:
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
    return sum(end - start for start, end in map(table.sas_minutes, days)) / 60


@pytest.mark.parametrize(
    ("local", "sas"),
    [
        ("2026-11-18T07:59:59", False),
        ("2026-11-18T08:00:00", True),
        ("2026-11-18T19:59:59", True),
        ("2026-11-18T20:00:00", False),
        ("2026-11-18T03:00:00", False),
        ("2026-11-21T11:59:00", True),  # Saturday
        ("2026-11-21T12:00:00", False),
        ("2026-11-22T10:00:00", False),  # Sunday
        ("2026-11-11T10:00:00", False),  # holiday, a Wednesday
        ("2026-11-12T10:00:00", True),  # the Thursday after it is no bridge
        ("2026-07-13T10:00:00", False),  # Monday before 14 July
        ("2026-05-15T10:00:00", False),  # Friday after Ascension
        ("2026-05-16T10:00:00", True),  # the Saturday after that bridge, by the letter of the text
        ("2026-12-26T10:00:00", False),  # Saturday after Christmas
    ],
)
def test_hours_of_a_day(local: str, sas: bool) -> None:
    table = calendar()
    assert table.is_sas(datetime.fromisoformat(local)) is sas
    assert table.is_pdsa(datetime.fromisoformat(local)) is not sas


def test_bridge_days_of_three_years_by_the_letter() -> None:
    """The list computed for the regulatory note, 2025 to 2027."""
    table = calendar()
    found = {
        day
        for day in (date(2025, 1, 1) + timedelta(days=n) for n in range(3 * 365))
        if day.weekday() in (0, 4, 5) and not table.is_holiday(day) and table.sas_minutes(day) == (480, 480)
    }
    assert sorted(map(str, found)) == [
        *("2025-05-02", "2025-05-09", "2025-05-30", "2025-08-16", "2025-11-10", "2025-12-26"),
        *("2026-01-02", "2026-05-02", "2026-05-09", "2026-05-15", "2026-07-13", "2026-12-26"),
        *("2027-01-02", "2027-05-07", "2027-11-12"),
    ]


def test_saturday_after_a_bridge_friday_is_a_choice() -> None:
    saturday = date(2026, 5, 16)
    assert calendar().sas_minutes(saturday) == (480, 720)
    assert calendar(bridge=True).sas_minutes(saturday) == (480, 480)
    assert calendar(bridge=True, options=False).sas_minutes(saturday) == (480, 1200)


@pytest.mark.parametrize(
    ("year", "every_part", "no_part"),
    [  # working days x 12 h + Saturdays x 4 h (12 h without the parts), counted by hand on the calendar
        (2025, 246 * 12 + 50 * 4, 251 * 12 + 51 * 12),
        (2026, 249 * 12 + 48 * 4, 252 * 12 + 51 * 12),
        (2027, 252 * 12 + 48 * 4, 254 * 12 + 49 * 12),
    ],
)
def test_sas_hours_of_a_year(year: int, every_part: int, no_part: int) -> None:
    assert sas_hours(calendar(), year) == every_part
    assert sas_hours(calendar(options=False), year) == no_part


@pytest.mark.parametrize(
    ("departement", "day", "holiday"),
    [
        ("35", "2026-04-03", False),  # Good Friday
        ("57", "2026-04-03", True),
        ("67", "2026-12-26", True),
        ("68", "2026-12-26", True),
        ("971", "2026-05-27", True),
        ("972", "2026-05-22", True),
        ("973", "2026-06-10", True),
        ("974", "2026-12-20", True),
        ("976", "2026-04-27", True),
        ("977", "2026-10-09", True),
        ("978", "2026-05-28", True),
        ("35", "2026-05-25", True),  # Pentecost Monday
        ("2A", "2026-07-14", True),
    ],
)
def test_holidays_by_departement(departement: str, day: str, holiday: bool) -> None:
    assert calendar(departement=departement).is_holiday(date.fromisoformat(day)) is holiday


def test_the_site_adds_and_removes_holidays() -> None:
    table = calendar(feries_ajoutes={"2026-11-18": "fermeture locale"}, feries_retires={"2026-11-11": "essai"})
    assert table.is_holiday(date(2026, 11, 18))
    assert not table.is_holiday(date(2026, 11, 11))
    assert table.sas_minutes(date(2026, 11, 18)) == (480, 480)
    assert table.sas_minutes(date(2026, 11, 11)) == (480, 1200)


def test_a_part_can_begin_on_a_day() -> None:
    data = settings()
    data["regles"]["pdsa_samedi_apres_midi"]["values"] = {"2019-01-01": False, "2026-11-21": True}
    table = from_mapping(data, "qos.toml").calendar
    assert table.sas_minutes(date(2026, 11, 14)) == (480, 1200)
    assert table.sas_minutes(date(2026, 11, 21)) == (480, 720)


def test_before_the_rules_there_is_no_answer() -> None:
    with pytest.raises(NoValueYet, match="2018-12-31"):
        SITE.calendar.sas_minutes(date(2018, 12, 31))


def test_the_wall_clock_decides_in_summer_and_in_winter() -> None:
    table = calendar()
    for day in ("2026-07-01", "2026-12-02"):
        assert table.is_sas(table.local(paris(f"{day}T08:00:00")))
        assert not table.is_sas(table.local(paris(f"{day}T07:59:59")))
    assert (local_day(date(2026, 3, 29), PARIS).until - local_day(date(2026, 3, 29), PARIS).since) == 23 * 3_600_000_000


def test_a_zone_overseas() -> None:
    table = calendar(departement="974", zone="Indian/Reunion")
    assert table.zone.key == "Indian/Reunion"
    assert table.is_sas(table.local(paris("2026-11-18T05:00:00")))  # 08:00 in Saint-Denis
    assert not table.is_sas(table.local(paris("2026-11-18T17:00:00")))
