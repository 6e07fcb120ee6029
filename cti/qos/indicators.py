"""The indicators: one function each, from what was counted to a figure that can be defended.

A rate is always written as "of these calls, among those", both as marks, so that its numerator is part of its denominator and it
stays between 0 and 1. An empty denominator gives None. Durations are compared and added as whole milliseconds; percentiles are
the nearest rank, a wait that a caller really had.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Final, TypeAlias

from cti.qos.figures import DEFINITIONS, ROLES, Figure
from cti.qos.profiles import Profile, Regulation
from cti.qos.rules import NoValueYet
from cti.qos.tally import LEFT_OUT, Mark, Marks, Tally

#: Calls whose issue is still open or not known: in no rate over entrants.
_UNDECIDED: Final = (Mark.EN_ATTENTE, Mark.ISSUE_INCONNUE)


@dataclass(frozen=True, slots=True)
class Basis:
    """What the figures of one group of calls are computed from."""

    profile: Profile
    regulation: Regulation
    first_day: date
    last_day: date
    tally: Tally
    marks: Counter[Marks]
    waits: tuple[int, ...]  #: sorted

    @classmethod
    def of(cls, tally: Tally, profile: Profile, regulation: Regulation, first_day: date, last_day: date) -> "Basis":
        """The basis of one tally."""
        return cls(profile, regulation, first_day, last_day, tally, tally.by_marks(), tuple(sorted(tally.waits)))

    def count(self, having: tuple[Mark, ...], without: tuple[Mark, ...] = ()) -> int:
        """How many calls have all the first marks and none of the others."""
        return sum(n for marks, n in self.marks.items() if marks.issuperset(having) and marks.isdisjoint(without))

    def left_out(self, having: tuple[Mark, ...] = (), *reasons: Mark) -> dict[str, int]:
        """The calls left out by the profile, and those that this figure leaves out, by reason; only those that exist."""
        found = {mark.value: self.count((mark,)) for mark in LEFT_OUT if mark is not Mark.HORS_PERIODE}
        found |= {reason.value: self.count((*having, reason)) for reason in reasons}
        return {reason: count for reason, count in found.items() if count}

    def versions(self, *rules: str) -> str:
        """The version of the file, and the dated values that were used."""
        used = [text for code in rules for text in self.regulation.rules[code].versions(self.first_day, self.last_day)]
        return " ; ".join((self.regulation.version, *used))

    def within(self, rule: str) -> str:
        """``< 30 s``, or ``< 30 s puis 20 s`` when the value changed during the period."""
        dated = self.regulation.rules[rule]
        first = int(dated.on(self.first_day))
        later = [int(value) for since, value in dated.values if self.first_day < since <= self.last_day]
        return f"{self.profile.sign} " + " puis ".join(f"{value / 1000:g} s".replace(".", ",") for value in (first, *later))

    def target(self, code: str) -> float | None:
        """The target of the last day, if there is one by then."""
        rule = self.regulation.rules.get(f"objectif_{code}")
        try:
            return None if rule is None else float(rule.on(self.last_day))
        except NoValueYet:
            return None


Indicator: TypeAlias = Callable[[Basis], Figure]


def _figure(
    basis: Basis,
    code: str,
    formula: str,
    parts: tuple[float | None, int | None, int | None],
    *,
    uncertain: int,
    excluded: Mapping[str, int],
    rules: tuple[str, ...] = (),
) -> Figure:
    definition = DEFINITIONS[code]
    return Figure(
        code=code,
        libelle=definition.libelle,
        value=parts[0],
        numerator=parts[1],
        denominator=parts[2],
        unit=definition.unit,
        formula=formula,
        reference=definition.reference,
        uncertain=uncertain,
        excluded=MappingProxyType(dict(excluded)),
        rule_version=basis.versions(*rules),
        objectif=basis.target(code),
    )


def _number(
    basis: Basis, code: str, formula: str, *having: Mark, reasons: tuple[Mark, ...] = (), rules: tuple[str, ...] = ()
) -> Figure:
    count = basis.count(having)
    return _figure(
        basis,
        code,
        formula,
        (count, count, None),
        uncertain=basis.count((*having, Mark.INCERTAIN)),
        excluded=basis.left_out((), *reasons),
        rules=rules,
    )


def _rate(
    basis: Basis,
    code: str,
    formula: str,
    *,
    of: Mark,
    among: Mark,
    without: tuple[Mark, ...],
    rules: tuple[str, ...] = (),
) -> Figure:
    numerator, denominator = basis.count((among, of), without), basis.count((among,), without)
    return _figure(
        basis,
        code,
        formula,
        (numerator / denominator if denominator else None, numerator, denominator),
        uncertain=basis.count((among, Mark.INCERTAIN), without),
        excluded=basis.left_out((among,), *without),
        rules=rules,
    )


def _short(basis: Basis) -> tuple[tuple[Mark, ...], str, tuple[str, ...]]:
    """What the profile takes out of the entrants: marks, words, rules."""
    if not basis.profile.short_abandons_excluded:
        return (), "entrants", ()
    words = f"(entrants − abandonnés {basis.within('seuil_abandon_court')})"
    return (Mark.ABANDON_COURT, Mark.DUREE_INCONNUE), words, ("seuil_abandon_court",)


# --- how well we answer ----------------------------------------------------------------------------------------------


def entrants(basis: Basis) -> Figure:
    """Every call that arrived, repeats included; those turned away only when the profile says so."""
    refused = " + refusés" if basis.profile.refused_counted else ""
    formula = f"décrochés + abandonnés + en attente + issue inconnue{refused}"
    reasons = () if basis.profile.refused_counted else (Mark.REFUSE,)
    return _number(basis, "entrants", formula, Mark.ENTRANT, reasons=reasons)


def decroches(basis: Basis) -> Figure:
    """Calls that a first human picked up."""
    return _number(
        basis, "decroches", "entrants dont un premier humain a décroché", Mark.DECROCHE, reasons=(Mark.ISSUE_INCONNUE,)
    )


def taux_accueil(basis: Basis) -> Figure:
    """Fiche 8, 1.2: décrochés over entrants less the short abandons."""
    short, words, rules = _short(basis)
    formula = f"décrochés / {words}"
    without = (*short, *_UNDECIDED)
    return _rate(basis, "taux_accueil", formula, of=Mark.DECROCHE, among=Mark.ENTRANT, without=without, rules=rules)


def qs30(basis: Basis) -> Figure:
    """Fiche 8, 1.3: the denominator is the décrochés alone, so abandons never lower it."""
    formula = f"décrochés {basis.within('seuil_qs30')} / décrochés"
    without = (Mark.DELAI_INCONNU,)
    return _rate(basis, "qs30", formula, of=Mark.DANS_QS30, among=Mark.DECROCHE, without=without, rules=("seuil_qs30",))


def qs30_entrants(basis: Basis) -> Figure:
    """The complement of QS30 that abandons do lower."""
    short, words, rules = _short(basis)
    return _rate(
        basis,
        "qs30_entrants",
        f"décrochés {basis.within('seuil_qs30')} / {words}",
        of=Mark.DANS_QS30,
        among=Mark.ENTRANT,
        without=(*short, *_UNDECIDED, Mark.DELAI_INCONNU),
        rules=("seuil_qs30", *rules),
    )


def qs60(basis: Basis) -> Figure:
    """As QS30, within one minute."""
    formula = f"décrochés {basis.within('seuil_qs60')} / décrochés"
    without = (Mark.DELAI_INCONNU,)
    return _rate(basis, "qs60", formula, of=Mark.DANS_QS60, among=Mark.DECROCHE, without=without, rules=("seuil_qs60",))


def taux_decroche(basis: Basis) -> Figure:
    """SAE: décrochés over all calls presented, short abandons included."""
    formula = "décrochés / entrants, sans exclusion d'abandons courts"
    return _rate(basis, "taux_decroche", formula, of=Mark.DECROCHE, among=Mark.ENTRANT, without=_UNDECIDED)


def asterisk_sl2(basis: Basis) -> Figure:
    """``SL2`` of app_queue, which rewards short abandons; only to explain differences."""
    within = basis.within("seuil_qs30")
    return _rate(
        basis,
        "asterisk_sl2",
        f"(décrochés {within} + abandonnés {within}) / (décrochés + abandonnés)",
        of=Mark.ISSUE_DANS_QS30,
        among=Mark.ENTRANT,
        without=(*_UNDECIDED, Mark.DELAI_INCONNU, Mark.DUREE_INCONNUE, Mark.REFUSE),
        rules=("seuil_qs30",),
    )


# --- those who left --------------------------------------------------------------------------------------------------


def abandons_courts(basis: Basis) -> Figure:
    """Abandons too short to be counted against the centre."""
    formula = f"abandonnés {basis.within('seuil_abandon_court')} après le début de l'attente"
    reasons, rules = (Mark.ISSUE_INCONNUE, Mark.DUREE_INCONNUE), ("seuil_abandon_court",)
    return _number(basis, "abandons_courts", formula, Mark.ABANDON, Mark.ABANDON_COURT, reasons=reasons, rules=rules)


def conversations_courtes(basis: Basis) -> Figure:
    """Answered and released: in a crisis this inflates QS30."""
    formula = f"décrochés dont toute la conversation dure {basis.within('seuil_conversation_courte')}"
    rules = ("seuil_conversation_courte",)
    return _number(basis, "conversations_courtes", formula, Mark.CONVERSATION_COURTE, rules=rules)


def _simple(code: str, formula: str, *having: Mark, reasons: tuple[Mark, ...] = ()) -> Indicator:
    """A plain number of calls."""
    return lambda basis: _number(basis, code, formula, *having, reasons=reasons)


# --- waits and talks -------------------------------------------------------------------------------------------------


def _wait(basis: Basis, code: str, formula: str, parts: tuple[float | None, int | None]) -> Figure:
    return _figure(
        basis,
        code,
        formula,
        (*parts, len(basis.waits)),
        uncertain=basis.count((Mark.DECROCHE, Mark.INCERTAIN), (Mark.DELAI_INCONNU,)),
        excluded=basis.left_out((Mark.DECROCHE,), Mark.DELAI_INCONNU),
    )


def attente_moyenne(basis: Basis) -> Figure:
    """Mean wait of those who were answered."""
    total = sum(basis.waits)
    mean = total / len(basis.waits) if basis.waits else None
    return _wait(basis, "attente_moyenne", "somme des attentes / décrochés", (mean, total))


def attente_centile(basis: Basis, code: str, percent: int) -> Figure:
    """The wait within which so many of the answered callers were answered."""
    formula = f"attente de rang ⌈{percent} % × décrochés⌉ par ordre croissant"
    return _wait(basis, code, formula, (nearest_rank(basis.waits, percent), None))


def nearest_rank(ordered: tuple[int, ...], percent: int) -> int | None:
    """The smallest value that at least so many percent of the values do not exceed; None when there are none."""
    return ordered[max(1, -(-len(ordered) * percent // 100)) - 1] if ordered else None


def duree_role(basis: Basis, role: str) -> Figure:
    """Fiche 8, 2.A.8 to 11: mean talk of those who answered in the filières of one role, transfers counted once each."""
    filieres = basis.regulation.roles[role]
    stages = [basis.tally.stages[filiere] for filiere in filieres if filiere in basis.tally.stages]
    total, talks = sum(s.talk_total_ms for s in stages), sum(s.talks for s in stages)
    return _figure(
        basis,
        f"duree_{role}",
        f"durée totale / prises en charge terminées ({', '.join(filieres)})",
        (total / talks if talks else None, total, talks),
        uncertain=sum(s.talks_uncertain for s in stages),
        excluded=basis.left_out(),
    )


# --- who called ------------------------------------------------------------------------------------------------------


def appelants_distincts(basis: Basis) -> Figure:
    """Different numbers among the entrants; masked callers cannot be told apart and are left out."""
    return _callers(basis, "appelants_distincts", "numéros différents parmi les entrants", len(basis.tally.callers))


def tentatives_repetees(basis: Basis) -> Figure:
    """Calls that came from a number already seen in the period: each is an entrant all the same."""
    repeats = basis.tally.callers.total() - len(basis.tally.callers)
    return _callers(basis, "tentatives_repetees", "entrants avec numéro − numéros différents", repeats)


def _callers(basis: Basis, code: str, formula: str, count: int) -> Figure:
    known_uncertain = basis.count((Mark.ENTRANT, Mark.INCERTAIN), (Mark.SANS_NUMERO,))
    excluded = basis.left_out((Mark.ENTRANT,), Mark.SANS_NUMERO)
    return _figure(basis, code, formula, (count, count, None), uncertain=known_uncertain, excluded=excluded)


#: Every indicator by its code: this table is the list of what can be measured.
INDICATORS: Final[Mapping[str, Indicator]] = MappingProxyType(
    {
        "entrants": entrants,
        "decroches": decroches,
        "taux_accueil": taux_accueil,
        "qs30": qs30,
        "qs30_entrants": qs30_entrants,
        "qs60": qs60,
        "taux_decroche": taux_decroche,
        "asterisk_sl2": asterisk_sl2,
        "abandons": _simple("abandons", "entrants raccrochés sans décroché", Mark.ABANDON, reasons=(Mark.ISSUE_INCONNUE,)),
        "abandons_courts": abandons_courts,
        "abandons_accueil": _simple("abandons_accueil", "abandonnés avant toute file", Mark.ABANDON_ACCUEIL),
        "abandons_file": _simple("abandons_file", "abandonnés en file, aucun poste ne sonnant", Mark.ABANDON_FILE),
        "abandons_sonnerie": _simple("abandons_sonnerie", "abandonnés pendant qu'un poste sonnait", Mark.ABANDON_SONNERIE),
        "attente_moyenne": attente_moyenne,
        "attente_mediane": partial(attente_centile, code="attente_mediane", percent=50),
        "attente_p90": partial(attente_centile, code="attente_p90", percent=90),
        "attente_p95": partial(attente_centile, code="attente_p95", percent=95),
        "attente_p99": partial(attente_centile, code="attente_p99", percent=99),
        "attente_max": partial(attente_centile, code="attente_max", percent=100),
        **{f"duree_{role}": partial(duree_role, role=role) for role in ROLES},
        "perdus_n2": _simple("perdus_n2", "décrochés puis raccrochés dans une file suivante", Mark.PERDU_N2),
        "conversations_courtes": conversations_courtes,
        "appelants_distincts": appelants_distincts,
        "tentatives_repetees": tentatives_repetees,
        "sans_numero": _simple("sans_numero", "entrants sans numéro d'appelant", Mark.ENTRANT, Mark.SANS_NUMERO),
        "en_attente": _simple("en_attente", "entrants ni décrochés ni raccrochés", Mark.EN_ATTENTE),
        "en_cours": _simple("en_cours", "entrants non raccrochés", Mark.EN_COURS),
        "refuses": _simple("refuses", "écartés par l'autocommutateur ou le réseau avant toute file", Mark.REFUSE),
        "tests": _simple("tests", "appels des lignes de test", Mark.TEST),
        "incertains": _simple("incertains", "appels dont une partie n'a été vue par aucun témoin", Mark.INCERTAIN),
        "issue_inconnue": _simple("issue_inconnue", "incertains raccrochés sans décroché observé", Mark.ISSUE_INCONNUE),
        "delai_inconnu": _simple("delai_inconnu", "décrochés dont l'attente n'est pas mesurable", Mark.DELAI_INCONNU),
    }
)


def measure(basis: Basis, codes: tuple[str, ...]) -> tuple[Figure, ...]:
    """The figures asked for, in that order."""
    return tuple(INDICATORS[code](basis) for code in codes)
