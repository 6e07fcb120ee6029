"""What there is to hear: recordings of calls under way from the pipeline, of others from the store; and whom they are tied to."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from cti.agents.people import Staff
from cti.api.edge.door import Known
from cti.bootstrap.access.desk import AccessDesk
from cti.journey import CallId, Instant, Journey
from cti.journey.around.access import Relation, Tie
from cti.journey.around.keeping import Hold, HoldKind, Kept
from cti.journey.around.listening import Wanted
from cti.journey.around.voice import Piece
from cti.listening.pieces import Found, found
from cti.store import Store
from cti.store.hearing import Place

#: A requisition, or the patient's own request, for as long as its hold is open.
_ASKED_FOR: Final = frozenset({HoldKind.REQUISITION, HoldKind.DEMANDE})
#: No call lasts longer (microseconds): how far before a part of it one must look for its beginning.
_LONGEST: Final = 24 * 3_600_000_000
_MOST: Final = 400


class Live(Protocol):
    """The pipeline."""

    def journey(self, call_id: CallId) -> Journey | None:
        """A call that it holds."""

    def live(self) -> Sequence[Journey]:
        """The calls that have not ended."""


class Finding:
    """Reads. Blocking; safe from any thread, but ``under_way``, which is for the loop's."""

    def __init__(self, store: Store, staff: Staff, access: AccessDesk) -> None:
        self._store = store
        self._staff = staff
        self._access = access

    # --- recordings -------------------------------------------------------------------------------------------------------

    def piece(self, piece_id: str, under_way: Sequence[Journey]) -> Found | None:
        """One recording; None when nobody knows it."""
        row = self._store.pieces.find(piece_id)
        call_id = row.call_id if row is not None else self._call_of(piece_id, under_way)
        if call_id is None:
            return None
        journey = self._journey(call_id, under_way)
        if journey is None and row is not None:
            journey = Journey(call_id=call_id, t0=row.started_at, ended_at=row.started_at, last_at=row.started_at)
        return next((one for one in self.of_calls([journey] if journey else []) if one.piece.piece_id == piece_id), None)

    def of_call(self, call_id: CallId, under_way: Sequence[Journey]) -> list[Found]:
        """The recordings of one call."""
        journey = self._journey(call_id, under_way)
        return self.of_calls([journey] if journey is not None else [])

    def of_dossier(self, dossier: str, under_way: Sequence[Journey]) -> list[Found]:
        """The recordings of a dossier, by its identity or its number, newest first."""
        stored = self._store.hearing.calls(Wanted(dossier=dossier), None, _MOST)
        living = [one for one in under_way if dossier in (one.dossier_id, one.dossier_ref)]
        return self.of_calls(_newest(stored, living))

    def served(self, personne: str, since: Instant, at: Instant, under_way: Sequence[Journey]) -> list[Found]:
        """The recordings of calls that she has had since then, and of the other calls of their dossiers; newest first."""
        posts = self.posts(personne, at)
        living = [one for one in under_way if any(_parts(one, posts))]
        own = _newest(self._store.hearing.served(posts, since - _LONGEST, _MOST), living)
        dossiers = {one.dossier_id for one in own if one.dossier_id is not None}
        others = [one for dossier in dossiers for one in self._store.reading.of_dossier(dossier)]
        beside = [one for one in under_way if one.dossier_id in dossiers]
        return self.of_calls(_newest([*others, *own], [*living, *beside]))

    def search(self, wanted: Wanted, agent: str, before: Place | None, limit: int) -> list[tuple[Place, list[Found]]]:
        """A page of calls, the newest first: the place of each, and those of its recordings that are wanted.

        ``agent``: of the wanted posts, only while this person sat there; a post of that name asks for nothing more.
        """
        calls = self._store.hearing.calls(wanted, before, limit)
        told: dict[CallId, list[Found]] = {}
        for one in self.of_calls(calls):
            told.setdefault(one.piece.call_id, []).append(one)
        by_person = agent if agent and agent not in self._staff.roster.by_endpoint else ""
        return [((call.t0, call.call_id), self._wanted(call, told.get(call.call_id, []), wanted, by_person)) for call in calls]

    def _wanted(self, call: Journey, found: list[Found], wanted: Wanted, personne: str) -> list[Found]:
        if personne and not any(self._access.sat(*one) == personne for one in _parts(call, wanted.posts)):
            return []
        return [one for one in found if wanted.state in (None, one.piece.state)]

    def of_calls(self, journeys: Sequence[Journey]) -> list[Found]:
        """The recordings of these calls, in their order."""
        rows: dict[CallId, list[Piece]] = {}
        for piece in self._store.hearing.pieces([journey.call_id for journey in journeys]):
            rows.setdefault(piece.call_id, []).append(piece)
        return [one for journey in journeys for one in reversed(found(journey, rows.get(journey.call_id, ())))]

    def posts(self, agent: str, until: Instant) -> tuple[str, ...]:
        """The posts meant by a post or by a person."""
        if agent in self._staff.roster.by_endpoint:
            return (agent,)
        return tuple(self._store.duty.posts_of(agent, until))

    # --- what ties ---------------------------------------------------------------------------------------------------------

    def ties(self, known: Known, one: Found) -> tuple[Tie, ...]:
        """Everything that ties this person to this recording."""
        reviews = [Tie(relation=Relation.QUALITE, until=end) for end in self._store.draws.ends(known.who, one.piece.call_id)]
        asked = [Tie(relation=Relation.REQUISITION) for hold in self.holds(one) if hold.kind in _ASKED_FOR][:1]
        return self._access.bonds(known, one.journey, (*reviews, *asked))

    def holds(self, one: Found) -> list[Hold]:
        """The open holds that cover it."""
        with self._store.keeping.reading() as book:
            covering = book.holds_on(Kept(one.piece, one.journey.dossier_ref).targets)
        return [hold for hold in covering if hold.open]

    def _journey(self, call_id: CallId, under_way: Sequence[Journey]) -> Journey | None:
        held = next((one for one in under_way if one.call_id == call_id), None)
        return held if held is not None else self._store.journey(call_id)

    def _call_of(self, piece_id: str, under_way: Sequence[Journey]) -> CallId | None:
        """The call of a recording that is no piece yet. A caller's own bears the name of his call."""
        for journey in under_way:
            if any(one.piece.piece_id == piece_id for one in found(journey, ())):
                return journey.call_id
        if self._store.journey(piece_id) is not None:
            return piece_id
        return self._store.hearing.call_of_stem(piece_id)


def _parts(call: Journey, posts: Sequence[str]) -> Iterator[tuple[str, Instant]]:
    """Which of these posts talked in this call, and since when."""
    legs = [(leg.agent, leg.answered_at) for stage in call.stages for leg in stage.legs]
    consults = [(who, one.answered_at) for one in call.consults for who in (one.agent, one.answered_by) if who is not None]
    placed = [(call.placed.agent, call.t0)] if call.placed is not None else []
    yield from ((post, at) for post, at in (*legs, *consults, *placed) if at is not None and post in posts)


def _newest(stored: Iterable[Journey], living: Iterable[Journey]) -> list[Journey]:
    """Each call once, as it lives if it does; the newest first."""
    known = {one.call_id: one for one in (*stored, *living)}
    return sorted(known.values(), key=lambda one: (one.t0, one.call_id), reverse=True)
