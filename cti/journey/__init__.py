"""The core: what a call is, from the first ring to the hang-up.

In come events (what was seen of a call, stamped by the PBX clock), out come the journey of that call and the
facts that follow from it. Nothing here reads a clock, a file, a socket or a library: the same events always give
the same journey, which is what lets a session be replayed and a figure be defended.
"""

from cti.journey.events import CallEvent, Event, PbxEvent, Seen
from cti.journey.facts import Fact
from cti.journey.folding.fold import apply
from cti.journey.model import Journey, Leg, Outcome, Quality, Recording, Stage
from cti.journey.states import State
from cti.journey.words import AgentId, CallId, FiliereCode, Instant

__all__ = [
    "AgentId",
    "CallEvent",
    "CallId",
    "Event",
    "Fact",
    "FiliereCode",
    "Instant",
    "Journey",
    "Leg",
    "Outcome",
    "PbxEvent",
    "Quality",
    "Recording",
    "Seen",
    "Stage",
    "State",
    "apply",
]
