"""Closed packages that wait to be fetched: 0600 in a folder of 0700, whole under their name or not there."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

#: A package that is on the disk and that the register may not know yet.
_PART: Final = ".part"
_WHOLE: Final = ".paquet"


class Folder:
    """Blocking; every method raises OSError when the folder cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def lay(self, export_id: str, data: bytes) -> None:
        """Put it there, not visible yet: on the disk when this returns."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._path / f"{export_id}{_PART}", data)

    def show(self, export_id: str) -> None:
        """It is written down: from now on it can be fetched."""
        (self._path / f"{export_id}{_PART}").rename(self.file(export_id))
        settle(self._path)

    def file(self, export_id: str) -> Path:
        """Where it lies."""
        return self._path / f"{export_id}{_WHOLE}"

    def remove(self, export_id: str) -> None:
        """Remove it; one that is not there is removed."""
        self.file(export_id).unlink(missing_ok=True)

    def forget(self, export_id: str) -> None:
        """One that was laid and will not be shown."""
        (self._path / f"{export_id}{_PART}").unlink(missing_ok=True)

    def mend(self, known: Mapping[str, str]) -> None:
        """After a death: what was written down (``known``: its SHA-256) is shown, what was not goes. Nobody may be at work."""
        if not self._path.is_dir():
            return
        for part in sorted(self._path.glob(f"*{_PART}")):
            export_id = part.name.removesuffix(_PART)
            if known.get(export_id) == hashlib.sha256(part.read_bytes()).hexdigest():
                self.show(export_id)
            else:
                part.unlink()


def write_whole(path: Path, data: bytes) -> None:
    """Write a new file for its owner alone, on the disk itself.

    Raises:
        OSError: it exists, or cannot be written; what was begun is removed.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        settle(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def settle(folder: Path) -> None:
    """The names in a folder, on the disk itself."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
