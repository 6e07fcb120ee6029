"""Simulated people as they are drawn: seeded, unique, and as irregular as real callers are."""

from collections import Counter
from itertools import islice, takewhile
from random import Random
from statistics import fmean, median, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.sandbox.people.draw import NEVER_MS, Habits, Identity, Temper, arrivals, callers
from cti.sandbox.people.staff import Fate, Then, gestures, phones, split


def per_minute(rate: float, minutes: int, seed: int) -> list[int]:
    counts = [0] * minutes
    for at in takewhile(lambda at: at < minutes * 60_000, arrivals(rate, Random(seed))):
        counts[at // 60_000] += 1
    return counts


@pytest.mark.parametrize("rate", [2.0, 10.0, 60.0])
def test_calls_come_at_their_rate_but_more_irregularly_than_by_chance_alone(rate: float) -> None:
    counts = per_minute(rate, 4_000, seed=3)
    assert fmean(counts) == pytest.approx(rate, rel=0.05)
    assert variance(counts) / fmean(counts) == pytest.approx(1.5, abs=0.15)


def test_a_seed_is_a_day_that_can_be_lived_again() -> None:
    first, again, other = (list(islice(callers(20, Random(seed)), 50)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@given(st.integers(), st.floats(0.5, 500))
def test_arrivals_never_go_back(seed: int, rate: float) -> None:
    instants = list(islice(arrivals(rate, Random(seed)), 100))
    assert instants == sorted(instants)


def test_nobody_calls_at_a_rate_of_zero() -> None:
    with pytest.raises(ValueError, match="brings nobody"):
        next(arrivals(0, Random(1)))


def test_every_caller_has_a_french_number_of_his_own_and_shows_it_or_not() -> None:
    people = list(islice(callers(60, Random(5)), 3_000))
    assert len({one.number for one in people}) == 3_000
    assert all(len(one.number) == 10 and one.number[0] == "0" and one.number[1] in "1234567" for one in people)
    shown = Counter(one.identity for one in people)
    assert 0.85 < shown[Identity.SHOWN] / 3_000 < 0.91
    assert {one.user for one in people if one.identity is Identity.MASKED} == {"anonymous"}
    unknown = [one for one in people if one.identity is Identity.UNKNOWN]
    assert len({one.user for one in unknown}) == len(unknown) > 60
    assert not any(one.user.isdigit() for one in unknown)


def test_patience_has_a_large_early_mass_and_a_slow_decay() -> None:
    people = list(islice(callers(60, Random(6)), 6_000))
    stays = {temper: [one.stay_ms for one in people if one.temper is temper] for temper in Temper}
    assert min(stays[Temper.POCKET]) >= 1_000
    assert max(stays[Temper.POCKET]) <= 9_000
    assert set(stays[Temper.PATIENT]) == {NEVER_MS}
    early = [stay for stay in stays[Temper.IMPATIENT] if stay < 15_000]
    assert 0.48 < len(early) / len(stays[Temper.IMPATIENT]) < 0.62
    assert median(stay for stay in stays[Temper.IMPATIENT] if stay >= 15_000) > 55_000


def test_pace_makes_people_quicker_except_a_telephone_in_a_pocket() -> None:
    only = Habits(tempers=((Temper.IMPATIENT, 1),))
    slow, quick = (list(islice(callers(60, Random(7), only, pace), 200)) for pace in (1.0, 0.25))
    assert [one.stay_ms for one in quick] == pytest.approx([one.stay_ms / 4 for one in slow], abs=1)
    pocket = Habits(tempers=((Temper.POCKET, 1),))
    assert list(islice(callers(60, Random(7), pocket, 0.1), 50)) == list(islice(callers(60, Random(7), pocket), 50))


@given(st.integers(1, 200))
def test_everybody_of_a_room_has_a_seat(people: int) -> None:
    seats = split(people)
    assert sum(seats.values()) == people
    assert seats["n1"] == max(seats.values())
    if people >= 2:
        assert seats["amu"] >= 1
    if people >= 10:
        assert set(seats) == {"n1", "amu", "mg", "mru", "mrg", "psy", "dentaire"}
    if people >= 40:
        assert 0.40 < seats["n1"] / people < 0.47


def test_a_room_needs_somebody() -> None:
    with pytest.raises(ValueError, match="answers nobody"):
        split(0)


def test_phones_of_one_filiere_share_a_port_and_no_two_share_a_name() -> None:
    room = phones(30, 46_000)
    assert len({phone.endpoint for phone in room}) == 30
    assert {phone.port for phone in room} == set(range(46_000, 46_007))
    for phone in room:
        assert {other.filieres for other in room if other.port == phone.port} == {phone.filieres}
        assert phone.contact == f"sip:{phone.endpoint}@127.0.0.1:{phone.port}"


def test_the_first_level_passes_half_of_its_callers_on_and_only_to_people_who_are_there() -> None:
    drawn = list(islice(gestures("n1", ("n1", "amu", "mg"), Random(8)), 4_000))
    targets = Counter(one.target for one in drawn)
    assert set(targets) == {"", "801", "803"}
    assert 0.48 < 1 - targets[""] / 4_000 < 0.54
    assert all((one.then is Then.HANGS_UP) == (one.target == "") for one in drawn)
    assert {one.then for one in drawn} == set(Then)
    assert {one.fate for one in drawn} == set(Fate)
    assert 30_000 < median(one.talk_ms for one in drawn) < 40_000


def test_pace_and_waiting_change_conversations() -> None:
    quick = list(islice(gestures("n1", (), Random(9), pace=0.1), 500))
    assert median(one.talk_ms for one in quick) < 4_500
    waiting = list(islice(gestures("n1", ("amu",), Random(9), waits=1.0), 50))
    assert {(one.talk_ms, one.target, one.then) for one in waiting} == {(NEVER_MS, "", Then.HANGS_UP)}
