"""The end of a piece: two people, a visa, proof; nothing held, nothing before its time; killed anywhere, it goes on."""

from dataclasses import replace

import pytest

from cti.archive.keeping.chain import first_broken
from cti.archive.keeping.disposal import NotGone
from cti.archive.keeping.verdict import executable, standing
from cti.journey.around.keeping import Facts, Fate, Kept, Proposal, Refused, Scope
from cti.journey.around.voice import VoiceState
from tests.unit.archive.keeping_house import DAY, PARIS, T0, House, Killed, S, piece, with_dossier, years_later


@pytest.fixture
def house() -> House:
    """Two pieces whose time has come, and one that a dossier keeps."""
    house = House()
    house.lay(1)
    house.lay(2)
    house.lay(3, with_dossier("D3"))
    house.office.settle()
    house.pass_to(years_later(6))
    return house


def run(house: House, number: int) -> dict[str, Fate]:
    return {outcome.piece_id: outcome.fate for outcome in house.disposal.execute(number, by="Denis")}


def test_proposed_approved_executed_recorded(house: House) -> None:
    assert house.disposal.undecided() == 2
    assert house.disposal.undecided(years_later(2, 0)) == 0, "they are past their time for less than two years"
    proposal, items = house.disposal.propose(by="Anne", reason="délai écoulé", at_most=100)
    assert [(item.piece_id, item.code) for item in items] == [("p1", "pdsa"), ("p2", "pdsa")]
    assert house.disposal.undecided() == 0
    house.disposal.approve(proposal.number, by="Benoît", visa="AD35/2032/14")
    assert run(house, proposal.number) == {"p1": Fate.DESTROYED, "p2": Fate.DESTROYED}
    assert house.objects.lying == {
        "2026/12/16/p1.manifest", "2026/12/16/p2.manifest",
        *(f"2026/12/16/p3.{ending}" for ending in ("flac", "json", "manifest")),
    }  # fmt: skip
    assert [house.state(n) for n in (1, 2, 3)] == [VoiceState.DESTROYED, VoiceState.DESTROYED, VoiceState.ARCHIVED]
    assert [(item.begun_at, item.fate_at) for item in house.book.items(proposal.number)] == [(house.now, house.now)] * 2
    entries, without = house.disposal.records()
    assert first_broken(entries) is None
    assert not without
    told = entries[0].told
    people = ("proposed_by", "approved_by", "visa", "executed_by", "read_back_absent")
    assert [told[name] for name in people] == [
        "Anne", "Benoît", "AD35/2032/14", "Denis", ["2026/12/16/p1.flac", "2026/12/16/p1.json"],
    ]  # fmt: skip


def test_done_again_nothing_is_done(house: House) -> None:
    number = house.approved()
    run(house, number)
    assert run(house, number) == {}
    assert len(house.book.chain) == 2
    with pytest.raises(Refused, match="aucune pièce"):
        house.disposal.propose(by="Anne", reason="encore", at_most=100)


def test_nothing_before_its_time(house: House) -> None:
    young = House()
    young.lay(1)
    young.office.settle()
    young.pass_to(T0 + 1826 * DAY)
    with pytest.raises(Refused, match="aucune pièce"):
        young.disposal.propose(by="Anne", reason="r", at_most=100)
    assert young.book.proposals() == []


def test_never_by_one_person(house: House) -> None:
    proposal, _ = house.disposal.propose(by="Anne Leroy", reason="r", at_most=100)
    with pytest.raises(Refused, match="se décide à deux"):
        house.disposal.approve(proposal.number, by="ANNE  leroy", visa="V1")
    with pytest.raises(Refused, match="--visa"):
        house.disposal.approve(proposal.number, by="Benoît", visa=" ")
    with pytest.raises(Refused, match="proposée : rien n'est éliminé"):
        run(house, proposal.number)
    house.disposal.approve(proposal.number, by="Benoît", visa="V1")
    with pytest.raises(Refused, match="déjà approuvée"):
        house.disposal.approve(proposal.number, by="Chloé", visa="V2")
    forged = Proposal(
        number=9, proposed_by="a", proposed_at=1, reason="r", approved_by="A", approved_at=2, visa="V"
    )  # fmt: skip
    with pytest.raises(Refused, match="par la même personne"):
        executable(forged)


def test_a_hold_between_approval_and_execution_spares_the_piece_and_says_so(house: House) -> None:
    number = house.approved()
    hold = house.hold("p1")
    outcomes = {outcome.piece_id: outcome for outcome in house.disposal.execute(number, by="Denis")}
    assert outcomes["p1"].fate is Fate.SPARED
    assert "gelée : reclamation R-1 (gel 1)" in outcomes["p1"].why
    assert outcomes["p2"].fate is Fate.DESTROYED
    assert "2026/12/16/p1.flac" in house.objects.lying
    house.office.release(hold, by="Chloé", reason="classée")
    assert run(house, number) == {}, "what was spared needs a new proposal"
    assert [item.piece_id for item in house.disposal.propose(by="Anne", reason="r", at_most=9)[1]] == ["p1"]


def test_a_dossier_tied_since_spares_the_piece(house: House) -> None:
    number = house.approved()
    house.book.known["c1"] = with_dossier("D9")
    assert run(house, number) == {"p1": Fate.SPARED, "p2": Fate.DESTROYED}
    assert house.book.pieces["p1"].retention == "dossier"


def test_a_row_that_is_behind_is_set_right_when_proposed(house: House) -> None:
    house.book.known["c1"] = with_dossier("D9", last=T0 + 300 * DAY)
    house.hold("D9", Scope.DOSSIER)
    house.book.known["c2"] = with_dossier("D9", last=T0 + 300 * DAY)
    with pytest.raises(Refused, match="aucune pièce"):
        house.disposal.propose(by="Anne", reason="r", at_most=1)
    assert (house.state(1), house.book.pieces["p2"].retention) == (VoiceState.HELD, "dossier")
    assert house.state(2) is VoiceState.HELD


def test_a_proposal_taken_back(house: House) -> None:
    number = house.approved()
    house.disposal.withdraw(number, by="Benoît", reason="erreur")
    with pytest.raises(Refused, match="est retirée"):
        run(house, number)
    with pytest.raises(Refused, match="déjà retirée"):
        house.disposal.withdraw(number, by="Benoît", reason="encore")
    with pytest.raises(Refused, match="déjà retirée"):
        house.disposal.approve(number, by="Chloé", visa="V")
    assert house.disposal.undecided() == 2
    assert [proposal.state for proposal, _ in house.disposal.proposals()] == ["retiree"]


def test_taken_back_while_it_runs_spares_the_rest(house: House) -> None:
    number = house.approved()
    running = house.disposal.execute(number, by="Denis")
    assert next(running).fate is Fate.DESTROYED
    house.disposal.withdraw(number, by="Anne", reason="arrêt")
    last = next(running)
    assert (last.piece_id, last.fate, last.why) == ("p2", Fate.SPARED, "proposition retirée par Anne")


def test_a_store_that_does_not_let_go_is_said_and_nothing_recorded(house: House) -> None:
    number = house.approved()
    house.objects.sticky = True
    with pytest.raises(NotGone, match="toujours présent"):
        run(house, number)
    assert house.book.chain == []
    assert house.state(1) is VoiceState.ARCHIVED
    house.objects.sticky = False
    assert run(house, number) == {"p1": Fate.DESTROYED, "p2": Fate.DESTROYED}


@pytest.mark.parametrize("acts", range(9))
def test_killed_at_any_act_it_goes_on(house: House, acts: int) -> None:
    number = house.approved()
    house.objects.acts_left = acts
    try:
        run(house, number)
    except Killed:
        run(house, number)
    assert [house.state(n) for n in (1, 2)] == [VoiceState.DESTROYED] * 2
    assert [entry.piece_id for entry in house.book.chain] == ["p1", "p2"]
    assert not [name for name in house.objects.lying if "p3" not in name and "manifest" not in name]


@pytest.mark.parametrize(("acts", "fate"), [(0, Fate.SPARED), (1, Fate.DESTROYED)])
def test_a_hold_that_comes_after_a_kill_saves_what_is_still_there(house: House, acts: int, fate: Fate) -> None:
    number = house.approved()
    house.objects.acts_left = acts
    with pytest.raises(Killed):
        run(house, number)
    house.hold("p1")
    assert run(house, number)["p1"] is fate
    assert ("2026/12/16/p1.flac" in house.objects.lying) is (fate is Fate.SPARED)
    assert "2026/12/16/p1.json" in house.objects.lying, "what is left of a held piece stays"
    entry = house.book.entry_of("p1")
    assert (entry is not None) is (fate is Fate.DESTROYED)
    if entry is not None:
        assert entry.told["read_back_absent"] == ["2026/12/16/p1.flac"]


def test_taken_back_after_a_kill_what_is_gone_is_recorded(house: House) -> None:
    number = house.approved()
    house.objects.acts_left = 1
    with pytest.raises(Killed):
        run(house, number)
    house.disposal.withdraw(number, by="Anne", reason="arrêt")
    assert house.disposal.undecided() == 1, "the one that was begun is still the proposal's"
    assert run(house, number) == {"p1": Fate.DESTROYED}
    assert house.state(2) is VoiceState.ARCHIVED


def test_of_two_executions_at_once_one_records(house: House) -> None:
    number = house.approved()
    slow, late = house.disposal.open_items(number)
    marked = house.disposal._mark(slow)
    assert isinstance(marked, tuple)
    assert run(house, number) == {"p1": Fate.DESTROYED, "p2": Fate.DESTROYED}
    with house.register.alone() as book:
        assert house.disposal._record(book, marked[0], "Émile", marked[1]).why == "déjà éliminée et consignée"
    assert house.disposal._one(late, "Émile").why == "déjà éliminée et consignée"
    assert [entry.told["executed_by"] for entry in house.book.chain] == ["Denis", "Denis"]


@pytest.mark.parametrize("begun", [False, True])
def test_a_piece_that_left_the_register_is_spared(house: House, begun: bool) -> None:
    number = house.approved()
    if begun:
        house.objects.acts_left = 0
        with pytest.raises(Killed):
            run(house, number)
    del house.book.pieces["p1"]
    assert run(house, number)["p1"] is Fate.SPARED


def test_a_piece_that_leaves_the_register_while_it_is_destroyed_is_loud(house: House) -> None:
    number = house.approved()
    item = house.disposal.open_items(number)[0]
    del house.book.pieces["p1"]
    with house.register.alone() as book, pytest.raises(Refused, match="a disparu du registre"):
        house.disposal._record(book, item, "Denis", ())


def test_no_more_than_a_list_that_people_read(house: House) -> None:
    assert [item.piece_id for item in house.disposal.propose(by="Anne", reason="r", at_most=1)[1]] == ["p1"]
    assert [item.piece_id for item in house.disposal.propose(by="Anne", reason="r", at_most=1)[1]] == ["p2"]


def test_an_unknown_number_is_said(house: House) -> None:
    with pytest.raises(Refused, match="aucune proposition ne porte le numéro 7"):
        house.disposal.approve(7, by="a", visa="b")


def test_a_piece_outside_the_archive_is_never_destroyed(house: House) -> None:
    number = house.approved()
    house.book.pieces["p1"] = replace(house.book.pieces["p1"], state=VoiceState.DAMAGED)
    assert run(house, number)["p1"] is Fate.SPARED
    assert "2026/12/16/p1.flac" in house.objects.lying


def test_in_doubt_the_longest_keeps() -> None:
    house = House()
    house.lay(1, Facts(ended_at=T0 + 60 * S, in_doubt=True))
    house.office.settle()
    house.pass_to(years_later(19))
    assert house.disposal.undecided() == 0
    assert house.book.pieces["p1"].retention == "dossier"


def test_a_piece_without_a_term_has_no_end() -> None:
    stands = standing(Kept(piece(1), None), None, [], years_later(90), PARIS)
    assert stands.why_not == "n'a pas encore de durée de conservation"
