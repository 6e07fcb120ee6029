"""The voice of one recording as a piece of the archive: what it is, where it stands, and how it may go on.

A piece is one recording of the PBX (the caller's, of a call in either direction, or a consultation's own): two voices, one file
in the archive. Its state is the only answer to "where is this voice?":

* ``started``    the recorder runs, or ran until nobody knows when;
* ``closed``     both files are at rest on the recorder's disk;
* ``proven``     their sound covers the talk it must cover, on both sides;
* ``archived``   sealed, stored, read back and equal; no plain sound is left on our disks;
* ``held``       archived, and a claim or a requisition stops the clock of its destruction;
* ``destroyed``  destroyed on two people's word and a visa of the archives, with a record that stays for ever;
* ``damaged``    sound is there and is not what it must be: loud, and archived all the same: it may be all there is;
* ``missing``    there is no sound where there must be some: loud.

Nothing is destroyed that is held, nothing is archived that was not looked at, and nothing leaves ``destroyed``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from cti.journey.words import CallId, Instant


class VoiceState(StrEnum):
    """Where a piece stands."""

    STARTED = "started"
    CLOSED = "closed"
    PROVEN = "proven"
    DAMAGED = "damaged"
    MISSING = "missing"
    ARCHIVED = "archived"
    HELD = "held"
    DESTROYED = "destroyed"


class VoiceStep(StrEnum):
    """What happens to a piece."""

    CLOSE = "close"
    PROVE = "prove"
    FIND_DAMAGED = "find_damaged"
    FIND_MISSING = "find_missing"
    ARCHIVE = "archive"
    HOLD = "hold"
    RELEASE = "release"
    DESTROY = "destroy"


_S, _P = VoiceState, VoiceStep

#: (state, step) -> state. A step that has no row here is refused, and the piece stays where it is.
VOICE_TRANSITIONS: Final[Mapping[tuple[VoiceState, VoiceStep], VoiceState]] = MappingProxyType(
    {
        (_S.STARTED, _P.CLOSE): _S.CLOSED,
        (_S.STARTED, _P.FIND_MISSING): _S.MISSING,
        (_S.CLOSED, _P.PROVE): _S.PROVEN,
        (_S.CLOSED, _P.FIND_DAMAGED): _S.DAMAGED,
        (_S.CLOSED, _P.FIND_MISSING): _S.MISSING,
        (_S.PROVEN, _P.FIND_DAMAGED): _S.DAMAGED,
        (_S.PROVEN, _P.FIND_MISSING): _S.MISSING,
        (_S.PROVEN, _P.ARCHIVE): _S.ARCHIVED,
        (_S.DAMAGED, _P.PROVE): _S.PROVEN,  # repaired, or judged by the whole story once it was known
        (_S.DAMAGED, _P.ARCHIVE): _S.ARCHIVED,
        (_S.MISSING, _P.CLOSE): _S.CLOSED,  # a share that was away is back
        (_S.ARCHIVED, _P.HOLD): _S.HELD,
        (_S.HELD, _P.RELEASE): _S.ARCHIVED,
        (_S.ARCHIVED, _P.DESTROY): _S.DESTROYED,
    }
)


class PieceKind(StrEnum):
    """Whose talk it is."""

    APPEL = "appel"  #: the caller's, or whom an agent called
    CONSULTATION = "consultation"  #: two agents about a caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What lies in the archive for one piece. Sizes in bytes, digests SHA-256 in lower-case hexadecimal."""

    key: str  #: its name in the store, without suffix
    flac_sha256: str
    flac_bytes: int
    sealed_sha256: str
    sealed_bytes: int
    timeline_sha256: str  #: of the sealed timeline that lies beside it
    duration_ms: int
    sealed_at: Instant
    recipients: tuple[str, ...]  #: public keys, ``age1...``


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One recording, from its first word to the record of its destruction."""

    piece_id: str  #: the last part of its stem: unique by the dialplan's UUID
    call_id: CallId
    kind: PieceKind
    stem: str
    started_at: Instant
    state: VoiceState = VoiceState.STARTED
    state_at: Instant = 0
    problem: str | None = None  #: what the last look found, in French
    repaired: bool = False  #: the headers were zero (a PBX that died) and were made anew
    sealed: Sealed | None = None
    retention: str | None = None  #: class of ``config/recording.toml``
    keep_until: Instant | None = None  #: not destroyed before; None until it is archived


class StepRefused(ValueError):
    """The piece is not where this step could be taken."""


def after(state: VoiceState, step: VoiceStep) -> VoiceState:
    """Where the piece is after this step.

    Raises:
        StepRefused: the table has no such row.
    """
    try:
        return VOICE_TRANSITIONS[state, step]
    except KeyError:
        raise StepRefused(f"a piece that is {state} cannot take the step {step}") from None
