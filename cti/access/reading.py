"""Reading a parsed table of ours: every fault is gathered with its place, and reading goes on."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TypeVar

Word = TypeVar("Word", bound=StrEnum)


class AccessConfigError(ValueError):
    """The file cannot be used; ``problems`` holds one line per fault."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Reading:
    """The faults of one file, gathered while the reading goes on."""

    def __init__(self, file: str) -> None:
        self.problems: list[str] = []
        self._file = file

    def fault(self, place: str, message: str) -> None:
        """Something is wrong there."""
        self.problems.append(f"{self._file}: {place}: {message}")

    def done(self) -> None:
        """Nothing more is read.

        Raises:
            AccessConfigError: something was wrong.
        """
        if self.problems:
            raise AccessConfigError(tuple(self.problems))

    def only(self, table: Mapping[str, object], block: str, known: Collection[str]) -> None:
        """No other fields than these."""
        for name in table:
            if name not in known:
                self.fault(f"{block}{name}", "unknown field")

    def table(self, data: Mapping[str, object], name: str, known: Collection[str]) -> Mapping[str, object]:
        """A block of its own, empty when it is not there."""
        value = data.get(name, {})
        if not isinstance(value, Mapping):
            self.fault(name, "a table is expected")
            return {}
        self.only(value, f"[{name}] ", known)
        return value

    def whole(self, table: Mapping[str, object], place: str, name: str, high: int, default: int, low: int = 1) -> int:
        """A whole number."""
        value = table.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.fault(place, f"a whole number from {low} to {high} is expected, not {value!r}")
        return low

    def text(self, table: Mapping[str, object], place: str, name: str, default: str) -> str:
        """A text; an empty one only where that is what is taken when nothing is said."""
        value = table.get(name, default)
        if isinstance(value, str) and (value.strip() or not default):
            return value.strip()
        self.fault(place, "a text is expected")
        return default

    def flag(self, table: Mapping[str, object], place: str, name: str, *, default: bool) -> bool:
        """Yes or no."""
        value = table.get(name, default)
        if isinstance(value, bool):
            return value
        self.fault(place, f"true or false is expected, not {value!r}")
        return default

    def words(self, values: object, place: str, enum: type[Word]) -> frozenset[Word]:
        """Some of these words, at least one."""
        known = {word.value: word for word in enum}
        if not isinstance(values, list) or not values:
            self.fault(place, f"a list of {', '.join(known)} is expected")
            return frozenset()
        for value in values:
            if not isinstance(value, str) or value not in known:
                self.fault(place, f"one of {', '.join(known)} is expected, not {value!r}")
        return frozenset(known[value] for value in values if isinstance(value, str) and value in known)
