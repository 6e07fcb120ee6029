"""What was written about a call ends with its voice, by the same two people; where there is none, by itself and no sooner."""

import pytest

from cti.archive.keeping.chain import first_broken
from cti.archive.keeping.noted import call_of, named
from cti.journey.around.keeping import Facts, Fate, Refused, Scope
from cti.journey.around.voice import VoiceState
from tests.unit.archive.keeping_house import T0, House, Killed, S, with_dossier, years_later
from tests.unit.archive.test_keeping_disposal import run

ENDED = Facts(ended_at=T0 + 60 * S)


@pytest.fixture
def house() -> House:
    """Six years later: a call with two recordings, one that a dossier keeps, one that was never recorded; notes on each."""
    house = House()
    house.lay(1, call="two")
    house.lay(2, call="two")
    house.lay(3, with_dossier("D3"))
    house.lay(4, call="gone", state=VoiceState.MISSING)
    house.book.known["bare"] = ENDED
    house.book.notes = {"two": 2, "c3": 1, "bare": 3, "gone": 1}
    house.office.settle()
    house.pass_to(years_later(6))
    return house


def told(house: House, name: str) -> dict[str, object]:
    entry = house.book.entry_of(name)
    assert entry is not None
    return dict(entry.told)


def test_notes_end_with_the_last_recording_of_their_call(house: House) -> None:
    number = house.approved()
    (item,) = [one for one in house.book.items(number) if one.piece_id == "p1"]
    assert run(house, number)["p1"] is Fate.DESTROYED
    assert item.fate is None
    assert (told(house, "p1")["notes"], told(house, "p2")["notes"]) == (0, 2), "with the last of them"
    assert house.book.notes == {"c3": 1}, "of a dossier that is kept, they are kept"
    assert first_broken(house.book.chain) is None


def test_a_recording_that_is_held_keeps_the_notes_of_its_call(house: House) -> None:
    number = house.approved()
    held = house.hold("p2")
    assert run(house, number)["p2"] is Fate.SPARED
    assert (house.state(1), told(house, "p1")["notes"], house.book.notes["two"]) == (VoiceState.DESTROYED, 0, 2)
    house.office.release(held, by="Denis", reason="fini")
    house.pass_to(years_later(13))
    run(house, house.approved())
    assert (told(house, "p2")["notes"], "two" in house.book.notes) == (2, False)


def test_notes_that_stand_alone_have_a_term_and_two_people_of_their_own(house: House) -> None:
    assert house.disposal.undecided() == 4, "two recordings, and the notes of two calls without any"
    proposal, items = house.disposal.propose(by="Anne", reason="délai écoulé", at_most=100)
    assert [item.piece_id for item in items] == ["p1", "p2", "notes/bare", "notes/gone"]
    assert "notes sans enregistrement" in items[2].why
    assert house.disposal.undecided() == 0
    with pytest.raises(Refused, match="rien n'est éliminé"):
        run(house, proposal.number)
    house.disposal.approve(proposal.number, by="Benoît", visa="AD35/2032/14")
    assert set(run(house, proposal.number).values()) == {Fate.DESTROYED}
    record = told(house, "notes/bare")
    names = ("call_id", "kind", "notes", "retention", "proposed_by", "approved_by", "executed_by")
    assert [record[name] for name in names] == ["bare", "notes", 3, "pdsa", "Anne", "Benoît", "Denis"]
    assert house.disposal.records()[1] == []


def test_no_sooner_than_a_recording_would_and_never_while_a_hold_stands(house: House) -> None:
    house.book.notes = {"bare": 1, "kept": 1, "held": 1, "file": 1}
    house.book.known |= {"kept": with_dossier("D1"), "held": ENDED, "file": with_dossier("D2", last=T0 - 20 * years_later(1, 0))}
    house.hold("held", Scope.APPEL)
    house.hold("D2", Scope.DOSSIER)
    _, items = house.disposal.propose(by="Anne", reason="r", at_most=100)
    assert [item.piece_id for item in items if call_of(item.piece_id)] == [named("bare")]


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (lambda house: house.hold("bare", Scope.APPEL), "gelées : reclamation R-1"),
        (lambda house: house.lay(9, call="bare"), "suivent un enregistrement"),
        (lambda house: house.book.notes.pop("bare"), "ne sont plus là"),
        (lambda house: house.book.known.update(bare=with_dossier("D9")), "n'est pas écoulée"),
    ],
)
def test_what_changed_since_the_list_spares_them(house: House, meanwhile: object, why: str) -> None:
    number = house.approved()
    meanwhile(house)  # type: ignore[operator]
    outcomes = {one.piece_id: one for one in house.disposal.execute(number, by="Denis")}
    assert (outcomes["notes/bare"].fate, why in outcomes["notes/bare"].why) == (Fate.SPARED, True), outcomes["notes/bare"].why
    assert house.book.entry_of("notes/bare") is None


def test_a_proposal_that_is_withdrawn_meanwhile_spares_them(house: House) -> None:
    number = house.approved()
    running = house.disposal.execute(number, by="Denis")
    next(running)
    house.disposal.withdraw(number, by="Anne", reason="erreur")
    fates = {one.piece_id: (one.fate, one.why) for one in running}
    assert fates["notes/gone"] == (Fate.SPARED, "proposition retirée par Anne")
    assert house.book.notes["gone"] == 1


def test_two_executions_record_them_once(house: House) -> None:
    number = house.approved()
    first, second = house.disposal.execute(number, by="Denis"), house.disposal.execute(number, by="Élise")
    next(first)  # has its whole list now
    assert next(second).piece_id == "notes/gone"
    late = next(first)
    assert (late.piece_id, late.fate, late.why) == ("notes/gone", Fate.DESTROYED, "déjà éliminées et consignées")
    assert sum(entry.piece_id == "notes/gone" for entry in house.book.chain) == 1


def test_a_hold_that_comes_once_the_sound_is_gone_keeps_what_was_written(house: House) -> None:
    number = house.approved()
    run_one = house.disposal.execute(number, by="Denis")
    house.objects.acts_left = 3  # dies once the sound of the first recording is gone
    with pytest.raises(Killed):
        list(run_one)
    house.hold("two", Scope.APPEL)
    list(house.disposal.execute(number, by="Denis"))
    assert (told(house, "p1")["notes"], house.book.notes["two"]) == (0, 2)


def test_a_list_takes_no_more_than_it_may(house: House) -> None:
    _, items = house.disposal.propose(by="Anne", reason="r", at_most=3)
    assert [item.piece_id for item in items] == ["p1", "p2", "notes/bare"]
    _, items = house.disposal.propose(by="Anne", reason="r", at_most=3)
    assert [item.piece_id for item in items] == ["notes/gone"]


def test_many_notes_are_looked_at_page_by_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cti.archive.keeping.noted.PAGE", 2)
    names = [f"b{number}" for number in range(5)]
    house.book.notes = dict.fromkeys(names, 1)
    house.book.known |= dict.fromkeys(names, ENDED)
    assert house.disposal.undecided() == 2 + 5
