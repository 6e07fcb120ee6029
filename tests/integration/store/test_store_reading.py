"""Reading by period: page by page, in order, with nothing lost or told twice at the edges."""

import pytest
from store_histories import T0, batch, folded, full_story

from cti.journey import Journey
from cti.store import Store, reading


@pytest.fixture
def calls(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[Journey]:
    """Eleven calls, three of them in the same microsecond, on pages of three."""
    monkeypatch.setattr(reading, "PAGE", 3)
    stories = [
        full_story(f"c{n:02d}", T0 + min(n, 8) * 10, flux="15" if n % 2 else "116117", caller=None if n == 4 else f"06{n % 3}")
        for n in range(11)
    ]
    store.commit(batch([event for story in stories for event in story]))
    return [folded(story) for story in stories]


def test_all_calls_in_order(store: Store, calls: list[Journey]) -> None:
    assert list(store.reading.journeys(None, None)) == calls


def test_newest_first(store: Store, calls: list[Journey]) -> None:
    assert list(store.reading.journeys(None, None, newest_first=True)) == calls[::-1]


@pytest.mark.parametrize("limit", [0, 1, 3, 4, 9, 50])
def test_limit(store: Store, calls: list[Journey], limit: int) -> None:
    assert list(store.reading.journeys(None, None, limit=limit)) == calls[:limit]
    assert list(store.reading.journeys(None, None, limit=limit, newest_first=True)) == calls[::-1][:limit]


def test_period_holds_its_first_instant_and_not_its_last(store: Store, calls: list[Journey]) -> None:
    assert list(store.reading.journeys(T0 + 10, T0 + 70)) == calls[1:7]
    assert list(store.reading.journeys(T0 + 80, None)) == calls[8:]
    assert list(store.reading.journeys(None, T0 + 1)) == calls[:1]


def test_one_line_and_one_caller(store: Store, calls: list[Journey]) -> None:
    assert list(store.reading.journeys(None, None, flux="15")) == [j for j in calls if j.flux == "15"]
    assert list(store.reading.journeys(None, None, caller="061", flux="116117")) == [calls[10]]


def test_slow_reader_holds_neither_a_lock_nor_a_moment(store: Store, calls: list[Journey]) -> None:
    reader = store.reading.journeys(None, None)
    told = [next(reader)]
    late = full_story("c99", T0 + 10_000)
    store.commit(batch(late, session="late"))
    told.extend(reader)
    assert told == [*calls, folded(late)]


def test_ping_answers(store: Store) -> None:
    store.ping()
