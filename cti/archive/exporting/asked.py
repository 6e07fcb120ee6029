"""What is asked of an export, as values, and what may be answered instead of a package."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cti.archive.exporting.masks import Mask
from cti.journey import Instant, Journey
from cti.journey.around.keeping import ASKING, Entry, Hold, HoldKind, Kept


class ExportRefused(ValueError):
    """This cannot be handed over as it was asked; nothing was made. The message, in French, names every reason."""


class BadlyAsked(ExportRefused):
    """Masks or words that cannot be: the same recordings can be handed over when it is asked well."""


class NothingThere(ExportRefused):
    """What was named is no recording of ours."""


class Form(StrEnum):
    """How the package is closed (docs/decisions/0029)."""

    ZIP = "zip"  #: AES-256, with a generated passphrase: opened by 7-Zip and the like
    AGE = "age"  #: for public keys, or with a generated passphrase: opened by ``age``


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Who asks for it, by which writing, and how it is to be given."""

    reference: str  #: of the requisition or the request
    asked_by: str  #: the authority, or the patient
    reason: str  #: of whoever exports
    form: Form = Form.ZIP
    recipients: tuple[str, ...] = ()  #: public keys, ``age1...``; none: a passphrase
    masks: tuple[Mask, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """The right that was used, as the log has it."""

    who: str
    role: str
    relation: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One piece that was named, and all that is known of it."""

    kept: Kept
    journey: Journey | None
    holds: Sequence[Hold] = ()  #: the open ones that cover it
    record: Entry | None = None  #: of its destruction

    @property
    def piece_id(self) -> str:
        """Its name."""
        return self.kept.piece.piece_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A piece that was named and of which there is no sound, now or ever."""

    piece_id: str
    call_id: str
    started_at: Instant
    why: str  #: in French


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """All that a package is made from, decided and written in the log already."""

    export_id: str
    at: Instant
    wish: Wish
    right: Right
    target: str  #: in French: what was named
    given: tuple[Candidate, ...]
    absent: tuple[Absent, ...]
    log: tuple[int, str]  #: number and digest of the last entry of the log of accesses when the right had been written
    version: str

    @property
    def holds(self) -> tuple[Hold, ...]:
        """The requisitions and requests by which it is given, in order of number."""
        found = {hold.number: hold for one in self.given for hold in by_reference(one.holds, self.wish.reference)}
        return tuple(found[number] for number in sorted(found))

    @property
    def for_an_authority(self) -> bool:
        """A requisition asks; without one, what is another person's (numbers of telephone) is left out of the timelines."""
        return any(hold.kind is HoldKind.REQUISITION for hold in self.holds)


def by_reference(holds: Sequence[Hold], reference: str) -> tuple[Hold, ...]:
    """The holds of a requisition or a request that bear this reference, whatever the spaces and the case."""
    wanted = "".join(reference.casefold().split())
    return tuple(hold for hold in holds if hold.kind in ASKING and "".join(hold.reference.casefold().split()) == wanted)
