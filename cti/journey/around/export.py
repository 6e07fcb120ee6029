"""What was handed over, as the register has it: the package may be gone, this stays."""

from dataclasses import dataclass

from cti.journey.words import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One package that was made and closed."""

    export_id: str
    at: Instant
    by: str
    client: str  #: address of whoever asked; ``cli`` for the command line
    target: str  #: in French
    asked_by: str
    reference: str
    reason: str
    form: str
    pieces: int
    masks: int
    bytes: int
    sha256: str  #: of the closed package, as it was given
    receipt: str  #: JSON, as it lies in the package
    expires_at: Instant | None = None  #: when the service removes its own copy; None: it keeps none
    removed_at: Instant | None = None
