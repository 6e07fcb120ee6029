"""The journey of one call, as values: stages, legs, recordings, dossier, outcome.

A *stage* is the caller's passage through one filière's queue; a *leg* is one person's phone in it. Waits and talks are read off
by properties and never stored twice. All durations are whole milliseconds (``words.elapsed_ms``), all instants PBX microseconds.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from cti.journey.events import ConsultEnd, GuestEnd, OfferEnd, RouteSource, TransferVia
from cti.journey.events.placed import Direction, Placed
from cti.journey.states import State
from cti.journey.words import CONSULTATION, AgentId, CallId, FiliereCode, Instant, elapsed_ms


class Outcome(StrEnum):
    """What became of a call: exactly one."""

    ANSWERED = "answered"  #: a human picked up
    ABANDONED = "abandoned"  #: the caller left before any human picked up
    REFUSED = "refused"  #: the PBX or the network turned it away
    TEST = "test"  #: a test call: in no indicator
    REACHED = "reached"  #: outgoing: whoever was called picked up
    UNREACHED = "unreached"  #: outgoing: nobody was reached


class AbandonPhase(StrEnum):
    """Where the caller was when he gave up."""

    GREETING = "greeting"
    QUEUE = "queue"
    RINGING = "ringing"


class Quality(StrEnum):
    """How far the story of this call was observed."""

    OBSERVED = "observed"
    RECONSTRUCTED = "reconstructed"  #: rebuilt from CEL, exact where CEL speaks
    UNCERTAIN = "uncertain"  #: part of it is not known by any witness


class StageEnd(StrEnum):
    """How the caller left a stage."""

    AGENT_HANGUP = "completed"  #: talk ended by a hang-up on either side
    TRANSFERRED = "transferred"  #: a person passed the caller on
    GAVE_UP = "overflowed"  #: the queue found nobody in time
    ABANDONED = "abandoned"  #: the caller left while waiting here
    MOVED = "moved"  #: left for another queue, the reason was not seen
    UNREACHED = "unreached"  #: outgoing: whoever was called did not pick up
    WITHDRAWN = "withdrawn"  #: asked to come to a caller who had somebody with him, and nobody came in time


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One agent's phone in a stage, from the first ring to its end."""

    agent: AgentId
    leg: str
    offered_at: Instant | None = None
    answered_at: Instant | None = None
    joined_at: Instant | None = None
    ended_at: Instant | None = None
    how: OfferEnd | None = None  #: only when it ended without an answer

    @property
    def ringing(self) -> bool:
        """The phone is asked and has neither answered nor stopped."""
        return self.answered_at is None and self.ended_at is None

    @property
    def talking(self) -> bool:
        """The agent is with the caller."""
        return self.answered_at is not None and self.ended_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The caller's passage through one filière's queue."""

    filiere: FiliereCode
    entered_at: Instant
    source: RouteSource | None = None
    motif: str = ""
    priority: int = 0
    legs: tuple[Leg, ...] = ()
    answered_at: Instant | None = None
    agent: AgentId | None = None  #: the first who picked up here
    joined_at: Instant | None = None
    left_at: Instant | None = None
    end: StageEnd | None = None
    via: TransferVia | None = None  #: how it was passed on, when transferred
    accompanied: TransferVia | None = None  #: asked to come while somebody stayed with the caller, and how it was asked

    @property
    def offered(self) -> int:
        """How many times a phone was asked."""
        return len(self.legs)

    @property
    def ringing(self) -> bool:
        """At least one phone is ringing for this caller."""
        return any(leg.ringing for leg in self.legs)

    @property
    def wait_ms(self) -> int | None:
        """From the entry in the queue to the décroché, or to the end without one; None while it goes on."""
        return elapsed_ms(self.entered_at, self.answered_at if self.answered_at is not None else self.left_at)

    @property
    def talk_since(self) -> Instant | None:
        """The décroché; for whoever was first spoken to apart (a consultation, a request to come) when he joined the caller."""
        apart = self.motif == CONSULTATION or self.accompanied is not None
        return self.joined_at if apart and self.joined_at is not None else self.answered_at

    @property
    def talk_ms(self) -> int | None:
        """Talk with the caller, to the end of the stage; None when nobody answered or while it goes on."""
        return elapsed_ms(self.talk_since, self.left_at)


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which the recorder of a call did not write: it stops for a moment at each transfer."""

    at: Instant  #: when it went on
    ms: int

    def before(self, at: Instant) -> int:
        """How much of it lies before an instant (microseconds)."""
        return max(0, min(at, self.at) - (self.at - self.ms * 1000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The two files of the caller's channel, or of a consultation."""

    stem: str
    started_at: Instant
    checked_at: Instant | None = None
    caller_ms: int | None = None
    agents_ms: int | None = None
    bytes: int = 0
    problem: str | None = None
    gaps: tuple[Gap, ...] = ()

    def written_us(self, at: Instant) -> int:
        """How long the recorder has been writing at that instant; negative before it began."""
        return at - self.started_at - sum(gap.before(at) for gap in self.gaps)

    def offset_ms(self, at: Instant) -> int:
        """Where that instant lies in the file, in milliseconds from its start, as far as the PBX's clock tells."""
        return self.written_us(at) // 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Consult:
    """An agent's second line, dialled for the caller he holds."""

    agent: AgentId
    line: str
    target: str  #: the number dialled
    started_at: Instant
    answered_at: Instant | None = None
    answered_by: AgentId | None = None
    ended_at: Instant | None = None
    how: ConsultEnd | None = None
    recording: Recording | None = None  #: its own two files; a post is not recorded

    @property
    def sound(self) -> Recording | None:
        """Its recording, from the first sound on: a recorder that waits while the phone rings has nothing to write."""
        if self.recording is None or self.answered_at is None:
            return self.recording
        return replace(self.recording, started_at=max(self.recording.started_at, self.answered_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody of no filière who was called into the conversation: fire service, interpreter, family, a colleague."""

    guest: str
    code: str
    asked_at: Instant
    libelle: str = ""
    number: str | None = None
    by: str | None = None
    answered_at: Instant | None = None
    left_at: Instant | None = None
    how: GuestEnd | None = None

    @property
    def present(self) -> bool:
        """He is with the caller."""
        return self.answered_at is not None and self.left_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """Something that did not fit, kept beside the story."""

    at: Instant
    kind: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One caller from trunk to hang-up, or one outgoing call from the agent's dialling to its end."""

    call_id: CallId
    direction: Direction = Direction.ENTRANT
    state: State = State.EXPECTED
    t0: Instant = 0
    channel: str = ""
    did: str = ""
    flux: str = ""
    caller: str | None = None
    public: bool = True
    test: bool = False
    priority: int = 0
    greeting_started_at: Instant | None = None
    greeting_ended_at: Instant | None = None
    stages: tuple[Stage, ...] = ()
    #: the last routing decision, to be written on the next stage
    route: tuple[FiliereCode, RouteSource, str, int] | None = None
    answered_at: Instant | None = None
    answered_by: AgentId | None = None
    joined_at: Instant | None = None
    ended_at: Instant | None = None
    cause: int | None = None
    recordings: tuple[Recording, ...] = ()
    dossier_id: str | None = None
    dossier_ref: str | None = None
    anomalies: tuple[Anomaly, ...] = ()
    #: consultations held for this caller, in order
    consults: tuple[Consult, ...] = ()
    guests: tuple[Guest, ...] = ()  #: who was called into the conversation; rebuilt from the journal, no row of their own
    placed: Placed | None = None  #: of an outgoing call
    silent: bool = False  #: the PBX routed this call alone at least once
    quality: Quality = Quality.OBSERVED
    last_at: Instant = 0  #: the latest event folded

    @property
    def stage(self) -> Stage | None:
        """The stage the caller is in or was in last."""
        return self.stages[-1] if self.stages else None

    @property
    def wait_ms(self) -> int | None:
        """From t0 to the first human, or to the hang-up of a caller nobody answered; None while waiting."""
        return elapsed_ms(self.t0, self.answered_at if self.answered_at is not None else self.ended_at)

    @property
    def greeting_ms(self) -> int | None:
        """Length of the welcome message as this caller lived it."""
        end = self.greeting_ended_at if self.greeting_ended_at is not None else self.ended_at
        return elapsed_ms(self.greeting_started_at, end)

    @property
    def outcome(self) -> Outcome | None:
        """The one outcome; None while the call lives."""
        if self.ended_at is None:
            return None
        if self.direction is Direction.SORTANT:
            return Outcome.REACHED if self.answered_at is not None else Outcome.UNREACHED
        if self.test:
            return Outcome.TEST
        if self.answered_at is not None:
            return Outcome.ANSWERED
        if self.cause in _REFUSED_CAUSES and not self.stages:
            return Outcome.REFUSED
        return Outcome.ABANDONED

    @property
    def abandon_phase(self) -> AbandonPhase | None:
        """Where the caller was when he gave up; None for any other outcome."""
        if self.outcome is not Outcome.ABANDONED:
            return None
        stage = self.stage
        if stage is None:
            return AbandonPhase.GREETING
        return AbandonPhase.RINGING if any(self._rang_to_the_end(leg) for leg in stage.legs) else AbandonPhase.QUEUE

    def _rang_to_the_end(self, leg: Leg) -> bool:
        # The phones' DialEnd CANCEL and the caller's Hangup come from two channels, a few milliseconds apart.
        return (
            leg.how is OfferEnd.CANCELLED
            and leg.ended_at is not None
            and self.ended_at is not None
            and self.ended_at - leg.ended_at < _SAME_MOMENT
        )

    @property
    def lost_waiting(self) -> FiliereCode | None:
        """The filière in whose queue an already answered caller hung up: he belongs on the call-back list."""
        stage = self.stage
        if self.ended_at is None or self.answered_at is None or stage is None:
            return None
        if stage.end in (StageEnd.TRANSFERRED, StageEnd.GAVE_UP):  # gone on the way to the next queue
            return self.route[0] if self.route is not None else stage.filiere
        return stage.filiere if stage.end is StageEnd.ABANDONED else None


#: Two frames about one hang-up, from two channels, lie closer than this (microseconds).
_SAME_MOMENT = 1_000_000
#: Q.850 causes with which a channel is turned away before any queue: congestion (34, 42), no route (3), unavailable (38, 41, 44).
_REFUSED_CAUSES = frozenset({3, 34, 38, 41, 42, 44})
