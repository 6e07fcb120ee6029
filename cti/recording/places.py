"""Where the two voices of a recording lie, and the refusal to look anywhere else.

The PBX names a recording by a stem; the caller's voice is ``stem-caller.wav``, what he hears ``stem-agents.wav``. A stem comes
over a network from a dialplan, so it is taken for what it is: a text that must lead to a place under the recordings' folder,
links included.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

CALLER_SUFFIX: Final = "-caller.wav"
AGENTS_SUFFIX: Final = "-agents.wav"


class StemOutside(ValueError):
    """The stem does not lead to a place under the recordings' folder."""


@dataclass(frozen=True, slots=True)
class Legs:
    """The two files of one recording."""

    caller: Path
    agents: Path


def locate(stem: str, root: Path, pbx_root: str = "") -> Legs:
    """The files of this stem, whether they exist or not.

    ``pbx_root`` is the folder as the PBX names it, when that differs from ``root``. A relative stem starts at the root.

    Raises:
        StemOutside: the stem is empty, climbs (``..``), holds unprintable characters, or leads out of ``root``, perhaps
            through a link.
    """
    inner = _inner(stem, root, pbx_root)
    real_root = root.resolve()
    legs = Legs(*(real_root / inner.with_name(inner.name + suffix) for suffix in (CALLER_SUFFIX, AGENTS_SUFFIX)))
    for path in (legs.caller, legs.agents):
        if not _real(path).is_relative_to(real_root):
            raise StemOutside(f"{path.name} leads out of the recordings' folder")
    return legs


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as loop:  # links that lead to each other
        raise StemOutside(f"{path.name} leads nowhere: {loop}") from loop


def _inner(stem: str, root: Path, pbx_root: str) -> PurePosixPath:
    """The stem below the root, by name alone."""
    path = PurePosixPath(stem)
    if not path.name or not stem.isprintable() or ".." in path.parts or stem.endswith("/"):
        raise StemOutside(f"{stem[:200]!r} names no recording")
    if not path.is_absolute():
        return path
    folders = [PurePosixPath(root), PurePosixPath(root.absolute()), PurePosixPath(root.resolve())]
    if pbx_root:
        folders.insert(0, PurePosixPath(pbx_root))
    for folder in folders:
        if path.is_relative_to(folder) and path != folder:
            return path.relative_to(folder)
    raise StemOutside(f"{stem[:200]!r} is not under the recordings' folder")
