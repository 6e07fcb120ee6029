"""An outgoing call as values and events: which way a call goes, who placed it and how far it came.

An outgoing call is placed by an agent towards a number: from his phone, or by a click that makes his phone ring first. It is one
call like any other (its identity, its recording, its legs), and no entrant: it stands in no figure of the quality of service. Its
first stage, ``SORTANT``, is the talk of the agent with whom he called; a filière follows when he passes that person on.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cti.journey.events.seen import CallEvent, OfferEnd
from cti.journey.words import AgentId, CallId, FiliereCode, Instant

#: What stands for a filière in the first stage of an outgoing call; no site may give this code to a filière.
SORTANT: Final[FiliereCode] = "sortant"


class Direction(StrEnum):
    """Which way a call goes, seen from the room."""

    ENTRANT = "entrant"
    SORTANT = "sortant"


class PlacedVia(StrEnum):
    """How an agent placed an outgoing call."""

    POSTE = "poste"  #: dialled on his phone
    ECRAN = "ecran"  #: clicked on the screen, through this service


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """How an outgoing call was placed, and how far it came."""

    agent: AgentId
    line: str  #: uniqueid of the agent's channel
    number: str  #: the number dialled, as the trunk was given it
    via: PlacedVia
    callback: CallId | None = None  #: the entry of the call-back list that it answers, by its first lost call
    about: CallId | None = None  #: the earlier call whose dossier it belongs to
    ready_at: Instant | None = None  #: the agent's phone is off the hook
    dialled_at: Instant | None = None  #: the number was dialled on the trunk
    ringing_at: Instant | None = None  #: it rings there; CEL does not tell
    missed: OfferEnd | None = None  #: why nobody was reached, as far as the network said


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlaced(CallEvent):
    """An agent places an outgoing call; ``at`` is t0: he dialled, or clicked and his own phone is about to ring."""

    channel: str  #: Asterisk's uniqueid of the agent's channel
    agent: AgentId
    number: str  #: the number to dial on the trunk
    via: PlacedVia
    callback: CallId | None = None  #: the call-back entry that it answers
    about: CallId | None = None  #: the call whose dossier it belongs to


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacerReady(CallEvent):
    """The agent who clicked picked up his own phone; that is no décroché of anybody."""

    agent: AgentId
    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalleeDialled(CallEvent):
    """The number is being dialled on the trunk."""

    line: str  #: uniqueid of the trunk's channel


@dataclass(frozen=True, slots=True, kw_only=True)
class CalleeRinging(CallEvent):
    """The network says that it rings there."""

    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalleeReached(CallEvent):
    """Whoever was called picked up (DialEnd ANSWER of the trunk's channel)."""

    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalleeMissed(CallEvent):
    """Nobody was reached: busy, no answer, no such number, or the agent gave up."""

    line: str
    how: OfferEnd
