"""The regulation software of another maker: the national banner contract (ANS, DST SI-SAMU/LRM 1.2), our side of it.

The roles. At the décroché we send *Appel entrant*; the regulation software creates or finds its own dossier and only later,
perhaps never, perhaps after the hang-up, tells its number by *Corrélation* (``cti.dossier.correlation``). When a transferred call
is answered we send *Afficher dossier* with that number. Acknowledgements are technical: 200 and 202 mean the same, 400 and 403
will not get better by asking again, 404 means that the agent is not logged in over there, 500 may be tried again.

Here stand the messages, built and checked against ``swagger-lrm.json``, and the port. To come: the HTTPS client with mutual TLS
(IGC-Santé certificates) that implements the port, the small server for *Corrélation* and click-to-call, and the outbox rows that
carry the messages. Until then our own registry numbers every dossier, and stays in use beside the other number afterwards.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote

from cti.journey import FiliereCode, Journey

ID_CRRA: Final = re.compile(r"FR[0-9][0-9AB]{2}")
#: Flux, salle and priority are the parts of ``idFlux``, joined by hyphens, so they hold none.
FLUX_PART: Final = re.compile(r"[A-Za-z0-9]+")
NUM_TEL: Final = re.compile(r"([#+*]|37000)?[0-9]{2,15}")
MASKED: Final = "***"
ID_APPEL_MAX: Final = 64
ID_FLUX_MAX: Final = 32
ID_NAT_PS_MAX: Final = 32
ID_DOSSIER_MAX: Final = 25
FRONT_OFFICE: Final = "F01"
#: Second level: its flux is always written ``FluxStd``.
SECOND_OFFICE: Final = "F02"


class NotTellable(ValueError):
    """A message cannot be written within the contract; asking again will not help."""


class ExternalUnavailable(Exception):
    """The regulation software did not acknowledge: try again."""


class ExternalRefused(Exception):
    """The regulation software refuses this message for good (400, 403) or does not know the agent (404)."""


@dataclass(frozen=True, slots=True)
class Salle:
    """One waiting room as the national contract names it."""

    name: str  #: 15, Samu, CoordAmb... or ML, MU, MUCrise, T2
    office: str = FRONT_OFFICE
    priority: str = "Px"  #: Px or UV at the front office, P0 to P3 behind it


@dataclass(frozen=True, slots=True)
class ExternalRules:
    """How this site names itself and its waiting rooms to the regulation software."""

    id_crra: str
    default_salle: Salle
    salles: Mapping[FiliereCode, Salle]
    #: Flux of known numbers (ambulance reports, fire service): shown, no dossier searched or created.
    not_executed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Message:
    """One POST of the contract: where to, under the regulation software's base path, and what."""

    path: str
    body: Mapping[str, Any]


class ExternalRegulation(Protocol):
    """The other maker's regulation software, as we talk to it."""

    async def tell(self, message: Message) -> None:
        """Deliver one message; harmless when repeated (``idAppel`` is stable for the whole call).

        Raises:
            ExternalUnavailable: no acknowledgement in time, or 500.
            ExternalRefused: 400, 403 or 404.
        """


def incoming_call(journey: Journey, filiere: FiliereCode, id_nat_ps: str, rules: ExternalRules) -> Message:
    """*Appel entrant*: this agent has just picked up this caller.

    Raises:
        NotTellable: an identifier does not fit the contract.
    """
    body: dict[str, Any] = {
        "idAppel": _id_appel(journey),
        "idFlux": id_flux(journey.flux, filiere, rules),
        "numTel": num_tel(journey.caller),
    }
    if journey.flux in rules.not_executed:
        body["nePasExecuter"] = True
    return Message(f"/v1/cti/{_id_crra(rules)}/agents/{quote(_id_nat_ps(id_nat_ps), safe='')}/calls", body)


def show_dossier(journey: Journey, id_dossier: str, id_nat_ps: str, rules: ExternalRules) -> Message:
    """*Afficher dossier*: a transferred call was answered, its dossier must open on this agent's screen.

    Raises:
        NotTellable: an identifier does not fit the contract.
    """
    if not 1 <= len(id_dossier) <= ID_DOSSIER_MAX:
        raise NotTellable(f"idDossier {id_dossier[:40]!r} is not 1 to {ID_DOSSIER_MAX} characters long")
    body = {"idNatPs": _id_nat_ps(id_nat_ps), "idAppel": _id_appel(journey), "numTel": num_tel(journey.caller)}
    return Message(f"/v1/cti/{_id_crra(rules)}/dossiers/{quote(id_dossier, safe='')}", body)


def id_flux(flux: str, filiere: FiliereCode, rules: ExternalRules) -> str:
    """``{CRRA}-{flux}-{salle}-{prio}-{fo}``, as in ``FR090-FluxStd-MU-P0-F02``.

    Raises:
        NotTellable: longer than 32 characters, or the flux holds a hyphen.
    """
    salle = rules.salles.get(filiere, rules.default_salle)
    line = "FluxStd" if salle.office == SECOND_OFFICE else flux
    if not FLUX_PART.fullmatch(line):
        raise NotTellable(f"flux {line[:40]!r} does not match {FLUX_PART.pattern}")
    text = f"{_id_crra(rules)}-{line}-{salle.name}-{salle.priority}-{salle.office}"
    if len(text) > ID_FLUX_MAX:
        raise NotTellable(f"idFlux {text!r} is longer than {ID_FLUX_MAX} characters")
    return text


def num_tel(caller: str | None) -> str:
    """The caller's number, or ``***`` when it is masked or cannot be written in the contract's form."""
    return caller if caller and NUM_TEL.fullmatch(caller) else MASKED


def _id_crra(rules: ExternalRules) -> str:
    if not ID_CRRA.fullmatch(rules.id_crra):
        raise NotTellable(f"idCrra {rules.id_crra!r} does not match {ID_CRRA.pattern}")
    return rules.id_crra


def _id_nat_ps(id_nat_ps: str) -> str:
    # The contract's two files disagree on the minimum (0 and 1); an empty one names nobody.
    if not 1 <= len(id_nat_ps) <= ID_NAT_PS_MAX:
        raise NotTellable(f"idNatPs {id_nat_ps[:40]!r} is not 1 to {ID_NAT_PS_MAX} characters long")
    return id_nat_ps


def _id_appel(journey: Journey) -> str:
    if not 1 <= len(journey.call_id) <= ID_APPEL_MAX:
        raise NotTellable(f"idAppel {journey.call_id[:40]!r} is not 1 to {ID_APPEL_MAX} characters long")
    return journey.call_id
