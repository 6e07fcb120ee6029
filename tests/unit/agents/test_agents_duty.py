"""The fold of acts: one person one post, pauses that hold, wrap-ups that end, and any order of telling."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.agents.duty import Hold, fold, in_order, needed, step
from cti.journey.around.duty import MISSING_REASON, WRAPUP_REASON, DutyAct, DutyKind
from tests.unit.agents.duty_acts import FIXED, POSTS, S, act, acts, take, unhurried

K = DutyKind


def hold(*told: DutyAct, poste: str = "p1", now: int = 100) -> Hold | None:
    return fold(told, FIXED)[poste].held(now * S)


def test_a_person_is_at_one_post_and_a_post_has_one_person() -> None:
    moved = fold([take(1, "anne", "p1"), take(2, "anne", "p2")], FIXED)
    assert {poste: one.personne for poste, one in moved.items() if not one.fixed} == {"p2": "anne"}
    replaced = fold([take(1, "anne", "p1"), take(2, "karim", "p1")], FIXED)
    assert {poste: one.personne for poste, one in replaced.items() if not one.fixed} == {"p1": "karim"}


def test_a_fixed_post_pauses_and_can_neither_be_taken_nor_left_nor_moved() -> None:
    told = [take(1, "anne", "x1", "mru"), act(K.LEAVE, 2, "x1"), act(K.QUEUES, 3, "x1", filieres=("mru",)), act(K.PAUSE, 4, "x1")]
    standing = fold(told, FIXED)["x1"]
    assert (standing.personne, standing.filieres, standing.fixed) == ("x1", ("n1",), True)
    assert standing.held(5 * S) is not None


def test_taking_leaving_and_choosing_queues() -> None:
    told = [take(1, "anne", "p1", "n1", "amu"), act(K.QUEUES, 2, filieres=("amu",))]
    assert fold(told, FIXED)["p1"].filieres == ("amu",)
    assert "p1" not in fold([*told, act(K.LEAVE, 3)], FIXED)
    assert fold([act(K.PAUSE, 1), act(K.LEAVE, 2), act(K.QUEUES, 3)], {}) == {}, "nobody sits there"


def test_taking_a_post_ends_the_pause_of_whoever_sat_there() -> None:
    assert hold(take(1), act(K.PAUSE, 2, reason="repas"), take(3, "karim")) is None


def test_a_wrap_up_ends_by_itself_or_when_she_is_ready() -> None:
    wrapped = [take(1), act(K.WRAPUP, 10, until_at=40 * S)]
    assert hold(*wrapped, now=39) == Hold(K.WRAPUP, WRAPUP_REASON, 10 * S, 40 * S)
    assert hold(*wrapped, now=40) is None
    assert hold(*wrapped, act(K.RESUME, 20), now=21) is None
    assert hold(take(1), act(K.WRAPUP, 10), now=11) is None, "one without an end is none"


def test_the_service_never_replaces_what_a_person_decided() -> None:
    paused = [take(1), act(K.PAUSE, 5, reason="repas")]
    for mine in (act(K.WRAPUP, 10, until_at=40 * S), act(K.WITHDRAW, 10)):
        found = hold(*paused, mine, now=11)
        assert found is not None
        assert found.reason == "repas"


def test_a_withdrawal_outlasts_wrap_ups_and_any_act_ends_it() -> None:
    out = [take(1), act(K.WITHDRAW, 5)]
    found = hold(*out, act(K.WRAPUP, 6, until_at=7 * S), now=8)
    assert found is not None
    assert (found.kind, found.reason) == (K.WITHDRAW, MISSING_REASON)
    assert hold(*out, act(K.RESUME, 6), now=8) is None
    during = hold(take(1), act(K.WRAPUP, 4, until_at=60 * S), act(K.WITHDRAW, 5), now=8)
    assert during is not None
    assert during.kind is K.WITHDRAW


def test_a_pause_taken_during_a_wrap_up_lasts() -> None:
    found = hold(take(1), act(K.WRAPUP, 4, until_at=60 * S), act(K.PAUSE, 5, reason="repas"), now=100)
    assert found is not None
    assert found.reason == "repas"


@unhurried
@given(acts(), st.randoms(use_true_random=False))
def test_twice_late_and_in_any_order_it_is_the_same(told: list[DutyAct], chance: Random) -> None:
    again = told + told[: len(told) // 2]
    chance.shuffle(again)
    assert fold(again, FIXED) == fold(told, FIXED)


@unhurried
@given(acts())
def test_whatever_is_told_one_person_has_one_post_and_fixed_posts_stay(told: list[DutyAct]) -> None:
    standings = fold(told, FIXED)
    people = Counter(one.personne for one in standings.values())
    assert max(people.values()) == 1
    assert {poste for poste, one in standings.items() if one.fixed} == set(FIXED)
    assert set(standings) <= {*POSTS, *FIXED}
    for poste, one in standings.items():
        assert poste == one.poste


@unhurried
@given(acts())
def test_act_by_act_is_all_at_once(told: list[DutyAct]) -> None:
    standings = fold((), FIXED)
    ordered = in_order(told)
    for one in ordered:
        step(standings, one)
    assert standings == fold(told, FIXED)
    assert all((a.at, a.act_id) < (b.at, b.act_id) for a, b in pairwise(ordered))


@unhurried
@given(acts(), st.integers(0, 30))
def test_what_is_kept_says_the_same(told: list[DutyAct], recent: int) -> None:
    """The store gives only these at a start. A wrap-up lasts less than what counts as recent."""
    brief = [one for one in told if one.until_at is None or one.until_at <= 30 * S]
    now = 60 * S
    whole, kept = fold(brief, FIXED), fold(needed(brief, recent * S), FIXED)
    assert kept.keys() == whole.keys()
    for poste, one in whole.items():
        other = kept[poste]
        assert (one.personne, one.filieres, one.since) == (other.personne, other.filieres, other.since)
        mine, theirs = one.held(now), other.held(now)
        assert (mine is None) == (theirs is None)
        if mine is not None and theirs is not None:
            assert (mine.kind, mine.reason) == (theirs.kind, theirs.reason)


@pytest.mark.parametrize("kind", list(K))
def test_an_act_told_twice_is_one(kind: DutyKind) -> None:
    told = [take(1), act(kind, 2, personne="anne", filieres=("n1",), until_at=90 * S)]
    assert fold([*told, told[1]], FIXED) == fold(told, FIXED)
