"""How figures read in a terminal: French words, aligned columns, the formula beside the value.

Rounding happens here and nowhere else, and always downwards for a rate: 89.96 % is not shown as the target of 90 %.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cti.qos.figures import Figure, FigureUnit
from cti.qos.profiles import Clock, Comparison, Hours, Profile, Resolution

NOT_COMPUTABLE: Final = "non calculable"

_REASONS: Final[Mapping[str, str]] = {
    "test": "appels de test",
    "sortant": "appels sortants",
    "hors_plage": "hors plage horaire",
    "flux_non_public": "flux non publics",
    "hors_file": "jamais entrés en file",
    "arrivee_inconnue": "arrivée non observée",
    "abandon_court": "abandons courts",
    "duree_inconnue": "abandons de durée inconnue",
    "delai_inconnu": "délai inconnu",
    "issue_inconnue": "issue inconnue",
    "en_attente": "encore en attente",
    "refuse": "refusés",
    "sans_numero": "sans numéro",
}
_HOURS: Final = {Hours.SAS: "heures SAS (hors PDSA)", Hours.PDSA: "heures PDSA", Hours.ALL: "24 h sur 24"}
_CLOCKS: Final = {
    Clock.T0: "attente depuis l'arrivée de l'appel",
    Clock.AFTER_GREETING: "attente depuis la fin du message d'accueil",
    Clock.QUEUE: "attente depuis l'entrée en file",
}


def convention(profile: Profile) -> str:
    """The choices of a profile in words."""
    return ", ".join(
        (
            "flux publics" if profile.public_only else "tous les flux",
            _HOURS[profile.hours],
            _CLOCKS[profile.clock],
            "seuils stricts (<)" if profile.comparison is Comparison.STRICT else "seuils inclus (<=)",
            "à la milliseconde" if profile.resolution is Resolution.MS else "à la seconde entière, à une seconde près",
        )
    )


def reasons(excluded: Mapping[str, int]) -> str:
    """``appels de test : 3, hors plage horaire : 2``."""
    return ", ".join(f"{_REASONS[reason]} : {count}" for reason, count in excluded.items())


def ratio(value: float | None) -> str:
    """A rate in %, cut to one decimal."""
    if value is None:
        return NOT_COMPUTABLE
    # The nudge undoes binary fractions such as 0.07 * 1000 = 70.00000000000001 or 0.29 * 1000 = 289.99999999999994.
    tenths = int(value * 1000 + 1e-9)
    return f"{tenths // 10},{tenths % 10} %"


def duration(value_ms: float | None) -> str:
    """``4,2 s`` below a minute, ``3 min 05 s`` above; cut, never rounded up."""
    if value_ms is None:
        return "-"
    seconds, ms = divmod(int(value_ms), 1000)
    if seconds < 60:
        return f"{seconds},{ms // 100} s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {seconds % 60:02d} s"


def figures(shown: Iterable[Figure], note: str = "") -> Iterable[str]:
    """One line a figure: name, value, counts, formula and what it leaves out or cannot tell; ``note`` holds for all."""
    yield from table(("indicateur", "valeur", "compte", "formule"), [_row(figure, note) for figure in shown], left=(0, 3))


def _row(figure: Figure, note: str) -> tuple[str, str, str, str]:
    counts = "" if figure.denominator is None else str(figure.denominator)
    if figure.unit is FigureUnit.RATIO:
        counts = f"{figure.numerator} / {figure.denominator}"
    notes = []
    if figure.objectif is not None:
        notes.append(f"objectif {ratio(figure.objectif)}")
    if figure.uncertain:
        notes.append(f"dont {figure.uncertain} incertain(s)")
    own = {reason: count for reason, count in figure.excluded.items() if reason in _OWN_REASONS}
    if own:
        notes.append(f"sans {reasons(own)}")
    if note:
        notes.append(note)
    formula = figure.formula + (f" [{' ; '.join(notes)}]" if notes else "")
    return figure.libelle, _value(figure), counts, formula


#: Reasons that differ from figure to figure; the others are told once, at the head of the report.
_OWN_REASONS: Final = frozenset(
    {"abandon_court", "duree_inconnue", "delai_inconnu", "issue_inconnue", "en_attente", "refuse", "sans_numero"}
)


def _value(figure: Figure) -> str:
    if figure.value is None:
        return NOT_COMPUTABLE
    if figure.unit is FigureUnit.RATIO:
        return ratio(figure.value)
    return duration(figure.value) if figure.unit is FigureUnit.MS else f"{figure.value:.0f}"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> Iterable[str]:
    """Aligned columns: those in ``left`` to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        aligned = enumerate(zip(row, widths, strict=True))
        cells = (cell.ljust(width) if i in left else cell.rjust(width) for i, (cell, width) in aligned)
        yield "  ".join(cells).rstrip()
