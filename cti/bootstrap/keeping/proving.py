"""The nightly proof, and the same on demand: what the calls say, what the pieces say, what lies on the recorder's disk."""

import threading
from collections.abc import Callable, Iterator
from datetime import time
from pathlib import Path
from typing import Final

import structlog

from cti.archive.proof import Unproven, calls, orphans
from cti.bootstrap.keeping.mounts import astray
from cti.bootstrap.watching.conditions import Condition, Trouble
from cti.journey import Instant
from cti.journey.words import as_datetime
from cti.recording.places import StemOutside, locate
from cti.recording.policy import must_have_audio
from cti.settings import Settings
from cti.store import Store

log = structlog.get_logger(__name__)

_SECOND: Final = 1_000_000
#: A night looks at the calls of the last two days: a proof that could not be had yesterday is asked for again.
_NIGHT_US: Final = 48 * 3_600 * _SECOND
#: A call that has just ended is not late: its files are still being looked at.
JUST_ENDED_US: Final = 300 * _SECOND
#: So often the clock is looked at (seconds).
_LOOK_SECONDS: Final = 20.0


def prove(settings: Settings, store: Store, recordings: Path, since: Instant, until: Instant) -> Iterator[Unproven]:
    """Everything that is not proved, of the calls of a period and of the files that lie there now.

    Raises:
        OSError: the recorder's disk is out of reach.
        StoreUnavailable: the database is.
    """
    if (why := astray(recordings, settings.archive.surveillance.montage)) is not None:
        raise NotADirectoryError(why)
    journeys = store.reading.journeys(since, until)
    yield from calls(journeys, store.pieces.of_call, lambda journey: must_have_audio(journey, settings.recording))
    yield from _astray(settings, store, recordings, until)


def _astray(settings: Settings, store: Store, recordings: Path, until: Instant) -> Iterator[Unproven]:
    root = recordings.resolve()
    # A file of now may be that of a call whose beginning is still on its way into the database.
    found = (path for path in root.rglob("*.wav") if path.is_file() and path.stat().st_mtime_ns // 1000 < until)
    lying = sorted(str(path.relative_to(root)) for path in found)
    if not lying:
        return
    expected: dict[str, str] = {}
    for stem, call_id in store.pieces.stems():
        try:
            legs = locate(stem, recordings, settings.recording.pbx_root)
        except StemOutside:
            continue
        expected |= {str(leg.relative_to(root)): call_id for leg in (legs.caller, legs.agents)}
    yield from orphans(lying, expected)


class NightlyProof:
    """Runs the proof once a night in a thread of its own; what it found stays on the board until the next one."""

    def __init__(self, settings: Settings, store: Store, recordings: Path, clock: Callable[[], Instant]) -> None:
        self._settings = settings
        self._store = store
        self._recordings = recordings
        self._clock = clock
        self._at = time.fromisoformat(settings.archive.surveillance.preuve)
        self._done = as_datetime(clock()).astimezone(settings.zone).date()
        self._found: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proof", daemon=True)

    def start(self) -> None:
        """Begin, if the site archives."""
        if self._settings.archive.archive.actif:
            self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    def condition(self) -> Condition:
        """What the last proof found."""
        return Condition("archive_proof", lambda _at: Trouble(self._found) if self._found is not None else None)

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            local = as_datetime(self._clock()).astimezone(self._settings.zone)
            if local.date() != self._done and local.time() >= self._at:
                self._done = local.date()
                self.look()

    def look(self) -> None:
        """One proof, now."""
        until = self._clock() - JUST_ENDED_US
        try:
            found = list(prove(self._settings, self._store, self._recordings, until - _NIGHT_US, until))
        except Exception as trouble:
            log.exception("proof_failed")
            self._found = f"Preuve de la nuit impossible : {trouble}"
            return
        for one in found:
            log.error("unproven", what=one.name, why=one.words)
        log.info("proof_done", faults=len(found))
        first = f"Preuve de la nuit : {len(found)} défaut(s), dont {found[0].line}" if found else None
        self._found = first
