"""The hourly look at terms, beside the calls."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from cti.archive.keeping.disposal import undecided
from cti.archive.keeping.office import Office
from cti.bootstrap.retention.terms import by_name, classing_of
from cti.bootstrap.watching.conditions import Condition, Trouble
from cti.journey import Instant
from cti.live.alarms import Gravite
from cti.settings import Settings
from cti.store import Store

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 3_600.0
PATIENCE_SECONDS: Final = 5.0
#: A service that has just come back has callers waiting for it.
FIRST_SECONDS: Final = 30.0
_DAY_US: Final = 86_400_000_000


class RetentionWatch:
    """In a thread of its own, once an hour: new pieces get their term; those past theirs that nobody decided are counted."""

    def __init__(self, settings: Settings, store: Store, clock: Callable[[], Instant]) -> None:
        self._past_for = settings.retention.eliminer.alerte_jours * _DAY_US
        self._classing = classing_of(settings)
        self._office = Office(store.keeping, self._classing, clock, by_name)
        self._store = store
        self._clock = clock
        self._trouble: Trouble | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the look in hand, and look no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE_SECONDS)

    def look(self) -> None:
        """Look once; blocking. Whatever goes wrong is said, and costs no call anything."""
        try:
            self._office.settle()
            with self._store.keeping.reading() as book:
                waiting = undecided(book, self._classing, self._clock() - self._past_for)
        except Exception as trouble:  # noqa: BLE001 - as above
            why = str(trouble) or type(trouble).__name__
            log.warning("retention_not_looked_at", error=why)
            self._trouble = Trouble(f"Conservation de la voix : durées non vérifiées ({why})", Gravite.AVERTISSEMENT)
            return
        text = f"Conservation de la voix : {waiting} enregistrement(s) au-delà de leur durée, sans décision (cti archive propose)"
        self._trouble = Trouble(text, Gravite.AVERTISSEMENT) if waiting else None

    def condition(self) -> Condition:
        """Somebody decides of what is past its term."""
        return Condition("retention_undecided", lambda _at: self._trouble)

    def _run(self) -> None:
        pause = FIRST_SECONDS
        while not self._stopping.wait(pause):
            self.look()
            pause = LOOK_SECONDS
