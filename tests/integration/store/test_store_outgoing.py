"""Outgoing calls and seen tries come back from both databases as they were written."""

from collections.abc import Callable

from store_histories import SECOND, T0, batch, folded

from cti.journey import events as ev
from cti.journey.callbacks import Act, ActKind, Change, TryResult
from cti.journey.events import OfferEnd
from cti.journey.events.placed import Direction
from cti.store import Store


def story(call: str, *, via: ev.PlacedVia, reached: bool) -> list[ev.CallEvent]:
    ids = {"call_id": call}
    last: ev.CallEvent = ev.CalleeMissed(**ids, at=T0 + 9 * SECOND, line="b", how=OfferEnd.BUSY)
    if reached:
        last = ev.CalleeReached(**ids, at=T0 + 9 * SECOND, line="b")
    return [
        ev.CallPlaced(**ids, at=T0, channel="a", agent="arm01", number="0639980007", via=via, callback="c1", about="c2"),
        ev.PlacerReady(**ids, at=T0 + SECOND, agent="arm01", leg="a"),
        ev.CalleeDialled(**ids, at=T0 + 2 * SECOND, line="b"),
        ev.CalleeRinging(**ids, at=T0 + 3 * SECOND, line="b"),
        last,
        ev.CallEnded(**ids, at=T0 + 30 * SECOND, cause=17),
    ]


def test_what_was_written_is_read(database: str, opening: Callable[..., Store]) -> None:
    store = opening(database)
    stories = [story("o1", via=ev.PlacedVia.ECRAN, reached=True), story("o2", via=ev.PlacedVia.POSTE, reached=False)]
    store.commit(batch([event for one in stories for event in one]))
    for one in stories:
        read = store.journey(one[0].call_id)
        assert read == folded(one)
        assert read is not None
        assert read.direction is Direction.SORTANT
        assert store.reading.events(one[0].call_id) == one


def test_the_call_of_a_try_is_kept(database: str, opening: Callable[..., Store]) -> None:
    store = opening(database)
    act = Act(group="g", number=1, entry="c1", at=T0, by="Anne", kind=ActKind.TRY, result=TryResult.BUSY, call_id="o1")
    store.callbacks.change("g", lambda history: Change(acts=(act,)))
    kept: list[Act] = []

    def look(history: object) -> Change:
        kept.extend(history.acts)  # type: ignore[attr-defined]
        return Change()

    store.callbacks.change("g", look)
    assert kept == [act]
