"""*Corrélation*: the regulation software tells, late, which of its dossiers a call belongs to (DST SI-SAMU/LRM 1.2, PUT).

It may come seconds after the décroché, after the hang-up, several times, or never; without ``idAppel`` it concerns the call the
agent has now. Only what ties a call to a dossier is kept: names, addresses and patients in the message are shown at most and
never stored (the contract allows 24 h, display only).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cti.dossier.external import ID_APPEL_MAX, ID_CRRA, ID_DOSSIER_MAX, ID_NAT_PS_MAX
from cti.dossier.words import Priority
from cti.journey import CallId

_PRIORITY: Final = re.compile(r"P[0-3]|NR")


class BadCorrelation(ValueError):
    """The message breaks the contract (answer 400); every fault is named."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """One dossier number for one call."""

    id_dossier: str
    id_nat_ps: str
    call_id: CallId | None  #: None: the call this agent has now
    priority: Priority | None


def read_correlation(id_crra: str, id_dossier: str, body: Mapping[str, object]) -> Correlation:
    """Read the message; fields that we do not use are left alone.

    Raises:
        BadCorrelation: naming each field that breaks the contract.
    """
    faults: list[str] = []
    if not ID_CRRA.fullmatch(id_crra):
        faults.append(f"idCrra: {id_crra[:40]!r} does not match {ID_CRRA.pattern}")
    if not 1 <= len(id_dossier) <= ID_DOSSIER_MAX:
        faults.append(f"idDossier: 1 to {ID_DOSSIER_MAX} characters are expected")
    id_nat_ps = _text(body, "idNatPs", ID_NAT_PS_MAX, faults, required=True)
    call_id = _text(body, "idAppel", ID_APPEL_MAX, faults)
    priority = _text(body, "prioriteRegul", 2, faults)
    if priority and not _PRIORITY.fullmatch(priority):
        faults.append(f"prioriteRegul: {priority!r} does not match {_PRIORITY.pattern}")
    if faults:
        raise BadCorrelation("; ".join(faults))
    return Correlation(id_dossier, id_nat_ps, call_id or None, Priority(priority) if priority else None)


def _text(body: Mapping[str, object], name: str, longest: int, faults: list[str], *, required: bool = False) -> str:
    value = body.get(name)
    if value is None or value == "":
        if required:
            faults.append(f"{name}: missing")
        return ""
    if not isinstance(value, str):
        faults.append(f"{name}: a text is expected, not {type(value).__name__}")
        return ""
    if len(value) > longest:
        faults.append(f"{name}: longer than {longest} characters")
        return ""
    return value
