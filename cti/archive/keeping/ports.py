"""What keeping needs of the others: the register, what lies in the archive's store, who somebody is. Wired in ``bootstrap``."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from cti.journey import CallId, Instant
from cti.journey.around.keeping import Entry, Facts, Hold, Item, Kept, LoneNotes, Proposal, Target, Term
from cti.journey.around.voice import Piece


class Objects(Protocol):
    """What lies in the store of the archive. Its methods raise OSError when the store does not answer."""

    def delete(self, key: str) -> None:
        """Remove one object; one that is not there is removed."""

    def exists(self, key: str) -> bool:
        """Whether there is one, as the store says now."""


class Who(Protocol):
    """Who somebody is, by what they say of themselves."""

    def __call__(self, name: str) -> str:
        """The name under which they are known.

        Raises:
            Refused: nobody.
        """


class Book(Protocol):
    """The register, open for one person at a time: what is read stays true until it is closed."""

    def kept(self, piece_id: str) -> Kept | None:
        """One piece."""

    def covered(self, target: Target) -> Sequence[Kept]:
        """Every piece that it names, whatever its state."""

    def unclassed(self, limit: int) -> Sequence[Kept]:
        """Archived pieces that have no term yet."""

    def classed(self, after: str, limit: int) -> Sequence[Kept]:
        """Archived and held pieces with a term, in order of identity, from after this one."""

    def due(self, at: Instant, limit: int) -> Sequence[Kept]:
        """Archived pieces past their term that no proposal holds, the oldest first."""

    def undecided(self, at: Instant) -> int:
        """How many there are."""

    def facts(self, piece: Piece) -> Facts:
        """What is known of its call."""

    def term(self, piece_id: str) -> Term | None:
        """Its latest term."""

    def add_term(self, piece_id: str, term: Term) -> None:
        """Set a term; those before it stay in the history."""

    def save_piece(self, piece: Piece) -> None:
        """Its state, class and end."""

    def hold(self, number: int) -> Hold | None:
        """One hold."""

    def holds(self) -> Sequence[Hold]:
        """Every hold, in order of number."""

    def holds_on(self, targets: Iterable[Target]) -> Sequence[Hold]:
        """Every hold that names one of these, open or released."""

    def save_hold(self, hold: Hold) -> None:
        """Write a hold, or its release."""

    def proposal(self, number: int) -> Proposal | None:
        """One proposal."""

    def proposals(self) -> Sequence[Proposal]:
        """Every proposal, in order of number."""

    def save_proposal(self, proposal: Proposal) -> None:
        """Write a proposal, or what became of it."""

    def items(self, proposal: int) -> Sequence[Item]:
        """The list of a proposal, in order of piece."""

    def save_items(self, items: Iterable[Item]) -> None:
        """Write items, or what became of them."""

    def last_entry(self) -> Entry | None:
        """The last record of destruction."""

    def entry_of(self, piece_id: str) -> Entry | None:
        """The record of one piece."""

    def entries(self) -> Sequence[Entry]:
        """Every record, in order."""

    def add_entry(self, entry: Entry) -> None:
        """Add a record; none is ever changed."""

    def lone_notes(self, before: Instant, after: str, limit: int) -> Sequence[LoneNotes]:
        """Notes of calls that ended before, have no recording and are on no proposal, in order of call, from after this one."""

    def lone_notes_of(self, call_id: CallId) -> LoneNotes | None:
        """Those of this call; None when it has none, or a recording."""

    def forget_notes(self, call_id: CallId) -> int:
        """Take them out; how many there were."""

    def destroyed_without_entry(self) -> Sequence[str]:
        """Pieces said to be destroyed of which no record tells."""


class Register(Protocol):
    """Opens the book. Its methods raise StoreUnavailable when the database is out of reach."""

    def alone(self) -> AbstractContextManager[Book]:
        """One writer at a time; all of it is written, or nothing when it raises."""

    def reading(self) -> AbstractContextManager[Book]:
        """To read only, in nobody's way."""
