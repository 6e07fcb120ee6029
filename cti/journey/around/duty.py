"""Who is on duty: acts (append-only) by which people take a post, pause, come back and leave, and the spans of what they did.

A **poste** is a phone (its endpoint on the PBX); a **personne** is who sits there. An act names itself (``act_id``, made by the
dialplan or by the service), so that the same act told by AMI, by CEL and by the store is one act.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from cti.journey.words import AgentId, FiliereCode, Instant

#: Identity of a person in ``agents.toml``; a post with static members is its own person.
PersonId: TypeAlias = str

#: Reason of the pause that follows a call, as the PBX shows it.
WRAPUP_REASON: Final = "post-appel"
#: Reason of the pause of a post that let several offers ring.
MISSING_REASON: Final = "ne répond pas"
#: In place of a post, in the span that says from when to when somebody watched.
WATCH: Final = ""
#: Author of what nobody decided.
BY_SERVICE: Final = "service"


class DutyKind(StrEnum):
    """What was done."""

    TAKE = "prise"  #: a person takes a post, for these filières
    QUEUES = "files"  #: she serves these filières from now on
    LEAVE = "fin"
    PAUSE = "pause"
    RESUME = "reprise"  #: back from a pause, ready before the end of the wrap-up, there again
    WRAPUP = "post_appel"  #: a call is over: paused until ``until_at``
    WITHDRAW = "retrait"  #: several offers in a row rang in vain


class DutyVia(StrEnum):
    """Which way it came."""

    API = "api"
    PHONE = "poste"
    SERVICE = "service"


#: What people do; the rest is the service's own.
PERSONAL: Final = frozenset({DutyKind.TAKE, DutyKind.QUEUES, DutyKind.LEAVE, DutyKind.PAUSE, DutyKind.RESUME})


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyAct:
    """One act. Never changed, never taken back; a later one says something else."""

    act_id: str
    at: Instant
    kind: DutyKind
    poste: AgentId
    personne: PersonId = ""  #: of TAKE; otherwise whoever sits there, as far as the author knew
    filieres: tuple[FiliereCode, ...] = ()  #: of TAKE and QUEUES
    reason: str = ""
    until_at: Instant | None = None  #: of WRAPUP
    by: str = ""
    via: DutyVia = DutyVia.SERVICE


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyTold:
    """The PBX told an act done on a phone."""

    at: Instant
    act: DutyAct


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceSpan:
    """What a post did from then to then, as the PBX saw it; open while ``until`` is None."""

    poste: AgentId
    since: Instant
    personne: PersonId
    state: str  #: a ``Presence``
    reason: str = ""
    until: Instant | None = None
