"""What the API asks about exports: decided at once, made aside, told how far it is, kept closed until it is fetched.

Nothing of the room is loaded before the first export: a start has callers waiting for it. A passphrase lives in memory until it
was shown once to whoever asked, and for an hour at most.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from cti.access import About, Asker, Rights
from cti.api.edge.door import Known
from cti.api.keeping_port import ExportWish, PackageGone, TooMany
from cti.archive.exporting.asked import BadlyAsked
from cti.bootstrap.access.tying import Tying
from cti.bootstrap.aside import Aside, Progress, Stopped
from cti.journey import Instant
from cti.journey.around.access import Verb
from cti.journey.around.export import Export
from cti.journey.around.keeping import Scope, Target
from cti.journey.ledger import StoreUnavailable
from cti.journey.words import iso
from cti.settings import Settings
from cti.store import Store

if TYPE_CHECKING:
    from cti.archive.exporting.asked import Order
    from cti.bootstrap.exporting.office import ExportOffice

log = structlog.get_logger(__name__)

#: An answer waits so long for its package; a longer one is asked for again.
PATIENCE_SECONDS: Final = 10.0
_TIDY_SECONDS: Final = 60.0
#: Packages that wait for their turn at once, and jobs that are remembered.
_WAITING: Final = 8
_REMEMBERED: Final = 200
_PHRASE_US: Final = 3_600_000_000


@dataclass(slots=True)
class Job:
    """One export on its way, or just made."""

    export_id: str
    by: str
    at: Instant
    progress: Progress
    export: Export | None = None
    phrase: str | None = field(default=None, repr=False)
    trouble: Exception | None = None

    @property
    def over(self) -> bool:
        """Made, or given up."""
        return self.export is not None or self.trouble is not None


class ExportsDesk:
    """For one running service. Jobs live in the loop's thread and are filled by the thread that makes packages."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        rights: Rights,
        tying: Tying,
        clock: Callable[[], Instant],
        pause: Callable[[float], Awaitable[None]],
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._settings = settings
        self._store = store
        self._rights = rights
        self._tying = tying
        self._clock = clock
        self._pause = pause
        self._patience = patience_seconds
        self._aside = Aside("export")
        self._jobs: dict[str, Job] = {}

    # --- the life of it ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Remove what nobody fetched in time, until cancelled."""
        while True:
            await self.tidy()
            await self._pause(_TIDY_SECONDS)

    async def tidy(self) -> None:
        """Once. In the thread of the packages: none is half made meanwhile."""
        for job in self._jobs.values():
            if self._clock() - job.at > _PHRASE_US:
                job.phrase = None
        if not self._settings.exports.is_dir():
            return
        try:
            gone = await self._aside.run(lambda: self._office().tidy())
        except (StoreUnavailable, OSError) as trouble:
            log.warning("exports_not_tidied", error=str(trouble))
            return
        for export_id in gone:
            log.info("export_removed", export_id=export_id)

    def stop(self) -> None:
        """Make no more; blocking."""
        self._aside.stop()

    # --- asked ------------------------------------------------------------------------------------------------------------

    async def make(self, known: Known, client: str, wish: ExportWish) -> dict[str, Any]:
        """Decide, then make; the package as it stands when patience ends.

        Raises:
            NotAllowed, ExportRefused, TooMany: nothing was or will be made.
                StoreUnavailable, OSError: not now.
        """
        if sum(not job.over for job in self._jobs.values()) >= _WAITING:
            raise TooMany(f"{_WAITING} remises sont déjà en cours ; réessayez quand elles seront faites")
        asker = Asker(who=known.who, roles=known.roles, client=client)
        order = await asyncio.to_thread(self._ordered, asker, known.personne, wish)
        job = Job(order.export_id, known.who, order.at, self._aside.progress())
        job.progress.begin(len(order.given))
        self._remember(job)
        making = self._aside.run(lambda: self._made(job, order, asker))
        await asyncio.wait({making}, timeout=self._patience)
        if job.trouble is not None:
            raise job.trouble
        return self._job(job, known)

    def _ordered(self, asker: Asker, personne: str, wish: ExportWish) -> "Order":
        from cti.archive.exporting.masks import Mask, Side  # noqa: PLC0415 - see above
        from cti.archive.sealing.keys import KeyTrouble, recipient_fault  # noqa: PLC0415
        from cti.bootstrap.exporting.office import Named, wish_of  # noqa: PLC0415

        named = Named(tuple(Target(Scope(scope), name) for scope, name in wish.targets))
        masks = [
            Mask(piece_id=piece_id, since_ms=since, until_ms=until, side=Side(side), reason=reason)
            for piece_id, since, until, side, reason in wish.masks
        ]
        words = wish_of(
            reference=wish.reference,
            asked_by=wish.asked_by,
            reason=wish.reason,
            recipients=wish.recipients,
            form=wish.form,
            masks=masks,
        )
        if found := [fault for key in wish.recipients if (fault := recipient_fault(key))]:
            raise BadlyAsked(" ; ".join(found))
        try:
            return self._office().order(asker, personne, named, words)
        except KeyTrouble as trouble:
            raise OSError(str(trouble)) from None

    def _made(self, job: Job, order: "Order", asker: Asker) -> None:
        """In the thread of the packages; whatever goes wrong is the job's."""
        from cti.archive.sealing.keys import KeyTrouble  # noqa: PLC0415 - loaded already

        office = self._office()
        try:
            closed = office.make(order, job.progress.advance, kept=True)
            office.folder.lay(order.export_id, closed.data)
            try:
                office.write_down(closed, asker)
            except BaseException:
                office.folder.forget(order.export_id)
                raise
            office.folder.show(order.export_id)
        except Stopped:
            job.trouble = OSError("le service s'arrête : la remise n'a pas été faite")
        except Exception as trouble:
            of_the_world = isinstance(trouble, OSError | StoreUnavailable | ValueError)
            log.warning(
                "export_not_made", export_id=job.export_id, exc_info=None if of_the_world else trouble, error=str(trouble)
            )
            job.trouble = trouble if of_the_world and not isinstance(trouble, KeyTrouble) else OSError(str(trouble))
        else:
            job.phrase = closed.phrase
            job.export = closed.export

    def _office(self) -> "ExportOffice":
        from cti.bootstrap.exporting.office import ExportOffice  # noqa: PLC0415 - ciphers and codecs, only where they serve

        return ExportOffice(self._settings, self._store, self._rights, self._tying, self._clock)

    def _remember(self, job: Job) -> None:
        self._jobs[job.export_id] = job
        for old in [name for name, one in self._jobs.items() if one.over][: max(0, len(self._jobs) - _REMEMBERED)]:
            del self._jobs[old]

    # --- told -------------------------------------------------------------------------------------------------------------

    async def owner(self, export_id: str) -> str | None:
        """Who made it; None when there is none of this name."""
        job = self._jobs.get(export_id)
        if job is not None:
            return job.by
        found = await asyncio.to_thread(self._store.exports.find, export_id)
        return None if found is None else found.by

    async def state(self, known: Known, export_id: str) -> dict[str, Any] | None:
        """How far it is, or what it was; the passphrase once, to whoever made it."""
        job = self._jobs.get(export_id)
        if job is not None:
            return self._job(job, known)
        found = await asyncio.to_thread(self._store.exports.find, export_id)
        return None if found is None else told(found)

    async def all(self, by: str | None) -> Sequence[dict[str, Any]]:
        """Every one, the newest first; of one account when named."""
        found = await asyncio.to_thread(self._store.exports.all)
        return [told(one) for one in found if by in (None, one.by)]

    async def package(self, known: Known, client: str, export_id: str, *, fetched: bool) -> tuple[Path, str]:
        """Where the closed package lies and what to call it; ``fetched``: written in the log first.

        Raises:
            PackageGone: there is none, or no more.
        """
        return await asyncio.to_thread(self._package, known, client, export_id, fetched=fetched)

    def _package(self, known: Known, client: str, export_id: str, *, fetched: bool) -> tuple[Path, str]:
        from cti.archive.exporting.asked import Form  # noqa: PLC0415
        from cti.archive.exporting.closing import ending  # noqa: PLC0415
        from cti.bootstrap.exporting.folder import Folder  # noqa: PLC0415

        found = self._store.exports.find(export_id)
        path = Folder(self._settings.exports).file(export_id)
        if found is None or found.expires_at is None or found.removed_at is not None or not path.exists():
            raise PackageGone("ce paquet n'est plus gardé ici : sa durée est passée, ou il a été remis en fichier")
        if fetched:
            about = About(detail=f"remise {export_id} : paquet emporté (sha256 {found.sha256})")
            self._rights.did(Asker(who=known.who, roles=known.roles, client=client), Verb.EXPORTER, about)
        return path, f"remise-{export_id}{ending(Form(found.form))}"

    async def not_hers(self, known: Known, client: str, export_id: str) -> None:
        """Somebody else's package was asked for: written down."""
        asker = Asker(who=known.who, roles=known.roles, client=client)
        about = About(detail=f"remise {export_id} : paquet")
        why = "seul le compte qui a fait la remise emporte son paquet"
        await asyncio.to_thread(self._rights.ended, asker, Verb.EXPORTER, about, why)

    def _job(self, job: Job, known: Known) -> dict[str, Any]:
        if job.export is None:
            state = "en_cours" if job.trouble is None else "refuse"
            why = None if job.trouble is None else str(job.trouble)
            progress = job.progress
            return {"export_id": job.export_id, "etat": state, "done": progress.done, "total": progress.total, "detail": why}
        phrase = None
        if known.who == job.by:
            phrase, job.phrase = job.phrase, None
        return {**told(job.export), "phrase": phrase}


def told(one: Export) -> dict[str, Any]:
    """An export as the API tells it."""
    state = "fait" if one.expires_at is None or one.removed_at is None else "efface"
    return {
        "export_id": one.export_id,
        "etat": state,
        "done": one.pieces,
        "total": one.pieces,
        "at": iso(one.at),
        "par": one.by,
        "cible": one.target,
        "demandeur": one.asked_by,
        "reference": one.reference,
        "motif": one.reason,
        "format": one.form,
        "pieces": one.pieces,
        "masques": one.masks,
        "bytes": one.bytes,
        "sha256": one.sha256,
        "expires_at": iso(one.expires_at),
        "removed_at": iso(one.removed_at),
        "recu": json.loads(one.receipt),
        "phrase": None,
        "detail": None,
    }
