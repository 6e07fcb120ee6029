"""The picture of one desk by numbers: what changed since any of them, as the board has it (``cti.live.history``).

It holds no values: whoever made it tells each part as it is now. So a desk that nobody looks at costs a few keys, and one that
missed a thousand changes of one call is given one.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cti.live.history import History, Part

#: Parts with a key of their own in the picture.
KEYED = ("calls", "files")


class Picture:
    """What a feed needs of a board, for one desk."""

    def __init__(
        self,
        epoch: str,
        tell: Callable[[Part], Any],
        parts: Callable[[], Iterable[Part]],
        always: Callable[[], Mapping[str, Any]],
        *,
        history: int = 256,
    ) -> None:
        """Begin at number 0.

        Args:
            epoch: tells this life of the service from the one before.
            tell: one part as it is now; None: it is gone.
            parts: every part that a whole picture has.
            always: what every message bears (the instant).
            history: how many changes a page may have missed and still catch up without the whole picture.
        """
        self.epoch = epoch
        self._tell = tell
        self._parts = parts
        self._always = always
        self._history = History(history)
        self._watchers: list[Callable[[], None]] = []

    @property
    def seq(self) -> int:
        """The number of the latest change."""
        return self._history.seq

    def watch(self, callback: Callable[[], None]) -> None:
        """Have ``callback`` called after each change."""
        self._watchers.append(callback)

    def touch(self, parts: Iterable[Part]) -> None:
        """These parts changed."""
        before = self._history.seq
        self._history.add(parts)
        if self._history.seq != before:
            for callback in self._watchers:
                callback()

    def snapshot(self) -> dict[str, Any]:
        """The whole picture."""
        return self._told(self._parts(), {section: {} for section in KEYED})

    def changes_since(self, seq: int) -> dict[str, Any] | None:
        """The parts that changed after ``seq`` as they are now; None when a snapshot is needed."""
        parts = self._history.since(seq)
        return None if parts is None else self._told(sorted(parts), {})

    def _told(self, parts: Iterable[Part], told: dict[str, Any]) -> dict[str, Any]:
        for section, key in parts:
            value = self._tell((section, key))
            if section in KEYED:
                told.setdefault(section, {})[key] = value
            else:
                told[section] = value
        return {"epoch": self.epoch, "seq": self.seq, **self._always(), **told}
