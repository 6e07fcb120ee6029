"""Searches among recordings and quality draws, on both databases; the indexes serve."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from cti.access.chain import Said, link
from cti.journey.around.access import AccessOutcome, Trace
from cti.journey.around.duty import DutyAct, DutyKind
from cti.journey.around.listening import Draw, Wanted
from cti.journey.around.voice import VoiceState
from cti.journey.events.placed import Direction, Placed, PlacedVia
from cti.journey.ledger import Batch
from cti.journey.model import Consult, Recording
from cti.store import Store
from cti.store.engine import build_engine
from tests.fakes.voice_room import T0, S, call, stage
from tests.unit.archive.keeping_house import piece

APART = Recording(stem="2026/12/16/50%_apart", started_at=T0)
CONSULT = Consult(agent="arm01", line="l", target="1", started_at=T0, answered_at=T0, answered_by="mru01", recording=APART)
PLACED = Placed(agent="arm02", line="l", number="0699999999", via=PlacedVia.POSTE)


@pytest.fixture
def told(store: Store) -> Store:
    calls = (
        call("a", stage("n1", "arm01", 0, 3)),
        call("b", stage("n1", "arm02", 10, 13), stage("mru", "mru01", 14, answered=False), t0=10, caller="0687654321"),
        replace(call("none", stage("n1", "arm01", 0, 3), t0=20), recordings=()),
        replace(call("talk", t0=30, consults=(CONSULT,)), recordings=()),
        call("out", t0=40, placed=PLACED, direction=Direction.SORTANT, caller=None, dossier_id="D", dossier_ref="R"),
        call("out2", t0=40, placed=PLACED, direction=Direction.SORTANT, caller=None, dossier_id="D", dossier_ref="R"),
    )
    store.commit(Batch(journeys=calls))
    store.pieces.save(replace(piece(1, call="a"), piece_id="a", stem="2026/12/16/a"), T0)
    return store


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), "out2 out talk b a"),
        (Wanted(since=T0 + 10 * S, until=T0 + 40 * S), "talk b"),
        (Wanted(dossier="D"), "out2 out"),
        (Wanted(dossier="R"), "out2 out"),
        (Wanted(numbers=("0687654321", "0699999999")), "out2 out b"),
        (Wanted(posts=("arm02",)), "out2 out b"),
        (Wanted(posts=("mru01",)), "talk"),
        (Wanted(posts=("arm01", "arm02")), "out2 out talk b a"),
        (Wanted(filiere="mru"), ""),
        (Wanted(filiere="n1"), "b a"),
        (Wanted(state=VoiceState.ARCHIVED), "a"),
        (Wanted(state=VoiceState.HELD), ""),
        (Wanted(state=VoiceState.STARTED), "out2 out talk b a"),  # not the store's to say: no row tells
    ],
)
def test_calls_with_a_recording_by_what_is_wanted(told: Store, wanted: Wanted, expected: str) -> None:
    assert [one.call_id for one in told.hearing.calls(wanted, None, 99)] == expected.split()


def test_pages_go_on_from_a_place(told: Store) -> None:
    found = told.hearing.calls(Wanted(), None, 2)
    assert [one.call_id for one in found] == ["out2", "out"]
    assert [one.call_id for one in told.hearing.calls(Wanted(), (found[0].t0, "out2"), 2)] == ["out", "talk"]
    assert told.hearing.calls(Wanted(), (T0, "a"), 2) == []


def test_who_served_whom(told: Store) -> None:
    assert [one.call_id for one in told.hearing.served(("arm01",), T0, 99)] == ["talk", "a"]
    assert [one.call_id for one in told.hearing.served(("arm01",), T0 + S, 99)] == ["talk"]
    assert told.hearing.served((), T0, 99) == []


def test_a_recording_that_is_no_piece_is_found_by_its_name_and_patterns_are_names(told: Store) -> None:
    assert told.hearing.call_of_stem("50%_apart") == "talk"
    assert told.hearing.call_of_stem("b") == "b"
    for name in ("%", "50%", "_", "5__apart", "x"):
        assert told.hearing.call_of_stem(name) is None, name
    assert [one.piece_id for one in told.hearing.pieces(["a", "b"])] == ["a"]


def test_posts_that_somebody_took(store: Store) -> None:
    store.duty.write(
        [
            DutyAct(act_id=str(n), at=T0 + n, kind=kind, poste=poste, personne=who)
            for n, (kind, poste, who) in enumerate(
                [(DutyKind.TAKE, "p2", "anne"), (DutyKind.TAKE, "p1", "anne"), (DutyKind.TAKE, "p2", "anne"),
                 (DutyKind.PAUSE, "p3", "anne"), (DutyKind.TAKE, "p4", "zoe"), (DutyKind.TAKE, "p5", "anne")]
            )
        ]
    )  # fmt: skip
    assert store.duty.posts_of("anne", T0 + 5) == ["p1", "p2"]


def test_numbers_and_dossiers_are_read_off_their_indexes(told: Store, database: str) -> None:
    if not database.startswith("sqlite"):
        pytest.skip("PostgreSQL reads a table of six rows whole")
    engine = build_engine(database)
    with engine.connect() as connection:
        for where, indexes in (
            ("caller IN ('1','2') OR placed_number IN ('1','2')", ("ix_call_caller", "ix_call_placed_number")),
            ("dossier_id = '1' OR dossier_ref = '1'", ("ix_call_dossier_id", "ix_call_dossier_ref")),
            ("t0 >= 5 AND t0 < 9", ("ix_call_t0",)),
        ):
            query = f"EXPLAIN QUERY PLAN SELECT * FROM call WHERE {where} ORDER BY t0 DESC, call_id DESC LIMIT 9"
            plan = " ".join(row[3] for row in connection.execute(text(query)))
            assert all(index in plan for index in indexes), plan
    engine.dispose()


# --- draws ----------------------------------------------------------------------------------------------------------------


def said(made: Draw) -> Callable[[Trace | None], Trace]:
    told = Said(at=made.at, who=made.by, role="", verb="tirer", outcome=AccessOutcome.DONE, detail=f"tirage {made.number}")
    return lambda last: link(last, told)


def draw(reviewer: str, ends_at: int, *calls: str) -> Draw:
    return Draw(
        number=0, by="chef", at=T0, reviewer=reviewer, ends_at=ends_at, reason="revue", since=T0 - S, until=T0,
        flux="15", filiere="n1", wanted=3, seed="g", pool=9, pool_sha256="f" * 64, calls=calls,
    )  # fmt: skip


def test_draws_are_kept_in_order_with_their_entry(store: Store) -> None:
    first = store.draws.add(draw("zoe", T0 + 9, "c2", "c1"), said)
    second = store.draws.add(draw("yves", T0 + 5, "c1"), said)
    third = store.draws.add(draw("zoe", T0 + 5), said)
    assert [one.number for one in (first, second, third)] == [1, 2, 3]
    assert store.draws.all() == [third, second, first]
    assert (store.draws.find(1), store.draws.find(4)) == (first, None)
    assert first.calls == ("c2", "c1"), "in the order in which they were drawn"
    assert store.draws.of_reviewer("zoe", T0 + 5) == [first]
    assert store.draws.of_reviewer("zoe", T0 + 4) == [third, first]
    ends = [store.draws.ends(who, call_id) for who, call_id in (("zoe", "c1"), ("zoe", "c3"), ("yves", "c1"))]
    assert ends == [[T0 + 9], [], [T0 + 5]]
    assert [entry.detail for entry in store.traces.read()] == ["tirage 1", "tirage 2", "tirage 3"]


def test_a_draw_whose_entry_cannot_be_written_is_none(store: Store) -> None:
    def fails(_made: Draw) -> Callable[[Trace | None], Trace]:
        raise RuntimeError("no entry")

    with pytest.raises(RuntimeError):
        store.draws.add(draw("zoe", T0 + 9, "c1"), fails)
    assert (store.draws.all(), list(store.traces.read())) == ([], [])
