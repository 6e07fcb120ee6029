"""Whether the voice of those who are talking now is being written: a file that does not grow while people talk is a voice lost.

Looked at from a thread of its own, for the recorder's disk may be a share that does not answer.
"""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from cti.bootstrap.keeping.mounts import astray
from cti.bootstrap.watching.conditions import Condition, Trouble
from cti.journey import CallId, Instant, Journey
from cti.recording.places import StemOutside, locate
from cti.recording.policy import must_have_audio
from cti.settings import Settings

_SECOND: Final = 1_000_000
_LOOK_SECONDS: Final = 10.0


class GrowthWatch:
    """Reads the sizes of the files that must be growing."""

    def __init__(
        self, settings: Settings, recordings: Path, live: Callable[[], Iterable[Journey]], clock: Callable[[], Instant]
    ) -> None:
        self._settings = settings
        self._recordings = recordings
        self._live = live
        self._clock = clock
        self._sizes: dict[CallId, tuple[int, Instant]] = {}
        self._still: tuple[CallId, ...] = ()
        self._astray: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="growth", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; does not wait for a share that does not answer."""
        self._stopping.set()

    def conditions(self) -> tuple[Condition, ...]:
        """What the board says."""
        return (
            Condition("recording_still", lambda _at: self._told()),
            Condition("recordings_mount", lambda _at: Trouble(f"Enregistrement : {self._astray}") if self._astray else None),
        )

    def look(self) -> None:
        """Look once; blocking."""
        self._astray = astray(self._recordings, self._settings.archive.surveillance.montage)
        at = self._clock()
        seen: dict[CallId, tuple[int, Instant]] = {}
        still: list[CallId] = []
        for journey in tuple(self._live()):
            if not _talking(journey) or not must_have_audio(journey, self._settings.recording):
                continue
            size = self._size(journey.recordings[-1].stem if journey.recordings else "")
            before = self._sizes.get(journey.call_id)
            known = before if before is not None and before[0] == size else (size, at)
            seen[journey.call_id] = known
            if at - known[1] >= self._settings.archive.surveillance.fige_seconds * _SECOND:
                still.append(journey.call_id)
        self._sizes, self._still = seen, tuple(still)

    def _size(self, stem: str) -> int:
        """Of both files together; 0 when there is none, or no recording at all."""
        try:
            legs = locate(stem, self._recordings, self._settings.recording.pbx_root)
            return sum(path.stat().st_size for path in (legs.caller, legs.agents) if path.exists())
        except (OSError, StemOutside):
            return 0

    def _told(self) -> Trouble | None:
        found = self._still
        if not found:
            return None
        return Trouble(f"On se parle et rien ne s'enregistre : {len(found)} appel(s), dont {found[0]}")

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            self.look()


def _talking(journey: Journey) -> bool:
    """An agent is with the caller."""
    stage = journey.stage
    return stage is not None and stage.left_at is None and any(leg.talking for leg in stage.legs)
