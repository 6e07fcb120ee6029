"""What a judgement of `make voice` found: counts, offsets, and what differs."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Errors:
    """How far instants lie from where they should (milliseconds), each with the call it was found in."""

    found: list[tuple[float, str]] = field(default_factory=list)

    def add(self, heard: float, wanted: float, where: str) -> None:
        self.found.append((heard - wanted, where))

    def quantile(self, share: float) -> float:
        values = sorted(abs(value) for value, _ in self.found)
        return values[min(len(values) - 1, max(0, -int(-share * len(values) // 1) - 1))] if values else 0.0

    @property
    def worst(self) -> tuple[float, str]:
        return max(self.found, key=lambda one: abs(one[0]), default=(0.0, ""))


@dataclass(slots=True)
class Verdict:
    """All that was found."""

    callers: int = 0
    answered: int = 0
    proven: int = 0
    placed: int = 0
    reached: int = 0
    pieces: int = 0
    consults: int = 0
    repaired: int = 0
    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    sipp: Errors = field(default_factory=Errors)
    timeline: Errors = field(default_factory=Errors)
    caller: Errors = field(default_factory=Errors)
    drifts: list[int] = field(default_factory=list)
    gaps: int = 0
    by_kind: dict[str, Errors] = field(default_factory=dict)
    excused: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
