"""Any interleaving of any calls through the pipeline gives the journeys that each call gives alone."""

import asyncio
from dataclasses import fields, replace
from typing import Any, get_type_hints

from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline_rig import T0, Witness, folded, running

from cti.journey import CallEvent, Journey, Seen
from cti.journey import events as ev
from cti.pipeline import Pace
from tests.fakes.clockwork import Clockwork
from tests.fakes.store import MemoryStore, at_once

CALLS = "abcd"
_KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "call_id": st.just(""),
    "at": st.integers(0, 600_000).map(lambda ms: T0 + ms * 1000),
    "since": st.just(T0),
    "leg": st.sampled_from(["leg-1", "leg-2"]),
    "agent": st.sampled_from(["arm01", "arm02"]),
    "filiere": st.sampled_from(["n1", "mg"]),
    "stem": st.sampled_from(["x", "y"]),
    "dossier_id": st.sampled_from(["d1", "d2"]),
    "cause": st.sampled_from([0, 16, 34]),
}


def _drawn(kind: type[CallEvent]) -> st.SearchStrategy[CallEvent]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: _KNOWN.get(f.name, st.from_type(hints[f.name])) for f in fields(kind)})


#: An arrival seen live comes once, at the head of its call: the dialplan gives each call its own identity.
_LATER = st.one_of(*map(_drawn, ev.CALL_EVENTS)).map(
    lambda event: replace(event, seen=Seen.CEL) if isinstance(event, ev.CallArrived) else event
)
_FIRST = _drawn(ev.CallArrived).map(lambda event: replace(event, seen=Seen.LIVE))
_STORY = st.tuples(st.lists(_FIRST, max_size=1), st.lists(_LATER, max_size=12)).map(lambda two: two[0] + two[1])


@st.composite
def interleavings(draw: st.DrawFn) -> list[CallEvent | None]:
    """Events of all the calls, each call's in order; None is a turn of the loop."""
    stories = {call: [replace(event, call_id=call) for event in draw(_STORY)] for call in CALLS}
    order = draw(st.permutations([call for call, events in stories.items() for _ in events]))
    mixed: list[CallEvent | None] = []
    for call in order:
        mixed.append(stories[call].pop(0))
        mixed.extend([None] * draw(st.integers(0, 3)))
    return mixed


def _alone(events: list[CallEvent | None], call: str, before: Journey | None = None) -> Journey | None:
    own = [event for event in events if event is not None and event.call_id == call]
    return folded(own, before) if own else before


@settings(max_examples=150, deadline=None)
@given(
    interleavings(),
    st.dictionaries(st.sampled_from(["c", "d"]), st.lists(_LATER, min_size=1, max_size=4), max_size=2),
    st.booleans(),
    st.integers(0, 2),
    st.integers(1, 5),
)
def test_any_interleaving_gives_each_call_its_own_journey(
    events: list[CallEvent | None], earlier: dict[str, list[CallEvent]], restored: bool, ended_kept: int, batch_events: int
) -> None:
    store, witness = MemoryStore(), Witness()
    for call, known in earlier.items():
        # What an earlier run left in the store; its calls have arrived, so no live arrival follows.
        store.journeys[call] = folded([replace(event, call_id=call) for event in known])
    events = [e for e in events if e is None or not (e.call_id in earlier and isinstance(e, ev.CallArrived))]
    expected = {call: _alone(events, call, store.journeys.get(call)) for call in CALLS}
    pace = Pace(linger_seconds=0, ended_kept=ended_kept, batch_events=batch_events)

    async def run() -> None:
        async with running(store, {}, witness, pace=pace, runner=at_once) as pipeline:
            if restored:
                await pipeline.restore()
            for frame, event in enumerate(events):
                if event is None:
                    await asyncio.sleep(0)
                else:
                    pipeline.submit([event], "s", frame)
            await pipeline.drained()
            assert pipeline.waiting == 0

    with asyncio.Runner(loop_factory=Clockwork) as runner:
        runner.run(run())
    assert {call: store.journeys.get(call) for call in CALLS} == expected
    for call in CALLS:
        told = [event for event in witness.told_events if event.call_id == call]
        assert told == store.events(call) == [event for event in events if event is not None and event.call_id == call]
