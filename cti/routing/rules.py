"""The site's files of rules, read together so that every fault of all of them is told at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from cti.routing import crise, filieres, flux, horaires
from cti.routing.plan import RoutingRules
from cti.routing.reading import Problem, RoutingConfigError

_Table = TypeVar("_Table")


@dataclass(frozen=True, slots=True)
class Source:
    """One file, already parsed: its name, for the messages, and what it holds."""

    file: str
    data: Mapping[str, object]


_NO_CRISE = Source("crise.toml", {})


def read_rules(filieres_from: Source, flux_from: Source, horaires_from: Source, crise_from: Source = _NO_CRISE) -> RoutingRules:
    """Read and check the rules of the site.

    A file that rests on a faulty one is checked against the names that the faulty one declares: causes are told, not
    their consequences.

    Raises:
        RoutingConfigError: with every fault of the files.
    """
    problems: list[Problem] = []
    hours = _attempt(problems, lambda: horaires.from_mapping(horaires_from.data, horaires_from.file))
    by_hours = hours.by_code if hours else _assumed_hours(horaires_from)
    table = _attempt(problems, lambda: filieres.from_mapping(filieres_from.data, filieres_from.file, by_hours))
    codes = table.by_code.keys() if table else _declared(filieres_from, "filieres")
    lines = _attempt(problems, lambda: flux.from_mapping(flux_from.data, flux_from.file, codes))
    names = lines.by_code.keys() if lines else _declared(flux_from, "flux")
    crisis = _attempt(problems, lambda: crise.from_mapping(crise_from.data, crise_from.file, codes, names))
    if hours is None or table is None or lines is None or crisis is None:
        raise RoutingConfigError(tuple(problems))
    return RoutingRules(table, lines, hours.zone, crisis)


def _attempt(problems: list[Problem], read: Callable[[], _Table]) -> _Table | None:
    try:
        return read()
    except RoutingConfigError as error:
        problems.extend(error.problems)
        return None


def _declared(source: Source, name: str) -> frozenset[str]:
    blocks = source.data.get(name)
    return frozenset(blocks) if isinstance(blocks, Mapping) else frozenset()


def _assumed_hours(source: Source) -> dict[str, horaires.Horaires]:
    """Hours around the clock for each declared name: they raise no fault of their own."""
    always = (horaires.Plage(0, horaires.DAY_MINUTES),)
    return {code: horaires.Horaires(code, (always,) * 7) for code in _declared(source, "horaires")}
