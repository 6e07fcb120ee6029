"""The register of keeping on both databases: what is written is read, records stay, and of two at once one waits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DBAPIError

from cti.archive.keeping.chain import first_broken, following
from cti.archive.keeping.disposal import Disposal
from cti.archive.keeping.office import Classing, Office
from cti.journey.around.keeping import Fate, Hold, HoldKind, Item, Proposal, Refused, Scope, Target, Term
from cti.journey.around.notes import CallNote
from cti.journey.around.voice import Piece, VoiceState
from cti.journey.events import CallArrived, CallEnded, CallEvent, DossierOpened
from cti.store import Store
from cti.store import tables as t
from cti.store.engine import build_engine
from tests.integration.store.store_histories import batch
from tests.unit.archive.keeping_house import DAY, PARIS, RULES, T0, MemoryObjects, S, piece, sealings, years_later


def told(store: Store, call_id: str, ref: str | None = None, ended_at: int | None = T0 + 60 * S) -> None:
    """A call as the pipeline writes it."""
    events: list[CallEvent] = [
        CallArrived(call_id=call_id, at=T0, channel=f"{call_id}.1", did="15", flux="15", caller="0612345678")
    ]
    if ref is not None:
        events.append(DossierOpened(call_id=call_id, at=T0 + S, dossier_id=f"id-{ref}", ref=ref))
    if ended_at is not None:
        events.append(CallEnded(call_id=call_id, at=ended_at, cause=16))
    store.commit(batch(events, session=call_id))


def lay(store: Store, number: int, call: str, state: VoiceState = VoiceState.ARCHIVED) -> Piece:
    one = piece(number, call=call, state=state)
    store.pieces.save(one, T0)
    return one


def office(store: Store, now: int = T0) -> Office:
    return Office(store.keeping, Classing(RULES, PARIS), lambda: now, lambda name: name)


def a_hold(number: int, target: Target) -> Hold:
    return Hold(
        number=number, target=target, kind=HoldKind.REQUISITION, reference="PV 12", asked_by="OPJ", placed_by="Anne",
        placed_at=T0, reason="réquisition",
    )  # fmt: skip


def test_what_is_written_is_read(store: Store) -> None:
    one = lay(store, 1, "c1")
    term = Term(
        code="mineur", starts_at=T0, keep_until=T0 + 9, reason="été", at=3, by="Anne", birth=date(2020, 2, 29), last_act_at=7
    )
    hold = a_hold(1, Target(Scope.PIECE, "p1"))
    released = replace(hold, released_at=T0 + 5, released_by="Denis", release_reason="restituée")
    proposal = Proposal(number=1, proposed_by="Anne", proposed_at=1, reason="délai")
    approved = replace(proposal, approved_by="Benoît", approved_at=2, visa="V")
    item = Item(proposal=1, piece_id="p1", code="pdsa", keep_until=5, why="w")
    fate = replace(item, begun_at=6, fate=Fate.SPARED, fate_at=7, fate_why="gelée")
    entry = following(None, "p1", {"visa": "é"})
    with store.keeping.alone() as book:
        book.add_term("p1", replace(term, code="pdsa"))
        book.add_term("p1", term)
        for one_hold in (hold, released):
            book.save_hold(one_hold)
        for one_proposal in (proposal, approved):
            book.save_proposal(one_proposal)
        book.save_items([item])
        book.save_items([fate])
        book.add_entry(entry)
        book.save_piece(replace(one, state=VoiceState.HELD, state_at=8, retention="pdsa", keep_until=9))
    with store.keeping.reading() as book:
        assert (book.term("p1"), book.term("p2")) == (term, None)
        assert (book.hold(1), book.hold(2), book.holds()) == (released, None, [released])
        assert book.holds_on([Target(Scope.PIECE, "p1"), Target(Scope.APPEL, "x")]) == [released]
        assert book.holds_on([Target(Scope.APPEL, "p1")]) == []
        assert (book.proposal(1), book.proposal(2), book.proposals()) == (approved, None, [approved])
        assert (book.items(1), book.items(2)) == ([fate], [])
        assert (book.last_entry(), book.entry_of("p1"), book.entry_of("p2"), book.entries()) == (entry, entry, None, [entry])
    kept = store.pieces.find("p1")
    assert kept == replace(one, state=VoiceState.HELD, state_at=8, retention="pdsa", keep_until=9)


def test_what_raises_leaves_nothing(store: Store) -> None:
    def changed_their_mind() -> None:
        with store.keeping.alone() as book:
            book.save_hold(a_hold(1, Target(Scope.PIECE, "p1")))
            raise Refused("non")

    with pytest.raises(Refused):
        changed_their_mind()
    with store.keeping.reading() as book:
        assert book.holds() == []


def test_a_record_stays_as_it_is(store: Store, database: str) -> None:
    entries = [following(None, "p1", {})]
    entries.append(following(entries[0], "p2", {}))
    with store.keeping.alone() as book:
        for entry in entries:
            book.add_entry(entry)
    engine = build_engine(database)
    try:
        for statement in (update(t.destruction).values(body="{}"), delete(t.destruction)):
            with pytest.raises(DBAPIError, match="stays as it is"), engine.begin() as connection:
                connection.execute(statement)
        values = {"number": 3, "piece_id": "p1", "body": "{}", "previous": "", "hash": ""}
        with pytest.raises(DBAPIError), engine.begin() as connection:
            connection.execute(insert(t.destruction), values)
    finally:
        engine.dispose()
    with store.keeping.reading() as book:
        assert first_broken(book.entries()) is None


def test_targets_name_pieces_calls_and_dossiers(store: Store) -> None:
    told(store, "c1", "2026-350-0000001")
    told(store, "c2", "2026-350-0000001")
    told(store, "c3")
    for number, call in ((1, "c1"), (2, "c1"), (3, "c2"), (4, "c3"), (5, "inconnu")):
        lay(store, number, call)
    expected = {
        Target(Scope.PIECE, "p4"): ["p4"],
        Target(Scope.APPEL, "c1"): ["p1", "p2"],
        Target(Scope.DOSSIER, "2026-350-0000001"): ["p1", "p2", "p3"],
        Target(Scope.DOSSIER, "autre"): [],
    }
    with store.keeping.reading() as book:
        assert {target: [kept.piece.piece_id for kept in book.covered(target)] for target in expected} == expected
        kept = book.kept("p3")
        assert kept is not None
        assert Target(Scope.DOSSIER, "2026-350-0000001") in kept.targets
        assert book.kept("p9") is None


def test_facts_are_those_of_the_call(store: Store) -> None:
    told(store, "c1", "D")
    told(store, "c2", "D", ended_at=T0 + 900 * S)
    told(store, "c3")
    told(store, "c4", ended_at=None)
    with store.keeping.reading() as book:
        first, alone, running, unknown = (book.facts(piece(n, call=call)) for n, call in enumerate(("c1", "c3", "c4", "c9")))
    assert (first.ended_at, first.dossier_ref, first.dossier_last_at, first.in_doubt) == (T0 + 60 * S, "D", T0 + 900 * S, False)
    assert (alone.dossier_ref, alone.dossier_last_at, alone.in_doubt) == (None, None, False)
    for doubtful in (running, unknown):
        assert doubtful.in_doubt
        assert doubtful.ended_at == T0 + 100 * S, "when it was sealed, the latest that is known"


def test_classed_unclassed_and_due(store: Store) -> None:
    for number in range(1, 4):
        told(store, f"c{number}")
        lay(store, number, f"c{number}")
    lay(store, 4, "c4", VoiceState.PROVEN)
    assert office(store).settle() == 3
    assert office(store).settle() == 0
    with store.keeping.reading() as book:
        assert [kept.piece.piece_id for kept in book.classed("p1", 9)] == ["p2", "p3"]
        assert book.unclassed(9) == []
        assert book.due(T0, 9) == []
        late = years_later(6)
        assert [kept.piece.piece_id for kept in book.due(late, 2)] == ["p1", "p2"]
        assert book.undecided(late) == 3
    with store.keeping.alone() as book:
        begun = Item(proposal=1, piece_id="p1", code="pdsa", keep_until=1, why="")
        book.save_items([begun, replace(begun, piece_id="p2"), replace(begun, piece_id="p3", fate=Fate.SPARED)])
        book.save_proposal(Proposal(number=1, proposed_by="Anne", proposed_at=1, reason="r"))
        assert [kept.piece.piece_id for kept in book.due(late, 9)] == ["p3"], "two are proposed, one was spared"
        book.save_items([replace(begun, begun_at=5)])
        book.save_proposal(Proposal(number=1, proposed_by="A", proposed_at=1, reason="r", withdrawn_at=3))
        assert [kept.piece.piece_id for kept in book.due(late, 9)] == ["p2", "p3"], "withdrawn, and one had begun"


def test_a_destroyed_piece_without_a_record_is_named(store: Store) -> None:
    one = lay(store, 1, "c1")
    with store.keeping.alone() as book:
        book.save_piece(replace(one, state=VoiceState.DESTROYED))
        assert book.destroyed_without_entry() == ["p1"]
        book.add_entry(following(None, "p1", {}))
        assert book.destroyed_without_entry() == []


def test_the_whole_way_on_a_real_register(database: str, opening: Callable[..., Store]) -> None:
    store, objects, now = opening(database), MemoryObjects(), years_later(6)
    for number in (1, 2):
        told(store, f"c{number}")
        one = lay(store, number, f"c{number}")
        assert one.sealed is not None
        names = sealings(one.sealed.key)
        objects.lying |= {*names.sounds, *names.timelines}
    office(store).settle()
    disposal = Disposal(store.keeping, Classing(RULES, PARIS), objects, sealings, lambda: now, lambda name: name)
    proposal, _ = disposal.propose(by="Anne", reason="délai écoulé", at_most=10)
    disposal.approve(proposal.number, by="Benoît", visa="AD35")
    office(store, now).place(
        Target(Scope.APPEL, "c2"), kind=HoldKind.RECLAMATION, reference="R", asked_by="patient", by="Chloé", reason="lettre"
    )
    fates = {outcome.piece_id: outcome.fate for outcome in disposal.execute(proposal.number, by="Denis")}
    assert fates == {"p1": Fate.DESTROYED, "p2": Fate.SPARED}
    again = opening(database)
    assert [one.state for one in again.pieces.all()] == [VoiceState.DESTROYED, VoiceState.HELD]
    with again.keeping.reading() as book:
        (entry,) = book.entries()
    assert (entry.told["visa"], first_broken([entry])) == ("AD35", None)
    assert objects.lying == {"2026/12/16/p2.flac", "2026/12/16/p2.json"}


def test_of_two_holds_at_once_each_has_its_number(database: str, opening: Callable[..., Store]) -> None:
    store, together = opening(database), Barrier(4)
    lay(store, 1, "c1")

    def person(number: int) -> int:
        together.wait()
        hold, _ = office(store).place(
            Target(Scope.PIECE, "p1"), kind=HoldKind.AUTRE, reference=f"R{number}", asked_by="a", by="b", reason="c"
        )
        return hold.number

    with ThreadPoolExecutor(4) as people:
        assert sorted(people.map(person, range(4))) == [1, 2, 3, 4]
    found = store.pieces.find("p1")
    assert found is not None
    assert found.state is VoiceState.HELD


def test_a_hold_moves_the_end_in_the_row(store: Store) -> None:
    told(store, "c1")
    lay(store, 1, "c1")
    office(store).settle()
    before = store.pieces.find("p1")
    hold, _ = office(store, T0 + 10 * DAY).place(
        Target(Scope.PIECE, "p1"), kind=HoldKind.AUTRE, reference="R", asked_by="a", by="b", reason="c"
    )
    office(store, T0 + 17 * DAY).release(hold.number, by="b", reason="fini")
    after = store.pieces.find("p1")
    assert before is not None
    assert after is not None
    assert (before.keep_until or 0) + 7 * DAY == after.keep_until


def test_notes_end_with_the_last_recording_of_their_call_or_by_themselves(store: Store) -> None:
    for call_id, ref in (("voiced", None), ("silent", None), ("filed", "D1"), ("missing", None)):
        told(store, call_id, ref)
        for words in ("un", "deux"):
            store.notes.add(
                CallNote(note_id=f"{call_id}-{words}", call_id=call_id, at=T0 + S, by="Anne", poste="arm01", texte=words)
            )
    told(store, "going_on", ended_at=None)
    store.notes.add(CallNote(note_id="g", call_id="going_on", at=years_later(6), by="Anne", poste="arm01", texte="encore"))
    lay(store, 1, "voiced")
    lay(store, 2, "missing", VoiceState.MISSING)
    office(store).settle()
    at = years_later(6)
    disposal = Disposal(store.keeping, Classing(RULES, PARIS), MemoryObjects(), sealings, lambda: at, lambda name: name)
    assert disposal.undecided() == 3
    proposal, items = disposal.propose(by="Anne", reason="délai", at_most=100)
    assert [item.piece_id for item in items] == ["p1", "notes/missing", "notes/silent"], "a dossier keeps longer"
    assert disposal.undecided() == 0
    disposal.approve(proposal.number, by="Benoît", visa="V")
    assert {one.fate for one in disposal.execute(proposal.number, by="Denis")} == {Fate.DESTROYED}
    left = {call_id: len(store.notes.of(call_id)) for call_id in ("voiced", "silent", "missing", "filed", "going_on")}
    assert left == {"voiced": 0, "silent": 0, "missing": 0, "filed": 2, "going_on": 1}
    entries, without = disposal.records()
    assert ({entry.piece_id: entry.told["notes"] for entry in entries}, list(without)) == (
        {"p1": 2, "notes/missing": 2, "notes/silent": 2}, [],
    )  # fmt: skip
    assert first_broken(entries) is None
