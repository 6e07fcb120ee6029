"""The numbers that called lately: what routing and the board are told of a caller who tries again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.bootstrap.answering.recent import RecentCallers
from cti.journey import Journey
from cti.journey.around.callers import Call, Repeat, dial_key, repeat_among, spellings
from cti.routing.planner import RoutePlanner
from cti.settings import load

CONFIG = Path(__file__).parents[3] / "config"
T0 = 1_797_408_000_000_000
S = 1_000_000
WINDOW = 3600 * S


def call(call_id: str, at: int, caller: str | None = "+33612345678", *, ref: str | None = None, test: bool = False) -> Journey:
    return Journey(call_id=call_id, t0=T0 + at * S, caller=caller, dossier_ref=ref, test=test)


def recent(*journeys: Journey) -> RecentCallers:
    memory = RecentCallers(WINDOW)
    memory.adopt(journeys)
    return memory


def test_the_next_call_of_a_number_knows_the_ones_before() -> None:
    memory = recent(call("a", 0, ref="2026-1"), call("b", 60, "0612345678"), call("z", 70, "0600000000"))
    assert memory("0033612345678", "c", T0 + 120 * S) == Repeat(2, "b", "2026-1")
    assert memory.repeat_of(call("b", 60)) == Repeat(1, "a", "2026-1")
    assert memory.repeat_of(call("a", 0)) is None


@pytest.mark.parametrize("caller", ["", "***", "anonymous", "15", None])
def test_masked_callers_are_never_taken_for_one_another(caller: str | None) -> None:
    memory = recent(call("a", 0, caller), call("b", 60, caller))
    assert memory.repeat_of(call("c", 90, caller)) is None
    assert memory(caller or "", "c", T0 + 90 * S) is None


def test_the_window_ends_and_a_test_call_is_nobody() -> None:
    memory = recent(call("a", 0), call("t", 3000, test=True))
    assert memory("0612345678", "c", T0 + WINDOW) == Repeat(1, "a")
    assert memory("0612345678", "c", T0 + WINDOW + 1) is None


def test_the_dossier_that_comes_later_is_offered() -> None:
    memory = recent(call("a", 0))
    memory.told(call("a", 0, ref="2026-7"), None, ())  # type: ignore[arg-type]
    assert memory.repeat_of(call("b", 60)) == Repeat(1, "a", "2026-7")


def test_what_is_old_is_forgotten() -> None:
    memory = recent(*(call(f"c{i}", i, f"06{i:08d}") for i in range(500)))
    memory.told(call("last", 400_000), None, ())  # type: ignore[arg-type]
    assert len(memory._numbers) == 1


@given(st.sampled_from(["0612345678", "+33612345678", "+4915112345678", "004915112345678", "0033262123456", "0012025550100"]))
def test_every_spelling_has_the_same_key(number: str) -> None:
    key = dial_key(number)
    assert key is not None
    assert number in spellings(key)
    assert {dial_key(spelling) for spelling in spellings(key)} == {key}


@given(st.lists(st.integers(0, 100), max_size=8), st.integers(0, 100), st.integers(1, 60))
def test_only_earlier_calls_within_the_window_count(starts: list[int], t0: int, window: int) -> None:
    calls = [Call(f"c{i}", at) for i, at in enumerate(starts)]
    found = repeat_among(calls, "me", t0, window)
    earlier = [one for one in calls if t0 - window <= one.t0 < t0]
    assert (found.count if found else 0) == len(earlier)
    if found is not None:
        assert max(earlier, key=lambda one: (one.t0, one.call_id)).call_id == found.previous_call_id


# --- raised in priority ------------------------------------------------------------------------------------------------

Route = Callable[..., int]


@pytest.fixture
def planner() -> RoutePlanner:
    calls = [call(f"c{i}", i) for i in range(10)]
    memory = recent(*calls[:1])
    many = recent(*calls)
    rules = load(CONFIG, {}).routing

    def known(caller: str, call_id: str, at: int) -> Repeat | None:
        if call_id == "broken":
            raise RuntimeError("memory lost")
        return (many if call_id == "often" else memory)(caller, call_id, at)

    return RoutePlanner(rules, lambda: None, lambda: T0 + 60 * S, lambda *_: None, known)


def test_a_repeated_caller_gains_priority_and_keeps_it_through_an_overflow(planner: RoutePlanner) -> None:
    first = planner.route("new", "15", "15", caller="0600000000")
    again = planner.route("again", "15", "15", caller="0612345678")
    assert (again.priorite, first.priorite) == (25, 20)
    assert again.motif.endswith("(appel n° 2 de ce numéro)")
    assert again.repeat == Repeat(1, "c0")
    assert planner.debordement("again", "n1", "timeout", "1").priorite == 30


def test_the_gain_has_a_ceiling_under_the_fire_service_and_p0(planner: RoutePlanner) -> None:
    often = planner.route("often", "15", "15", caller="0612345678")
    assert often.priorite == 20 + 15
    assert often.priorite < planner.route("fire", "18", "18").priorite
    vital = planner.route("often", "15", "15", "P0", caller="0612345678")
    assert vital.priorite == planner.route("p0", "15", "15", "P0").priorite == 90


def test_a_memory_that_fails_costs_nobody_an_answer(planner: RoutePlanner) -> None:
    assert planner.route("broken", "15", "15", caller="0612345678").priorite == 20


def test_a_masked_caller_gains_nothing(planner: RoutePlanner) -> None:
    assert planner.route("masked", "15", "15", caller="").priorite == 20
    assert planner.route("masked", "15", "15", caller="anonymous").priorite == 20
