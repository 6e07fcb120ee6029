"""Reading the site's rules: each fault names its file, its block and its field, and all are told at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeVar

from typing_extensions import override

#: A code stands in dialplan variables, file names and URLs. No hyphen: Asterisk skips it in extensions.
CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,15}")

_MISSING: Final = object()
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in one field."""

    file: str
    block: str
    field: str
    message: str

    @override
    def __str__(self) -> str:
        return f"{self.file}: [{self.block}] {self.field}: {self.message}"


class RoutingConfigError(ValueError):
    """The site's routing rules cannot be used; `problems` holds every fault found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(slots=True)
class Problems:
    """The faults of one file, gathered while the reading goes on."""

    file: str
    found: list[Problem] = field(default_factory=list)

    def add(self, block: str, name: str, message: str) -> None:
        """Note one fault, once."""
        problem = Problem(self.file, block, name, message)
        if problem not in self.found:
            self.found.append(problem)

    def raise_if_any(self) -> None:
        """End the reading.

        Raises:
            RoutingConfigError: at least one fault was noted.
        """
        if self.found:
            raise RoutingConfigError(tuple(self.found))


class Block:
    """One TOML table being read: each field is checked as it is taken, and what nobody took is a fault.

    A field that is wrong is noted and replaced by its default, so that the reading goes on to the next fault.
    """

    def __init__(self, problems: Problems, name: str, table: object) -> None:
        self.name = name
        self.problems = problems
        self._taken: set[str] = set()
        self._table: Mapping[str, object] = {}
        if isinstance(table, Mapping):
            self._table = table
        else:
            self.fault("(block)", "a table is expected")

    def fault(self, name: str, message: str) -> None:
        """Note a fault in one of this block's fields."""
        self.problems.add(self.name, name, message)

    def text(self, name: str, default: str | None = None, *, pattern: re.Pattern[str] | None = None) -> str:
        """A text that is not empty; required without `default`."""
        value = self._take(name, default)
        if not isinstance(value, str) or not value.strip():
            return self._wrong(name, value, "a text is expected", default or "")
        if pattern is not None and not pattern.fullmatch(value):
            self.fault(name, f"{value!r} does not match {pattern.pattern}")
            return default or ""
        return value

    def optional(self, name: str) -> str | None:
        """A text, or nothing."""
        return self.text(name, "") or None if name in self._table else None

    def maybe(self, name: str, *, pattern: re.Pattern[str]) -> str | None:
        """A text that fits, or nothing: absent and empty are the same."""
        if self._table.get(name, "") == "":
            self._taken.add(name)
            return None
        return self.text(name, pattern=pattern) or None

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number between two bounds, both allowed; required without `default`."""
        value = self._take(name, default)
        fallback = low if default is None else default
        if not isinstance(value, int) or isinstance(value, bool):
            return self._wrong(name, value, "a whole number is expected", fallback)
        if not low <= value <= high:
            self.fault(name, f"{value} is not between {low} and {high}")
            return fallback
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self._take(name, default)
        return value if isinstance(value, bool) else self._wrong(name, value, "true or false is expected", default)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, empty when the field is not there."""
        value = self._take(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            return self._wrong(name, value, "a list of texts is expected", ())
        return tuple(value)

    def lists(self, name: str) -> tuple[tuple[str, ...], ...]:
        """A list of lists of texts, empty when the field is not there."""
        value = self._take(name, [])
        if not isinstance(value, list) or not all(
            isinstance(one, list) and all(isinstance(t, str) for t in one) for one in value
        ):
            return self._wrong(name, value, "a list of lists of texts is expected", ())
        return tuple(tuple(one) for one in value)

    def table(self, name: str) -> Mapping[str, object]:
        """A table inside this one, empty when it is not there."""
        value = self._take(name, {})
        return value if isinstance(value, Mapping) else self._wrong(name, value, "a table is expected", {})

    def tables(self, name: str, pattern: re.Pattern[str] = CODE) -> Mapping[str, object]:
        """A table of tables, by code; empty (and a fault) when missing."""
        value = self._take(name, None)
        if not isinstance(value, Mapping) or not value:
            return self._wrong(name, value, "at least one block is expected", {})
        for code in value:
            if not pattern.fullmatch(code):
                self.problems.add(f"{name}.{code}", "(code)", f"{code!r} does not match {pattern.pattern}")
        return value

    def fields(self) -> tuple[str, ...]:
        """The names in this block, in the file's order."""
        return tuple(self._table)

    def finish(self, replaced: Mapping[str, str] = MappingProxyType({})) -> None:
        """Every field that nobody asked for is a fault: most often a spelling mistake.

        Args:
            replaced: fields of earlier versions, and what stands in their place now.
        """
        for name in self._table:
            if name not in self._taken:
                self.fault(name, f"unknown field; {replaced[name]}" if name in replaced else "unknown field")

    def _take(self, name: str, default: object) -> object:
        self._taken.add(name)
        value = self._table.get(name, _MISSING)
        return default if value is _MISSING else value

    def _wrong(self, name: str, value: object, message: str, fallback: _T) -> _T:
        self.fault(name, "missing" if value is None else f"{message}, not {value!r}")
        return fallback
