"""Holds: the clock stands still, several stop it once, requisitions end by another person."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.archive.keeping.holds import kept_until, same_person, suspended
from cti.archive.keeping.office import Told
from cti.archive.keeping.terms import at_midnight
from cti.journey.around.keeping import Facts, Hold, HoldKind, Refused, Scope, Target, Term
from cti.journey.around.voice import VoiceState
from tests.unit.archive.keeping_house import DAY, PARIS, T0, House, S, with_dossier


def hold(number: int, begin: int, end: int | None) -> Hold:
    return Hold(
        number=number, target=Target(Scope.PIECE, "p1"), kind=HoldKind.AUTRE, reference="r", asked_by="a", placed_by="b",
        placed_at=begin, reason="c", released_at=end, released_by=end and "d", release_reason=end and "e",
    )  # fmt: skip


_SPANS = st.lists(st.tuples(st.integers(0, 60), st.none() | st.integers(0, 60)), max_size=6)


@given(_SPANS, st.integers(0, 60), st.integers(0, 60))
def test_suspended_time_is_each_moment_once(spans: list[tuple[int, int | None]], since: int, until: int) -> None:
    holds = [hold(n, begin, None if length is None else begin + length) for n, (begin, length) in enumerate(spans)]
    stood = {t for one in holds for t in range(one.placed_at, until if one.released_at is None else min(one.released_at, until))}
    assert suspended(holds, since, until) == len({t for t in stood if since <= t < until})


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 500)), max_size=5), st.integers(0, 4000))
def test_the_end_moves_by_what_was_suspended_and_less_than_a_day_more(spans: list[tuple[int, int]], at: int) -> None:
    holds = [hold(n, T0 + begin * DAY, T0 + (begin + length) * DAY) for n, (begin, length) in enumerate(spans)]
    end = at_midnight(T0 + 1826 * DAY, PARIS)
    term = Term(code="pdsa", starts_at=T0, keep_until=end, reason="")
    moved = kept_until(term, holds, T0 + at * DAY, PARIS) - end
    stopped = suspended(holds, T0, T0 + at * DAY)
    assert stopped <= moved <= stopped + 25 * 3600 * S
    assert (moved == 0) is (stopped == 0)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Anne Leroy", "  anne  LEROY", True), ("Hélène", "helene", True), ("D. Petit", "D Petit", True), ("Anne", "Annie", False)],
)
def test_one_person_has_one_name(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same


def test_a_claim_stops_the_clock_and_it_goes_on_where_it_was() -> None:
    house = House()
    house.lay(1)
    house.office.settle()
    before = house.book.pieces["p1"].keep_until
    house.pass_to(T0 + 100 * DAY)
    number = house.hold("p1")
    assert house.state(1) is VoiceState.HELD
    house.pass_to(T0 + 165 * DAY)
    house.office.release(number, by="Chloé", reason="classée")
    assert house.state(1) is VoiceState.ARCHIVED
    after = house.book.pieces["p1"].keep_until
    assert before is not None
    assert after == before + 65 * DAY


def test_free_only_when_the_last_is_released() -> None:
    house = House()
    house.lay(1, with_dossier("D1"), call="c1")
    house.lay(2, with_dossier("D1"), call="c1")
    house.office.settle()
    by_call, by_dossier = house.hold("c1", Scope.APPEL), house.hold("D1", Scope.DOSSIER)
    assert (house.state(1), house.state(2)) == (VoiceState.HELD, VoiceState.HELD)
    _, free = house.office.release(by_call, by="Chloé", reason="levé")
    assert not free
    assert house.state(1) is VoiceState.HELD
    _, free = house.office.release(by_dossier, by="Chloé", reason="levé")
    assert {kept.piece.piece_id for kept in free} == {"p1", "p2"}
    assert house.state(2) is VoiceState.ARCHIVED


def test_a_hold_covers_what_is_archived_later() -> None:
    house = House()
    house.hold("D1", Scope.DOSSIER)
    house.hold("c2", Scope.APPEL)
    house.lay(1, with_dossier("D1"))
    house.lay(2)
    house.lay(3)
    assert house.office.settle() == 3
    assert [house.state(n) for n in (1, 2, 3)] == [VoiceState.HELD, VoiceState.HELD, VoiceState.ARCHIVED]


def test_a_requisition_is_released_by_another_person() -> None:
    house = House()
    house.lay(1)
    number = house.hold("p1", kind="requisition", by="Chloé Dupont")
    with pytest.raises(Refused, match="une autre personne doit le lever"):
        house.office.release(number, by="chloe DUPONT", reason="fini")
    assert house.state(1) is VoiceState.HELD
    house.office.release(number, by="Denis", reason="restituée")
    with pytest.raises(Refused, match="déjà été levé par Denis"):
        house.office.release(number, by="Denis", reason="encore")


@pytest.mark.parametrize(("by", "reason", "told"), [("", "b", "--par"), ("a", " ", "--raison"), ("a", "b\nc", "--raison")])
def test_a_release_is_signed(by: str, reason: str, told: str) -> None:
    house = House()
    house.lay(1)
    number = house.hold("p1")
    with pytest.raises(Refused, match=told):
        house.office.release(number, by=by, reason=reason)
    assert house.book.held[number].open


def test_what_is_not_there_is_said() -> None:
    house = House()
    with pytest.raises(Refused, match="aucune pièce p9"):
        house.hold("p9")
    with pytest.raises(Refused, match="aucun gel ne porte le numéro 4"):
        house.office.release(4, by="a", reason="b")
    assert house.office.holds() == []


def test_a_clock_set_back_releases_nothing() -> None:
    house = House()
    house.lay(1)
    number = house.hold("p1")
    house.now -= DAY
    with pytest.raises(Refused, match="horloge"):
        house.office.release(number, by="a", reason="b")


# --- terms that change ----------------------------------------------------------------------------------------------------


def test_a_later_call_of_the_dossier_prolongs_the_earlier_ones() -> None:
    house = House()
    house.lay(1, with_dossier("D1"))
    house.office.settle()
    first = house.book.pieces["p1"].keep_until
    later = with_dossier("D1", T0 + 40 * DAY)
    house.book.known["c1"] = with_dossier("D1", last=T0 + 40 * DAY)
    house.lay(2, later)
    house.office.settle()
    assert first is not None
    assert house.book.pieces["p1"].keep_until == first + 40 * DAY
    assert [one.by for one in house.book.terms["p1"]] == ["cti", "cti"]


def test_a_shorter_term_waits_for_a_person_who_says_so() -> None:
    house = House()
    house.lay(1, with_dossier("D1"))
    house.office.settle()
    kept = house.book.pieces["p1"].keep_until
    house.book.known["c1"] = Facts(ended_at=T0 + 60 * S)
    assert house.office.settle() == 0
    (drift,) = house.office.drifts()
    assert drift.shorter
    assert house.book.pieces["p1"].keep_until == kept, "listed, and nothing moved"
    with pytest.raises(Refused, match="--raccourcir"):
        house.office.reclass("p1", by="Anne", reason="dossier rattaché à tort", shorten=False)
    house.office.reclass("p1", by="Anne", reason="dossier rattaché à tort", shorten=True)
    assert house.book.pieces["p1"].retention == "pdsa"
    assert house.book.terms["p1"][-1].by == "Anne"
    assert "dossier rattaché à tort" in house.book.terms["p1"][-1].reason
    assert list(house.office.drifts()) == []


def test_what_people_tell_is_kept() -> None:
    house = House()
    house.lay(1)
    house.office.settle()
    told = Told(birth=date(2026, 1, 5), last_act=date(2027, 3, 1))
    drift = house.office.reclass("p1", by="Anne", reason="dossier 12", shorten=False, told=told)
    assert drift is not None
    assert (drift.would_be.code, house.book.pieces["p1"].retention) == ("mineur", "mineur")
    assert house.office.reclass("p1", by="Anne", reason="encore", shorten=False) is None
    assert list(house.office.drifts()) == []


def test_a_piece_is_reclassed_before_it_was_settled_too() -> None:
    house = House()
    house.lay(1, with_dossier("D1"))
    assert house.office.reclass("p1", by="Anne", reason="r", shorten=False) is None
    assert house.book.pieces["p1"].retention == "dossier"


def test_a_later_piece_of_a_dossier_moves_only_what_lies_in_the_archive() -> None:
    house = House()
    house.lay(1, with_dossier("D1"), state=VoiceState.DESTROYED)
    house.lay(2, with_dossier("D1"))
    assert house.office.settle() == 1
    assert house.book.terms.keys() == {"p2"}


def test_only_what_lies_in_the_archive_is_reclassed() -> None:
    house = House()
    house.lay(1, state=VoiceState.PROVEN)
    for name in ("p1", "p9"):
        with pytest.raises(Refused, match="aucune pièce archivée"):
            house.office.reclass(name, by="Anne", reason="r", shorten=False)
    assert house.office.settle() == 0
    house.hold("p1")
    assert house.state(1) is VoiceState.PROVEN, "held from the day it is archived"


def test_more_than_a_page_is_settled_and_looked_at() -> None:
    house = House()
    for number in range(405):
        house.lay(number)
    assert house.office.settle() == 405
    for call in house.book.known:
        house.book.known[call] = with_dossier(f"D{call}")
    assert len(list(house.office.drifts())) == 405
    assert [kept.piece.piece_id for kept in house.office.pieces(Target(Scope.APPEL, "c7"))] == ["p7"]
