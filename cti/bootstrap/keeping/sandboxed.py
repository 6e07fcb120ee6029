"""The archive of a sandbox site: keys drawn for it, a folder of its own. The recovery key lies beside it, as no real one may."""

from pathlib import Path
from typing import Any, Final

from cti.archive.sealing.keys import write_identity

_DRAWN: Final = "sandbox"


def archive_of_its_own(folder: Path) -> dict[str, Any]:
    """The changes to ``archive.toml`` of a site in this folder."""
    own, offline = folder / "cles" / "service.key", folder / "cles" / "secours.key"
    if not own.exists():
        write_identity(own, _DRAWN)
    if not offline.exists():
        write_identity(offline, _DRAWN)
    return {
        "archive": {
            "actif": True,
            "magasin": str(folder / "archive"),
            "identite": str(own),
            "secours": _public(offline),
        }
    }


def _public(identity: Path) -> str:
    lines = identity.read_text(encoding="ascii").splitlines()
    return next(line.removeprefix("# public key: ") for line in lines if line.startswith("# public key: "))
