"""The call-back list as values: what passes between the room that keeps the list, the store and the screens.

A *trace* is what one ended call means for the list (a caller lost, or a caller reached by calling again); an *act* is what a
person did about an entry; an *entry* is one caller to call back, folded from both. Traces of one number form a *group*; a caller
without a number is alone in his. Nothing here touches a call: a call-back never turns an abandon into an answer.
"""

from dataclasses import dataclass
from enum import StrEnum

from cti.journey.model import AbandonPhase
from cti.journey.words import CallId, FiliereCode, Instant


class TraceKind(StrEnum):
    """What an ended call means for the list."""

    ABANDON = "abandon"  #: left before any human picked up
    LOST_N2 = "attente_n2"  #: answered, then lost while waiting for the next human
    REACHED = "reached"  #: answered: closes what this number had left open


class EntryState(StrEnum):
    """Where an entry of the list is."""

    OPEN = "a_rappeler"
    TAKEN = "pris"
    CLOSED = "clos"


class ActKind(StrEnum):
    """What a person may do about an entry."""

    TAKE = "prendre"
    TRY = "essai"
    CLOSE = "clore"
    REOPEN = "rouvrir"


class TryResult(StrEnum):
    """What came of calling back."""

    REACHED = "joint"
    NO_ANSWER = "sans_reponse"
    BUSY = "occupe"
    WRONG_NUMBER = "mauvais_numero"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One ended call, as far as the list is concerned."""

    call_id: CallId
    group: str  #: the number's key, or the call's own id when there is none
    kind: TraceKind
    at: Instant  #: when it counts: the hang-up of a lost caller, the décroché of a reached one
    t0: Instant
    number: str | None  #: as the trunk gave it, to be dialled; None when masked or without SIM
    flux: str = ""
    filiere: FiliereCode | None = None  #: whose queue lost the caller; None in the greeting
    phase: AbandonPhase | None = None  #: of an abandon
    priority: int = 0  #: the highest this call was given in a queue
    dossier_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that somebody did; journalled, never changed."""

    group: str
    number: int  #: 1, 2, 3... within the group
    entry: CallId
    at: Instant
    by: str
    kind: ActKind
    result: TryResult | None = None
    reason: str = ""
    call_id: CallId | None = None  #: the outgoing call of a try, when the PBX saw it


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackEntry:
    """One caller to call back."""

    id: CallId  #: the first call that lost this caller
    group: str
    rank: int  #: 1 is called back first
    rank_code: str
    #: Of the most urgent of the lost calls.
    kind: TraceKind
    flux: str
    filiere: FiliereCode | None
    phase: AbandonPhase | None
    priority: int
    number: str | None
    dossier_ref: str | None
    first_lost_at: Instant
    last_lost_at: Instant
    call_ids: tuple[CallId, ...]  #: the lost calls, oldest first
    state: EntryState = EntryState.OPEN
    taken_by: str | None = None
    taken_at: Instant | None = None
    closed_at: Instant | None = None
    closed_by: str | None = None  #: None when it closed by itself
    reason: str = ""
    closing_call_id: CallId | None = None
    acts: tuple[Act, ...] = ()

    @property
    def version(self) -> int:
        """How many acts it holds: who acts on an older version is told so."""
        return len(self.acts)

    @property
    def callable(self) -> bool:
        """There is a number to dial."""
        return self.number is not None

    @property
    def tries(self) -> tuple[Act, ...]:
        """The attempts to call back."""
        return tuple(act for act in self.acts if act.kind is ActKind.TRY)


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of one group."""

    traces: tuple[Trace, ...] = ()
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction writes of a group: traces (by call), acts (appended), and all its entries as they are now."""

    traces: tuple[Trace, ...] = ()
    acts: tuple[Act, ...] = ()
    entries: tuple[CallbackEntry, ...] = ()
