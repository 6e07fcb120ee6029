"""What can be seen of a call, and of the room around it.

Every event says what was observed, when (PBX clock) and by which witness. The ``ami`` room makes most of them from frames or
from CEL; ``dossier`` and ``recording`` add what they did. Events are values: comparing, storing and replaying them is all
that anybody does with them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from cti.journey.around.duty import DutyTold
from cti.journey.events.placed import CalleeDialled as CalleeDialled
from cti.journey.events.placed import CalleeMissed as CalleeMissed
from cti.journey.events.placed import CalleeReached as CalleeReached
from cti.journey.events.placed import CalleeRinging as CalleeRinging
from cti.journey.events.placed import CallPlaced as CallPlaced
from cti.journey.events.placed import PlacedVia as PlacedVia
from cti.journey.events.placed import PlacerReady as PlacerReady
from cti.journey.events.rooms import GuestAnswered as GuestAnswered
from cti.journey.events.rooms import GuestAsked as GuestAsked
from cti.journey.events.rooms import GuestEnd as GuestEnd
from cti.journey.events.rooms import GuestLeft as GuestLeft
from cti.journey.events.rooms import ReinforcementAsked as ReinforcementAsked
from cti.journey.events.rooms import ReinforcementEnded as ReinforcementEnded
from cti.journey.events.seen import CallEvent as CallEvent
from cti.journey.events.seen import OfferEnd as OfferEnd
from cti.journey.events.seen import Seen as Seen
from cti.journey.events.seen import TransferVia as TransferVia
from cti.journey.words import AgentId, FiliereCode, Instant


class QueueEnd(StrEnum):
    """Why a queue gave the caller back to the dialplan without an agent."""

    TIMEOUT = "timeout"
    EMPTY = "empty"
    FULL = "full"
    WITHDRAWN = "withdrawn"
    OTHER = "other"


class ConsultEnd(StrEnum):
    """How an agent's consultation for his caller ended."""

    TRANSFERRED = "transferred"  #: the caller was joined to whoever was asked, or takes his place in the queue
    RETURNED = "returned"  #: they talked, and the agent went back to his caller
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    CALLER_GONE = "caller_gone"  #: the caller hung up meanwhile
    JOINED = "joined"  #: the caller joined the two, and the agent stays: a conference


class RouteSource(StrEnum):
    """Who decided where the call goes."""

    CTI = "cti"  #: this service answered the dialplan's question
    SECOURS = "secours"  #: we were silent: the PBX routed alone
    DEBORDEMENT = "debordement"  #: a queue gave nothing: next choice
    TRANSFERT = "transfert"  #: a person passed the call on
    RETOUR = "retour"  #: the last agent left a caller who was not finished with: back to a queue, ahead of others


@dataclass(frozen=True, slots=True, kw_only=True)
class CallArrived(CallEvent):
    """A caller is on the line; ``at`` is t0, the first channel event."""

    channel: str  #: Asterisk's uniqueid of the caller's channel
    did: str  #: the number that was dialled
    flux: str  #: the line it came in on: 15, 116117, 112, 18, VSAV...
    caller: str | None  #: E.164 or national digits as the trunk gave them; None when masked or without SIM
    public: bool = True  #: counts in the public QS profile (direct professional flows do not)
    test: bool = False
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GreetingStarted(CallEvent):
    """The welcome message began; it is never an answer."""

    sound: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GreetingEnded(CallEvent):
    """The welcome message is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRouted(CallEvent):
    """The call is on its way to a filière, and why."""

    filiere: FiliereCode
    source: RouteSource
    motif: str = ""  #: the reason, in French words
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSilent(CallEvent):
    """The PBX asked where to send the call and we did not answer: it routed alone."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntered(CallEvent):
    """The caller waits in a filière's queue."""

    filiere: FiliereCode
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentOffered(CallEvent):
    """One agent's phone is asked to take the call."""

    filiere: FiliereCode
    agent: AgentId
    leg: str  #: uniqueid of the agent's channel


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEnded(CallEvent):
    """An agent's phone stopped ringing without an answer."""

    agent: AgentId
    leg: str
    how: OfferEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAnswered(CallEvent):
    """The décroché: an agent picked up (DialEnd ANSWER, before any announcement or bridge)."""

    agent: AgentId
    leg: str
    filiere: FiliereCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentJoined(CallEvent):
    """The agent and the caller are in the same bridge: they hear each other."""

    agent: AgentId
    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLeft(CallEvent):
    """The agent's leg left the caller (hang-up or transfer): the talk with this agent is over.

    The end of a talk is BridgeLeave, never AgentComplete, which comes seconds or minutes late after a transfer.
    """

    agent: AgentId
    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueGaveUp(CallEvent):
    """The queue gave the caller back without an agent: timeout, empty, full."""

    filiere: FiliereCode
    how: QueueEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferAsked(CallEvent):
    """An agent passed the caller on to another filière."""

    target: FiliereCode
    via: TransferVia
    by: str | None = None  #: agent's endpoint, or the name of the screen's user
    leg: str = ""  #: uniqueid of the agent's leg, when it says whose stage ends: after a consultation


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultStarted(CallEvent):
    """An agent who has this caller on the line dials somebody on his second line: a consultation, no call of its own."""

    agent: AgentId
    line: str  #: uniqueid of the second line
    target: str  #: the number dialled


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultAnswered(CallEvent):
    """Somebody picked up the consultation; the caller does not hear him yet."""

    line: str
    agent: AgentId  #: who picked up


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultRecorded(CallEvent):
    """The PBX writes the voices of the consultation."""

    line: str
    stem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultEnded(CallEvent):
    """The consultation is over; when the caller was passed on, his new stage follows."""

    line: str
    how: ConsultEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerHeld(CallEvent):
    """The caller was put on hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerUnheld(CallEvent):
    """The caller was taken off hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted(CallEvent):
    """The PBX began to write both legs of the caller's channel, or goes on in the same files after a pause (``gap_ms``)."""

    stem: str  #: path without ``-caller.wav`` / ``-agents.wav``
    gap_ms: int = 0  #: how long nothing was written before this instant; 0 at the beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingChecked(CallEvent):
    """Both files of a recording were looked at after the call; ``problem`` is None when they are sound."""

    stem: str
    caller_ms: int | None  #: duration of the caller's leg; None when it cannot be read
    agents_ms: int | None
    bytes: int
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierOpened(CallEvent):
    """The neutral dossier of this call exists."""

    dossier_id: str
    ref: str  #: the readable yearly number, e.g. 2026-350-0001234


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(CallEvent):
    """The caller's channel is gone."""

    cause: int = 0  #: Q.850 cause


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationLost(CallEvent):
    """We were blind from ``since`` to ``at`` while this call was alive.

    What happened then is known when another witness covers all of it (decision 0006); else ``reason`` says which one failed.
    """

    since: Instant
    reason: str
    covered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxSurprised(CallEvent):
    """The PBX told something that does not fit; kept on the call, which goes on."""

    kind: str
    detail: str


#: Every kind of call event. (``__subclasses__`` would also list the classes that ``slots=True`` replaced.)
CALL_EVENTS: tuple[type[CallEvent], ...] = (
    CallArrived,
    CallPlaced,
    PlacerReady,
    CalleeDialled,
    CalleeRinging,
    CalleeReached,
    CalleeMissed,
    GreetingStarted,
    GreetingEnded,
    CallRouted,
    ServiceSilent,
    QueueEntered,
    AgentOffered,
    OfferEnded,
    AgentAnswered,
    AgentJoined,
    AgentLeft,
    QueueGaveUp,
    TransferAsked,
    ConsultStarted,
    ConsultAnswered,
    ConsultRecorded,
    ConsultEnded,
    ReinforcementAsked,
    ReinforcementEnded,
    GuestAsked,
    GuestAnswered,
    GuestLeft,
    CallerHeld,
    CallerUnheld,
    RecordingStarted,
    RecordingChecked,
    DossierOpened,
    CallEnded,
    ObservationLost,
    PbxSurprised,
)


class Presence(StrEnum):
    """What an agent's phone is doing, as the PBX sees it."""

    FREE = "free"
    RINGING = "ringing"
    TALKING = "talking"
    PAUSED = "paused"
    WRAPUP = "wrapup"
    UNREACHABLE = "unreachable"
    LOGGED_OUT = "logged_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSeen:
    """An agent's state in one filière changed or was read."""

    at: Instant
    agent: AgentId
    filiere: FiliereCode
    presence: Presence
    nom: str = ""
    reason: str = ""  #: pause reason, if any


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentGone:
    """An agent no longer belongs to a filière's queue."""

    at: Instant
    agent: AgentId
    filiere: FiliereCode


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUp:
    """We see the PBX again: everything after ``at`` is observed."""

    at: Instant
    pbx_started_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDown:
    """We no longer see the PBX: from ``at`` on nothing is known, which is not zero."""

    at: Instant
    reason: str


#: What concerns the room and no single call.
PbxEvent: TypeAlias = AgentSeen | AgentGone | LinkUp | LinkDown | DutyTold
#: All that the ``ami`` room may send.
Event: TypeAlias = CallEvent | PbxEvent
