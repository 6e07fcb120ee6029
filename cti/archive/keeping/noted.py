"""What was written about a call (`cti.journey.around.notes`) is kept as long as its voice, and ends with it.

With the last recording of the call, in the same record. Where nothing was recorded, or nothing is left of it (a hold had saved
them), notes stand on a proposal by themselves, under a name of their own, with the term that a recording of that call would have.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from cti.archive.keeping.holds import kept_until, still_open
from cti.archive.keeping.office import PAGE, Classing
from cti.archive.keeping.ports import Book
from cti.journey import CallId, Instant
from cti.journey.around.keeping import NOTES, Item, LoneNotes, Scope, Target, Term
from cti.journey.around.voice import VoiceState

#: Of these no sound is left, or never was.
_SILENT: Final = frozenset({VoiceState.DESTROYED, VoiceState.MISSING})


@dataclass(frozen=True, slots=True)
class NotesStanding:
    """Where the notes of one call stand before destruction."""

    term: Term
    keep_until: Instant
    why_not: str | None  #: in French; None when their time has come


def named(call_id: CallId) -> str:
    """The name of a call's notes on a list."""
    return NOTES + call_id


def call_of(name: str) -> CallId | None:
    """The call whose notes stand under this name; None for a piece."""
    return name.removeprefix(NOTES) if name.startswith(NOTES) else None


def notes_standing(book: Book, classing: Classing, lone: LoneNotes, at: Instant) -> NotesStanding:
    """Whether they could be destroyed at ``at``."""
    targets = {Target(Scope.APPEL, lone.call_id)}
    if lone.facts.dossier_ref is not None:
        targets.add(Target(Scope.DOSSIER, lone.facts.dossier_ref))
    holds = book.holds_on(targets)
    term = classing.term_of(lone.facts, at)
    # "Enregistrement" is said of each class by its label: these are notes that follow it.
    term = replace(term, reason=f"notes sans enregistrement ; {term.reason}")
    until, held = kept_until(term, holds, at, classing.zone), still_open(holds)
    if held:
        told = ", ".join(f"{hold.kind} {hold.reference} (gel {hold.number})" for hold in held)
        return NotesStanding(term, until, f"gelées : {told}")
    return NotesStanding(term, until, None if until <= at else "leur durée de conservation n'est pas écoulée")


def notes_due(book: Book, classing: Classing, at: Instant) -> Iterator[tuple[LoneNotes, NotesStanding]]:
    """Notes past their term that no proposal holds, in order of call."""
    last, before = "", classing.oldest_end(at)
    while True:
        page = book.lone_notes(before, last, PAGE)
        for lone in page:
            stands = notes_standing(book, classing, lone, at)
            if stands.why_not is None:
                yield lone, stands
        if len(page) < PAGE:
            return
        last = page[-1].call_id


def item_of(number: int, lone: LoneNotes, stands: NotesStanding) -> Item:
    """Them on the list."""
    return Item(
        proposal=number, piece_id=named(lone.call_id), code=stands.term.code, keep_until=stands.keep_until, why=stands.term.reason
    )


def end_with(book: Book, piece_id: str, call_id: CallId) -> int:
    """Take the notes of this call out when this was the last of its recordings; how many went."""
    others = [kept.piece for kept in book.covered(Target(Scope.APPEL, call_id)) if kept.piece.piece_id != piece_id]
    return book.forget_notes(call_id) if all(other.state in _SILENT for other in others) else 0
