"""The shapes of what is kept, handed over and verified."""

from datetime import datetime
from typing import Any, Literal

from cti.api.contract.shape import Shape
from cti.api.contract.voice import OpenHold
from cti.journey.around.keeping import Fate


class HoldOut(OpenHold):
    """A hold, and who released it."""

    released_at: datetime | None
    released_by: str | None
    release_reason: str | None


class HoldMade(HoldOut):
    """A hold that was placed or released, and the pieces that are held by it, or free."""

    pieces: list[str]


class HoldsOut(Shape):
    """Holds, in order of number."""

    items: list[HoldOut]


class ItemOut(Shape):
    """A piece on a list: why, and what became of it."""

    proposal: int
    piece_id: str
    code: str
    keep_until: datetime
    why: str
    begun_at: datetime | None
    fate: Fate | None
    fate_at: datetime | None
    fate_why: str | None


class SparedOut(Shape):
    """A piece that was not destroyed."""

    piece_id: str
    pourquoi: str


class ExecutionOut(Shape):
    """How far an execution is."""

    en_cours: bool
    done: int
    total: int
    eliminees: int
    ecartees: list[SparedOut]
    par: str
    started_at: datetime
    ended_at: datetime | None
    ennui: str | None


class ProposalShort(Shape):
    """A proposal, without its list."""

    number: int
    state: Literal["proposee", "approuvee", "retiree"]
    proposed_by: str
    proposed_at: datetime
    reason: str
    approved_by: str | None
    approved_at: datetime | None
    visa: str | None
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    pieces: int
    open: int


class ProposalOut(ProposalShort):
    """A proposal with its list; ``execution`` is of this life of the service."""

    liste: list[ItemOut]
    execution: ExecutionOut | None


class ProposalsOut(Shape):
    """Every proposal, and how many pieces are past their time on none."""

    items: list[ProposalShort]
    sans_proposition: int


class HeadOfRecords(Shape):
    """The last record of destruction."""

    number: int
    hash: str


class RegisterOut(Shape):
    """The records of destruction as they are chained, and whatever is wrong with them."""

    items: list[dict[str, Any]]
    tete: HeadOfRecords | None
    defauts: list[str]


class VerificationOut(Shape):
    """How far a verification is, or what the last one found."""

    etat: Literal["jamais", "en_cours", "faite", "interrompue"]
    done: int
    total: int
    defauts: list[str]
    entrees: int | None = None
    tetes: int | None = None
    archive: bool | None = None
    ouverte: bool | None = None
    par: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ennui: str | None = None


class ExportOut(Shape):
    """A package: how far it is, or what it is. ``phrase`` is shown once, to whoever made it."""

    export_id: str
    etat: Literal["en_cours", "fait", "efface", "refuse"]
    done: int
    total: int
    detail: str | None = None
    at: datetime | None = None
    par: str | None = None
    cible: str | None = None
    demandeur: str | None = None
    reference: str | None = None
    motif: str | None = None
    format: Literal["zip", "age"] | None = None
    pieces: int | None = None
    masques: int | None = None
    bytes: int | None = None
    sha256: str | None = None
    expires_at: datetime | None = None
    removed_at: datetime | None = None
    recu: dict[str, Any] | None = None
    phrase: str | None = None


class ExportsOut(Shape):
    """What was handed over, the newest first."""

    items: list[ExportOut]
