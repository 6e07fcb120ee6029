"""What the board shows, as values: one call, one agent, one filière, the link to the PBX.

Theory. A call is in exactly one *place* (``Place``) and in at most one filière, whatever the number of queues it went through,
so a caller is counted once. A caller who waits has been waiting since t0 as long as no human has answered (that is what
QS30 measures, and an overflow does not start the clock again), and since his entry in the present queue afterwards.
"""

from dataclasses import dataclass
from enum import StrEnum

from cti.journey import AgentId, CallId, FiliereCode, Instant, Journey, State
from cti.journey.callers import Repeat
from cti.journey.events import Presence
from cti.journey.model import Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class FiliereSpec:
    """One filière as the site wants it shown."""

    code: FiliereCode
    libelle: str
    ordre: int
    couleur: str  #: ``#rrggbb``
    attente_orange_seconds: int = 20  #: the oldest wait turns amber
    attente_rouge_seconds: int = 30  #: the oldest wait turns red
    inconnue: bool = False  #: met on a call but absent from the site's configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """One call in progress."""

    call_id: CallId
    flux: str
    state: State
    ringing: bool  #: waiting, and at least one phone rings for this caller
    filiere: FiliereCode | None
    t0: Instant
    since: Instant  #: when the present state began
    waiting_since: Instant | None  #: None unless the caller waits for a human now
    wait_ms: int | None  #: t0 to the first human; None while nobody has answered
    caller: str | None
    agents: tuple[AgentId, ...]  #: with the caller, or asked to be
    stages: int
    priority: int
    dossier_ref: str | None
    uncertain: bool
    test: bool
    repeat_count: int = 0  #: calls of this number shortly before
    previous_dossier_ref: str | None = None  #: the dossier of the latest of them that has one


class Place(StrEnum):
    """Where a live call is counted."""

    GREETING = "greeting"
    WAITING = "waiting"
    TALKING = "talking"
    HELD = "held"
    MOVING = "moving"


_PLACES = {
    State.GREETING: Place.GREETING,
    State.WAITING: Place.WAITING,
    State.TALKING: Place.TALKING,
    State.HELD: Place.HELD,
    State.MOVING: Place.MOVING,
}


def place_of(state: State) -> Place | None:
    """Where a call in this state is counted; None when it is not (yet, or no longer) on the line."""
    return _PLACES.get(state)


@dataclass(frozen=True, slots=True)
class Seat:
    """What an agent does in one filière, and since when."""

    presence: Presence
    since: Instant
    reason: str
    read_at: Instant  #: the latest reading, to refuse an older one


@dataclass(frozen=True, slots=True, kw_only=True)
class FiliereCounts:
    """What is counted in one filière now."""

    waiting: int
    ringing: int
    talking: int
    held: int
    oldest_since: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Whether we see the PBX."""

    up: bool
    since: Instant
    reason: str
    ever_up: bool  #: False until the first sight of the PBX: nothing is known yet, which is not zero


def view_of(journey: Journey, since: Instant, repeat: Repeat | None = None) -> CallView:
    """The call as the board shows it; ``since`` is when its present state began."""
    stage = journey.stage
    waiting = journey.state is State.WAITING
    placed = stage is not None and journey.state in (State.WAITING, State.TALKING, State.HELD)
    legs = stage.legs if stage is not None else ()
    return CallView(
        call_id=journey.call_id,
        flux=journey.flux,
        state=journey.state,
        ringing=waiting and stage is not None and stage.ringing,
        filiere=stage.filiere if placed and stage is not None else None,
        t0=journey.t0,
        since=since,
        waiting_since=_waiting_since(journey),
        wait_ms=journey.wait_ms,
        caller=mask(journey.caller),
        agents=tuple(leg.agent for leg in legs if (leg.ringing if waiting else leg.talking)),
        stages=len(journey.stages),
        priority=stage.priority if stage is not None else journey.priority,
        dossier_ref=journey.dossier_ref,
        uncertain=journey.quality is Quality.UNCERTAIN,
        test=journey.test,
        repeat_count=repeat.count if repeat is not None else 0,
        previous_dossier_ref=repeat.previous_dossier_ref if repeat is not None else None,
    )


def _waiting_since(journey: Journey) -> Instant | None:
    if journey.state not in (State.GREETING, State.WAITING, State.MOVING):
        return None
    if journey.answered_at is None:
        return journey.t0
    stage = journey.stage
    if stage is None:
        return None
    return stage.entered_at if journey.state is State.WAITING else stage.left_at


def mask(caller: str | None) -> str | None:
    """The number as a wall may show it: its last four digits, or none of a number shorter than eight digits.

    People in the room tell callers apart by how the number ends; the country, operator and area digits, which narrow down
    who it is, are hidden. None stays None: the caller's number was withheld.
    """
    if caller is None:
        return None
    digits = [char for char in caller if char.isdigit()]
    shown = "".join(digits[-4:]) if len(digits) >= 8 else ""
    return f"••{shown or '••'}"
