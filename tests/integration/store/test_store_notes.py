"""Notes on calls on disk."""

from cti.journey import Journey
from cti.journey.around.notes import CallNote
from cti.journey.ledger import Batch
from cti.store import Store


def note(note_id: str, call_id: str, at: int, texte: str = "Douleur thoracique\ndepuis une heure") -> CallNote:
    return CallNote(note_id=note_id, call_id=call_id, at=at, by="Camille Durand", poste="arm01", texte=texte)


def test_notes_come_back_in_the_order_in_which_they_were_written(store: Store) -> None:
    for one in (note("b", "c", 2), note("a", "c", 1), note("x", "d", 1)):
        store.notes.add(one)
    assert [one.note_id for one in store.notes.of("c")] == ["a", "b"]
    assert store.notes.of("d") == (note("x", "d", 1),)
    assert store.notes.of("e") == ()


def test_a_start_is_given_the_notes_of_the_calls_that_go_on(store: Store) -> None:
    store.commit(Batch(journeys=(Journey(call_id="on", t0=1, last_at=1), Journey(call_id="over", t0=1, ended_at=2, last_at=2))))
    for one in (note("a", "on", 2), note("b", "on", 3), note("x", "over", 2)):
        store.notes.add(one)
    assert store.notes.of_open_calls() == {"on": (note("a", "on", 2), note("b", "on", 3))}
