"""When a dossier is opened, and what telephony knows to write in it at that moment.

A dossier is opened when the first human picks up, once per call, whatever transfers follow; a test call opens none. It is
neutral: class D, state ACTIF, default priority (reference: domain facts 4.4 and 5.3). A call that was answered while this
service was blind gets its dossier later: ``created_at`` stays the answer, the registry's ``opened_at`` tells when the number
was given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo
from types import MappingProxyType
from typing import Any

from cti.dossier.words import ACTIVE, UNCLASSIFIED, Origin, Perimeter, Priority
from cti.journey import AgentId, CallId, Fact, FiliereCode, Instant, Journey
from cti.journey.facts import CallAnswered
from cti.journey.words import as_datetime, iso


@dataclass(frozen=True, slots=True)
class OpeningRules:
    """The site's way of naming where a call came from and which pathway it is on."""

    #: National origin by flux; a flux that is not here is ``AUTRE``.
    origins: Mapping[str, Origin] = field(default_factory=lambda: MappingProxyType({}))
    #: Pathway by filière; none for a filière that serves both, as N1 does.
    perimeters: Mapping[FiliereCode, Perimeter] = field(default_factory=lambda: MappingProxyType({}))
    default_priority: Priority = Priority.P2


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierSummary:
    """What telephony knows of a call at the décroché, in the national messages' words."""

    call_id: CallId
    received_at: Instant  #: t0, the first moment of the call (``initialAlert.reception``)
    created_at: Instant  #: the décroché (``creation``)
    origin: Origin
    flux: str
    did: str
    caller: str | None  #: None when masked or without SIM: the national message then leaves the caller out
    taker: AgentId  #: endpoint of the person who picked up
    filiere: FiliereCode  #: where the call was answered
    perimeter: Perimeter | None  #: None until the call reaches a filière of one pathway
    classification: str = UNCLASSIFIED
    state: str = ACTIVE
    priority: Priority = Priority.P2

    def told(self) -> dict[str, Any]:
        """The summary as plain data, instants in UTC ISO 8601; what the registry keeps and the screen shows."""
        return {
            "call_id": self.call_id,
            "received_at": iso(self.received_at),
            "created_at": iso(self.created_at),
            "origin": self.origin.value,
            "flux": self.flux,
            "did": self.did,
            "caller": self.caller,
            "taker": self.taker,
            "filiere": self.filiere,
            "perimeter": self.perimeter.value if self.perimeter else None,
            "classification": self.classification,
            "state": self.state,
            "priority": self.priority.value,
        }


def opens_dossier(journey: Journey, fact: Fact) -> bool:
    """Whether this fact opens the dossier of this call."""
    return isinstance(fact, CallAnswered) and not journey.test and journey.dossier_id is None


def summarise(journey: Journey, fact: CallAnswered, rules: OpeningRules) -> DossierSummary:
    """What is known of the call at the décroché; nothing is guessed."""
    return DossierSummary(
        call_id=journey.call_id,
        received_at=journey.t0,
        created_at=fact.at,
        origin=rules.origins.get(journey.flux, Origin.AUTRE),
        flux=journey.flux,
        did=journey.did,
        caller=journey.caller or (journey.placed.number if journey.placed is not None else None),
        taker=fact.agent,
        filiere=fact.filiere,
        perimeter=rules.perimeters.get(fact.filiere),
        priority=rules.default_priority,
    )


def local_day(at: Instant, zone: tzinfo) -> date:
    """The day of the site's calendar in which this instant falls; it numbers the dossier."""
    return as_datetime(at).astimezone(zone).date()
