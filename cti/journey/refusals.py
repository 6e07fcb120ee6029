"""What an operating system refuses, in the words of the people who read it on a wall."""

import errno
from collections.abc import Mapping
from typing import Final

_WORDS: Final[Mapping[int, str]] = {
    errno.ENOSPC: "plus de place sur le disque",
    errno.EDQUOT: "quota de disque atteint",
    errno.EROFS: "disque en lecture seule",
    errno.EIO: "erreur du disque",
    errno.EACCES: "accès refusé",
    errno.EPERM: "opération interdite",
    errno.ENOENT: "dossier ou fichier absent",
    errno.EEXIST: "un fichier a déjà ce nom",
    errno.ENOTDIR: "un dossier est attendu",
    errno.EISDIR: "un fichier est attendu",
    errno.ESTALE: "partage réseau périmé",
    errno.ENODEV: "disque ou partage absent",
    errno.ENXIO: "disque ou partage absent",
    errno.EMFILE: "trop de fichiers ouverts",
    errno.ENFILE: "trop de fichiers ouverts",
    errno.ETIMEDOUT: "pas de réponse",
    errno.ECONNREFUSED: "connexion refusée",
    errno.ECONNRESET: "connexion rompue",
    errno.EHOSTUNREACH: "machine hors d'atteinte",
    errno.EHOSTDOWN: "machine arrêtée",
    errno.ENETUNREACH: "réseau hors d'atteinte",
}


def refusal(error: OSError) -> str:
    """Why the system refused, in French; for a rare reason its name, never the system's own language."""
    if error.errno is None:
        return "erreur du système"
    return _WORDS.get(error.errno) or f"erreur du système {errno.errorcode.get(error.errno, error.errno)}"
