"""Disks that a test may fill or make read-only."""

import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DISK_MIB = 48


class Refused(Exception):
    """This machine does not let the fault be made; the message says why."""


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """The folder is a small disk of its own.

    Raises:
        Refused: nothing can be mounted here.
    """
    _mount("-t", "tmpfs", "-o", f"size={_DISK_MIB}m", "tmpfs", folder)
    try:
        yield
    finally:
        _unmount(folder)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Not one byte more goes on that disk."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(b"\0" * 4096)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def read_only(copy: Path, place: Path) -> Iterator[None]:
    """The file at ``place`` is ``copy`` on a file system that takes no writing: permissions alone would not hold root back.

    Raises:
        Refused: nothing can be mounted here.
    """
    # Made read-only before it is put in place: whoever opened it between the two would write on, and the remount be refused.
    _mount("--bind", copy, copy)
    try:
        _mount("-o", "remount,bind,ro", copy)
        _mount("--bind", copy, place)
        try:
            yield
        finally:
            _unmount(place)
    finally:
        _unmount(copy)


def _mount(*words: object) -> None:
    mounted = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        raise Refused(f"nothing can be mounted here (mount {words[0]}): {mounted.stderr.strip()}")


def _unmount(place: Path) -> None:
    subprocess.run(["umount", "-l", str(place)], check=False)
