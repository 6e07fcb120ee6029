"""Opening hours on the wall clock, the two strange nights included."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cti.routing.horaires import DAY_MINUTES, Horaires, Plage, from_mapping, is_open, next_change
from cti.routing.reading import RoutingConfigError

PARIS = ZoneInfo("Europe/Paris")


def paris(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold)


def hours(**table: object) -> Horaires:
    return from_mapping({"horaires": {"x": table}}, "horaires.toml").by_code["x"]


OSNP = hours(tous_les_jours=["08:00-21:00"])
NUIT = hours(tous_les_jours=["20:00-08:00"], dimanche=[], exceptions={"2026-07-14": ["10:00-24:00"], "2026-12-25": []})


@pytest.mark.parametrize(
    ("at", "expected"),
    [("07:59:59", False), ("08:00", True), ("20:59:59", True), ("21:00", False), ("00:00", False)],
)
def test_the_opening_minute_counts_and_the_closing_one_does_not(at: str, expected: bool) -> None:
    assert is_open(OSNP, paris(f"2026-11-22T{at}")) is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-23T00:30", False),  # Monday: Sunday evening is closed, so is the night after it
        ("2026-11-23T20:00", True),
        ("2026-11-24T07:59", True),
        ("2026-11-22T07:59", True),  # Sunday morning belongs to Saturday's night
        ("2026-11-22T20:00", False),
        ("2026-07-14T07:00", False),  # a date of its own replaces the whole day
        ("2026-07-14T10:00", True),
        ("2026-07-14T23:59", True),
        ("2026-07-15T00:00", True),
        ("2026-12-25T23:00", False),
    ],
)
def test_nights_and_dates_of_their_own(at: str, expected: bool) -> None:
    assert is_open(NUIT, paris(at)) is expected


def test_around_the_clock_never_changes() -> None:
    assert hours(tous_les_jours=["00:00-24:00"]).always_open
    assert hours(tous_les_jours=["00:00-08:00", "08:00-24:00"]).always_open
    assert not hours(tous_les_jours=["00:00-24:00"], exceptions={"2026-12-25": []}).always_open
    assert next_change(hours(tous_les_jours=["00:00-24:00"]), paris("2026-11-22T12:00")) is None
    assert next_change(hours(), paris("2026-11-22T12:00")) is None


@pytest.mark.parametrize(
    ("at", "change"),
    [
        ("2026-11-22T20:59:59", "2026-11-22T21:00"),
        ("2026-11-22T21:00", "2026-11-23T08:00"),
        ("2026-03-28T22:00", "2026-03-29T08:00"),  # one hour less of night
        ("2026-10-24T22:00", "2026-10-25T08:00"),  # one hour more
    ],
)
def test_the_next_change_is_read_on_the_wall(at: str, change: str) -> None:
    assert next_change(OSNP, paris(at)) == paris(change)


def test_the_only_opening_of_a_year_is_found() -> None:
    only = hours(exceptions={"2027-11-11": ["09:00-12:00"]})
    assert next_change(only, paris("2026-11-22T12:00")) == paris("2027-11-11T09:00")
    assert next_change(only, paris("2027-11-11T12:00")) is None


def test_half_past_two_that_does_not_exist_comes_at_three() -> None:
    early = hours(tous_les_jours=["02:30-06:00"])
    change = next_change(early, paris("2026-03-29T01:00"))
    assert change == paris("2026-03-29T03:00")
    assert change is not None
    assert is_open(early, change)


def test_half_past_two_that_comes_twice_counts_twice() -> None:
    late = hours(tous_les_jours=["00:00-02:30"])
    changes, at = [], paris("2026-10-25T01:00")
    for _ in range(3):
        found = next_change(late, at)
        assert found is not None
        changes.append(found)
        at = found
    assert changes == [paris("2026-10-25T02:30"), paris("2026-10-25T02:00", fold=1), paris("2026-10-25T02:30", fold=1)]


def test_a_local_time_needs_its_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        next_change(OSNP, datetime(2026, 11, 22, 12))  # noqa: DTZ001


spans = st.lists(st.integers(0, DAY_MINUTES), min_size=2, max_size=6, unique=True).map(
    lambda edges: tuple(Plage(a, b) for a, b in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(spans, min_size=7, max_size=7),
    st.sampled_from([date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 24), date(2026, 10, 25), date(2026, 6, 1)]),
    st.integers(0, DAY_MINUTES - 1),
    st.sampled_from(["Europe/Paris", "Indian/Reunion", "America/Miquelon", "Australia/Lord_Howe"]),
)
@example([(Plage(150, 180),)] * 7, date(2026, 3, 29), 0, "Europe/Paris")
def test_the_next_change_is_what_a_minute_by_minute_watch_sees(
    semaine: list[tuple[Plage, ...]], day: date, minute: int, zone: str
) -> None:
    horaires = Horaires("x", tuple(semaine))
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC) + timedelta(minutes=minute)
    local = start.astimezone(ZoneInfo(zone))
    found = next_change(horaires, local)
    seen = None
    for step in range(1, 2 * DAY_MINUTES):
        there = (start + timedelta(minutes=step)).astimezone(ZoneInfo(zone))
        if is_open(horaires, there) != is_open(horaires, local):
            seen = there
            break
    if seen is None:
        assert found is None or found.astimezone(UTC) >= start + timedelta(minutes=2 * DAY_MINUTES)
    else:
        assert found is not None
        assert found.astimezone(UTC) == seen.astimezone(UTC)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"zone": "Europe/Lutece"}, ["[(top)] zone: unknown time zone"]),
        ({"zone": "../etc/passwd"}, ["[(top)] zone: unknown time zone"]),
        ({"horaires": {}}, ["[(top)] horaires: at least one block"]),
        (
            {"horaires": {"x": {"lundi": ["8h-9h", "09:00-09:00", "24:00-25:00", "10:00-24:30"]}}},
            ["8h-9h", "09:00-09:00", "24:00-25:00", "10:00-24:30"],
        ),
        ({"horaires": {"x": {"lundi": ["08:00-12:00", "11:59-13:00"]}}}, ["[horaires.x] lundi: two spans overlap"]),
        ({"horaires": {"x": {"lundi": ["20:00-08:00"], "mardi": ["07:00-12:00"]}}}, ["[horaires.x] mardi: two spans overlap"]),
        (
            {"horaires": {"x": {"tous_les_jours": ["8h", "20:00-08:00", "07:00-09:00"]}}},
            ["tous_les_jours: '8h'", "[horaires.x] tous_les_jours: two spans overlap"],
        ),
        ({"horaires": {"x": {"lundy": []}}}, ["[horaires.x] lundy: unknown field"]),
        ({"horaires": {"x": {"lundi": "08:00-21:00"}}}, ["[horaires.x] lundi: a list of texts"]),
        (
            {"horaires": {"x": {"exceptions": {"25 decembre": [], "2026-12-31": ["20:00-02:00"]}}}},
            ["[horaires.x.exceptions] 25 decembre: not a date", "2026-12-31: a date of its own ends"],
        ),
        ({"horaires": {"x": {"exceptions": []}}}, ["[horaires.x] exceptions: a table is expected"]),
        ({"horaires": {"x": 3}}, ["[horaires.x] (block): a table is expected"]),
        ({"horaires": {"à côté": {}}}, ["[horaires.à côté] (code):"]),
    ],
)
def test_faults_are_named_and_all_told(table: dict[str, object], told: list[str]) -> None:
    with pytest.raises(RoutingConfigError) as caught:
        from_mapping({"horaires": {"ok": {}}} | table, "horaires.toml")
    text = str(caught.value)
    assert all(line.startswith("horaires.toml: ") for line in text.splitlines())
    assert len(caught.value.problems) == len(told)
    for words in told:
        assert words in text
