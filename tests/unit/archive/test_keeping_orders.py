"""Whatever people do, in whatever order, however often the process dies: nothing held is destroyed, nothing before its time,
nothing by one person, and every destruction is recorded in a whole chain.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cti.archive.keeping.chain import first_broken
from cti.archive.keeping.holds import same_person, suspended
from cti.archive.keeping.terms import term
from cti.journey.around.keeping import Facts, Fate, HoldKind, Refused, Scope, Target
from cti.journey.around.voice import VoiceState
from cti.journey.words import Instant
from tests.unit.archive.keeping_house import DAY, PARIS, RULES, T0, House, Killed, S, with_dossier

PEOPLE = st.sampled_from(["Anne", "ANNE", "Benoît", "benoit", "Chloé"])
NUMBERS = st.integers(1, 4)


class People:
    """Four pieces: two of one call with a dossier, one of another call of it, one alone."""

    def __init__(self) -> None:
        self.house = House()
        self.house.lay(1, with_dossier("D1"), call="c1")
        self.house.lay(2, with_dossier("D1"), call="c1")
        self.house.lay(3, with_dossier("D1"), call="c3")
        self.house.lay(4, Facts(ended_at=T0 + 60 * S), call="c4")
        self.house.office.settle()

    def begins(self, years: int) -> None:
        self.house.now += years * 366 * DAY

    def time_passes(self, days: int) -> None:
        self.house.now += days * DAY

    def hold(self, what: Target, kind: HoldKind, by: str) -> None:
        self.house.office.place(what, kind=kind, reference="R", asked_by="patient", by=by, reason="lettre")

    def release(self, number: int, by: str) -> None:
        before = self.house.book.held.get(number)
        try:
            hold, _ = self.house.office.release(number, by=by, reason="fini")
        except Refused:
            return
        assert before is not None
        assert before.open
        assert hold.kind is not HoldKind.REQUISITION or not same_person(hold.placed_by, by)

    def propose(self, by: str) -> None:
        try:
            self.house.disposal.propose(by=by, reason="délai", at_most=3)
        except Refused:
            return

    def approve(self, number: int, by: str) -> None:
        try:
            self.house.disposal.approve(number, by=by, visa="V")
        except Refused:
            return

    def two_people_decide(self) -> None:
        try:
            self.house.approved()
        except Refused:
            return

    def campaign(self, between: tuple[Target, HoldKind] | None, by: str, acts: int | None) -> None:
        """Decided; then perhaps a claim; then executed."""
        self.two_people_decide()
        if between is not None:
            self.hold(*between, by)
        self.purge(0, by, acts)

    def withdraw(self, number: int, by: str) -> None:
        try:
            self.house.disposal.withdraw(number, by=by, reason="erreur")
        except Refused:
            return

    def purge(self, back: int, by: str, acts: int | None) -> None:
        house = self.house
        if not house.book.proposed:
            return
        number = max(1, len(house.book.proposed) - back)
        held = {name for name in house.book.pieces if self._held(name)}
        ends = {name: self._end(name) for name in house.book.pieces}
        there = set(house.objects.lying)
        house.objects.acts_left = acts
        outcomes = []
        with suppress(Killed, Refused):
            outcomes.extend(house.disposal.execute(number, by=by))
        house.objects.acts_left = None
        gone = there - house.objects.lying
        for name, end in ends.items():
            if lost := [one for one in gone if f"/{name}." in one]:
                assert name not in held, f"a held piece lost {lost}"
                assert house.now >= end or all(one.endswith(".json") for one in lost), "before its time"
        for outcome in outcomes:
            if outcome.fate is Fate.DESTROYED:
                assert f"2026/12/16/{outcome.piece_id}.flac" not in house.objects.lying

    def the_lone_call_turns_out_to_have_a_dossier(self) -> None:
        self.house.book.known["c4"] = with_dossier("D4")

    def _held(self, name: str) -> bool:
        kept = self.house.book.kept(name)
        assert kept is not None
        return any(hold.open for hold in self.house.book.holds_on(kept.targets))

    def _end(self, name: str) -> Instant:
        """Before which it may not go: by the facts of now and every hold, exact to the microsecond."""
        kept = self.house.book.kept(name)
        assert kept is not None
        found = term(self.house.book.facts(kept.piece), RULES, PARIS, self.house.now)
        return found.keep_until + suspended(self.house.book.holds_on(kept.targets), found.starts_at, self.house.now)

    def what_is_gone_was_decided(self) -> None:
        book = self.house.book
        for name, one in book.pieces.items():
            there = f"2026/12/16/{name}.flac" in self.house.objects.lying
            begun = any(item.piece_id == name and item.begun_at is not None for item in book.listed.values())
            assert there or begun
            assert one.state is not VoiceState.DESTROYED or not there

    def two_people_always_and_a_whole_chain(self) -> None:
        entries, without = self.house.disposal.records()
        assert first_broken(entries) is None
        assert not without
        for entry in entries:
            assert not same_person(entry.told["proposed_by"], entry.told["approved_by"])
            assert entry.told["visa"]
        assert len({entry.piece_id for entry in entries}) == len(entries)

    def the_state_says_what_holds_it(self) -> None:
        for name, one in self.house.book.pieces.items():
            if one.state in (VoiceState.ARCHIVED, VoiceState.HELD):
                assert (one.state is VoiceState.HELD) is self._held(name)

    def manifests_stay(self) -> None:
        assert {f"2026/12/16/p{n}.manifest" for n in (1, 2, 3, 4)} <= self.house.objects.lying


TARGETS = st.sampled_from(
    [Target(Scope.PIECE, "p1"), Target(Scope.APPEL, "c1"), Target(Scope.DOSSIER, "D1"), Target(Scope.PIECE, "p4")]
)
HOLDS = st.tuples(st.just(People.hold), TARGETS, st.sampled_from(HoldKind), PEOPLE)
DECISIONS = st.tuples(st.just(People.two_people_decide))
PURGES = st.tuples(st.just(People.purge), st.integers(0, 2), PEOPLE, st.none() | st.integers(0, 12))
CAMPAIGNS = st.tuples(
    st.just(People.campaign), st.none() | st.tuples(TARGETS, st.sampled_from(HoldKind)), PEOPLE, st.none() | st.integers(0, 12)
)
ACTS = st.one_of(
    HOLDS,
    DECISIONS,
    PURGES,
    CAMPAIGNS,
    CAMPAIGNS,
    st.tuples(st.just(People.release), NUMBERS, PEOPLE),
    st.tuples(st.just(People.time_passes), st.sampled_from([1, 200, 365 * 5])),
    st.tuples(st.sampled_from([People.propose]), PEOPLE),
    st.tuples(st.sampled_from([People.approve, People.withdraw]), NUMBERS, PEOPLE),
    st.tuples(st.just(People.the_lone_call_turns_out_to_have_a_dossier)),
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([6, 25, 40, 0]), st.lists(ACTS, min_size=4, max_size=25))
def test_whatever_people_do(years: int, acts: list[tuple[Callable[..., None], *tuple[Any, ...]]]) -> None:
    people = People()
    people.begins(years)
    for act, *words in acts:
        act(people, *words)
        people.what_is_gone_was_decided()
        people.two_people_always_and_a_whole_chain()
        people.the_state_says_what_holds_it()
        people.manifests_stay()


def test_these_people_do_come_to_an_end() -> None:
    """The machine above is worth what it reaches: everything it may do, done once, destroys what is free."""
    people = People()
    people.hold(Target(Scope.PIECE, "p1"), HoldKind.REQUISITION, "Anne")
    people.time_passes(365 * 30)
    people.two_people_decide()
    people.purge(0, "Anne", 1)
    people.purge(0, "Anne", None)
    states = [people.house.state(n) for n in (1, 2, 3, 4)]
    assert states == [VoiceState.HELD, VoiceState.DESTROYED, VoiceState.DESTROYED, VoiceState.DESTROYED]
