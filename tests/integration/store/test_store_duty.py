"""Who was on duty, on both databases: each act once, what a start needs and nothing less, and spans that end."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from cti.agents.duty import fold, in_order, needed
from cti.journey.around.duty import WATCH, DutyAct, DutyKind, DutyVia, PresenceSpan
from cti.store import Store
from tests.unit.agents.duty_acts import POSTS, S, act, acts, take

Opening = Callable[[str], Store]


def test_an_act_comes_back_whole_and_the_first_word_stays(database: str, opening: Opening) -> None:
    duty = opening(database).duty
    told = DutyAct(
        act_id="a1", at=5 * S, kind=DutyKind.TAKE, poste="p01", personne="hélène", filieres=("n1", "amu"),
        reason="autre : l'été", until_at=9 * S, by="poste 1", via=DutyVia.PHONE,
    )  # fmt: skip
    duty.write([told, told])
    duty.write([replace(told, reason="another word")])
    assert duty.acts(0, 10 * S) == [told]
    assert duty.acts(0, 5 * S) == []
    assert duty.acts(0, 10 * S, (DutyKind.LEAVE,)) == []
    assert duty.last_by_phone() == 5 * S


def test_an_empty_journal(database: str, opening: Opening) -> None:
    duty = opening(database).duty
    duty.write([])
    assert (duty.standing(0), duty.last_by_phone(), duty.spans(0, S), duty.close_spans(5)) == ([], None, [], 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25, deadline=None)
@given(told=acts(most=40))
def test_a_start_is_given_what_the_fold_needs(told: list[DutyAct], database: str, opening: Opening) -> None:
    duty = opening(database).duty
    known = duty.acts(0, 100 * S)
    named = [replace(one, act_id=f"{len(known)}-{one.act_id}") for one in told]
    duty.write(named)
    whole = in_order([*known, *named])
    given = {one.act_id for one in duty.standing(20 * S)}
    assert {one.act_id for one in needed(whole, 20 * S)} <= given, "of acts at one instant it may give more"


def test_what_a_start_is_given_does_not_grow_with_the_years(database: str, opening: Opening) -> None:
    duty = opening(database).duty
    days = 86_400
    wraps = [act(DutyKind.WRAPUP, day * days, "p01", until_at=(day * days + 30) * S) for day in range(400)]
    duty.write([take(0, "anne", "p01"), *wraps])
    assert len(duty.standing(399 * days * S)) == 2


def test_spans_take_their_end_and_a_death_ends_those_that_are_open(database: str, opening: Opening) -> None:
    duty = opening(database).duty
    free = PresenceSpan(poste="p01", since=10 * S, personne="anne", state="free")
    talking = PresenceSpan(poste="p01", since=20 * S, personne="anne", state="talking")
    late = PresenceSpan(poste="p02", since=50 * S, personne="", state="paused", reason="repas")
    duty.write([], [free, replace(free, until=20 * S), talking, late])
    assert duty.spans(0, 100 * S) == [replace(free, until=20 * S), talking, late]
    assert duty.spans(25 * S, 30 * S) == [talking]
    assert duty.close_spans(40 * S) == 2
    assert duty.spans(0, 100 * S) == [replace(free, until=20 * S), replace(talking, until=40 * S), replace(late, until=50 * S)]


def test_the_watch_is_no_post(database: str, opening: Opening) -> None:
    duty = opening(database).duty
    assert duty.last_watch() is None
    for until in (20, 40):
        duty.write([], [PresenceSpan(poste=WATCH, since=10 * S, personne="", state="watch", until=until * S)])
    assert duty.last_watch() == 40 * S
    assert duty.spans(0, 100 * S) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=12, deadline=None)
@given(told=acts(most=25))
def test_who_sat_where_is_what_the_fold_says(told: list[DutyAct], database: str, opening: Opening) -> None:
    """Each example goes on after the one before it; no two acts share an instant (the fold orders those by their names)."""
    duty = opening(database).duty
    before = duty.acts(-(10**15), 10**15)
    base = max((one.at for one in before), default=0) + S
    fresh = [replace(one, at=base + one.at + n, act_id=f"{base}-{n:02d}") for n, one in enumerate(told)]
    duty.write(fresh)
    for at in [one.at + late for one in fresh for late in (-1, 0)]:
        standings = fold([one for one in (*before, *fresh) if one.at <= at], {})
        for poste in POSTS:
            standing = standings.get(poste)
            assert duty.sat(poste, at) == (None if standing is None else standing.personne), (poste, at)
