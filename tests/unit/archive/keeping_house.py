"""What the tests of keeping share: a register and a store in memory, a clock set by hand, pieces that lie there."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from cti.archive.keeping.disposal import Disposal, Sealings
from cti.archive.keeping.office import Classing, Office
from cti.archive.keeping.terms import RetentionClass, Rules, Since, When
from cti.journey import Instant
from cti.journey.around.keeping import Entry, Facts, Hold, HoldKind, Item, Kept, LoneNotes, Proposal, Scope, Target, Term
from cti.journey.around.voice import Piece, PieceKind, Sealed, VoiceState

PARIS = ZoneInfo("Europe/Paris")
S = 1_000_000
DAY = 86_400 * S
T0 = 1_797_408_000_000_000  #: 2026-12-16T08:00:00Z
_FIRST = date(2011, 10, 20)

PDSA = RetentionClass("pdsa", "appel", When.APPEL, Since.FIN_APPEL, 5, _FIRST, "arrêté")
DOSSIER = RetentionClass("dossier", "dossier", When.DOSSIER, Since.DERNIER_ACTE, 20, _FIRST, "CSP")
MINEUR = RetentionClass("mineur", "mineur", When.NAISSANCE_CONNUE, Since.NAISSANCE, 28, _FIRST, "CSP")
RULES = Rules((PDSA, DOSSIER, MINEUR))


def piece(number: int, *, call: str | None = None, state: VoiceState = VoiceState.ARCHIVED, at: Instant = T0) -> Piece:
    """A piece that lies in the archive."""
    sealed = Sealed(
        key=f"2026/12/16/p{number}",
        flac_sha256="a" * 64,
        flac_bytes=1,
        sealed_sha256="b" * 64,
        sealed_bytes=1,
        timeline_sha256="c" * 64,
        duration_ms=60_000,
        sealed_at=at + 100 * S,
        recipients=("age1x",),
    )
    return Piece(
        piece_id=f"p{number}",
        call_id=call or f"c{number}",
        kind=PieceKind.APPEL,
        stem=f"2026/12/p{number}",
        started_at=at,
        state=state,
        state_at=at,
        sealed=sealed,
    )


def sealings(key: str) -> Sealings:
    return Sealings((f"{key}.flac",), (f"{key}.json",))


class MemoryBook:
    """The register, in memory."""

    def __init__(self) -> None:
        self.pieces: dict[str, Piece] = {}
        self.known: dict[str, Facts] = {}  #: by call
        self.terms: dict[str, list[Term]] = {}
        self.held: dict[int, Hold] = {}
        self.proposed: dict[int, Proposal] = {}
        self.listed: dict[tuple[int, str], Item] = {}
        self.chain: list[Entry] = []
        self.notes: dict[str, int] = {}  #: how many, by call

    def _kept(self, one: Piece) -> Kept:
        return Kept(one, self.facts(one).dossier_ref)

    def _all(self) -> list[Kept]:
        return [self._kept(self.pieces[name]) for name in sorted(self.pieces)]

    def kept(self, piece_id: str) -> Kept | None:
        found = self.pieces.get(piece_id)
        return None if found is None else self._kept(found)

    def covered(self, target: Target) -> Sequence[Kept]:
        return [kept for kept in self._all() if target in kept.targets]

    def unclassed(self, limit: int) -> Sequence[Kept]:
        lying = (VoiceState.ARCHIVED, VoiceState.HELD)
        return [kept for kept in self._all() if kept.piece.state in lying and kept.piece.retention is None][:limit]

    def classed(self, after: str, limit: int) -> Sequence[Kept]:
        lying = (VoiceState.ARCHIVED, VoiceState.HELD)
        found = [kept for kept in self._all() if kept.piece.state in lying and kept.piece.retention is not None]
        return [kept for kept in found if kept.piece.piece_id > after][:limit]

    def _due(self, at: Instant) -> list[Kept]:
        live = {
            item.piece_id
            for item in self.listed.values()
            if item.fate is None and not (item.begun_at is None and self._withdrawn(item))
        }
        due = [
            kept
            for kept in self._all()
            if kept.piece.state is VoiceState.ARCHIVED
            and kept.piece.keep_until is not None
            and kept.piece.keep_until <= at
            and kept.piece.piece_id not in live
        ]
        return sorted(due, key=lambda kept: (kept.piece.keep_until or 0, kept.piece.piece_id))

    def _withdrawn(self, item: Item) -> bool:
        found = self.proposed.get(item.proposal)
        return found is not None and found.withdrawn_at is not None

    def due(self, at: Instant, limit: int) -> Sequence[Kept]:
        return self._due(at)[:limit]

    def undecided(self, at: Instant) -> int:
        return len(self._due(at))

    def facts(self, piece: Piece) -> Facts:
        return self.known.get(piece.call_id) or Facts(ended_at=piece.started_at, in_doubt=True)

    def term(self, piece_id: str) -> Term | None:
        return self.terms[piece_id][-1] if self.terms.get(piece_id) else None

    def add_term(self, piece_id: str, term: Term) -> None:
        self.terms.setdefault(piece_id, []).append(term)

    def save_piece(self, piece: Piece) -> None:
        self.pieces[piece.piece_id] = piece

    def hold(self, number: int) -> Hold | None:
        return self.held.get(number)

    def holds(self) -> Sequence[Hold]:
        return [self.held[number] for number in sorted(self.held)]

    def holds_on(self, targets: Iterable[Target]) -> Sequence[Hold]:
        named = frozenset(targets)
        return [hold for hold in self.holds() if hold.target in named]

    def save_hold(self, hold: Hold) -> None:
        self.held[hold.number] = hold

    def proposal(self, number: int) -> Proposal | None:
        return self.proposed.get(number)

    def proposals(self) -> Sequence[Proposal]:
        return [self.proposed[number] for number in sorted(self.proposed)]

    def save_proposal(self, proposal: Proposal) -> None:
        self.proposed[proposal.number] = proposal

    def items(self, proposal: int) -> Sequence[Item]:
        return [item for (number, _), item in sorted(self.listed.items()) if number == proposal]

    def save_items(self, items: Iterable[Item]) -> None:
        for item in items:
            self.listed[item.proposal, item.piece_id] = item

    def last_entry(self) -> Entry | None:
        return self.chain[-1] if self.chain else None

    def entry_of(self, piece_id: str) -> Entry | None:
        return next((entry for entry in self.chain if entry.piece_id == piece_id), None)

    def entries(self) -> Sequence[Entry]:
        return list(self.chain)

    def add_entry(self, entry: Entry) -> None:
        assert self.entry_of(entry.piece_id) is None
        self.chain.append(entry)

    def lone_notes(self, before: Instant, after: str, limit: int) -> Sequence[LoneNotes]:
        live = {item.piece_id for item in self.listed.values() if item.fate is None and not self._withdrawn(item)}
        wanted = [call_id for call_id in sorted(self.notes) if call_id > after and f"notes/{call_id}" not in live]
        found = [self.lone_notes_of(call_id) for call_id in wanted]
        return [one for one in found if one is not None and one.facts.ended_at <= before][:limit]

    def lone_notes_of(self, call_id: str) -> LoneNotes | None:
        silent = (VoiceState.DESTROYED, VoiceState.MISSING)
        if call_id not in self.notes or any(one.call_id == call_id and one.state not in silent for one in self.pieces.values()):
            return None
        return LoneNotes(call_id, self.known[call_id], self.notes[call_id])

    def forget_notes(self, call_id: str) -> int:
        return self.notes.pop(call_id, 0)

    def destroyed_without_entry(self) -> Sequence[str]:
        return [
            kept.piece.piece_id
            for kept in self._all()
            if kept.piece.state is VoiceState.DESTROYED and self.entry_of(kept.piece.piece_id) is None
        ]


class MemoryRegister:
    """Opens it; what raises leaves nothing behind."""

    def __init__(self) -> None:
        self.book = MemoryBook()

    @contextmanager
    def alone(self) -> Iterator[MemoryBook]:
        before = deepcopy(self.book.__dict__)
        try:
            yield self.book
        except BaseException:
            self.book.__dict__.update(before)
            raise

    @contextmanager
    def reading(self) -> Iterator[MemoryBook]:
        yield deepcopy(self.book)


class Killed(BaseException):
    """The process dies here."""


class MemoryObjects:
    """What lies in the store; it may refuse to let go, and the process may die at any of its acts."""

    def __init__(self) -> None:
        self.lying: set[str] = set()
        self.sticky = False
        self.acts_left: int | None = None

    def _act(self) -> None:
        if self.acts_left is not None:
            if self.acts_left == 0:
                self.acts_left = None
                raise Killed
            self.acts_left -= 1

    def delete(self, key: str) -> None:
        self._act()
        if not self.sticky:
            self.lying.discard(key)
        self._act()

    def exists(self, key: str) -> bool:
        return key in self.lying


@dataclass
class House:
    """One archive and its people."""

    register: MemoryRegister = field(default_factory=MemoryRegister)
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    rules: Rules = RULES
    now: Instant = T0

    @property
    def book(self) -> MemoryBook:
        return self.register.book

    @property
    def office(self) -> Office:
        return Office(self.register, Classing(self.rules, PARIS), lambda: self.now, lambda name: name)

    @property
    def disposal(self) -> Disposal:
        classing = Classing(self.rules, PARIS)
        return Disposal(self.register, classing, self.objects, sealings, lambda: self.now, lambda name: name)

    def lay(self, number: int, facts: Facts | None = None, *, call: str | None = None, **kinds: VoiceState) -> Piece:
        """Put a piece into the archive, with what is known of its call."""
        one = piece(number, call=call, **kinds)
        self.book.pieces[one.piece_id] = one
        self.book.known[one.call_id] = facts or Facts(ended_at=T0 + 60 * S)
        assert one.sealed is not None
        self.objects.lying |= {f"{one.sealed.key}{ending}" for ending in (".flac", ".json", ".manifest")}
        return one

    def state(self, number: int) -> VoiceState:
        return self.book.pieces[f"p{number}"].state

    def pass_to(self, at: Instant) -> None:
        self.now = max(self.now, at)

    def approved(self) -> int:
        """Everything due, proposed and approved."""
        proposal, _ = self.disposal.propose(by="Anne", reason="délai écoulé", at_most=100)
        self.disposal.approve(proposal.number, by="Benoît", visa="AD35/2032/14")
        return proposal.number

    def hold(self, name: str, scope: Scope = Scope.PIECE, kind: str = "reclamation", by: str = "Chloé") -> int:
        hold, _ = self.office.place(
            Target(scope, name), kind=HoldKind(kind), reference="R-1", asked_by="patient", by=by, reason="lettre du 3"
        )
        return hold.number


def with_dossier(ref: str, ended_at: Instant = T0 + 60 * S, last: Instant | None = None) -> Facts:
    return Facts(ended_at=ended_at, dossier_ref=ref, dossier_last_at=last or ended_at)


def years_later(years: int, at: Instant = T0) -> Instant:
    return at + years * 366 * DAY
