"""What can be seen of a caller with several people: P0, conference, guests. Part of ``cti.journey.events``."""

from dataclasses import dataclass
from enum import StrEnum

from cti.journey.events.seen import CallEvent, TransferVia
from cti.journey.words import FiliereCode


class GuestEnd(StrEnum):
    """How a guest's part in a call ended."""

    LEFT = "left"  #: he hung up himself
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    RELEASED = "released"  #: the PBX let him go: the caller hung up or went elsewhere, or he was wanted no more


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinforcementAsked(CallEvent):
    """A filière is asked to come to a caller whom somebody does not leave: P0, or a colleague's queue in a conference."""

    filiere: FiliereCode
    via: TransferVia
    p0: bool = False  #: every free physician at once, ahead of every other caller
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReinforcementEnded(CallEvent):
    """The request is over and nobody had picked up: withdrawn, or no caller any more."""

    filiere: FiliereCode


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestAsked(CallEvent):
    """Somebody outside, or a colleague at his post, is called into the conversation."""

    guest: str  #: uniqueid of the half of the Local channel that calls him
    code: str  #: in the directory (``cta``), the post's number, or ``numero`` for any other
    libelle: str = ""
    number: str | None = None
    by: str | None = None
    via: TransferVia = TransferVia.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestAnswered(CallEvent):
    """The guest picked up: he is with the caller."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestLeft(CallEvent):
    """The guest is gone, or never came."""

    guest: str
    how: GuestEnd
