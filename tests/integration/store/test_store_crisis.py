"""The history of crisis mode on both databases: only added to, one at a time, and it outlives the process."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from cti.journey.around.crisis import AlreadySo, CrisisAct, is_active, switched
from cti.store import Store


def turn(store: Store, at: int, *, active: bool, by: str = "Dr Martin") -> CrisisAct:
    return store.crises.add(lambda acts: switched(acts, active=active, at=at, by=by, reason="accident de car « A84 »"))


def test_acts_are_kept_in_order(database: str, opening: Callable[..., Store]) -> None:
    store = opening(database)
    assert store.crises.acts() == ()
    on, off = turn(store, 10, active=True), turn(store, 20, active=False)
    assert opening(database).crises.acts() == (on, off)
    assert store.crises.acts(after=1) == (off,)
    assert on.reason == "accident de car « A84 »"


def test_a_refused_turn_writes_nothing(database: str, opening: Callable[..., Store]) -> None:
    store = opening(database)
    with pytest.raises(AlreadySo):
        turn(store, 10, active=False)
    assert store.crises.acts() == ()


def test_of_two_people_at_once_one_is_told(database: str, opening: Callable[..., Store]) -> None:
    store, together = opening(database), Barrier(2)

    def person(number: int) -> bool:
        together.wait()
        try:
            turn(store, 10 + number, active=True, by=f"person {number}")
        except AlreadySo:
            return False
        return True

    with ThreadPoolExecutor(2) as people:
        assert sorted(people.map(person, range(2))) == [False, True]
    assert is_active(store.crises.acts())
    assert len(store.crises.acts()) == 1
