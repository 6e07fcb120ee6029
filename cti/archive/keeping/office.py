"""The office that keeps terms and holds: each act read, decided and written alone, under a person's name.

A term that new facts make longer is set by itself (a call tied to the dossier since); a shorter one, whatever made it so, waits
for a person (``cti archive reclass``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from cti.archive.keeping.holds import a_line, covering, kept_until, released, still_open
from cti.archive.keeping.ports import Book, Register, Who
from cti.archive.keeping.terms import Rules, add_years, civil_day, midnight, term
from cti.journey import Instant
from cti.journey.around.keeping import Facts, Hold, HoldKind, Kept, Refused, Scope, Target, Term, Unknown
from cti.journey.around.voice import VoiceState, VoiceStep, after

#: Whose word a term is that nobody chose.
ITSELF: Final = "cti"
#: Pieces that one transaction handles: another writer waits no longer than that takes.
PAGE: Final = 200
_LIES: Final = frozenset({VoiceState.ARCHIVED, VoiceState.HELD})


@dataclass(frozen=True, slots=True)
class Drift:
    """A piece whose term would be another one today."""

    kept: Kept
    now: Term
    would_be: Term

    @property
    def shorter(self) -> bool:
        """It would be kept less long."""
        return self.would_be.keep_until < self.now.keep_until


@dataclass(frozen=True, slots=True)
class Told:
    """What people tell of a call that telephony does not know."""

    birth: date | None = None
    last_act: date | None = None


class Classing:
    """Sets terms in an open book."""

    def __init__(self, rules: Rules, zone: ZoneInfo) -> None:
        self._rules = rules
        self.zone = zone

    def computed(self, book: Book, kept: Kept, at: Instant, told: Told = Told()) -> Term:
        """The term of this piece by what is known at ``at``; what people once told is still known."""
        now = book.term(kept.piece.piece_id)
        birth = told.birth or (now.birth if now else None)
        last_act = midnight(told.last_act, self.zone) if told.last_act else (now.last_act_at if now else None)
        facts = book.facts(kept.piece)
        last = max((one for one in (facts.dossier_last_at, last_act) if one is not None), default=None)
        found = term(replace(facts, birth=birth, dossier_last_at=last), self._rules, self.zone, at)
        return replace(found, birth=birth, last_act_at=last_act)

    def term_of(self, facts: Facts, at: Instant) -> Term:
        """The term that these facts give."""
        return term(facts, self._rules, self.zone, at)

    def oldest_end(self, at: Instant) -> Instant:
        """What ended later than that is past no term: a quick look before each term is computed."""
        day = civil_day(at, self.zone)
        years = min((one.years for one in self._rules.on(day)), default=0)
        return midnight(add_years(day, -years), self.zone)

    def lengthened(self, book: Book, kept: Kept, at: Instant) -> Term:
        """Its term, set now when it has none or when a longer one follows from what is known."""
        now, found = book.term(kept.piece.piece_id), self.computed(book, kept, at)
        if now is not None and found.keep_until <= now.keep_until:
            return now
        self.set(book, kept, replace(found, by=ITSELF), at)
        return found

    def set(self, book: Book, kept: Kept, found: Term, at: Instant) -> None:
        """Write the term, and the piece as it stands by it."""
        book.add_term(kept.piece.piece_id, found)
        self.refresh(book, kept, at, found)

    def refresh(self, book: Book, kept: Kept, at: Instant, found: Term | None = None) -> bool:
        """Write the piece as its term and its holds make it; whether it is held. One that is not archived stays as it is."""
        mine = covering(book.holds_on(kept.targets), kept)
        held, piece = bool(still_open(mine)), kept.piece
        if piece.state not in _LIES:
            return held
        state = piece.state
        if held is not (state is VoiceState.HELD):
            state = after(state, VoiceStep.HOLD if held else VoiceStep.RELEASE)
        current = found or book.term(piece.piece_id)
        changed = replace(piece, state=state, state_at=piece.state_at if state is piece.state else at)
        if current is not None:
            changed = replace(changed, retention=current.code, keep_until=kept_until(current, mine, at, self.zone))
        if changed != piece:
            book.save_piece(changed)
        return held

    def settle_page(self, book: Book, at: Instant) -> int:
        """Give a page of pieces their first term, and the other pieces of their dossiers the term that follows; how many."""
        page = book.unclassed(PAGE)
        for kept in page:
            self.lengthened(book, kept, at)
        for ref in {kept.dossier_ref for kept in page if kept.dossier_ref}:
            for kept in book.covered(Target(Scope.DOSSIER, ref)):
                if kept.piece.state in _LIES and kept.piece.retention is not None:
                    self.lengthened(book, kept, at)
        return len(page)


class Office:
    """What people ask of terms and holds. Every method raises StoreUnavailable, and Refused where it says so."""

    def __init__(self, register: Register, classing: Classing, clock: Callable[[], Instant], who: Who) -> None:
        self._register = register
        self._classing = classing
        self._clock = clock
        self._who = who

    def settle(self) -> int:
        """Give every archived piece its first term; how many had none. Safe to repeat."""
        settled = 0
        while True:
            with self._register.alone() as book:
                page = self._classing.settle_page(book, self._clock())
            settled += page
            if page < PAGE:
                return settled

    def place(
        self, target: Target, *, kind: HoldKind, reference: str, asked_by: str, by: str, reason: str
    ) -> tuple[Hold, Sequence[Kept]]:
        """Stop the clock of whatever the target names, now and later; the hold, and the pieces it covers today.

        Raises:
            Refused: an unknown piece, or a word that is missing.
        """
        words = a_line("--reference", reference), a_line("--demandeur", asked_by), a_line("--raison", reason)
        by, at = self._who(a_line("--par", by)), self._clock()
        with self._register.alone() as book:
            covered = book.covered(target)
            if target.scope is Scope.PIECE and not covered:
                raise Unknown(f"aucune {target.told}")
            hold = Hold(
                number=max((one.number for one in book.holds()), default=0) + 1,
                target=target,
                kind=kind,
                reference=words[0],
                asked_by=words[1],
                placed_by=by,
                placed_at=at,
                reason=words[2],
            )
            book.save_hold(hold)
            for kept in covered:
                self._classing.refresh(book, kept, at)
        return hold, covered

    def release(self, number: int, *, by: str, reason: str) -> tuple[Hold, Sequence[Kept]]:
        """End a hold; the pieces that no other one keeps are free, and their end has moved by as long as they were held.

        Raises:
            Refused: no such hold, released already, no reason, or a requisition released by whoever placed it.
        """
        by, at = self._who(a_line("--par", by)), self._clock()
        with self._register.alone() as book:
            hold = book.hold(number)
            if hold is None:
                raise Unknown(f"aucun gel ne porte le numéro {number}")
            hold = released(hold, by=by, reason=reason, at=at)
            book.save_hold(hold)
            covered = book.covered(hold.target)
            free = [kept for kept in covered if not self._classing.refresh(book, kept, at)]
        return hold, free

    def holds(self) -> Sequence[Hold]:
        """Every hold, open and released."""
        with self._register.reading() as book:
            return book.holds()

    def drifts(self) -> Iterator[Drift]:
        """Every archived piece whose term would be another one by the table and the facts of today."""
        last, at = "", self._clock()
        while True:
            with self._register.reading() as book:
                page = book.classed(last, PAGE)
                found = [drift for kept in page if (drift := self._drift(book, kept, at, Told()))]
            yield from found
            if len(page) < PAGE:
                return
            last = page[-1].piece.piece_id

    def reclass(self, piece_id: str, *, by: str, reason: str, shorten: bool, told: Told = Told()) -> Drift | None:
        """Give one piece the term of today; None when it has it already.

        Raises:
            Refused: unknown, not archived, or it would be kept less long and ``shorten`` does not say so.
        """
        by, reason = self._who(a_line("--par", by)), a_line("--raison", reason)
        at = self._clock()
        with self._register.alone() as book:
            kept = book.kept(piece_id)
            if kept is None or kept.piece.state not in _LIES:
                raise Refused(f"aucune pièce archivée ne porte le nom {piece_id}")
            if book.term(piece_id) is None:
                self._classing.lengthened(book, kept, at)
                kept = book.kept(piece_id) or kept
            drift = self._drift(book, kept, at, told)
            if drift is None:
                return None
            if drift.shorter and not shorten:
                raise Refused(f"la pièce {piece_id} serait gardée moins longtemps : --raccourcir le confirme")
            new = replace(drift.would_be, by=by, reason=f"{drift.would_be.reason} ; {reason}")
            self._classing.set(book, kept, new, at)
        return replace(drift, would_be=new)

    def pieces(self, target: Target) -> Sequence[Kept]:
        """What the target names."""
        with self._register.reading() as book:
            return book.covered(target)

    def _drift(self, book: Book, kept: Kept, at: Instant, told: Told) -> Drift | None:
        now = book.term(kept.piece.piece_id)
        would_be = self._classing.computed(book, kept, at, told)
        same = now is None or (now.code, now.keep_until, now.birth, now.last_act_at) == (
            would_be.code,
            would_be.keep_until,
            would_be.birth,
            would_be.last_act_at,
        )
        return None if same or now is None else Drift(kept, now, would_be)
