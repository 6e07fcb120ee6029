"""The national words a dossier starts with (SAMU-Hub-Modeles nomenclatures; reference: domain facts 4.4, 5.2).

Telephony knows only where a call came from and whom it reached; the class and the true priority are the ARM's act.
"""

from enum import StrEnum


class Origin(StrEnum):
    """Where a call came from: ``qualification.origin`` of the national messages."""

    N15 = "15"
    N116117 = "116117"
    N112 = "112"
    N115 = "115"
    AUTOCOM = "AUTOCOM"  #: through the hospital's exchange
    CRRA = "CRRA"
    AUTREC15 = "AUTREC15"  #: another SAMU
    CTA_CONF = "CTA-CONF"  #: fire service, caller in conference
    CTA_PI = "CTA-PI"  #: fire service, information passed on
    AUTRECTA = "AUTRECTA"  #: fire service of another county
    CNR = "CNR"  #: relay of the 114
    FDO = "FDO"
    SNATED = "SNATED"
    PDSSOS = "PDSSOS"  #: SOS Médecins and the like
    TELASSIST = "TELASSIST"
    CROSS = "CROSS"
    PUBLIC = "PUBLIC"
    DATA = "DATA"  #: eCall and other machines
    AUTRE = "AUTRE"


class Perimeter(StrEnum):
    """The pathway a dossier belongs to, known once the caller reached a filière of that pathway."""

    AMU = "AMU"
    SNP = "SNP"
    NEONAT = "NEONAT"
    PSY = "PSY"


class Priority(StrEnum):
    """Priority of regulation; ``P2`` until the ARM says otherwise."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    NR = "NR"


#: Class of a dossier that nobody has classified yet: neither DR nor DRM, so it counts as neither.
UNCLASSIFIED = "D"
#: State of a dossier that is being worked on.
ACTIVE = "ACTIF"
