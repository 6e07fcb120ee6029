"""The call-back list on both databases: what memory says, the database says; two people at once are told of each other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text

from cti.callback import CallbackBook, Refused
from cti.journey import Journey, apply
from cti.journey import events as ev
from cti.journey.around.callers import Repeat
from cti.journey.callbacks import ActKind, CallbackEntry, EntryState, TryResult
from cti.journey.ledger import Batch
from cti.store import Store
from cti.store.engine import build_engine
from tests.fakes.shelf import RULES, MemoryShelf

T0 = 1_797_408_000_000_000
S = 1_000_000
NOW = T0 + 7200 * S


def call(call_id: str, at: int, caller: str | None, *, answered: bool = False, dossier: str | None = None) -> Journey:
    ids, t0 = {"call_id": call_id}, T0 + at * S
    events: list[ev.CallEvent] = [
        ev.CallArrived(**ids, at=t0, channel=call_id, did="15", flux="15", caller=caller),
        ev.QueueEntered(**ids, at=t0 + S, filiere="n1"),
    ]
    if answered:
        events.append(ev.AgentAnswered(**ids, at=t0 + 2 * S, agent="arm01", leg=f"{call_id}.1", filiere="n1"))
    if dossier is not None:
        events.append(ev.DossierOpened(**ids, at=t0 + 2 * S, dossier_id=dossier, ref=dossier))
    events.append(ev.CallEnded(**ids, at=t0 + 9 * S, cause=16))
    journey = Journey(call_id=call_id)
    for event in events:
        journey, _ = apply(journey, event)
    return journey


CALLS = (
    call("a1", 0, "0612345678"),
    call("m1", 10, None),
    call("a2", 60, "+33612345678"),
    call("b1", 70, "0311111111"),
    call("b2", 400, "0311111111", answered=True),
    call("c1", 500, "+4915112345678"),
)


def live(book: CallbackBook) -> None:
    """An afternoon at the desk."""
    for journey in CALLS:
        book.hear(journey)
    book.act("a2", ActKind.TAKE, at=NOW, by="Anne", version=0)
    book.act("a1", ActKind.TRY, at=NOW + S, by="Anne", version=1, result=TryResult.BUSY)
    book.act("c1", ActKind.CLOSE, at=NOW + S, by="Bruno", version=0, reason="doublon d'un dossier")


def listed(book: CallbackBook) -> list[CallbackEntry]:
    return book.list(NOW + 60 * S, with_closed=True)


def test_the_database_holds_what_memory_holds(store: Store) -> None:
    shelf = MemoryShelf()
    in_memory, on_disk = CallbackBook(shelf, RULES), CallbackBook(store.callbacks, RULES)
    live(in_memory)
    live(on_disk)
    assert listed(on_disk) == listed(in_memory)
    assert {entry.id: entry.state.value for entry in listed(on_disk)} == {
        "a1": "pris", "m1": "a_rappeler", "b1": "clos", "c1": "clos"
    }  # fmt: skip
    assert store.callbacks.counts() == shelf.counts() == (1, 1)
    assert CallbackBook(store.callbacks, RULES).list(NOW) == [
        entry for entry in listed(on_disk) if entry.state is not EntryState.CLOSED
    ]


def test_rebuilding_from_the_calls_gives_the_same_list(store: Store, database: str) -> None:
    store.commit(Batch(journeys=CALLS))
    book = CallbackBook(store.callbacks, RULES)
    live(book)
    before = listed(book)
    engine = build_engine(database)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM callback"))
        connection.execute(text("DELETE FROM callback_trace"))
    engine.dispose()
    assert listed(book) == []
    assert book.rebuild(store.reading.journeys(None, None)) == len(CALLS)
    assert listed(book) == before


def test_two_people_take_the_same_caller_and_one_gets_him(store: Store, database: str, opening: Callable[..., Store]) -> None:
    CallbackBook(store.callbacks, RULES).hear(CALLS[0])
    desks = [CallbackBook(opening(database).callbacks, RULES) for _ in range(4)]
    together = Barrier(len(desks))

    def take(number: int) -> str | None:
        together.wait()
        try:
            desks[number].act("a1", ActKind.TAKE, at=NOW, by=f"agent {number}", version=0)
        except Refused:
            return None
        return f"agent {number}"

    with ThreadPoolExecutor(len(desks)) as people:
        got = [name for name in people.map(take, range(len(desks))) if name is not None]
    assert len(got) == 1
    (entry,) = store.callbacks.entries(closed_since=None)
    assert (entry.taken_by, entry.version) == (got[0], 1)


def test_what_was_refused_is_not_written(store: Store) -> None:
    book = CallbackBook(store.callbacks, RULES)
    book.hear(CALLS[0])
    with pytest.raises(Refused):
        book.act("a1", ActKind.TAKE, at=NOW, by="A", version=3)
    assert listed(book)[0].acts == ()


def test_earlier_calls_of_a_number_are_found_whatever_its_spelling(store: Store) -> None:
    again = (
        call("d1", 0, "0033612000000", dossier="2026-350-0000001"),
        call("d2", 60, "0612000000"),
        call("d3", 120, "+33612000000"),
    )
    masked = (call("x1", 0, None), call("x2", 60, None))
    store.commit(Batch(journeys=(*again, *masked)))
    assert store.repeats([*again, *masked], 3600 * S) == {
        "d2": Repeat(1, "d1", "2026-350-0000001"),
        "d3": Repeat(2, "d2", "2026-350-0000001"),
    }
    assert store.repeats(again, 100 * S) == {"d2": Repeat(1, "d1", "2026-350-0000001"), "d3": Repeat(1, "d2", None)}
    assert store.repeats(masked, 3600 * S) == {}


def test_a_caller_is_found_among_more_numbers_than_one_query_takes(store: Store) -> None:
    many = [call(f"n{i}.{turn}", i + 1000 * turn, f"06{i:08d}") for i in range(300) for turn in (0, 1)]
    store.commit(Batch(journeys=tuple(many)))
    found = store.repeats(many, 3600 * S)
    assert found == {f"n{i}.1": Repeat(1, f"n{i}.0") for i in range(300)}
