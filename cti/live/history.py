"""Numbered changes: which parts of the board changed at which number.

Theory. The board keeps its state by parts, each with a key. A change is a number and the keys it touched, no values: what a
screen needs after number n is the *present* value of every part touched since n. So a screen that missed a thousand changes of
one call gets one, and the memory of the past is a short list of keys. A screen older than that list takes the whole picture.
"""

from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

#: (section, key): ``("calls", call_id)``, ``("link", "")``.
Part: TypeAlias = tuple[str, str]


class History:
    """The last numbered changes, bounded."""

    def __init__(self, size: int) -> None:
        """Remember at most ``size`` changes.

        Raises:
            ValueError: size is below 1.
        """
        if size < 1:
            raise ValueError(f"history size must be at least 1, not {size}")
        self.seq = 0
        self._changes: deque[tuple[int, frozenset[Part]]] = deque(maxlen=size)

    def add(self, parts: Iterable[Part]) -> None:
        """Number one change; nothing happens when it touches no part."""
        touched = frozenset(parts)
        if touched:
            self.seq += 1
            self._changes.append((self.seq, touched))

    def since(self, seq: int) -> frozenset[Part] | None:
        """The parts touched after ``seq``; None when that is too long ago, or not a number we gave."""
        if not 0 <= seq <= self.seq:
            return None
        if seq < self.seq and (self._changes[0][0] > seq + 1):
            return None
        touched: set[Part] = set()
        for number, parts in reversed(self._changes):
            if number <= seq:
                break
            touched |= parts
        return frozenset(touched)
