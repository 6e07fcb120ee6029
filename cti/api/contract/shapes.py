"""The shapes of what the API answers, for the OpenAPI document; tests hold the answers to them.

They mirror ``journey.telling`` and ``live.telling``: a field that is told and not here, or the reverse, fails a test.
"""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from cti.api.contract.crise import LiveCrisis
from cti.api.contract.heard import LegHeardOut
from cti.api.contract.recorded import ConsultOut, RecordingOut
from cti.api.contract.rooms import GuestOut
from cti.api.contract.shape import Shape
from cti.journey.callbacks import ActKind, EntryState, TraceKind, TryResult
from cti.journey.events import OfferEnd, PlacedVia, Presence, RouteSource, TransferVia
from cti.journey.events.placed import Direction
from cti.journey.model import AbandonPhase, Outcome, Quality, StageEnd
from cti.journey.states import State
from cti.live.alarms import Gravite


class LegOut(Shape):
    """One agent's phone."""

    agent: str
    offered_at: datetime | None
    answered_at: datetime | None
    joined_at: datetime | None
    ended_at: datetime | None
    how: OfferEnd | None


class StageOut(Shape):
    """The passage through one filière."""

    filiere: str
    entered_at: datetime
    offered: int
    answered_at: datetime | None
    agent: str | None
    left_at: datetime | None
    wait_ms: int | None
    talk_ms: int | None
    end: StageEnd | None
    source: RouteSource | None
    motif: str
    priority: int
    via: TransferVia | None
    accompanied: TransferVia | None
    legs: list[LegOut]


class AnomalyOut(Shape):
    """Something that did not fit."""

    at: datetime
    kind: str
    detail: str


class PlacedOut(Shape):
    """How an outgoing call was placed, and how far it came; the number is whole."""

    agent: str
    number: str
    via: PlacedVia
    callback_id: str | None
    about_call_id: str | None
    ready_at: datetime | None
    dialled_at: datetime | None
    ringing_at: datetime | None
    missed: OfferEnd | None


class CallOut(Shape):
    """A call, as the contract with the outside has it."""

    call_id: str
    t0: datetime
    did: str
    flux: str
    caller: str | None
    outcome: Outcome | None
    abandon_phase: AbandonPhase | None
    wait_ms: int | None
    answered_at: datetime | None
    ended_at: datetime | None
    quality: Quality
    dossier_id: str | None
    dossier_ref: str | None
    recordings: list[RecordingOut]
    stages: list[StageOut]
    anomalies: list[AnomalyOut]
    direction: Direction
    state: State
    public: bool
    silent: bool
    lost_waiting: str | None
    greeting_ms: int | None
    cause: int | None
    repeat_count: int
    previous_call_id: str | None
    previous_dossier_ref: str | None
    consults: list[ConsultOut]
    placed: PlacedOut | None
    guests: list[GuestOut]


class TimelineLine(Shape):
    """One dated line of a call's story."""

    at: datetime
    since_t0_ms: int
    what: str


class CallStory(CallOut):
    """A call and its timeline."""

    timeline: list[TimelineLine]
    qualite_voix: list[LegHeardOut]


class CallPage(Shape):
    """One page of calls."""

    calls: list[CallOut]
    next_cursor: str | None


class TransferAsked(Shape):
    """The transfer was asked for."""

    call_id: str
    filiere: str
    detail: str


class CallAsked(Shape):
    """An outgoing call was asked for, or is there already."""

    call_id: str | None
    verdict: Literal["asked", "ignored"]
    detail: str


class ActOut(Shape):
    """What somebody did about a call-back."""

    at: datetime
    by: str
    kind: ActKind
    result: TryResult | None
    reason: str
    call_id: str | None


class CallbackOut(Shape):
    """One caller to call back; the number is whole, it must be dialled."""

    id: str
    rank: int
    rank_code: str
    rank_libelle: str
    number: str | None
    callable: bool
    kind: TraceKind
    flux: str
    filiere: str | None
    phase: AbandonPhase | None
    priority: int
    dossier_ref: str | None
    first_lost_at: datetime
    last_lost_at: datetime
    age_ms: int
    calls: int
    call_ids: list[str]
    state: EntryState
    taken_by: str | None
    taken_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    reason: str
    closing_call_id: str | None
    version: int
    acts: list[ActOut]


class RankOut(Shape):
    """One class of urgency."""

    code: str
    libelle: str


class CallbackOrder(Shape):
    """The order, since when it holds and on whose word."""

    date: date
    source: str
    ranks: list[RankOut]


class CallbackCount(Shape):
    """Callers to call back: those with a number, and those without."""

    open: int
    impossible: int


class CallbackCounts(CallbackCount):
    """The open entries."""

    taken: int


class CallbackList(Shape):
    """Whom to call back, the most urgent first."""

    at: datetime
    order: CallbackOrder
    counts: CallbackCounts
    entries: list[CallbackOut]


class FiliereOut(Shape):
    """One filière of the site."""

    code: str
    libelle: str
    niveau: int
    ordre: int
    couleur: str
    numero: str
    debordement: str | None


class Filieres(Shape):
    """The filières of the site, in order."""

    filieres: list[FiliereOut]


class QosOut(BaseModel):
    """The figures of a period, each with its formula; fields are those of the profile."""

    model_config = ConfigDict(extra="allow", defer_build=True)


class LinkOut(Shape):
    """Whether the PBX is seen."""

    state: Literal["up", "down"]
    since: datetime
    reason: str
    ever_up: bool


class LiveCall(Shape):
    """One call in progress; the caller's number is masked."""

    call_id: str
    flux: str
    state: State
    ringing: bool
    filiere: str | None
    t0: datetime
    since: datetime
    waiting_since: datetime | None
    wait_ms: int | None
    caller: str | None
    agents: list[str]
    stages: int
    priority: int
    dossier_ref: str | None
    uncertain: bool
    test: bool
    repeat_count: int
    previous_dossier_ref: str | None
    direction: Direction
    placed_by: str | None
    room: Literal["p0", "conference"] | None
    guests: list[str]


class SeatOut(Shape):
    """What an agent does in one filière."""

    presence: Presence
    since: datetime
    reason: str


class LiveAgent(Shape):
    """One agent; ``outgoing`` is the outgoing call that he places or talks in."""

    agent: str
    nom: str
    outgoing: str | None
    filieres: dict[str, SeatOut]


class LiveFiliere(Shape):
    """One filière's card; None stands for "not known", never for zero."""

    code: str
    libelle: str
    ordre: int
    couleur: str
    attente_orange_seconds: int
    attente_rouge_seconds: int
    inconnue: bool
    waiting: int | None
    ringing: int | None
    talking: int | None
    held: int | None
    oldest_since: datetime | None
    agents: dict[str, int | None]


class LiveDay(Shape):
    """The day's figures and their formulas."""

    day: date
    entrants: int
    answered: int
    abandoned: int
    abandoned_early: int
    qs30: float | None
    taux_accueil: float | None
    short_talks: int
    uncertain: int
    formule_qs30: str
    formule_taux_accueil: str
    formule_short_talks: str


class LiveMinute(Shape):
    """The waits that ended in one minute."""

    at: datetime
    worst_ms: int
    answered: int
    abandoned: int


class AlarmOut(Shape):
    """Something that somebody in the room must know."""

    since: datetime
    text: str
    gravite: Gravite


class BoardOut(Shape):
    """The whole picture of the room at one number."""

    epoch: str
    seq: int
    at: datetime
    link: LinkOut
    totals: dict[str, int | None]
    day: LiveDay | None
    waits: list[LiveMinute]
    callbacks: CallbackCount | None
    crise: LiveCrisis | None
    alarms: dict[str, AlarmOut]
    filieres: dict[str, LiveFiliere]
    agents: dict[str, LiveAgent]
    calls: dict[str, LiveCall]


def schema_of(model: type[BaseModel], template: str) -> dict[str, Any]:
    """The JSON schema of a model, its references written with ``template``."""
    mode: Literal["validation", "serialization"] = "serialization" if issubclass(model, Shape) else "validation"
    return model.model_json_schema(ref_template=template, mode=mode)
