"""The shelf: where sealed objects lie, a folder of this machine or an S3 service; written once each, never overwritten.

A folder is made 0700, and what was put in it is on the disk (fsync) before anybody is told so. An S3 service must know
conditional puts (``If-None-Match``): without them it refuses every put, loudly.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore, MemoryStore, S3Store

_T = TypeVar("_T")
#: How the library names what it is still writing.
_STAGED: Final = re.compile(r"#\d+$")


class ShelfTrouble(OSError):
    """The store of the archive refuses or does not answer: nothing was lost, to be tried again."""


@dataclass(frozen=True, slots=True)
class Lying:
    """One object, as the shelf lists it."""

    name: str
    size: int


class Shelf:
    """Puts once, reads back, lists, removes. Blocking; every method raises ShelfTrouble when the store does not do its work."""

    def __init__(self, store: Any, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder  #: of a local one

    def put(self, name: str, data: bytes) -> bool:
        """Write it whole or not at all; False when there is an object of that name, which stays as it is."""
        try:
            _told(lambda: obstore.put(self._store, name, data, mode="create", use_multipart=False))
        except FileExistsError:
            return False
        self._settle(name)
        return True

    def get(self, name: str) -> bytes | None:
        """The object; None when there is none."""
        try:
            return bytes(_told(lambda: obstore.get(self._store, name).bytes()))
        except FileNotFoundError:
            return None

    def list(self, under: str = "") -> Iterator[Lying]:
        """Every object below a folder, in order of name."""
        found = _told(lambda: [meta for batch in obstore.list(self._store, under or None) for meta in batch])
        yield from sorted((Lying(str(meta["path"]), int(meta["size"])) for meta in found), key=lambda one: one.name)

    def remove(self, name: str) -> None:
        """Remove it; one that is not there is removed."""
        try:
            _told(lambda: obstore.delete(self._store, name))
        except FileNotFoundError:
            return

    def sweep(self, before_seconds: float) -> int:
        """Remove what a death in the middle of a put left in a folder of ours (no object: never listed, never read).

        ``before_seconds``: last touched before then (seconds since the epoch). How many there were.
        """
        left = [] if self._folder is None else [path for path in self._folder.rglob("*") if _STAGED.search(path.name)]
        old = [path for path in left if path.stat().st_mtime < before_seconds]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _settle(self, name: str) -> None:
        """A power cut must not take what we are about to call archived."""
        if self._folder is None:
            return
        path = self._folder / name
        for place in (path, *(up for up in path.parents if up.is_relative_to(self._folder))):
            handle = os.open(place, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def open_shelf(address: str, options: dict[str, str] | None = None, retries: int = 3) -> Shelf:
    """The shelf at ``s3://bucket/prefix``, or in a folder of this machine, which is made.

    Raises:
        ShelfTrouble: the folder cannot be made, or the address names no store.
    """
    if not address.startswith("s3://"):
        return _local(Path(address))
    settings: Any = dict(options or {})
    client: Any = {"allow_http": settings.get("endpoint", "").startswith("http://"), "timeout": "30s"}
    retry: Any = {"max_retries": retries}
    try:
        return Shelf(S3Store.from_url(address, client_options=client, retry_config=retry, **settings))
    except (BaseError, ValueError) as trouble:
        raise ShelfTrouble(f"magasin {address} : {_short(trouble)}") from None


def in_memory() -> Shelf:
    """A shelf that is gone with the process: for the tests."""
    return Shelf(MemoryStore())


def _local(folder: Path) -> Shelf:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Shelf(LocalStore(str(folder.absolute())), folder.absolute())
    except (OSError, BaseError) as trouble:
        raise ShelfTrouble(f"magasin {folder} : {_short(trouble)}") from None


def _told(work: Callable[[], _T]) -> _T:
    try:
        return work()
    except AlreadyExistsError:
        raise FileExistsError from None
    except (NotFoundError, FileNotFoundError):
        raise FileNotFoundError from None
    except (BaseError, OSError) as trouble:
        raise ShelfTrouble(f"magasin de l'archive : {_short(trouble)}") from None


def _short(trouble: Exception) -> str:
    """The first line: the rest is for whoever debugs the library."""
    return (str(trouble).splitlines() or [type(trouble).__name__])[0][:300]
