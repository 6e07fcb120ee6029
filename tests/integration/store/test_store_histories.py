"""Properties: whatever happened, rows give the journey back exactly, and the fold of the journal equals the rows."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count, pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_histories import batch, folded, histories

from cti.journey import Journey
from cti.journey.events import CallEvent
from cti.store import Store


def test_any_history_reads_back_and_folds_again(database: str, opening: Callable[..., Store]) -> None:
    store, reopened, number = opening(database), opening(database), count()

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(drawn=histories(["a", "b"]), cuts=st.lists(st.integers(1, 39), max_size=5))
    def holds(drawn: list[CallEvent], cuts: list[int]) -> None:
        # One database for all examples: its calls are told apart by a number.
        session = str(next(number))
        events = [replace(event, call_id=event.call_id + session) for event in drawn]
        journeys = dict[str, Journey]()
        for first, last in pairwise([0, *sorted({cut for cut in cuts if cut < len(events)}), len(events)]):
            store.commit(batch(events[first:last], session=session, first=first, before=journeys))
        for call_id, journey in journeys.items():
            assert reopened.journey(call_id) == journey
            assert reopened.reading.events(call_id) == [event for event in events if event.call_id == call_id]
            assert folded(reopened.reading.events(call_id)) == journey

    holds()
