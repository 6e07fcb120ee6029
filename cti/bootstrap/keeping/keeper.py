"""The archive at work beside the calls: one thread, one piece at a time.

The thread has no lower priority than the others: Python's lock is held by one thread at a time, and one that waits for a
processor while it holds the lock makes the whole service wait with it (docs/decisions/0034).

A call that has just ended is taken up at once, for the next regulator may have to hear it; what was left (by an earlier life,
by a store that was away) waits while the house is full. Trouble of the archive is told on the board and costs no caller
anything: the files stay on the recorder's disk until they can be taken. Of what was left, each call is followed by a pause while
anybody is on the telephone, so that catching up takes a quarter of Python's lock at most.
"""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from cti.bootstrap.watching.conditions import Condition, Trouble
from cti.journey import CallEvent, CallId, Fact, Instant, Journey, PbxEvent
from cti.journey.around.voice import VoiceState
from cti.journey.events import RecordingChecked
from cti.journey.ledger import StoreUnavailable
from cti.live.alarms import Gravite
from cti.settings import Settings
from cti.store import Store

if TYPE_CHECKING:
    from cti.archive.worker import Archiver

log = structlog.get_logger(__name__)

_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
#: A file that still grows, or a store that does not answer, is asked again after so long (seconds).
_AGAIN: Final = 2.0
#: So often the rows are asked for what was left; one without sound, or that cannot be read, once an hour (microseconds).
_LEFT_EVERY: Final = 60 * _SECOND
_HOPELESS_EVERY: Final = 3_600 * _SECOND
_UNSEEN_EVERY: Final = 600 * _SECOND
#: After a start into a full house the calls have the processor to themselves for so long.
_SETTLING: Final = 30 * _SECOND
#: And after any start with calls under way for so long: what happened meanwhile is read from the PBX, the lock is wanted there.
_STARTING: Final = 5 * _SECOND
#: After a call that was left, so many times what it took is waited (while somebody is on the telephone).
_BREATHS: Final = 3
#: A call that ended longer ago is no longer waited for by anybody.
_JUST_ENDED: Final = 60 * _SECOND


@dataclass(slots=True)
class KeeperCounters:
    """What was done since the start."""

    archived: int = 0
    waiting: int = 0
    damaged: int = 0
    missing: int = 0
    conflicts: dict[str, str] = field(default_factory=dict)  #: by piece
    trouble: str | None = None  #: why nothing goes on; None while it does


class Keeper:
    """Runs the archive worker; a listener of the pipeline."""

    def __init__(
        self, settings: Settings, store: Store, recordings: Path, live: Callable[[], int | None], clock: Callable[[], Instant]
    ) -> None:
        self.counters = KeeperCounters()
        self._settings = settings
        self._store = store
        self._recordings = recordings
        self._live = live
        self._clock = clock
        self._told: queue.SimpleQueue[tuple[CallId, Instant] | None] = queue.SimpleQueue()
        self._ended: dict[CallId, Instant] = {}  #: of those that were told, when the call ended
        self._waiting: dict[CallId, Instant] = {}
        self._news = False
        self._stopping = threading.Event()
        self._left_at = self._unseen_at = 0
        self._began_at = clock()
        self._thread = threading.Thread(target=self._run, name="archive", daemon=True)

    @property
    def active(self) -> bool:
        """The site archives."""
        return self._settings.archive.archive.actif

    def start(self) -> None:
        """Begin, if the site archives."""
        if self.active:
            self._thread.start()

    def stop(self, patience_seconds: float = 10.0) -> None:
        """Finish the step in hand; the next life goes on from there."""
        self._stopping.set()
        self._told.put(None)
        if self._thread.is_alive():
            self._thread.join(patience_seconds)

    def figures(self) -> dict[str, int]:
        """The counters, for whoever watches; empty when the site archives nothing."""
        counters = self.counters
        if not self.active:
            return {}
        return {
            "archived": counters.archived,
            "waiting": len(self._waiting),
            "damaged": counters.damaged,
            "missing": counters.missing,
            "refused": len(counters.conflicts),
        }

    # --- what is told -----------------------------------------------------------------------------------------------------

    def told(self, journey: Journey, event: CallEvent, facts: tuple[Fact, ...]) -> None:
        """A call changed."""
        if self.active and isinstance(event, RecordingChecked) and event.stem:
            self._told.put((event.call_id, journey.ended_at or 0))

    def seen(self, event: PbxEvent) -> None:
        """The link and the agents are nothing to the archive."""

    # --- what is wrong ----------------------------------------------------------------------------------------------------

    def conditions(self) -> tuple[Condition, ...]:
        """What the board says of the archive."""
        return (
            Condition(
                "archive", lambda _at: Trouble(f"Archive de la voix arrêtée : {why}") if (why := self.counters.trouble) else None
            ),
            Condition("archive_late", self._late),
            Condition("archive_conflict", self._conflict),
        )

    def _late(self, at: Instant) -> Trouble | None:
        oldest = min(tuple(self._waiting.values()), default=at)
        if at - oldest < self._settings.archive.travail.retard_seconds * _SECOND:
            return None
        return Trouble(
            f"Archive de la voix en retard : {len(self._waiting)} appel(s), depuis {(at - oldest) // _SECOND // 60} min",
            Gravite.AVERTISSEMENT,
        )

    def _conflict(self, _at: Instant) -> Trouble | None:
        found = tuple(self.counters.conflicts.values())
        return Trouble(f"Archive de la voix : {len(found)} pièce(s) refusée(s) : {found[0]}") if found else None

    # --- the thread -------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._wait_for_room()
                self._work()
            except Exception as trouble:  # noqa: BLE001 - whatever it is, the calls go on and the board says it
                self._troubled(trouble)
                self._stopping.wait(_AGAIN)

    def _wait_for_room(self) -> None:
        """Load no cipher and no codec into the first moments of a service that starts into calls under way, or does not know yet
        whether there are any; what is left to do is counted meanwhile.
        """
        # A clock that is set back meanwhile ends it: an hour of waiting would be no settling.
        while not self._stopping.is_set():
            for_long = _SETTLING if self._full() else _STARTING if self._live() else 0
            if not 0 <= self._clock() - self._began_at < for_long:
                return
            if self._live() is None:
                self._stopping.wait(_AGAIN / 10)
            else:
                self._listen()
                self._catch_up()
                self.counters.waiting = len(self._waiting)

    def _full(self) -> bool:
        """So many calls, or a service that does not know yet how many, that what can wait has to wait."""
        live = self._live()
        return live is None or live > self._settings.archive.travail.appels_max

    def _work(self) -> None:
        """Round after round, until it is stopped or something is wrong."""
        from cti.bootstrap.keeping.opening import alone, archiver_of  # noqa: PLC0415 - ciphers and codecs, only where they serve

        with alone(self._settings):
            archiver = archiver_of(self._settings, self._store, self._recordings)
            while not self._stopping.is_set():
                self._round(archiver)
                self.counters.trouble = None

    def _troubled(self, trouble: Exception) -> None:
        why = str(trouble) or type(trouble).__name__
        if why != self.counters.trouble:
            of_the_world = isinstance(trouble, OSError | StoreUnavailable | ValueError)
            log.error("archive_stopped", error=why, exc_info=None if of_the_world else trouble)
        self.counters.trouble = why

    def _round(self, archiver: "Archiver") -> None:
        # What was told while the last round was at work is not waited for.
        self._listen(0 if self._news else None)
        self._news = False
        self._catch_up()
        for call_id in sorted(self._waiting, key=self._fresh, reverse=True):
            if self._stopping.is_set():
                break
            fresh, began = self._fresh(call_id), time.monotonic()
            if not fresh and self._full():
                break
            if self._call(archiver, call_id):
                self._waiting.pop(call_id, None)
                self._ended.pop(call_id, None)
            self._listen(0 if fresh or not self._live() else _BREATHS * (time.monotonic() - began))
            if not fresh and self._news:
                break  # who has just hung up comes before what was left
        self.counters.waiting = len(self._waiting)

    def _fresh(self, call_id: CallId) -> bool:
        return self._clock() - self._ended.get(call_id, 0) < _JUST_ENDED

    def _listen(self, seconds: float | None = None) -> None:
        """Take in what was told; wait for it when nothing else is to be done."""
        try:
            told = self._told.get(timeout=_AGAIN if seconds is None else seconds) if seconds != 0 else self._told.get_nowait()
            while True:
                if told is not None:
                    call_id, ended_at = told
                    self._waiting.setdefault(call_id, self._clock())
                    self._ended[call_id] = ended_at
                    self._news = True
                told = self._told.get_nowait()
        except queue.Empty:
            return

    def _catch_up(self) -> None:
        at = self._clock()
        first = self._left_at == 0
        found: list[CallId] = []
        if first or at - self._left_at >= _LEFT_EVERY:
            found += self._store.pieces.unfinished(at if first else at - _LEFT_EVERY, at if first else at - _HOPELESS_EVERY)
            left = self._store.pieces.left()
            self.counters.damaged = left.get(VoiceState.DAMAGED, 0)
            self.counters.missing = left.get(VoiceState.MISSING, 0)
            self._left_at = at
        if first or at - self._unseen_at >= _UNSEEN_EVERY:
            found += self._store.pieces.unseen(at - self._settings.archive.travail.rattrapage_jours * _DAY)
            self._unseen_at = at
        for call_id in found:
            self._waiting.setdefault(call_id, at)

    def _call(self, archiver: "Archiver", call_id: CallId) -> bool:
        """Take every piece of one call; False when one of them is still being written."""
        from cti.archive.storing import Conflict  # noqa: PLC0415
        from cti.archive.worker import pieces_of  # noqa: PLC0415 - loaded already

        journey = self._store.journey(call_id)
        done = True
        if journey is None:
            return True
        for piece in pieces_of(journey):
            try:
                state = archiver.take(journey, piece).state
            except Conflict as conflict:
                if self.counters.conflicts.get(piece.piece_id) != str(conflict):
                    log.error("piece_refused", call_id=call_id, piece_id=piece.piece_id, why=str(conflict))  # noqa: TRY400
                self.counters.conflicts[piece.piece_id] = str(conflict)
                continue
            self.counters.conflicts.pop(piece.piece_id, None)
            self.counters.archived += state is VoiceState.ARCHIVED
            done = done and state is not VoiceState.STARTED
        return done
