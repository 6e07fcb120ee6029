"""Crisis mode: the history is only added to, and the intervals follow from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.journey.around.crisis import AlreadySo, CrisisAct, cut, is_active, spans, switched

S = 1_000_000


def history(*turns: tuple[int, bool]) -> tuple[CrisisAct, ...]:
    acts: tuple[CrisisAct, ...] = ()
    for at, active in turns:
        acts += (switched(acts, active=active, at=at, by=f"by {at}", reason=f"why {at}"),)
    return acts


def test_it_begins_calm_and_turns() -> None:
    assert not is_active(())
    assert is_active(history((1, True)))
    assert not is_active(history((1, True), (2, False)))


def test_a_turn_that_changes_nothing_is_refused_and_says_who_did_it() -> None:
    with pytest.raises(AlreadySo) as nothing:
        switched((), active=False, at=1, by="a", reason="b")
    assert nothing.value.act is None
    with pytest.raises(AlreadySo) as again:
        switched(history((1, True)), active=True, at=9, by="a", reason="b")
    assert again.value.act is not None
    assert again.value.act.by == "by 1"


def test_a_clock_that_went_back_does_not_turn_history_round() -> None:
    first, second = history((1_000, True), (5, False))
    assert (second.number, second.at) == (2, 1_001)
    assert first.at < second.at


def test_spans_and_their_ends() -> None:
    one, two = spans(history((10, True), (20, False), (30, True)))
    assert (one.since, one.until, one.by, one.ended_by) == (10, 20, "by 10", "by 20")
    assert (two.since, two.until, two.ended_by) == (30, None, None)


def test_an_act_that_repeats_the_one_before_changes_no_span() -> None:
    on = history((10, True))[0]
    again = CrisisAct(number=2, at=15, active=True, by="x", reason="y")
    off = CrisisAct(number=3, at=20, active=False, by="x", reason="y")
    assert [(one.since, one.until) for one in spans((on, again, off, off))] == [(10, 20)]


def test_cut_to_a_period() -> None:
    found = spans(history((10, True), (20, False), (30, True)))
    assert [(one.since, one.until) for one in cut(found, 15, 40)] == [(15, 20), (30, 40)]
    assert [(one.since, one.until) for one in cut(found, 15, 40, now=35)] == [(15, 20), (30, 35)]
    assert cut(found, 20, 30) == ()
    assert cut(found, 30, 40, now=30) == ()


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=12), st.integers(0, 100), st.integers(0, 100))
def test_spans_never_overlap_and_lie_in_the_period(turns: list[tuple[int, bool]], since: int, length: int) -> None:
    acts: tuple[CrisisAct, ...] = ()
    for at, active in turns:
        try:
            acts += (switched(acts, active=active, at=at, by="a", reason="b"),)
        except AlreadySo:
            continue
    assert [act.number for act in acts] == list(range(1, len(acts) + 1))
    found = cut(spans(acts), since, since + length)
    ends = [since]
    for one in found:
        assert one.until is not None
        assert ends[-1] <= one.since < one.until <= since + length
        ends.append(one.until)
    assert is_active(acts) is (bool(spans(acts)) and spans(acts)[-1].until is None)
