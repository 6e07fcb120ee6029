"""Until when a piece is kept: civil years, leap days, changes of clock, the longest of the classes, dated rules."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cti.archive.keeping.settings import RetentionSettings
from cti.archive.keeping.terms import Rules, Since, When, add_years, at_midnight, civil_day, midnight, term
from cti.journey import Instant
from cti.journey.around.keeping import Facts, Refused
from cti.journey.words import as_datetime, from_datetime
from cti.settings import load
from tests.unit.archive.keeping_house import DAY, DOSSIER, MINEUR, PARIS, PDSA, RULES, T0
from tests.unit.bootstrap.verbs_house import HOUSE


def paris(*when: int) -> Instant:
    return from_datetime(datetime(*when, tzinfo=PARIS))  # type: ignore[arg-type,misc]


def until(facts: Facts, rules: Rules = RULES, zone: ZoneInfo = PARIS, at: Instant = T0) -> str:
    return as_datetime(term(facts, rules, zone, at).keep_until).astimezone(zone).isoformat()


def test_five_years_whole_to_the_end_of_the_day() -> None:
    assert until(Facts(ended_at=paris(2026, 12, 16, 9, 1))) == "2031-12-17T00:00:00+01:00"


def test_the_day_is_that_of_the_sites_clock() -> None:
    late = from_datetime(datetime(2026, 12, 16, 23, 30, tzinfo=UTC))  # the 17th in Paris
    assert until(Facts(ended_at=late)) == "2031-12-18T00:00:00+01:00"
    assert until(Facts(ended_at=late), zone=ZoneInfo("America/Cayenne")) == "2031-12-17T00:00:00-03:00"


def test_a_leap_day_ends_with_its_month() -> None:
    assert until(Facts(ended_at=paris(2028, 2, 29, 12))) == "2033-03-01T00:00:00+01:00"
    assert until(Facts(ended_at=paris(2028, 2, 29, 12), dossier_ref="d")) == "2048-03-01T00:00:00+01:00"
    assert add_years(date(2028, 2, 29), 20) == date(2048, 2, 29)
    assert add_years(date(2028, 2, 29), 5) == date(2033, 2, 28)


def test_clocks_that_change_move_no_day() -> None:
    assert until(Facts(ended_at=paris(2026, 10, 24, 23, 59))) == "2031-10-25T00:00:00+02:00"
    before_and_after = [from_datetime(datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) for hour in (0, 1)]  # 02:30, twice
    assert {until(Facts(ended_at=at)) for at in before_and_after} == {"2031-10-26T00:00:00+02:00"}


def test_a_dossier_counts_from_its_last_act() -> None:
    facts = Facts(ended_at=paris(2026, 12, 16), dossier_ref="2026-350-0000001", dossier_last_at=paris(2027, 1, 3, 10))
    found = term(facts, RULES, PARIS, T0)
    assert (found.code, until(facts)) == ("dossier", "2047-01-04T00:00:00+01:00")
    assert "20 ans à compter du dernier acte (03/01/2027), CSP" in found.reason


def test_a_child_is_kept_until_twenty_eight() -> None:
    born = Facts(ended_at=paris(2026, 12, 16), dossier_ref="d", birth=date(2026, 12, 1))
    assert (term(born, RULES, PARIS, T0).code, until(born)) == ("mineur", "2054-12-02T00:00:00+01:00")
    assert term(born, RULES, PARIS, T0).starts_at == born.ended_at, "a hold before the call stops no clock"
    grown = replace(born, birth=date(1960, 5, 5))
    assert term(grown, RULES, PARIS, T0).code == "dossier"


def test_in_doubt_the_longest() -> None:
    found = term(Facts(ended_at=paris(2026, 12, 16), in_doubt=True), RULES, PARIS, T0)
    assert found.code == "dossier"
    assert "appel incertain" in found.reason


def test_the_version_of_the_day_is_applied_and_no_later_one() -> None:
    longer = replace(PDSA, years=10, valid_from=date(2027, 1, 1))
    rules = Rules((PDSA, longer))
    facts = Facts(ended_at=paris(2026, 12, 16))
    assert until(facts, rules, at=paris(2026, 12, 31, 23)) == "2031-12-17T00:00:00+01:00"
    assert until(facts, rules, at=paris(2027, 1, 1)) == "2036-12-17T00:00:00+01:00"


def test_without_a_class_there_is_no_term() -> None:
    with pytest.raises(Refused, match="aucune classe"):
        term(Facts(ended_at=T0), Rules((replace(PDSA, valid_from=date(2090, 1, 1)),)), PARIS, T0)


_INSTANTS = st.integers(0, 4_000_000_000 * 1_000_000)
_ZONES = st.sampled_from([ZoneInfo(name) for name in ("Europe/Paris", "America/Cayenne", "Indian/Reunion", "Pacific/Tahiti")])


@given(
    st.builds(
        Facts,
        ended_at=_INSTANTS,
        dossier_ref=st.sampled_from([None, "d"]),
        dossier_last_at=st.none() | _INSTANTS,
        birth=st.none() | st.dates(date(1920, 1, 1), date(2090, 1, 1)),
        in_doubt=st.booleans(),
    ),
    _ZONES,
)
def test_never_less_than_any_class_that_fits(facts: Facts, zone: ZoneInfo) -> None:
    found = term(facts, RULES, zone, from_datetime(datetime(2100, 1, 1, tzinfo=UTC)))
    day = civil_day(found.keep_until, zone)
    assert midnight(day, zone) == found.keep_until
    assert found.keep_until > facts.ended_at + 5 * 365 * DAY
    if facts.dossier_ref or facts.in_doubt or facts.dossier_last_at:
        assert found.keep_until > max(facts.ended_at, facts.dossier_last_at or 0) + 20 * 365 * DAY
    if facts.birth is not None:
        assert day > add_years(facts.birth, 28)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(5, 100))
def test_years_keep_month_and_day(day: date, years: int) -> None:
    later = add_years(day, years)
    assert (later.year, later.month) == (day.year + years, day.month)
    assert later.day == day.day or (day.month, day.day, later.day) == (2, 29, 28)


@given(_INSTANTS, _ZONES)
def test_the_next_midnight_is_one_and_is_near(at: Instant, zone: ZoneInfo) -> None:
    found = at_midnight(at, zone)
    assert midnight(civil_day(found, zone), zone) == found
    assert 0 <= found - at <= 25 * 3600 * 1_000_000


# --- retention.toml -------------------------------------------------------------------------------------------------------


def test_the_shipped_classes_are_those_of_the_texts() -> None:
    rules = load(HOUSE / "config", {}).retention.rules
    found = {one.code: (one.when, one.since, one.years, one.source) for one in rules.on(date(2026, 11, 23))}
    assert found == {
        "pdsa": (When.APPEL, Since.FIN_APPEL, 5, "arrêté du 20 octobre 2011, art. 1"),
        "dossier": (When.DOSSIER, Since.DERNIER_ACTE, 20, "CSP R.1112-7"),
        "mineur": (When.NAISSANCE_CONNUE, Since.NAISSANCE, 28, "CSP R.1112-7"),
    }
    assert {MINEUR.years, DOSSIER.years, PDSA.years} == {28, 20, 5}, "the rules of these tests are the shipped ones"


_CLASSE = {
    "code": "pdsa", "libelle": "appel", "quand": "appel", "a_compter_de": "fin_appel", "duree_ans": 5,
    "depuis": date(2011, 10, 20), "source": "arrêté",
}  # fmt: skip


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        ([{**_CLASSE, "duree_ans": 4}], "greater than or equal to 5"),
        ([_CLASSE, _CLASSE], "begin on the same day"),
        ([{**_CLASSE, "quand": "dossier"}], "no class keeps every call"),
        ([{**_CLASSE, "a_compter_de": "naissance"}], "counted from only where it is known"),
        ([{**_CLASSE, "a_compter_de": "dernier_acte"}], "has no last act"),
        ([{**_CLASSE, "source": ""}], "at least 1 character"),
    ],
)
def test_a_table_that_cannot_be_is_refused(classes: list[dict[str, object]], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        RetentionSettings.model_validate({"classes": classes})
