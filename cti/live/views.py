"""What the board shows, as values: one call, one agent, one filière, the link to the PBX.

Theory. A call is in exactly one *place* (``Place``) and in at most one filière, whatever the number of queues it went through,
so a caller is counted once. A caller who waits has been waiting since t0 as long as no human has answered (that is what
QS30 measures, and an overflow does not start the clock again), and since his entry in the present queue afterwards.
"""

from dataclasses import dataclass
from enum import StrEnum

from cti.journey import AgentId, CallId, FiliereCode, Instant, Journey, State
from cti.journey.around.callers import Repeat
from cti.journey.around.crisis import CrisisSpan
from cti.journey.events import Presence
from cti.journey.events.placed import Direction
from cti.journey.folding.rooms import P0_MOTIF
from cti.journey.model import Leg, Quality, Stage


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


class Place(StrEnum):
    """Where a live call is counted."""

    GREETING = "greeting"
    WAITING = "waiting"
    TALKING = "talking"
    HELD = "held"
    MOVING = "moving"
    OUTGOING = "outgoing"  #: placed by the room, until it is passed on to a filière


_PLACES = {
    State.GREETING: Place.GREETING,
    State.WAITING: Place.WAITING,
    State.TALKING: Place.TALKING,
    State.HELD: Place.HELD,
    State.MOVING: Place.MOVING,
}


_OUTGOING = frozenset({State.PLACED, State.DIALLING, State.TALKING, State.HELD, State.MOVING})


def place_of(state: State, *, outgoing: bool = False) -> Place | None:
    """Where a call in this state is counted; None when it is not (yet, or no longer) on the line.

    ``outgoing``: an agent is with, or on his way to, somebody whom he called. Nobody waits there and no filière is at work.
    """
    if outgoing:
        return Place.OUTGOING if state in _OUTGOING else None
    return _PLACES.get(state)


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
    direction: Direction = Direction.ENTRANT
    placed_by: AgentId | None = None  #: of an outgoing call
    outgoing: bool = False  #: an outgoing call that was not passed on to a filière
    room: str | None = None  #: ``p0`` or ``conference`` while several people are, or are asked to be, with the caller
    guests: tuple[str, ...] = ()  #: those of no filière, by their name in the directory or a masked number

    @property
    def place(self) -> Place | None:
        """Where it is counted."""
        return place_of(self.state, outgoing=self.outgoing)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisView:
    """Crisis mode as the room sees it."""

    active: bool
    since: Instant | None  #: the last turn of the switch; None when it was never turned
    by: str
    reason: str
    pbx: bool  #: the PBX was told what holds now
    proposal: str | None  #: why the load calls for a crisis; None when it does not
    spans: tuple[CrisisSpan, ...]  #: the crises of the last day, to be drawn


def view_of(journey: Journey, since: Instant, repeat: Repeat | None = None) -> CallView:
    """The call as the board shows it; ``since`` is when its present state began."""
    waiting = journey.state is State.WAITING
    stage = _shown(journey)
    outgoing = with_whom_he_called(journey)
    placed = stage is not None and not outgoing and journey.state in (State.WAITING, State.TALKING, State.HELD)
    rings = waiting or journey.state is State.PLACED
    ringing_legs = stage.legs if stage is not None else ()
    talking_legs = (leg for each in journey.stages for leg in each.legs if leg.talking)
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
        caller=mask(journey.caller if journey.placed is None else journey.placed.number),
        agents=tuple(leg.agent for leg in (filter(_rings, ringing_legs) if rings else talking_legs)),
        stages=len(journey.stages),
        priority=stage.priority if stage is not None else journey.priority,
        dossier_ref=journey.dossier_ref,
        uncertain=journey.quality is Quality.UNCERTAIN,
        test=journey.test,
        repeat_count=repeat.count if repeat is not None else 0,
        previous_dossier_ref=repeat.previous_dossier_ref if repeat is not None else None,
        direction=journey.direction,
        placed_by=journey.placed.agent if journey.placed is not None else None,
        outgoing=outgoing,
        room=room_of(journey),
        guests=tuple(guest.libelle or mask(guest.number) or guest.code for guest in journey.guests if guest.present),
    )


def _rings(leg: Leg) -> bool:
    return leg.ringing


def _shown(journey: Journey) -> Stage | None:
    """Where the caller is: with the last who came, not with whoever is only asked to come."""
    if journey.state in (State.TALKING, State.HELD):
        talking = [stage for stage in journey.stages if any(leg.talking for leg in stage.legs)]
        if talking:
            return talking[-1]
    return journey.stage


def room_of(journey: Journey) -> str | None:
    """What several people with one caller are called on the board; None for a talk between two."""
    if journey.ended_at is not None:
        return None
    open_stages = [stage for stage in journey.stages if stage.left_at is None]
    asked = [stage for stage in open_stages if stage.accompanied is not None]
    alone = len(open_stages) == 1 and open_stages[0].answered_at is not None  # whoever came goes on by himself
    if asked and not alone:
        return "p0" if any(stage.motif == P0_MOTIF for stage in asked) else "conference"
    return "conference" if any(guest.left_at is None for guest in journey.guests) else None


def with_whom_he_called(journey: Journey) -> bool:
    """An outgoing call in which only the agent who placed it has a part so far."""
    return journey.placed is not None and len(journey.stages) == 1


def _waiting_since(journey: Journey) -> Instant | None:
    if with_whom_he_called(journey):
        return None
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
