"""The archive of a site, built from its settings: keys read, shelf opened, worker made."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cti.archive.ports import Hearing
from cti.archive.sealing.keys import Opener, Sealer, read_identity
from cti.archive.stores import Shelf, open_shelf
from cti.archive.worker import Archiver
from cti.bootstrap.clock import now
from cti.bootstrap.keeping.disk import RecorderDisk
from cti.settings import Settings
from cti.store import Store

#: A put that has not ended for so long never will.
_STALE_SECONDS: Final = 3_600.0


class AlreadyAtWork(OSError):
    """Another process archives for this site."""


def recordings_of(settings: Settings) -> Path:
    """The recorder's folder, as this machine sees it."""
    return Path(settings.cti.pbx.recordings or settings.pbx.recordings_dir)


def identity_of(settings: Settings) -> Opener:
    """The service's own identity.

    Raises:
        KeyTrouble: absent, readable by others, or none.
    """
    return read_identity(settings.archive.archive.identite)


def shelf_of(settings: Settings) -> Shelf:
    """The store of the archive.

    Raises:
        ShelfTrouble: it cannot be opened.
    """
    return open_shelf(settings.archive.archive.magasin, settings.archive.store_options())


def sealer_of(settings: Settings, opener: Opener) -> Sealer:
    """Seals for the service itself, the offline key and the site's other recipients."""
    return Sealer(settings.archive.recipients(opener.recipient))


def disk_of(settings: Settings, recordings: Path) -> RecorderDisk:
    """The recorder's folder."""
    archive = settings.archive
    settle_us = int(archive.travail.repos_seconds * 1_000_000)
    return RecorderDisk(recordings, settings.recording, settle_us, now, archive.surveillance.montage)


@contextmanager
def alone(settings: Settings, work: str = "archive") -> Iterator[None]:
    """One of these at a time in this ``var``: a second one would do the same work twice.

    Raises:
        AlreadyAtWork: another process has it.
    """
    var = settings.cti.service.var
    var.mkdir(parents=True, exist_ok=True)
    with (var / f"{work}.lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyAtWork("un autre processus (cti run, ou cti archive run) est déjà à l'archive") from None
        yield


def archiver_of(settings: Settings, store: Store, recordings: Path) -> Archiver:
    """The worker.

    Raises:
        KeyTrouble, ShelfTrouble: the archive cannot be opened now.
    """
    opener, shelf = identity_of(settings), shelf_of(settings)
    hearing = Hearing(settings.recording.silence_max_peak, settings.recording.voice_min_ms)
    shelf.sweep(now() / 1_000_000 - _STALE_SECONDS)
    return Archiver(store.pieces, disk_of(settings, recordings), shelf, sealer_of(settings, opener), opener, now, hearing)
