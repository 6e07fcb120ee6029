"""The site's ``dossier.toml``, read and checked: every fault names file, block and field, and all are told at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from cti.dossier.external import FLUX_PART, FRONT_OFFICE, ID_CRRA, SECOND_OFFICE, ExternalRules, Salle
from cti.dossier.opening import OpeningRules
from cti.dossier.words import Origin, Perimeter, Priority

#: Priorities of the contract's waiting rooms, by office.
_SALLE_PRIORITIES: Final = {FRONT_OFFICE: ("Px", "UV"), SECOND_OFFICE: ("P0", "P1", "P2", "P3")}
#: A deadline under this is no deadline but a refusal; one over it would keep a failing registry hidden (milliseconds).
_DEADLINE_MS: Final = (50, 60_000)

_Word = TypeVar("_Word", bound=StrEnum)


class DossierConfigError(ValueError):
    """The file cannot be used; ``problems`` holds one line per fault."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class DossierSettings:
    """How this site opens dossiers."""

    opening: OpeningRules = field(default_factory=OpeningRules)
    deadline_ms: int = 2000
    #: None when no other maker's regulation software is connected.
    external: ExternalRules | None = None

    @property
    def deadline_seconds(self) -> float:
        """The registry's deadline, as asyncio counts."""
        return self.deadline_ms / 1000


def from_mapping(data: Mapping[str, object], file: str) -> DossierSettings:
    """Read a parsed ``dossier.toml``; what is not there takes its default.

    Raises:
        DossierConfigError: with every fault of the file.
    """
    return _Reading(file).settings(data)


class _Reading:
    """One file being read; a wrong field is noted and the reading goes on."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[str] = []

    def settings(self, data: Mapping[str, object]) -> DossierSettings:
        self._only(data, "", ("delai_ms", "priorite_defaut", "origines", "perimetres", "externe"))
        opening = OpeningRules(
            origins=self._words(data, "origines", Origin),
            perimeters=self._words(data, "perimetres", Perimeter),
            default_priority=self._word("", "priorite_defaut", data.get("priorite_defaut", "P2"), Priority) or Priority.P2,
        )
        deadline_ms = self._deadline(data.get("delai_ms", 2000))
        external = self._external(self._table(data, "", "externe"))
        if self._problems:
            raise DossierConfigError(tuple(self._problems))
        return DossierSettings(opening, deadline_ms, external)

    def _external(self, table: Mapping[str, object]) -> ExternalRules | None:
        if not table:
            return None
        self._only(table, "externe", ("actif", "id_crra", "ne_pas_executer", "salle_par_defaut", "salles"))
        active = table.get("actif", False)
        if not isinstance(active, bool):
            self._fault("externe", "actif", f"true or false is expected, not {active!r}")
        salles = {
            code: self._salle(f"externe.salles.{code}", value) for code, value in self._table(table, "externe", "salles").items()
        }
        rules = ExternalRules(
            id_crra=self._text("externe", "id_crra", table.get("id_crra"), ID_CRRA),
            default_salle=self._salle("externe.salle_par_defaut", table.get("salle_par_defaut")),
            salles=MappingProxyType(salles),
            not_executed=self._flux_codes(table.get("ne_pas_executer", [])),
        )
        # Checked even when switched off, so that switching it on holds no surprise.
        return rules if active is True else None

    def _salle(self, block: str, value: object) -> Salle:
        if not isinstance(value, Mapping):
            self._fault(block, "(block)", "missing" if value is None else f"a table is expected, not {value!r}")
            return Salle("?")
        self._only(value, block, ("salle", "niveau", "priorite"))
        name = self._text(block, "salle", value.get("salle"), FLUX_PART)
        office = value.get("niveau", FRONT_OFFICE)
        if not isinstance(office, str) or office not in _SALLE_PRIORITIES:
            self._fault(block, "niveau", f"{office!r} is not one of {', '.join(_SALLE_PRIORITIES)}")
            return Salle(name)
        allowed = _SALLE_PRIORITIES[office]
        priority = value.get("priorite", "Px" if office == FRONT_OFFICE else "P2")
        if priority not in allowed:
            self._fault(block, "priorite", f"{priority!r} is not one of {', '.join(allowed)} at {office}")
            return Salle(name, office)
        return Salle(name, office, priority)

    def _flux_codes(self, value: object) -> frozenset[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self._fault("externe", "ne_pas_executer", f"a list of flux codes is expected, not {value!r}")
            return frozenset()
        return frozenset(value)

    def _deadline(self, value: object) -> int:
        low, high = _DEADLINE_MS
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self._fault("", "delai_ms", f"a whole number of milliseconds from {low} to {high} is expected, not {value!r}")
            return high
        return value

    def _words(self, data: Mapping[str, object], block: str, kind: type[_Word]) -> Mapping[str, _Word]:
        read = {code: self._word(block, code, value, kind) for code, value in self._table(data, "", block).items()}
        return MappingProxyType({code: word for code, word in read.items() if word is not None})

    def _word(self, block: str, name: str, value: object, kind: type[_Word]) -> _Word | None:
        for word in kind:
            if word.value == value:
                return word
        self._fault(block, name, f"{value!r} is not one of {', '.join(word.value for word in kind)}")
        return None

    def _text(self, block: str, name: str, value: object, pattern: re.Pattern[str]) -> str:
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        self._fault(block, name, "missing" if value is None else f"{value!r} does not match {pattern.pattern}")
        return "?"

    def _table(self, data: Mapping[str, object], block: str, name: str) -> Mapping[str, object]:
        value = data.get(name, {})
        if isinstance(value, Mapping):
            return value
        self._fault(block, name, f"a table is expected, not {value!r}")
        return {}

    def _only(self, table: Mapping[str, object], block: str, known: tuple[str, ...]) -> None:
        for name in table:
            if name not in known:
                self._fault(block, name, "unknown field")

    def _fault(self, block: str, name: str, message: str) -> None:
        where = f"[{block}] {name}" if block else name
        self._problems.append(f"{self._file}: {where}: {message}")
