"""Holds: who may place and release them, and what they do to the clock.

Each second of a hold is a second that the term does not run (the period is suspended by any amicable or contentious claim:
arrêté du 20 octobre 2011, art. 1). Holds that overlap stop one clock, once. A piece is free when the last of them is released.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from cti.archive.keeping.terms import at_midnight
from cti.journey import Instant
from cti.journey.around.keeping import Hold, HoldKind, Kept, Refused, Term

#: A name, a reference or a reason is one line of at most so many characters.
LONGEST = 200


def a_line(what: str, given: str) -> str:
    """The text, trimmed.

    Raises:
        Refused: empty, too long, or more than a line.
    """
    text = given.strip()
    if not text or len(text) > LONGEST or not text.isprintable():
        raise Refused(f"{what} : une ligne de 1 à {LONGEST} caractères est attendue")
    return text


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's, whatever the case, the accents and the spaces."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    return "".join(sign for sign in plain.casefold() if sign.isalnum())


def covering(holds: Iterable[Hold], kept: Kept) -> tuple[Hold, ...]:
    """Those that name the piece, its call or its dossier, open or released."""
    targets = kept.targets
    return tuple(hold for hold in holds if hold.target in targets)


def still_open(holds: Iterable[Hold]) -> tuple[Hold, ...]:
    """Those that stop the clock now."""
    return tuple(hold for hold in holds if hold.open)


def suspended(holds: Iterable[Hold], since: Instant, until: Instant) -> int:
    """Microseconds between the two during which at least one hold stood."""
    spans = sorted(
        (max(hold.placed_at, since), min(until if hold.released_at is None else hold.released_at, until)) for hold in holds
    )
    total, reached = 0, since
    for begin, end in spans:
        begin = max(begin, reached)  # noqa: PLW2901 - the part already counted
        if end > begin:
            total += end - begin
            reached = end
    return total


def kept_until(term: Term, holds: Iterable[Hold], at: Instant, zone: ZoneInfo) -> Instant:
    """The end of the term as the holds have moved it so far, at the beginning of a civil day."""
    stopped = suspended(holds, term.starts_at, at)
    return term.keep_until if not stopped else at_midnight(term.keep_until + stopped, zone)


def released(hold: Hold, *, by: str, reason: str, at: Instant) -> Hold:
    """The hold, released.

    Raises:
        Refused: it was already; no reason; or a requisition released by whoever placed it.
    """
    by, reason = a_line("--par", by), a_line("--raison", reason)
    if not hold.open:
        raise Refused(f"le gel {hold.number} a déjà été levé par {hold.released_by}")
    if hold.kind is HoldKind.REQUISITION and same_person(by, hold.placed_by):
        raise Refused(f"une réquisition se lève à deux : {hold.placed_by} a posé ce gel, une autre personne doit le lever")
    if at < hold.placed_at:
        raise Refused("l'horloge de cette machine est en retard sur la pose du gel")
    return replace(hold, released_at=at, released_by=by, release_reason=reason)
