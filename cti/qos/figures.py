"""What a figure is, and the list of those that can be asked for.

A figure never travels alone: beside its value stand the two counts it was made of, its formula in words, the text it comes
from, the rule it was computed by, how many of its calls are uncertain and which calls it left out. ``value`` is None when the
denominator is empty: "non calculable", which is neither 0 nor 100 %.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

_GUIDE: Final = "Guide de déploiement du SAS 2022, fiche 8 (annexe 3 de l'instruction DGOS)"
_HOUSE: Final = "Indicateur complémentaire, hors texte"


class FigureUnit(StrEnum):
    """How a value is to be read."""

    APPELS = "appels"
    RATIO = "ratio"  #: between 0 and 1, printed in %
    MS = "ms"
    NUMEROS = "numéros"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure and all that is needed to defend it."""

    code: str
    libelle: str
    value: float | None  #: None: not computable
    numerator: int | None
    denominator: int | None
    unit: FigureUnit
    formula: str
    reference: str
    uncertain: int = 0  #: calls in this figure of whose story a part is not known by any witness
    excluded: Mapping[str, int] = field(default_factory=dict)  #: why -> how many calls it left out
    rule_version: str = ""
    objectif: float | None = None  #: the target on the last day of the period

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "code": self.code,
            "libelle": self.libelle,
            "value": self.value,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "unit": self.unit,
            "formula": self.formula,
            "reference": self.reference,
            "uncertain": self.uncertain,
            "excluded": dict(self.excluded),
            "rule_version": self.rule_version,
            "objectif": self.objectif,
        }


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure is called, how it reads and where it comes from."""

    libelle: str
    unit: FigureUnit
    reference: str = _HOUSE


_N, _R, _MS = FigureUnit.APPELS, FigureUnit.RATIO, FigureUnit.MS

#: Every figure, in the order in which they are shown.
DEFINITIONS: Final[Mapping[str, Definition]] = {
    "entrants": Definition("Appels entrants", _N, f"{_GUIDE}, 1.2"),
    "decroches": Definition("Appels décrochés", _N, f"{_GUIDE}, 1.1"),
    "taux_accueil": Definition("Taux d'accueil", _R, f"{_GUIDE}, 1.2"),
    "qs30": Definition("Qualité de service 30 s", _R, f"{_GUIDE}, 1.3"),
    "qs30_entrants": Definition("QS30* sur les entrants", _R),
    "qs60": Definition("Qualité de service 60 s", _R, "Recommandation SUdF : 99 % des appels décrochés en une minute"),
    "taux_decroche": Definition("Taux de décroché sans exclusion", _R, "SAE : décrochés / présentés, abandons courts compris"),
    "asterisk_sl2": Definition("Niveau de service SL2 d'Asterisk", _R, "app_queue : issue dans le délai / toutes issues"),
    "abandons": Definition("Appels abandonnés", _N),
    "abandons_courts": Definition("dont avant le seuil d'abandon court", _N, f"{_GUIDE}, 1.2"),
    "abandons_accueil": Definition("dont pendant le message d'accueil", _N),
    "abandons_file": Definition("dont en file d'attente", _N),
    "abandons_sonnerie": Definition("dont pendant la sonnerie d'un poste", _N),
    "attente_moyenne": Definition("Attente avant décroché, moyenne", _MS),
    "attente_mediane": Definition("Attente avant décroché, médiane", _MS),
    "attente_p90": Definition("Attente avant décroché, 90e centile", _MS),
    "attente_p95": Definition("Attente avant décroché, 95e centile", _MS),
    "attente_p99": Definition("Attente avant décroché, 99e centile", _MS),
    "attente_max": Definition("Attente avant décroché, maximum", _MS),
    "duree_arm_front": Definition("Durée moyenne, ARM de front office", _MS, f"{_GUIDE}, 2.A.8"),
    "duree_arm_amu": Definition("Durée moyenne, ARM AMU", _MS),
    "duree_osnp": Definition("Durée moyenne, OSNP", _MS, f"{_GUIDE}, 2.A.9"),
    "duree_mrl": Definition("Durée moyenne, médecin régulateur libéral", _MS, f"{_GUIDE}, 2.A.10"),
    "duree_mrh": Definition("Durée moyenne, médecin régulateur hospitalier", _MS, f"{_GUIDE}, 2.A.11"),
    "perdus_n2": Definition("Raccrochés en attente du niveau 2, à rappeler", _N),
    "conversations_courtes": Definition("Décrochés puis raccrochés aussitôt", _N),
    "appelants_distincts": Definition("Numéros d'appelants distincts", FigureUnit.NUMEROS),
    "tentatives_repetees": Definition("Appels d'un numéro déjà venu", _N),
    "sans_numero": Definition("Appels sans numéro (masqué ou sans carte SIM)", _N),
    "en_attente": Definition("En attente d'un premier décroché", _N),
    "en_cours": Definition("Appels encore en ligne", _N),
    "refuses": Definition("Appels refusés (saturation, amont)", _N),
    "tests": Definition("Appels de test, dans aucun autre indicateur", _N),
    "incertains": Definition("Appels incertains", _N),
    "issue_inconnue": Definition("dont l'issue n'est pas connue", _N),
    "delai_inconnu": Definition("Décrochés dont le délai n'est pas connu", _N),
}

#: What a profile shows when it names no list: all but what serves only to explain another system.
USUAL: Final = tuple(code for code in DEFINITIONS if not code.startswith("asterisk_"))
#: Who answers, as fiche 8 names them, by the figure of their talk time.
ROLES: Final[Mapping[str, str]] = {
    code.removeprefix("duree_"): definition.libelle.removeprefix("Durée moyenne, ")
    for code, definition in DEFINITIONS.items()
    if code.startswith("duree_")
}
