"""The key of the tokens' digests, and new tokens: randomness and a file, which the room itself does not know."""

import os
import secrets
from pathlib import Path
from typing import Final

from cti.settings import Settings

KEY_FILE: Final = "acces.cle"


def token_key(settings: Settings) -> bytes:
    """The key that the settings name, or that of the service's folder, made when it is first needed and readable by us alone.

    Raises:
        OSError: it can be neither read nor made.
    """
    if settings.access.key:
        return settings.access.key.encode()
    file = settings.cti.service.var / KEY_FILE
    try:
        return file.read_bytes()
    except FileNotFoundError:
        _make(file)
        return file.read_bytes()


def new_token() -> tuple[str, str]:
    """Identity and secret of a token (``cti.access.tokens``)."""
    return secrets.token_hex(4), secrets.token_hex(32)


def _make(file: Path) -> None:
    """Whole or not at all, and never over another process's: a key that changes closes every token."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(secrets.token_hex(32).encode())
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(fresh, file)
        except FileExistsError:
            return  # somebody was quicker: theirs is the key
    finally:
        fresh.unlink()
