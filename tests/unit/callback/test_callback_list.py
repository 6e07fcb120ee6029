"""Who is on the list, in which order, and what closes an entry."""

import contextlib
import itertools
from collections.abc import Sequence

import pytest
from callback_stories import NUMBER, T0, S, abandon, answered, arrived, ended, greeting, lost_n2, queued, told
from hypothesis import given
from hypothesis import strategies as st

from cti.callback import CallbackBook, Refused
from cti.callback.folding import CALLED_AGAIN, fold, trace_of
from cti.journey import Journey
from cti.journey.callbacks import Act, ActKind, CallbackEntry, EntryState, History, TraceKind, TryResult
from cti.journey.model import AbandonPhase
from tests.fakes.shelf import RULES, MemoryShelf

NOW = T0 + 3600 * S


def book_of(*journeys: Journey) -> CallbackBook:
    book = CallbackBook(MemoryShelf(), RULES)
    for journey in journeys:
        book.hear(journey)
    return book


def entries(book: CallbackBook, *, with_closed: bool = True) -> list[CallbackEntry]:
    return book.list(NOW, with_closed=with_closed)


# --- who is on it -----------------------------------------------------------------------------------------------------


def test_an_abandon_under_ten_seconds_is_listed_with_its_phase() -> None:
    (entry,) = entries(book_of(greeting("c1")))
    assert (entry.kind, entry.phase, entry.filiere, entry.number) == (TraceKind.ABANDON, AbandonPhase.GREETING, None, NUMBER)
    assert entry.state is EntryState.OPEN


def test_a_caller_lost_on_the_way_to_n2_is_listed_with_the_dossier() -> None:
    (entry,) = entries(book_of(lost_n2("c1", filiere="mrg")))
    assert (entry.kind, entry.filiere, entry.dossier_ref) == (TraceKind.LOST_N2, "mrg", "2026-350-c1")


@pytest.mark.parametrize(
    "journey",
    [
        answered("c1"),
        abandon("c1", flux="18", public=False),
        told(arrived("c1", 0, NUMBER, test=True), ended("c1", 3)),
        told(arrived("c1", 0, NUMBER), ended("c1", 1, cause=34)),
        told(arrived("c1", 0, NUMBER), *queued("c1", 1, "n1")),
    ],
    ids=["answered", "professional", "test", "refused", "still waiting"],
)
def test_the_others_are_not(journey: Journey) -> None:
    assert entries(book_of(journey)) == []


def test_calls_of_one_number_are_one_entry_however_the_trunk_writes_it() -> None:
    (entry,) = entries(book_of(abandon("c1", 0), abandon("c2", 60, "0612345678"), greeting("c3", 120, "0033612345678")))
    assert entry.call_ids == ("c1", "c2", "c3")
    assert entry.id == "c1"
    assert (entry.first_lost_at, entry.last_lost_at) == (T0 + 5 * S, T0 + 122 * S)


@pytest.mark.parametrize("caller", [None, "***", "anonymous", "12"])
def test_callers_without_a_number_are_listed_one_by_one_and_cannot_be_called(caller: str | None) -> None:
    book = book_of(abandon("c1", 0, caller), abandon("c2", 60, caller))
    found = entries(book)
    assert [(entry.callable, entry.number, entry.call_ids) for entry in found] == [(False, None, ("c1",)), (False, None, ("c2",))]
    with pytest.raises(Refused, match="Rappel impossible"):
        book.act("c1", ActKind.TAKE, at=NOW, by="A", version=0)
    closed = book.act("c1", ActKind.CLOSE, at=NOW, by="A", version=0, reason="vu")
    assert closed is not None
    assert closed.state is EntryState.CLOSED


def test_a_masked_caller_who_is_answered_closes_nobody() -> None:
    assert [entry.state for entry in entries(book_of(abandon("c1", 0, None), answered("c2", 60, None)))] == [EntryState.OPEN]


# --- the order --------------------------------------------------------------------------------------------------------


def test_the_order_is_the_clinical_one() -> None:
    losses = (
        lost_n2("gp", 0, "0600000001", filiere="mg"),
        abandon("other_line", 1, "0600000002", flux="116117"),
        lost_n2("psy", 2, "0600000003", filiere="psy"),
        abandon("fifteen", 3, "0600000004"),
        lost_n2("urgent", 4, "0600000005", filiere="amu", priority=20),
        lost_n2("p1", 5, "0600000006", filiere="mru", priority=60),
    )
    wanted = ["p1", "urgent", "fifteen", "psy", "other_line", "gp"]
    for order in itertools.permutations(losses):
        assert [entry.id for entry in entries(book_of(*order))] == wanted


def test_within_a_rank_priority_comes_first_then_age() -> None:
    book = book_of(
        abandon("late", 100, "0600000001"), abandon("early", 0, "0600000002"), abandon("high", 200, "0600000003", priority=35)
    )
    assert [entry.id for entry in entries(book)] == ["high", "early", "late"]


def test_an_entry_is_as_urgent_as_its_most_urgent_call() -> None:
    (entry,) = entries(book_of(lost_n2("c1", 0, filiere="mru", priority=60), greeting("c2", 300)))
    assert (entry.rank_code, entry.kind, entry.filiere, entry.dossier_ref) == ("n2_p1", TraceKind.LOST_N2, "mru", "2026-350-c1")


def test_the_priority_given_before_a_transfer_still_counts() -> None:
    (entry,) = entries(book_of(lost_n2("c1", filiere="amu", priority=0, first_priority=60)))
    assert (entry.priority, entry.rank_code) == (60, "n2_p1")


# --- closing by itself ------------------------------------------------------------------------------------------------


def test_a_later_answered_call_closes_the_entry() -> None:
    (entry,) = entries(book_of(abandon("c1", 0), answered("c2", 300)))
    assert (entry.state, entry.reason, entry.closing_call_id, entry.closed_by) == (EntryState.CLOSED, CALLED_AGAIN, "c2", None)


def test_an_answered_call_that_is_lost_again_waiting_closes_nothing() -> None:
    (entry,) = entries(book_of(abandon("c1", 0), lost_n2("c2", 300)))
    assert (entry.state, entry.call_ids) == (EntryState.OPEN, ("c1", "c2"))


def test_an_answer_before_the_loss_or_after_the_window_closes_nothing() -> None:
    late = RULES.closing_window // S + 10
    assert entries(book_of(answered("c0", 0), abandon("c1", 100)))[0].state is EntryState.OPEN
    assert entries(book_of(abandon("c1", 0), answered("c2", late)))[0].state is EntryState.OPEN


def test_a_loss_after_the_closing_begins_another_entry() -> None:
    found = entries(book_of(abandon("c1", 0), answered("c2", 300), abandon("c3", 600)))
    assert [(entry.id, entry.state) for entry in found] == [("c1", EntryState.CLOSED), ("c3", EntryState.OPEN)]


# --- what people do ---------------------------------------------------------------------------------------------------


def act(book: CallbackBook, kind: ActKind, version: int, by: str = "Anne", at: int = 1000, **words: object) -> CallbackEntry:
    entry = book.act("c1", kind, at=T0 + at * S, by=by, version=version, **words)  # type: ignore[arg-type]
    assert entry is not None
    return entry


def test_take_try_reach() -> None:
    book = book_of(abandon("c1"))
    assert act(book, ActKind.TAKE, 0).taken_by == "Anne"
    assert act(book, ActKind.TRY, 1, result=TryResult.NO_ANSWER).state is EntryState.TAKEN
    done = act(book, ActKind.TRY, 2, result=TryResult.REACHED)
    assert (done.state, done.reason, done.closed_by, done.version) == (EntryState.CLOSED, "joint", "Anne", 3)
    assert [one.result for one in done.tries] == [TryResult.NO_ANSWER, TryResult.REACHED]
    assert entries(book, with_closed=False) == []


def test_a_wrong_number_is_noted_and_closed_by_a_person_alone() -> None:
    book = book_of(abandon("c1"))
    assert act(book, ActKind.TRY, 0, result=TryResult.WRONG_NUMBER).state is EntryState.TAKEN
    assert act(book, ActKind.CLOSE, 1, reason="faux numéro").reason == "faux numéro"


def test_two_people_who_take_the_same_are_told() -> None:
    book = book_of(abandon("c1"))
    act(book, ActKind.TAKE, 0, by="Anne")
    with pytest.raises(Refused, match="déjà prise par Anne"):
        act(book, ActKind.TAKE, 0, by="Bruno")
    with pytest.raises(Refused, match="déjà prise par Anne"):
        act(book, ActKind.TRY, 1, by="Bruno", result=TryResult.BUSY)
    with pytest.raises(Refused, match="déjà prise par Anne"):
        act(book, ActKind.CLOSE, 1, by="Bruno", reason="x")
    assert act(book, ActKind.REOPEN, 1, by="Bruno").state is EntryState.OPEN
    assert act(book, ActKind.TAKE, 2, by="Bruno").taken_by == "Bruno"


def test_what_is_closed_is_reopened_unless_the_number_has_a_newer_entry() -> None:
    book = book_of(abandon("c1"))
    act(book, ActKind.CLOSE, 0, reason="doublon")
    with pytest.raises(Refused, match=r"close par Anne \(doublon\)"):
        act(book, ActKind.TAKE, 1)
    assert act(book, ActKind.REOPEN, 1).state is EntryState.OPEN
    with pytest.raises(Refused, match="à rappeler"):
        act(book, ActKind.REOPEN, 2)
    act(book, ActKind.CLOSE, 2, reason="doublon")
    book.hear(abandon("c9", 2000))
    with pytest.raises(Refused):
        act(book, ActKind.REOPEN, 3)


def test_an_act_refused_leaves_no_trace() -> None:
    shelf = MemoryShelf()
    book = CallbackBook(shelf, RULES)
    book.hear(abandon("c1"))
    with pytest.raises(Refused):
        book.act("c1", ActKind.TAKE, at=NOW, by="A", version=7)
    assert shelf.acts == []


def test_an_unknown_call_is_none() -> None:
    assert book_of().act("nobody", ActKind.TAKE, at=NOW, by="A", version=0) is None


def test_what_was_done_is_kept_when_a_call_told_late_had_closed_the_entry() -> None:
    book = book_of(abandon("c1"))
    act(book, ActKind.TAKE, 0, at=500)
    act(book, ActKind.TRY, 1, at=510, result=TryResult.BUSY)
    book.hear(answered("c2", 100))  # read from CEL after a gap
    (entry,) = entries(book)
    assert (entry.state, entry.closing_call_id) == (EntryState.CLOSED, "c2")
    assert [one.kind for one in entry.acts] == [ActKind.TAKE, ActKind.TRY]


def test_an_act_by_a_clock_that_lags_is_kept_all_the_same() -> None:
    book = book_of(abandon("c1"))
    assert act(book, ActKind.TAKE, 0, at=-50).state is EntryState.TAKEN


# --- any order, any number of times -------------------------------------------------------------------------------------

_STORIES = st.lists(
    st.tuples(
        st.sampled_from([abandon, greeting, answered, lost_n2]),
        st.integers(0, 5000),
        st.sampled_from([NUMBER, "0612345678", "0611111111", None]),
    ),
    max_size=8,
)
_ACTS = st.lists(st.tuples(st.integers(0, 7), st.sampled_from(list(ActKind)), st.sampled_from(["A", "B"])), max_size=6)


@given(_STORIES, _ACTS, st.randoms(use_true_random=False))
def test_the_list_told_call_by_call_is_the_list_rebuilt(
    stories: Sequence[tuple[object, int, str | None]], acts: Sequence[tuple[int, ActKind, str]], chance: object
) -> None:
    journeys = [make(f"c{i}", at, caller) for i, (make, at, caller) in enumerate(stories)]  # type: ignore[operator]
    told_in = list(journeys) * 2
    chance.shuffle(told_in)  # type: ignore[attr-defined]
    shelf = MemoryShelf()
    book = CallbackBook(shelf, RULES)
    for number, journey in enumerate(told_in):
        book.hear(journey)
        for place, kind, by in acts[number : number + 1]:
            found = next((e for e in book.list(NOW) if e.id == f"c{place}"), None)
            if found is not None:
                with contextlib.suppress(Refused):
                    book.act(found.id, kind, at=T0 + number * 700 * S, by=by, version=found.version, result=TryResult.BUSY)
    anew = MemoryShelf()
    anew.acts = list(shelf.acts)
    CallbackBook(anew, RULES).rebuild(journeys)
    assert anew.folded == shelf.folded
    lost = [t.call_id for j in journeys if (t := trace_of(j)) is not None and t.kind is not TraceKind.REACHED]
    listed = [call for group in shelf.folded.values() for entry in group for call in entry.call_ids]
    assert sorted(listed) == sorted(lost), "every lost call is on exactly one entry"
    for group in shelf.folded.values():
        assert sum(entry.state is not EntryState.CLOSED for entry in group) <= 1
    kept = [one for group in shelf.folded.values() for entry in group for one in entry.acts]
    assert len(kept) == len(shelf.acts), "every act is on the entry it was done about"


def test_a_call_that_is_in_no_entry_cannot_be_acted_upon() -> None:
    """The number is known, and this call of it was answered: nobody is to be called back for it."""
    shelf = MemoryShelf()
    book = CallbackBook(shelf, RULES)
    book.hear(abandon("lost"))
    book.hear(answered("helped", at=100))
    assert book.act("helped", ActKind.TAKE, by="Camille", version=0, at=T0 + 200 * S) is None
    assert [entry.acts for entry in book.list(T0 + 200 * S, with_closed=True)] == [()]


def test_an_act_for_an_entry_that_the_calls_no_longer_make_is_passed_over() -> None:
    trace = trace_of(abandon("lost"))
    assert trace is not None
    gone = Act(group=trace.group, number=1, entry="purged", at=T0 + 9 * S, by="Camille", kind=ActKind.TAKE)
    (entry,) = fold(History((trace,), (gone,)), RULES)
    assert (entry.state, entry.acts) == (EntryState.OPEN, ())
