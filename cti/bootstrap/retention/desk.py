"""What the API asks about keeping: the same office and the same disposal as the command line, under the account of who asks.

Two people are two accounts, and two accounts of one person of the room are one person. The database is asked in threads; an
execution goes on aside and tells how far it is.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from cti.access import About, Asker, Rights
from cti.api.edge.door import Known
from cti.api.keeping_port import AlreadyRunning
from cti.archive.keeping.chain import first_broken
from cti.archive.keeping.office import Office
from cti.bootstrap.access.gathering import Gathering
from cti.bootstrap.access.tying import Tying
from cti.bootstrap.aside import Aside, Progress, Stopped
from cti.bootstrap.retention.saying import told_hold, told_item, told_proposal
from cti.bootstrap.retention.terms import by_name, classing_of
from cti.journey import Instant
from cti.journey.around.access import Relation, Tie, Verb
from cti.journey.around.keeping import Fate, HoldKind, Refused, Target, Unknown
from cti.journey.ledger import StoreUnavailable
from cti.journey.words import iso
from cti.settings import Settings
from cti.store import Store

log = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class Execution:
    """One execution, on its way or over."""

    number: int
    by: str
    started_at: Instant
    progress: Progress
    destroyed: int = 0
    spared: list[dict[str, str]] = field(default_factory=list)
    ended_at: Instant | None = None
    trouble: str | None = None  #: in French

    def told(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "en_cours": self.ended_at is None,
            "done": self.progress.done,
            "total": self.progress.total,
            "eliminees": self.destroyed,
            "ecartees": list(self.spared),
            "par": self.by,
            "started_at": iso(self.started_at),
            "ended_at": iso(self.ended_at),
            "ennui": self.trouble,
        }


class KeepingDesk:
    """For one running service."""

    def __init__(self, settings: Settings, store: Store, rights: Rights, tying: Tying, clock: Callable[[], Instant]) -> None:
        self._settings = settings
        self._store = store
        self._rights = rights
        self._gathering = Gathering(store, tying)
        self._clock = clock
        self._aside = Aside("elimination")
        self._executions: dict[int, Execution] = {}

    def stop(self) -> None:
        """Finish the piece in hand; blocking."""
        self._aside.stop()

    # --- who --------------------------------------------------------------------------------------------------------------

    async def ties(self, known: Known, target: Target) -> tuple[Tie, ...]:
        """What ties her to every piece that the target names: a relation to some of them only is none."""
        return await asyncio.to_thread(self._ties, known, target)

    def _ties(self, known: Known, target: Target) -> tuple[Tie, ...]:
        each = [self._gathering.ties(known.who, known.personne, one) for one in self._gathering.pieces(target)]
        shared = [tie for ties in each for tie in ties if all(any(tie.relation is one.relation for one in mine) for mine in each)]
        relations = dict.fromkeys(tie.relation for tie in shared)
        # Of several pieces the tie that ends first is the one that holds for all.
        first = [min((tie for tie in shared if tie.relation is relation), key=_ends) for relation in relations]
        return tuple(first) or (Tie(relation=Relation.SALLE),)

    def _another_person(self, known: Known, earlier: str, words: str) -> None:
        """Come back unless the account that acted before is the same person's.

        Raises:
            Refused: it is.
        """
        before = self._store.accounts.users().get(earlier)
        if before is not None and known.personne and before.personne == known.personne and before.name != known.who:
            raise Refused(f"{words} : {earlier} et {known.who} sont deux comptes de la même personne")

    def _office(self) -> Office:
        return Office(self._store.keeping, classing_of(self._settings), self._clock, by_name)

    # --- holds ------------------------------------------------------------------------------------------------------------

    async def holds(self, *, everything: bool) -> Sequence[dict[str, Any]]:
        """The holds, in order."""
        found = await asyncio.to_thread(lambda: self._office().holds())
        return [told_hold(one) for one in found if everything or one.open]

    async def target_of(self, number: int) -> Target:
        """What a hold names.

        Raises:
            Unknown: there is none of this number.
        """
        found = await asyncio.to_thread(lambda: self._office().holds())
        for one in found:
            if one.number == number:
                return one.target
        raise Unknown(f"aucun gel ne porte le numéro {number}")

    async def place(
        self, known: Known, target: Target, *, kind: HoldKind, reference: str, asked_by: str, reason: str
    ) -> dict[str, Any]:
        """Place a hold.

        Raises:
            Refused: it may not be.
        """

        def work() -> dict[str, Any]:
            hold, covered = self._office().place(
                target, kind=kind, reference=reference, asked_by=asked_by, by=known.who, reason=reason
            )
            return {**told_hold(hold), "pieces": [kept.piece.piece_id for kept in covered]}

        return await asyncio.to_thread(work)

    async def release(self, known: Known, number: int, *, reason: str) -> dict[str, Any]:
        """Release it.

        Raises:
            Refused: it may not be, or a requisition by the person who placed it.
        """

        def work() -> dict[str, Any]:
            office = self._office()
            for one in office.holds():
                if one.number == number and one.kind is HoldKind.REQUISITION:
                    self._another_person(known, one.placed_by, "une réquisition se lève à deux")
            hold, free = office.release(number, by=known.who, reason=reason)
            return {**told_hold(hold), "pieces": [kept.piece.piece_id for kept in free]}

        return await asyncio.to_thread(work)

    # --- proposals --------------------------------------------------------------------------------------------------------

    async def proposals(self) -> dict[str, Any]:
        """Every one, and what nobody has decided."""

        def work() -> dict[str, Any]:
            disposal = self._disposal()
            found = [told_proposal(one, items) for one, items in disposal.proposals()]
            return {"items": found, "sans_proposition": disposal.undecided()}

        return await asyncio.to_thread(work)

    async def proposal(self, number: int) -> dict[str, Any]:
        """One with its list.

        Raises:
            Unknown: there is none of this number.
        """
        found = await asyncio.to_thread(lambda: self._disposal().proposals())
        running = self._executions.get(number)
        for one, items in found:
            if one.number == number:
                listed = [told_item(item) for item in items]
                return {**told_proposal(one, items), "liste": listed, "execution": running.told() if running else None}
        raise Unknown(f"aucune proposition ne porte le numéro {number}")

    async def propose(self, known: Known, *, reason: str) -> dict[str, Any]:
        """Put what is due on a list.

        Raises:
            Refused: nothing is.
        """

        def work() -> dict[str, Any]:
            self._office().settle()
            most = self._settings.retention.eliminer.lot
            proposal, items = self._disposal().propose(by=known.who, reason=reason, at_most=most)
            return {**told_proposal(proposal, items), "liste": [told_item(item) for item in items], "execution": None}

        return await asyncio.to_thread(work)

    async def approve(self, known: Known, number: int, *, visa: str) -> dict[str, Any]:
        """A second person's word.

        Raises:
            Refused: it may not be, or by the person who proposed it.
        """

        def work() -> None:
            disposal = self._disposal()
            for one, _ in disposal.proposals():
                if one.number == number:
                    self._another_person(known, one.proposed_by, "une élimination se décide à deux")
            disposal.approve(number, by=known.who, visa=visa)

        await asyncio.to_thread(work)
        return await self.proposal(number)

    async def withdraw(self, known: Known, number: int, *, reason: str) -> dict[str, Any]:
        """Take it back.

        Raises:
            Refused: it was already.
        """
        await asyncio.to_thread(lambda: self._disposal().withdraw(number, by=known.who, reason=reason))
        return await self.proposal(number)

    # --- the execution ----------------------------------------------------------------------------------------------------

    async def execute(self, known: Known, client: str, number: int) -> dict[str, Any]:
        """Begin; what is left of it is destroyed piece by piece, aside.

        Raises:
            Refused: it is not approved, or was withdrawn.
            AlreadyRunning: one at a time.
        """
        left = await asyncio.to_thread(lambda: self._disposal().open_items(number))
        running = next((one for one in self._executions.values() if one.ended_at is None), None)
        if running is not None:
            raise AlreadyRunning(f"l'élimination {running.number} est en cours, lancée par {running.by}")
        one = Execution(number, known.who, self._clock(), self._aside.progress())
        one.progress.begin(len(left))
        self._executions[number] = one
        asker = Asker(who=known.who, roles=known.roles, client=client)
        self._aside.run(lambda: self._execute(one, asker))
        return await self.proposal(number)

    def _execute(self, one: Execution, asker: Asker) -> None:
        """In the thread of executions; whatever goes wrong is told with it."""
        from cti.bootstrap.keeping.opening import alone  # noqa: PLC0415 - ciphers and codecs, only where they serve

        try:
            with alone(self._settings, "rewrap"):
                for outcome in self._disposal().execute(one.number, by=one.by):
                    if outcome.fate is Fate.DESTROYED:
                        one.destroyed += 1
                    else:
                        one.spared.append({"piece_id": outcome.piece_id, "pourquoi": outcome.why})
                    one.progress.advance()
        except Stopped:
            one.trouble = "le service s'arrête : à relancer, elle reprendra où elle en était"
        except Exception as trouble:
            of_the_world = isinstance(trouble, OSError | StoreUnavailable | ValueError)
            log.warning("elimination_stopped", number=one.number, error=str(trouble), exc_info=None if of_the_world else trouble)
            one.trouble = str(trouble) or type(trouble).__name__
        detail = f"élimination {one.number} exécutée : {one.destroyed} éliminée(s), {len(one.spared)} écartée(s)"
        try:
            self._rights.did(asker, Verb.PROPOSER, About(detail=detail + (f" ; {one.trouble}" if one.trouble else "")))
        except StoreUnavailable as trouble:
            log.warning("elimination_not_traced", number=one.number, error=str(trouble))
        one.ended_at = self._clock()

    async def records(self) -> dict[str, Any]:
        """The register of what was destroyed."""
        entries, without = await asyncio.to_thread(lambda: self._disposal().records())
        broken = first_broken(entries)
        faults = [f"la chaîne est rompue : le n° {broken.number} {broken.why}"] if broken else []
        faults += [f"{piece_id} : éliminée sans procès-verbal" for piece_id in without]
        head = {"number": entries[-1].number, "hash": entries[-1].hash} if entries else None
        told = [{"number": one.number, "hash": one.hash, "previous": one.previous, **one.told} for one in entries]
        return {"items": told, "tete": head, "defauts": faults}

    def _disposal(self) -> Any:
        from cti.archive.keeping.disposal import Disposal  # noqa: PLC0415
        from cti.bootstrap.keeping.opening import shelf_of  # noqa: PLC0415 - the store's client, only where it serves
        from cti.bootstrap.retention.disposing import ShelfObjects, sealings_of  # noqa: PLC0415

        shelf = ShelfObjects(shelf_of(self._settings))
        return Disposal(self._store.keeping, classing_of(self._settings), shelf, sealings_of, self._clock, by_name)


def _ends(tie: Tie) -> tuple[bool, int]:
    """The order in which ties of one relation end: one that goes on comes last."""
    return tie.since is None, tie.since or 0
