"""Whether the recorder's disk is there at all."""

import os
from pathlib import Path


def astray(root: Path, mount: str) -> str | None:
    """Why this is not the recorder's disk, in French; None when it is. A share that is not mounted is an empty folder."""
    if mount and not os.path.ismount(mount):
        return f"le partage des enregistrements n'est pas monté : {mount}"
    return None if root.is_dir() else f"dossier des enregistrements hors d'atteinte : {root}"
