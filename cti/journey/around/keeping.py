"""What the keeping of the voice speaks of: facts, terms, holds, proposals, records of destruction.

The rules are in the archive's room, the rows in the store; these are the words that both speak.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from cti.journey.around.voice import Piece
from cti.journey.words import CallId, Instant


class Refused(ValueError):
    """What was asked may not be done; the message says why, in French."""


class Unknown(Refused):
    """What was named is not in the register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a piece's call when its term is set.

    Telephony knows neither the patient's birth nor the acts of the regulation software: people may tell them (``cti archive
    reclass``). ``in_doubt``: the call is not known, did not end under our eyes, or is uncertain.
    """

    ended_at: Instant
    dossier_ref: str | None = None
    dossier_last_at: Instant | None = None  #: end of the last call of that dossier
    birth: date | None = None
    in_doubt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How long one piece is kept, before any hold is counted."""

    code: str  #: the class
    starts_at: Instant
    keep_until: Instant  #: the first instant at which it may be destroyed
    reason: str  #: in French
    at: Instant = 0  #: when it was set
    by: str = ""
    birth: date | None = None  #: what people told beside
    last_act_at: Instant | None = None


class Scope(StrEnum):
    """What a hold covers."""

    PIECE = "piece"
    APPEL = "appel"
    DOSSIER = "dossier"


@dataclass(frozen=True, slots=True)
class Target:
    """A piece, every piece of a call, or every piece of a dossier: those to come also."""

    scope: Scope
    name: str

    @property
    def told(self) -> str:
        """In French, as on a screen."""
        return f"{'pièce' if self.scope is Scope.PIECE else self.scope} {self.name}"


class HoldKind(StrEnum):
    """Why the clock is stopped."""

    RECLAMATION = "reclamation"
    REQUISITION = "requisition"
    DEMANDE = "demande"  #: of the patient, or of whoever may ask in her place, for what was recorded
    AUTRE = "autre"


#: Holds by which somebody asks for the voice itself, not only that it be kept.
ASKING: Final = frozenset({HoldKind.REQUISITION, HoldKind.DEMANDE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A claim or a requisition that stops the clock of destruction."""

    number: int
    target: Target
    kind: HoldKind
    reference: str
    asked_by: str
    placed_by: str
    placed_at: Instant
    reason: str
    released_at: Instant | None = None
    released_by: str | None = None
    release_reason: str | None = None

    @property
    def open(self) -> bool:
        """The clock stands still."""
        return self.released_at is None


@dataclass(frozen=True, slots=True)
class Kept:
    """A piece, with the dossier of its call."""

    piece: Piece
    dossier_ref: str | None

    @property
    def call_id(self) -> CallId:
        """Its call."""
        return self.piece.call_id

    @property
    def targets(self) -> frozenset[Target]:
        """Whatever a hold may name to cover it."""
        own = {Target(Scope.PIECE, self.piece.piece_id), Target(Scope.APPEL, self.call_id)}
        return frozenset(own | ({Target(Scope.DOSSIER, self.dossier_ref)} if self.dossier_ref else set()))


#: What the name of a call's notes begins with, on a list.
NOTES: Final = "notes/"


@dataclass(frozen=True, slots=True)
class LoneNotes:
    """The notes of a call of which no recording is left, or ever was."""

    call_id: CallId
    facts: Facts
    written: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A list of pieces that somebody proposes to destroy."""

    number: int
    proposed_by: str
    proposed_at: Instant
    reason: str
    approved_by: str | None = None
    approved_at: Instant | None = None
    visa: str | None = None  #: reference of the archives administration's visa
    withdrawn_by: str | None = None
    withdrawn_at: Instant | None = None
    withdrawn_reason: str | None = None

    @property
    def state(self) -> str:
        """``proposee``, ``approuvee`` or ``retiree``."""
        return "retiree" if self.withdrawn_at is not None else "proposee" if self.approved_at is None else "approuvee"


class Fate(StrEnum):
    """What became of a proposed piece."""

    DESTROYED = "eliminee"
    SPARED = "ecartee"  #: held, or not yet at its time, when it was to be destroyed


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One piece of a proposal: why it was on the list, and what became of it."""

    proposal: int
    piece_id: str  #: or the name of a call's notes (``cti.archive.keeping.noted``)
    code: str
    keep_until: Instant
    why: str
    begun_at: Instant | None = None  #: its destruction was decided, and what lies in the store may be gone since
    fate: Fate | None = None
    fate_at: Instant | None = None
    fate_why: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a destruction, kept for ever, sealed with the hash of the one before."""

    number: int  #: 1, 2, 3...
    piece_id: str
    body: str  #: JSON, sorted, as it was hashed
    previous: str
    hash: str

    @property
    def told(self) -> Mapping[str, Any]:
        """What it says."""
        told: dict[str, Any] = json.loads(self.body)
        return told
