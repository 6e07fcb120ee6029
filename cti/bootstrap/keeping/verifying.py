"""The verification from a screen: the same as `cti archive verify`, aside, with how far it is and what the last one found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from cti.access import About, Asker, Rights
from cti.api.edge.door import Known
from cti.api.keeping_port import AlreadyRunning
from cti.bootstrap.aside import Aside, Progress, Stopped
from cti.journey import Instant
from cti.journey.around.access import Verb
from cti.journey.ledger import StoreUnavailable
from cti.journey.words import iso
from cti.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Run:
    """One verification, on its way or over."""

    by: str
    opened: bool
    started_at: Instant
    progress: Progress
    archive: bool  #: whether the site archives: else the log alone is verified
    faults: list[str] = field(default_factory=list)
    entries: int | None = None
    heads: int | None = None
    ended_at: Instant | None = None
    trouble: str | None = None  #: in French: why it could not go to its end

    def told(self) -> dict[str, Any]:
        """Plain data."""
        state = "en_cours" if self.ended_at is None else "interrompue" if self.trouble else "faite"
        return {
            "etat": state,
            "done": self.progress.done,
            "total": self.progress.total,
            "defauts": list(self.faults),
            "entrees": self.entries,
            "tetes": self.heads,
            "archive": self.archive,
            "ouverte": self.opened,
            "par": self.by,
            "started_at": iso(self.started_at),
            "ended_at": iso(self.ended_at),
            "ennui": self.trouble,
        }


class VerificationDesk:
    """For one running service: one at a time."""

    def __init__(self, settings: Settings, rights: Rights, clock: Callable[[], Instant]) -> None:
        self._settings = settings
        self._rights = rights
        self._clock = clock
        self._aside = Aside("verification")
        self._last: Run | None = None

    def stop(self) -> None:
        """Look at no other object; blocking."""
        self._aside.stop()

    async def state(self) -> dict[str, Any]:
        """How far it is, or what the last one found."""
        return self._last.told() if self._last is not None else {"etat": "jamais", "done": 0, "total": 0, "defauts": []}

    async def start(self, known: Known, client: str, *, opened: bool) -> dict[str, Any]:
        """Begin.

        Raises:
            AlreadyRunning: one at a time.
        """
        if self._last is not None and self._last.ended_at is None:
            raise AlreadyRunning(f"une vérification est en cours, lancée par {self._last.by}")
        active = self._settings.archive.archive.actif
        run = self._last = Run(known.who, opened, self._clock(), self._aside.progress(), active)
        asker = Asker(who=known.who, roles=known.roles, client=client)
        self._aside.run(lambda: self._verify(run, asker))
        return run.told()

    def _verify(self, run: Run, asker: Asker) -> None:
        """In the thread of verifications; whatever stops it is told with it."""
        from cti.bootstrap.access import journal  # noqa: PLC0415 - ciphers and codecs, only where they serve
        from cti.bootstrap.keeping import telling  # noqa: PLC0415

        try:
            if run.archive:
                for fault in telling.verified(self._settings, run.progress.begin, opened=run.opened):
                    run.faults.append(fault)
            run.entries, run.heads, of_the_log = journal.faults(self._settings)
            run.faults += of_the_log
        except Stopped:
            run.trouble = "le service s'arrête"
        except Exception as trouble:
            of_the_world = isinstance(trouble, OSError | StoreUnavailable | ValueError)
            log.warning("verification_stopped", error=str(trouble), exc_info=None if of_the_world else trouble)
            run.trouble = str(trouble) or type(trouble).__name__
        detail = f"vérification : {len(run.faults)} défaut(s)" + (f" ; {run.trouble}" if run.trouble else "")
        try:
            self._rights.did(asker, Verb.VERIFIER, About(detail=detail))
        except StoreUnavailable as trouble:
            log.warning("verification_not_traced", error=str(trouble))
        run.ended_at = self._clock()
