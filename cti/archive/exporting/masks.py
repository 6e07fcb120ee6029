"""Passages that are a third party's: which, whose voice, why, and what is wrong with them before anything is made.

Edges are whole milliseconds from the start of the sound, and widen to the whole sample, so that nothing of the passage is left. A
mask is silence: a tone would be a sound that nobody spoke into evidence. It shows in timeline and receipt.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class Side(StrEnum):
    """Whose voice is masked."""

    CALLER = "caller"
    AGENTS = "agents"
    BOTH = "both"

    @property
    def channels(self) -> tuple[int, ...]:
        """Columns of the sound: the caller left, the agents right."""
        return {Side.CALLER: (0,), Side.AGENTS: (1,), Side.BOTH: (0, 1)}[self]

    @property
    def told(self) -> str:
        """In French."""
        return {Side.CALLER: "l'appelant", Side.AGENTS: "les agents", Side.BOTH: "les deux voix"}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """One passage of one piece."""

    piece_id: str
    since_ms: int
    until_ms: int
    side: Side
    reason: str

    @property
    def told(self) -> str:
        """In French, as in an error."""
        return f"masque {self.piece_id} de {self.since_ms} à {self.until_ms} ms ({self.side})"

    def samples(self, rate: int, length: int) -> tuple[int, int]:
        """First sample, and the one after the last."""
        return self.since_ms * rate // 1000, min(length, -(-self.until_ms * rate // 1000))


def of_pieces(masks: Iterable[Mask]) -> Mapping[str, tuple[Mask, ...]]:
    """The masks of each piece, in order of time."""
    found: dict[str, list[Mask]] = {}
    for mask in sorted(masks, key=lambda one: (one.since_ms, one.until_ms, one.side)):
        found.setdefault(mask.piece_id, []).append(mask)
    return {piece_id: tuple(several) for piece_id, several in found.items()}


def faults(masks: Sequence[Mask], durations: Mapping[str, int]) -> list[str]:
    """What is wrong with these masks, each line in French; ``durations``: milliseconds of each piece that is given."""
    found = [fault for mask in masks if (fault := _fault(mask, durations)) is not None]
    for several in of_pieces(masks).values():
        for side in (0, 1):
            mine = [mask for mask in several if side in mask.side.channels]
            found += [
                f"{after.told} : recouvre celui de {before.since_ms} à {before.until_ms} ms ({before.side})"
                for before, after in pairwise(mine)
                if after.since_ms < before.until_ms
            ]
    return list(dict.fromkeys(found))


def _fault(mask: Mask, durations: Mapping[str, int]) -> str | None:
    duration = durations.get(mask.piece_id)
    if duration is None:
        return f"{mask.told} : cette pièce n'est pas parmi celles qui sont remises"
    if mask.since_ms < 0 or mask.until_ms <= mask.since_ms:
        return f"{mask.told} : passage vide"
    if mask.until_ms > duration:
        return f"{mask.told} : au-delà du son, qui dure {duration} ms"
    return None
