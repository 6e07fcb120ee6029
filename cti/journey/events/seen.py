"""What all events have in common: whose call, when, by which witness; how a ring may end and how a caller is passed on."""

from dataclasses import dataclass
from enum import StrEnum

from cti.journey.words import CallId, Instant


class Seen(StrEnum):
    """By which witness an event is known."""

    LIVE = "live"  #: over AMI, as it happened
    CEL = "cel"  #: read afterwards from the channel event log that Asterisk keeps without us
    SPOOL = "spool"  #: left by the secours script on the PBX host while we were silent
    OWN = "own"  #: done by this service (dossier opened, recording checked): our clock


class OfferEnd(StrEnum):
    """How an offer of a call to one agent ended, other than by an answer."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    CANCELLED = "cancelled"  #: another agent was quicker, or the caller left
    UNREACHABLE = "unreachable"


class TransferVia(StrEnum):
    """How an agent passed the caller on."""

    REFER = "refer"  #: the phone's own transfer key (RFC 3515)
    TOUCHE = "touche"  #: a feature code typed during the call
    API = "api"  #: the screen, through this service
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """Something that happened to one call."""

    call_id: CallId
    at: Instant
    seen: Seen = Seen.LIVE
