"""What follows from an event: the facts that other rooms react to.

A fact is stated once per call (the fold sees to it), so a reaction keyed by call and fact is done exactly once.
"""

from dataclasses import dataclass
from typing import TypeAlias

from cti.journey.model import Outcome
from cti.journey.words import AgentId, CallId, FiliereCode, Instant


@dataclass(frozen=True, slots=True)
class CallOpened:
    """A new call exists."""

    call_id: CallId
    at: Instant


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The first human picked up: the décroché of the whole call."""

    call_id: CallId
    at: Instant
    agent: AgentId
    filiere: FiliereCode
    wait_ms: int


@dataclass(frozen=True, slots=True)
class StageAnswered:
    """A human picked up in this stage (the first one included)."""

    call_id: CallId
    at: Instant
    agent: AgentId
    filiere: FiliereCode
    stage: int  #: index of the stage in the journey


@dataclass(frozen=True, slots=True)
class CallReached:
    """Whoever an agent called picked up. No décroché: nothing that follows from an answered caller follows from it."""

    call_id: CallId
    at: Instant
    agent: AgentId


@dataclass(frozen=True, slots=True)
class CallClosed:
    """The caller is gone and the call has its one outcome."""

    call_id: CallId
    at: Instant
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ConsultClosed:
    """Two agents who met when the caller was gone already have ended their talk: what was recorded of it is on disk."""

    call_id: CallId
    at: Instant
    line: str  #: the second line


@dataclass(frozen=True, slots=True)
class AnomalyNoted:
    """The PBX surprised us on this call."""

    call_id: CallId
    at: Instant
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class RecordingFaulted:
    """An answered call lacks a sound recording: somebody must know."""

    call_id: CallId
    at: Instant
    problem: str


Fact: TypeAlias = (
    CallOpened | CallAnswered | CallReached | StageAnswered | CallClosed | ConsultClosed | AnomalyNoted | RecordingFaulted
)
