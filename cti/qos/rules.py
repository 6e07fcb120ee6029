"""Dated rules: a regulatory number with its unit, its source and the day from which each value holds.

A text changes one day: calls of the day before keep the old value, whoever computes the figure and whenever. Reading is
strict and patient: each fault names its file, its block and its field, and all are told at once.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, TypeAlias

#: What a rule may hold; times of day are minutes after local midnight.
Value: TypeAlias = int | float | bool

_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")


class Unit(StrEnum):
    """In what a rule is written."""

    MS = "ms"  #: whole milliseconds
    HEURE = "heure"  #: local time of day, ``HH:MM``
    OUI_NON = "oui_non"
    RATIO = "ratio"  #: between 0 and 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in one field."""

    file: str
    block: str
    field: str
    message: str

    @property
    def line(self) -> str:
        """The fault in one line, as an editor would want it."""
        return f"{self.file}: [{self.block}] {self.field}: {self.message}"


class QosConfigError(ValueError):
    """The quality rules cannot be used; ``problems`` holds every fault found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(problem.line for problem in problems))
        self.problems = problems


class NoValueYet(ValueError):
    """A rule had no value on that day: the period begins before the rules do."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One regulatory number: what it is, and its values by the day from which they hold, oldest first."""

    code: str
    description: str
    unit: Unit
    reference: str
    values: tuple[tuple[date, Value], ...]

    def on(self, day: date) -> Value:
        """The value that holds on a local civil day.

        Raises:
            NoValueYet: the first value holds only later.
        """
        return self._dated(day)[1]

    def versions(self, first: date, last: date) -> tuple[str, ...]:
        """The dated values that hold on at least one day from ``first`` to ``last`` included, as ``code@day``.

        Raises:
            NoValueYet: the first value holds only after ``first``.
        """
        begin = self._dated(first)[0]
        return tuple(f"{self.code}@{since}" for since, _ in self.values if begin <= since <= last)

    def _dated(self, day: date) -> tuple[date, Value]:
        held = [dated for dated in self.values if dated[0] <= day]
        if not held:
            raise NoValueYet(f"{self.code}: no value on {day}, the first holds from {self.values[0][0]}")
        return held[-1]


@dataclass(slots=True)
class Problems:
    """The faults of one file, gathered while the reading goes on."""

    file: str
    found: list[Problem] = field(default_factory=list)

    def raise_if_any(self) -> None:
        """End the reading.

        Raises:
            QosConfigError: at least one fault was noted.
        """
        if self.found:
            raise QosConfigError(tuple(self.found))


class Block:
    """One TOML table being read: a field is checked as it is taken, and what nobody took is a fault.

    A wrong field is noted and replaced by something harmless, so that the reading reaches the next fault.
    """

    def __init__(self, problems: Problems, name: str, table: object) -> None:
        self.name = name
        self.problems = problems
        self._left: dict[str, object] = {}
        if isinstance(table, Mapping):
            self._left = dict(table)
        else:
            self.fault("(block)", f"a table is expected, not {table!r}")

    def fault(self, name: str, message: str) -> None:
        """Note a fault in one of this block's fields."""
        self.problems.found.append(Problem(self.problems.file, self.name, name, message))

    def text(self, name: str, default: str | None = None) -> str:
        """A text that is not empty; required without ``default``."""
        value = self._left.pop(name, default)
        if isinstance(value, str) and (value.strip() or value == default):
            return value
        self.fault(name, "missing" if value is None else f"a text is expected, not {value!r}")
        return default or ""

    def choice(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        """One of the allowed words."""
        value = self.text(name, default)
        if value in allowed:
            return value
        if value:
            self.fault(name, f"{value!r} is none of {', '.join(allowed)}")
        return next(iter(allowed))

    def boolean(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self._left.pop(name, default)
        if isinstance(value, bool):
            return value
        self.fault(name, f"true or false is expected, not {value!r}")
        return default

    def texts(self, name: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts; required without ``default``."""
        value = self._left.pop(name, None)
        if value is None and default is not None:
            return default
        if isinstance(value, list) and value and all(isinstance(item, str) and item for item in value):
            return tuple(value)
        self.fault(name, "missing" if value is None else f"a list of texts is expected, not {value!r}")
        return ()

    def take(self, name: str) -> object:
        """The raw field, None when it is not there."""
        return self._left.pop(name, None)

    def blocks(self, name: str, *, required: bool = True) -> "dict[str, Block]":
        """The blocks inside this one, by code."""
        value = self._left.pop(name, None if required else {})
        if not isinstance(value, Mapping) or (required and not value):
            self.fault(name, "at least one block is expected")
            return {}
        prefix = "" if self.name == "(top)" else f"{self.name}."
        return {code: Block(self.problems, f"{prefix}{name}.{code}", table) for code, table in value.items()}

    def by_day(self, name: str, *, required: bool = True) -> dict[date, object]:
        """A table whose keys are days (AAAA-MM-JJ)."""
        value = self._left.pop(name, None if required else {})
        if not isinstance(value, Mapping) or (required and not value):
            self.fault(name, "a table of days (AAAA-MM-JJ) is expected")
            return {}
        found: dict[date, object] = {}
        for key, item in value.items():
            try:
                found[date.fromisoformat(key)] = item
            except ValueError:
                self.fault(f"{name}.{key}", "not a day (AAAA-MM-JJ)")
        return found

    def finish(self) -> None:
        """Every field that nobody asked for is a fault: most often a spelling mistake."""
        for name in self._left:
            self.fault(name, "unknown field")


def read_rules(
    blocks: Mapping[str, Block], required: Mapping[str, Unit], optional: Mapping[str, Unit], top: Block
) -> dict[str, Rule]:
    """The rules of the file; each one must be known to somebody, and each required one must be there."""
    rules = {}
    for code, block in blocks.items():
        unit = required.get(code, optional.get(code))
        if unit is None:
            block.fault("(code)", "no indicator reads this rule")
            continue
        rules[code] = _read_rule(code, unit, block)
    for code in required:
        if code not in blocks:
            top.fault(f"regles.{code}", "missing")
    return rules


def _read_rule(code: str, unit: Unit, block: Block) -> Rule:
    written = block.choice("unit", tuple(Unit))
    if written != unit:
        block.fault("unit", f"{unit} is expected, not {written}")
    values = [(day, _value(block, f"values.{day}", unit, raw)) for day, raw in block.by_day("values").items()]
    rule = Rule(
        code=code,
        description=block.text("description"),
        unit=unit,
        reference=block.text("reference"),
        values=tuple(sorted(values, key=lambda dated: dated[0])),
    )
    block.finish()
    return rule


def _value(block: Block, name: str, unit: Unit, raw: object) -> Value:
    match unit, raw:
        case Unit.OUI_NON, bool():
            return raw
        case Unit.MS, int() if not isinstance(raw, bool) and raw >= 0:
            return raw
        case Unit.RATIO, int() | float() if not isinstance(raw, bool) and 0 <= raw <= 1:
            return raw
        case Unit.HEURE, str() if (match := _CLOCK.fullmatch(raw)) is not None:
            return 1_440 if match[1] is None else int(match[1]) * 60 + int(match[2])
        case _:
            block.fault(name, f"{raw!r} is not a value in {unit}")
            return 0
