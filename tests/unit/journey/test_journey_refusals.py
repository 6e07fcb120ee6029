"""The system's refusals, in French whatever the machine speaks."""

import errno

import pytest

from cti.journey.refusals import refusal


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "plus de place sur le disque"),
        (PermissionError(errno.EACCES, "Permission denied", "/var/spool"), "accès refusé"),
        (FileNotFoundError(errno.ENOENT, "No such file"), "dossier ou fichier absent"),
        (OSError(errno.EXDEV, "Invalid cross-device link"), "erreur du système EXDEV"),
        (OSError(99_999, "Something new"), "erreur du système 99999"),
        (OSError("no number"), "erreur du système"),
    ],
)
def test_a_refusal_is_french(error: OSError, told: str) -> None:
    assert refusal(error) == told
