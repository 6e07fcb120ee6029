"""The site's rights of routes (``droits.toml``): which roles may ask for what, group by group, with exceptions by name. Pure.

This table says who may knock at a route. What of the voice somebody may hear is the other table's (``acces.toml``), and each of
those refusals is in the log of accesses.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from cti.access.reading import Reading
from cti.journey.around.access import SCREENS, SITE, AccessRole

#: Whoever asks, with neither account nor token.
PUBLIC: Final = "public"
#: Every word that a list of this table may hold, besides the names of sets.
WORDS: Final = (*(role.value for role in AccessRole), SITE, PUBLIC)
_READ, _ACT, _SETS = "lire", "agir", "ensembles"


class Route(Protocol):
    """One operation of the service."""

    @property
    def name(self) -> str:
        """Its operationId."""
        ...

    @property
    def tag(self) -> str:
        """The group that it is of."""
        ...

    @property
    def method(self) -> str:
        """How it is asked for."""
        ...

    @property
    def guarded(self) -> bool:
        """Whether somebody known must ask."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One section; None where it says nothing."""

    reads: frozenset[str] | None = None
    acts: frozenset[str] | None = None
    routes: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRights:
    """``droits.toml``."""

    groups: Mapping[str, Group]
    file: str = "droits.toml"

    def of(self, route: Route) -> frozenset[str] | None:
        """Who may ask for this route; None: no row speaks of it, and nobody may."""
        group = self.groups.get(route.tag)
        if group is None:
            return None
        return group.routes.get(route.name, group.reads if route.method == "GET" else group.acts)

    def faults(self, routes: Iterable[Route]) -> Iterator[str]:
        """What is wrong with the table for a service that has these routes: a line each."""
        known = list(routes)
        for route in known:
            allowed = self.of(route)
            place = f'{self.file}: ["{route.tag}"] {route.name}'
            if allowed is None:
                row = _READ if route.method == "GET" else _ACT
                yield f"{place}: no row: neither {row!r} nor its name: nobody may ask for this route"
            elif (PUBLIC in allowed) is route.guarded:
                yield f"{place}: {'may not be' if route.guarded else 'is and must be told'} {PUBLIC!r}"
            elif SCREENS & allowed and route.method not in ("GET", "DELETE"):
                yield f"{place}: a screen is nobody: it may only read and leave"
        tags, names = {route.tag for route in known}, {(route.tag, route.name) for route in known}
        for tag, group in self.groups.items():
            if tag not in tags:
                yield f'{self.file}: ["{tag}"]: the service has no such group of routes'
                continue
            for name in group.routes:
                if (tag, name) not in names:
                    yield f'{self.file}: ["{tag}"] {name}: the service has no such route in this group'


def from_mapping(data: Mapping[str, object], file: str) -> RouteRights:
    """Read a parsed ``droits.toml``.

    Raises:
        AccessConfigError: with every fault of the file.
    """
    reading = Reading(file)
    told = data.get(_SETS, {})
    if not isinstance(told, Mapping):
        reading.fault(_SETS, "a table of lists is expected")
        told = {}
    sets: dict[str, frozenset[str]] = {}
    for name, words in told.items():
        if name in WORDS:
            reading.fault(f"[{_SETS}] {name}", "a role has this name already")
        sets[name] = _words(reading, f"[{_SETS}] {name}", words, {})
    groups = {tag: _group(reading, tag, table, sets) for tag, table in data.items() if tag != _SETS}
    if not groups:
        reading.fault("(file)", "at least one group of routes is expected")
    reading.done()
    return RouteRights(groups=groups, file=file)


def _group(reading: Reading, tag: str, table: object, sets: Mapping[str, frozenset[str]]) -> Group:
    if not isinstance(table, Mapping):
        reading.fault(f'["{tag}"]', "a group of routes is expected")
        return Group()
    rows = {name: _words(reading, f'["{tag}"] {name}', words, sets) for name, words in table.items()}
    return Group(reads=rows.pop(_READ, None), acts=rows.pop(_ACT, None), routes=rows)


def _words(reading: Reading, place: str, words: object, sets: Mapping[str, frozenset[str]]) -> frozenset[str]:
    if not isinstance(words, list):
        reading.fault(place, f"a list of {', '.join((*WORDS, *sets))} is expected")
        return frozenset()
    found: set[str] = set()
    for word in words:
        if isinstance(word, str) and word in sets:
            found |= sets[word]
        elif isinstance(word, str) and word in WORDS:
            found.add(word)
        else:
            reading.fault(place, f"one of {', '.join((*WORDS, *sets))} is expected, not {word!r}")
    return frozenset(found)
