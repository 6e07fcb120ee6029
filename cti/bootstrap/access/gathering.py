"""What was named, gathered from the store with all that is known of it; and what ties a person to it. Blocking; any thread."""

from collections.abc import Sequence

from cti.archive.exporting.asked import Candidate
from cti.bootstrap.access.tying import Tying
from cti.journey import CallId, Journey
from cti.journey.around.access import Relation, Tie, UserName
from cti.journey.around.keeping import ASKING, Hold, Scope, Target
from cti.store import Store


class Gathering:
    """Reads. Every method raises StoreUnavailable when nothing can be read now."""

    def __init__(self, store: Store, tying: Tying) -> None:
        self._store = store
        self._tying = tying

    def of(self, targets: Sequence[Target]) -> tuple[list[Candidate], list[Journey], Target | None]:
        """The pieces that are named, and the calls that are named whole; nothing, and whose name, when one is nobody's."""
        found: dict[str, Candidate] = {}
        calls: list[Journey] = []
        for target in targets:
            whole, wider = self._calls(target)
            mine = self.pieces(wider)
            if not mine and not whole:
                return [], [], target
            calls += whole
            found |= {one.piece_id: one for one in mine}
        return list(found.values()), calls, None

    def pieces(self, target: Target) -> list[Candidate]:
        """The pieces of one name, with their calls, their open holds, and the records of those that were destroyed."""
        with self._store.keeping.reading() as book:
            rows = [
                (kept, tuple(hold for hold in book.holds_on(kept.targets) if hold.open), book.entry_of(kept.piece.piece_id))
                for kept in book.covered(target)
            ]
        journeys = {call_id: self._store.journey(call_id) for call_id in {kept.call_id for kept, _, _ in rows}}
        return [Candidate(kept=kept, journey=journeys[kept.call_id], holds=holds, record=record) for kept, holds, record in rows]

    def _calls(self, target: Target) -> tuple[list[Journey], Target]:
        """The calls that it names whole, and the target as the register has it: a dossier may be named by its identity."""
        if target.scope is Scope.APPEL:
            journey = self._store.journey(target.name)
            return ([journey] if journey is not None else []), target
        if target.scope is Scope.DOSSIER:
            calls = self._store.reading.of_dossier(target.name) or self._store.reading.of_dossier_ref(target.name)
            ref = next((one.dossier_ref for one in calls if one.dossier_ref), target.name)
            return calls, Target(Scope.DOSSIER, ref)
        return [], target

    def ties(self, who: UserName, personne: str, one: Candidate) -> tuple[Tie, ...]:
        """Everything that ties this account to this piece."""
        given = (*self._reviews(who, one.kept.call_id), *asked(one.holds))
        if one.journey is None:
            return (Tie(relation=Relation.SALLE), *given)
        return self._tying.ties(personne, one.journey, given)

    def _reviews(self, who: UserName, call_id: CallId) -> list[Tie]:
        return [Tie(relation=Relation.QUALITE, until=end) for end in self._store.draws.ends(who, call_id)]


def asked(holds: Sequence[Hold]) -> tuple[Tie, ...]:
    """A requisition or a request that is open names it."""
    return (Tie(relation=Relation.REQUISITION),) if any(hold.kind in ASKING for hold in holds) else ()
