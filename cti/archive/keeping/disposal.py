"""The end of a piece: proposed by one person, approved by another with the visa of the archives, executed with proof.

Executed one piece at a time. In one transaction everything is looked at once more and the piece is marked; its sealed sound and
its timeline are removed from the store and looked for again; in a second transaction the record is written. Killed in between,
the next execution goes on from there: marked and still there is looked at anew (a hold may have come), marked and gone is
recorded. The manifest stays in the store, and the record in the register, for ever.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from cti.archive.keeping.chain import following
from cti.archive.keeping.holds import a_line
from cti.archive.keeping.noted import call_of, end_with, item_of, notes_due, notes_standing
from cti.archive.keeping.office import Classing
from cti.archive.keeping.ports import Book, Objects, Register, Who
from cti.archive.keeping.verdict import Standing, approved, executable, standing, withdrawn
from cti.journey import CallId, Instant
from cti.journey.around.keeping import Entry, Fate, Item, Kept, Proposal, Refused, Unknown
from cti.journey.around.voice import VoiceState, VoiceStep, after
from cti.journey.words import iso


class NotGone(OSError):
    """The store says that what it was told to remove is still there; nothing was recorded, to be tried again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one piece, as the execution goes."""

    piece_id: str
    fate: Fate
    why: str  #: in French


@dataclass(frozen=True, slots=True)
class Sealings:
    """The names under which one piece lies, or may lie, in the store: every sealing of it, the manifests apart."""

    sounds: tuple[str, ...]
    timelines: tuple[str, ...]


class Disposal:
    """Proposals and their execution. Every method raises StoreUnavailable, and Refused where it says so."""

    def __init__(
        self,
        register: Register,
        classing: Classing,
        objects: Objects,
        names_of: Callable[[str], Sealings],
        clock: Callable[[], Instant],
        who: Who,
    ) -> None:
        self._register = register
        self._classing = classing
        self._objects = objects
        self._names_of = names_of  #: by the key of a piece
        self._clock = clock
        self._who = who

    # --- the decision -----------------------------------------------------------------------------------------------------

    def propose(self, *, by: str, reason: str, at_most: int) -> tuple[Proposal, Sequence[Item]]:
        """Put the pieces whose time has come on a list, the oldest first.

        Raises:
            Refused: nothing is due, or a word is missing.
        """
        by, reason = self._who(a_line("--par", by)), a_line("--raison", reason)
        at = self._clock()
        with self._register.alone() as book:
            number = max((one.number for one in book.proposals()), default=0) + 1
            items = self._due(book, number, at, at_most)
            items += self._notes_due(book, number, at, at_most - len(items))
            proposal = Proposal(number=number, proposed_by=by, proposed_at=at, reason=reason)
            if items:
                book.save_proposal(proposal)
        if not items:  # said after the book is closed: what the look set right stays
            raise Refused("aucune pièce n'est au-delà de sa durée de conservation sans être gelée ou déjà proposée")
        return proposal, items

    def _due(self, book: Book, number: int, at: Instant, at_most: int) -> list[Item]:
        """Items written for the pieces whose time has come; those whose row was behind are set right and others looked for."""
        items, looked_at = list[Item](), set[str]()
        while len(items) < at_most:
            page = [kept for kept in book.due(at, at_most - len(items)) if kept.piece.piece_id not in looked_at]
            if not page:
                break
            looked_at.update(kept.piece.piece_id for kept in page)
            found = [item for kept in page if (item := self._item(book, number, kept, at))]
            book.save_items(found)
            items += found
        return items

    def _notes_due(self, book: Book, number: int, at: Instant, at_most: int) -> list[Item]:
        found = islice(notes_due(book, self._classing, at), at_most)
        items = [item_of(number, lone, stands) for lone, stands in found]
        book.save_items(items)
        return items

    def _item(self, book: Book, number: int, kept: Kept, at: Instant) -> Item | None:
        """The piece on the list; None when a look at everything shows that its time has not come (its row is set right)."""
        term = self._classing.lengthened(book, kept, at)
        now = book.kept(kept.piece.piece_id) or kept
        self._classing.refresh(book, now, at)
        stands = self._standing(book, now, at)
        if stands.why_not is not None:
            return None
        return Item(proposal=number, piece_id=kept.piece.piece_id, code=term.code, keep_until=stands.keep_until, why=term.reason)

    def approve(self, number: int, *, by: str, visa: str) -> Proposal:
        """A second person's word, with the visa.

        Raises:
            Refused: by whoever proposed it, twice, without a visa, or after it was withdrawn.
        """
        by = self._who(a_line("--par", by))
        with self._register.alone() as book:
            proposal = approved(_known(book, number), by=by, visa=visa, at=self._clock())
            book.save_proposal(proposal)
        return proposal

    def withdraw(self, number: int, *, by: str, reason: str) -> Proposal:
        """Take a proposal back: what was not destroyed yet is not.

        Raises:
            Refused: it was already, or no reason is given.
        """
        by = self._who(a_line("--par", by))
        with self._register.alone() as book:
            proposal = withdrawn(_known(book, number), by=by, reason=reason, at=self._clock())
            book.save_proposal(proposal)
        return proposal

    def proposals(self) -> Sequence[tuple[Proposal, Sequence[Item]]]:
        """Every proposal with its list."""
        with self._register.reading() as book:
            return [(proposal, book.items(proposal.number)) for proposal in book.proposals()]

    def undecided(self, past_for: int = 0) -> int:
        """How many pieces have been past their term for so long (microseconds), and nobody has proposed anything."""
        with self._register.reading() as book:
            return undecided(book, self._classing, self._clock() - past_for)

    # --- the execution ----------------------------------------------------------------------------------------------------

    def open_items(self, number: int) -> Sequence[Item]:
        """What is left to execute.

        Raises:
            Refused: the proposal is unknown, not approved, or withdrawn.
        """
        with self._register.reading() as book:
            proposal = _known(book, number)
            left = [item for item in book.items(number) if item.fate is None]
        if proposal.state == "retiree" and (begun := [item for item in left if item.begun_at is not None]):
            return begun  # their end must be known, and recorded where it came
        executable(proposal)
        return left

    def execute(self, number: int, *, by: str) -> Iterator[Outcome]:
        """Destroy what is left of the list, piece by piece; each outcome is on disk when it is told.

        Raises:
            Refused: the proposal is not approved, or was withdrawn; one that is withdrawn meanwhile spares the rest.
            NotGone, OSError: the store refuses; what was done is done, the rest is to be tried again.
        """
        by = self._who(a_line("--par", by))
        for item in self.open_items(number):
            call_id = call_of(item.piece_id)
            yield self._one(item, by) if call_id is None else self._notes(item, by, call_id)

    def _one(self, item: Item, by: str) -> Outcome:
        marked = self._mark(item)
        if isinstance(marked, Outcome):
            return marked
        begun, names = marked
        absent = []
        for name in names:
            self._objects.delete(name)
            if self._objects.exists(name):
                raise NotGone(f"{name} : effacé, et toujours présent à la relecture (magasin protégé ou versionné ?)")
            absent.append(name)
        with self._register.alone() as book:
            return self._record(book, begun, by, absent)

    def _notes(self, item: Item, by: str, call_id: CallId) -> Outcome:
        """Notes that stand alone: looked at once more, taken out and recorded in one transaction."""
        with self._register.alone() as book:
            proposal, lone, at = _known(book, item.proposal), book.lone_notes_of(call_id), self._clock()
            if book.entry_of(item.piece_id) is not None:
                return self._close(book, item, Fate.DESTROYED, "déjà éliminées et consignées")
            if proposal.state == "retiree":
                return self._close(book, item, Fate.SPARED, f"proposition retirée par {proposal.withdrawn_by}")
            executable(proposal)
            if lone is None:
                return self._close(book, item, Fate.SPARED, "ne sont plus là, ou suivent un enregistrement")
            if why_not := notes_standing(book, self._classing, lone, at).why_not:
                return self._close(book, item, Fate.SPARED, why_not)
            written = book.forget_notes(call_id)
            told = {"call_id": call_id, "kind": "notes", "dossier_ref": lone.facts.dossier_ref, "notes": written}
            book.add_entry(following(book.last_entry(), item.piece_id, {**told, **_decided(item, proposal, by, at)}))
            return self._close(book, item, Fate.DESTROYED, f"{written} note(s) effacée(s)")

    def _mark(self, item: Item) -> Outcome | tuple[Item, tuple[str, ...]]:
        """Everything looked at once more, alone: the piece as marked, and the names of what must go; or its fate already."""
        gone = self._gone(item)
        with self._register.alone() as book:
            proposal, kept = _known(book, item.proposal), book.kept(item.piece_id)
            if book.entry_of(item.piece_id) is not None:
                return self._close(book, item, Fate.DESTROYED, "déjà éliminée et consignée")
            if kept is None or kept.piece.sealed is None:
                return self._close(book, item, Fate.SPARED, "n'est plus dans le registre de l'archive")
            names = self._names_of(kept.piece.sealed.key)
            if gone:
                # Its destruction was under way: a hold that came since has no sound to save, and keeps what is left.
                held = self._standing(book, kept, self._clock()).held_by
                return item, names.sounds if held else names.sounds + names.timelines
            if proposal.state == "retiree":
                return self._close(book, item, Fate.SPARED, f"proposition retirée par {proposal.withdrawn_by}")
            executable(proposal)
            self._classing.lengthened(book, kept, self._clock())
            kept = book.kept(item.piece_id) or kept
            why_not = self._standing(book, kept, self._clock()).why_not
            if why_not is not None:
                self._classing.refresh(book, kept, self._clock())
                return self._close(book, item, Fate.SPARED, why_not)
            begun = replace(item, begun_at=self._clock())
            book.save_items([begun])
        return begun, names.sounds + names.timelines

    def _gone(self, item: Item) -> bool:
        """An earlier life had marked it and its sound is no more."""
        if item.begun_at is None:
            return False
        with self._register.reading() as book:
            kept = book.kept(item.piece_id)
        if kept is None or kept.piece.sealed is None:
            return False
        return not any(self._objects.exists(name) for name in self._names_of(kept.piece.sealed.key).sounds)

    def _record(self, book: Book, item: Item, by: str, absent: Sequence[str]) -> Outcome:
        if book.entry_of(item.piece_id) is not None:  # two executions at once: the other was quicker
            return self._close(book, item, Fate.DESTROYED, "déjà éliminée et consignée")
        at, kept, proposal = self._clock(), book.kept(item.piece_id), _known(book, item.proposal)
        if kept is None:
            raise Refused(f"la pièce {item.piece_id} a disparu du registre pendant son élimination")
        piece = kept.piece
        state = piece.state
        held = state is VoiceState.HELD  # a hold that came after its sound had gone: it keeps what was written
        if held:
            state = after(state, VoiceStep.RELEASE)
        written = 0 if held else end_with(book, piece.piece_id, piece.call_id)
        told = {**_told(kept, absent), "notes": written, **_decided(item, proposal, by, at)}
        book.add_entry(following(book.last_entry(), item.piece_id, told))
        book.save_piece(replace(piece, state=after(state, VoiceStep.DESTROY), state_at=at))
        return self._close(book, item, Fate.DESTROYED, f"{len(absent)} objets effacés, relus absents")

    def _close(self, book: Book, item: Item, fate: Fate, why: str) -> Outcome:
        book.save_items([replace(item, fate=fate, fate_at=self._clock(), fate_why=why)])
        return Outcome(item.piece_id, fate, why)

    def _standing(self, book: Book, kept: Kept, at: Instant) -> Standing:
        return standing(kept, book.term(kept.piece.piece_id), book.holds_on(kept.targets), at, self._classing.zone)

    # --- the records ------------------------------------------------------------------------------------------------------

    def records(self) -> tuple[Sequence[Entry], Sequence[str]]:
        """Every record of destruction, and the pieces that are destroyed without one."""
        with self._register.reading() as book:
            return book.entries(), book.destroyed_without_entry()


def _known(book: Book, number: int) -> Proposal:
    proposal = book.proposal(number)
    if proposal is None:
        raise Unknown(f"aucune proposition ne porte le numéro {number}")
    return proposal


def undecided(book: Book, classing: Classing, at: Instant) -> int:
    """How many pieces, and notes that stand alone, are past their term, and nobody has proposed anything."""
    return book.undecided(at) + sum(1 for _ in notes_due(book, classing, at))


def _told(kept: Kept, absent: Sequence[str]) -> dict[str, object]:
    """What a record says of the piece: what it was, and what proves its end. No caller's number, no name of a patient."""
    piece = kept.piece
    sealed = piece.sealed
    return {
        "call_id": piece.call_id,
        "kind": piece.kind.value,
        "dossier_ref": kept.dossier_ref,
        "started_at": iso(piece.started_at),
        "key": sealed.key if sealed else None,
        "duration_ms": sealed.duration_ms if sealed else None,
        "flac_sha256": sealed.flac_sha256 if sealed else None,
        "sealed_sha256": sealed.sealed_sha256 if sealed else None,
        "read_back_absent": list(absent),
    }


def _decided(item: Item, proposal: Proposal, by: str, at: Instant) -> dict[str, object]:
    """What a record says of the decision: why, who decided, who did it."""
    return {
        "retention": item.code,
        "keep_until": iso(item.keep_until),
        "why": item.why,
        "proposal": proposal.number,
        "proposed_by": proposal.proposed_by,
        "proposed_at": iso(proposal.proposed_at),
        "approved_by": proposal.approved_by,
        "approved_at": iso(proposal.approved_at),
        "visa": proposal.visa,
        "executed_by": by,
        "executed_at": iso(at),
    }
