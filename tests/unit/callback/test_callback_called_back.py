"""What the PBX saw of calling back: a try told by itself, once, and never a change of the call that was lost."""

from functools import reduce

import pytest
from callback_stories import NUMBER, T0, S, abandon, answered

from cti.bootstrap.answering.callbacks import CallbackDesk, try_result
from cti.callback import CallbackBook
from cti.callback.folding import trace_of
from cti.journey import Journey, apply
from cti.journey import events as ev
from cti.journey.callbacks import ActKind, EntryState, TryResult
from cti.journey.events import OfferEnd
from tests.fakes.shelf import RULES, MemoryShelf
from tests.fakes.store import at_once

NOW = T0 + 600 * S


def back(
    call: str, *, missed: OfferEnd | None = None, cause: int = 16, entry: str | None = "c1", dialled: bool = True
) -> Journey:
    """An outgoing call for an entry, asked on the screen at NOW."""
    told: list[ev.CallEvent] = [
        ev.CallPlaced(
            call_id=call, at=NOW, channel="a", agent="arm01", number="0612345678", via=ev.PlacedVia.ECRAN, callback=entry
        )
    ]
    if dialled:
        told += [
            ev.PlacerReady(call_id=call, at=NOW + S, agent="arm01", leg="a"),
            ev.CalleeDialled(call_id=call, at=NOW + S, line="b"),
        ]
    if dialled and missed is None:
        told.append(ev.CalleeReached(call_id=call, at=NOW + 5 * S, line="b"))
    if missed is not None:
        told.append(ev.CalleeMissed(call_id=call, at=NOW + 9 * S, line="b", how=missed))
    told.append(ev.CallEnded(call_id=call, at=NOW + 60 * S, cause=cause))
    return reduce(lambda journey, event: apply(journey, event)[0], told, Journey(call_id=call))


class Board:
    """Counts nothing."""

    def count_callbacks(self, to_call: int, impossible: int) -> None:
        self.counted = to_call, impossible


def a_desk() -> tuple[CallbackDesk, CallbackBook]:
    desk = CallbackDesk(MemoryShelf(), RULES, Board(), at_once, lambda: NOW, {"arm01": "Camille Durand"}.__getitem__)
    return desk, desk.book


@pytest.mark.parametrize(
    ("journey", "result"),
    [
        (back("o1"), TryResult.REACHED),
        (back("o1", missed=OfferEnd.BUSY, cause=17), TryResult.BUSY),
        (back("o1", missed=OfferEnd.NO_ANSWER), TryResult.NO_ANSWER),
        (back("o1", missed=OfferEnd.CANCELLED), TryResult.NO_ANSWER),
        (back("o1", missed=OfferEnd.UNREACHABLE, cause=1), TryResult.WRONG_NUMBER),
    ],
)
def test_the_result_is_what_the_network_said(journey: Journey, result: TryResult) -> None:
    assert try_result(journey) is result


async def test_reached_closes_the_entry_by_the_agents_name_once() -> None:
    desk, book = a_desk()
    lost = abandon("c1")
    await desk.hear(lost)
    for _ in range(2):  # the outbox may ask again
        await desk.hear(back("o1"))
    (entry,) = book.list(NOW + 90 * S, with_closed=True)
    assert (entry.state, entry.reason, entry.closed_by) == (EntryState.CLOSED, "joint", "Camille Durand")
    assert [(act.kind, act.call_id, act.at) for act in entry.acts] == [(ActKind.TRY, "o1", NOW + 5 * S)]
    assert (lost.outcome, lost.answered_at) == ("abandoned", None), "a call-back answers nothing"


async def test_not_reached_is_a_try_of_whoever_took_it() -> None:
    desk, book = a_desk()
    await desk.hear(abandon("c1"))
    book.act("c1", ActKind.TAKE, at=NOW, by="Anne", version=0)
    await desk.hear(back("o1", missed=OfferEnd.BUSY, cause=17))
    await desk.hear(back("o2", missed=OfferEnd.NO_ANSWER))
    (entry,) = book.list(NOW + 90 * S)
    assert (entry.state, entry.taken_by) == (EntryState.TAKEN, "Anne")
    assert [(act.by, act.result) for act in entry.tries] == [("Anne", TryResult.BUSY), ("Anne", TryResult.NO_ANSWER)]


async def test_what_was_never_dialled_is_no_try() -> None:
    desk, book = a_desk()
    await desk.hear(abandon("c1"))
    await desk.hear(back("o1", dialled=False))
    await desk.hear(back("o2", entry=None))
    await desk.hear(back("o3", entry="unknown"))
    (entry,) = book.list(NOW + 90 * S)
    assert entry.acts == ()


async def test_a_try_is_kept_by_an_entry_that_closed_meanwhile() -> None:
    desk, book = a_desk()
    await desk.hear(abandon("c1"))
    await desk.hear(answered("c2", 60))
    await desk.hear(back("o1", missed=OfferEnd.NO_ANSWER))
    (entry,) = book.list(NOW + 90 * S, with_closed=True)
    assert (entry.state, entry.closing_call_id, len(entry.acts)) == (EntryState.CLOSED, "c2", 1)


def test_an_outgoing_call_means_nothing_for_the_list_by_itself() -> None:
    assert trace_of(back("o1")) is None
    assert trace_of(back("o1", missed=OfferEnd.NO_ANSWER)) is None


async def test_rebuilding_keeps_what_was_tried() -> None:
    desk, book = a_desk()
    lost, tried = abandon("c1"), back("o1", missed=OfferEnd.BUSY)
    await desk.hear(lost)
    await desk.hear(tried)
    before = book.list(NOW)
    book.rebuild([lost, tried])
    assert book.list(NOW) == before
    assert before[0].number == NUMBER


async def test_the_standing_entry_of_a_lost_call() -> None:
    desk, _ = a_desk()
    await desk.hear(abandon("c1"))
    found = await desk.standing("c1")
    assert found is not None
    assert found.id == "c1"
    await desk.hear(back("o1"))
    assert await desk.standing("c1") is None
