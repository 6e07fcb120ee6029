"""Sealing and opening: the age format (age-encryption.org/v1) for several recipients, each with an X25519 key of his own.

Whoever is a recipient opens alone: the service with its identity file, the offline recovery key when everything else is lost. The
service seals with public keys only; its own private key never leaves ``Opener``.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyrage

#: So much is opened before another thread may have its turn (bytes).
_PART_BYTES: Final = 65_536


class KeyTrouble(ValueError):
    """A key is no key, or its file is not what it must be; the message, in French, says what to do."""


class NotOurs(ValueError):
    """These bytes are not sealed for this identity, or were altered."""


def sha256(data: bytes) -> str:
    """The digest, lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def recipient_fault(key: str) -> str | None:
    """Why this is no public key, in French; None when it is one."""
    try:
        pyrage.x25519.Recipient.from_str(key)
    except pyrage.RecipientError:
        return f"{key[:80]!r} n'est pas une clé publique age (age1...)"
    return None


class Sealer:
    """Seals for these people."""

    def __init__(self, recipients: Sequence[str]) -> None:
        self.recipients = tuple(dict.fromkeys(recipients))
        self._keys = [pyrage.x25519.Recipient.from_str(key) for key in self.recipients]

    def __call__(self, plain: bytes) -> bytes:
        """The sealed bytes; never twice the same, for each sealing draws a key of its own."""
        into = _Into()
        # By parts, as below: an hour of talk in one go holds Python's lock for as long as it takes.
        pyrage.encrypt_io(_Parts(plain), into, self._keys)
        return bytes(into.data)


class Opener:
    """Opens what was sealed for the identity that this holds."""

    def __init__(self, secret: str) -> None:
        self._identity = pyrage.x25519.Identity.from_str(secret)
        self.recipient = str(self._identity.to_public())

    def __call__(self, sealed: bytes) -> bytes:
        """The plain bytes.

        Raises:
            NotOurs: sealed for others, cut, or altered.
        """
        into = _Into()
        try:
            # In one go, pyrage holds Python's lock until an hour of talk is open (140 ms); between parts it lets others run.
            pyrage.decrypt_io(_Parts(sealed), into, [self._identity])
        except (pyrage.DecryptError, OSError) as trouble:  # OSError: altered after its head
            raise NotOurs(f"ne s'ouvre pas avec l'identité de ce service : {trouble}") from None
        return bytes(into.data)


class _Parts:
    """Bytes, given in parts by code of Python's own, where other threads may have their turn."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = memoryview(data), 0

    def read(self, size: int = -1) -> bytes:
        until = len(self._data) if size < 0 else self._at + min(size, _PART_BYTES)
        part = bytes(self._data[self._at : until])
        self._at += len(part)
        return part


class _Into:
    """Bytes, taken in parts."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, part: bytes) -> int:
        self.data += part
        return len(part)

    def flush(self) -> None:
        """Nothing waits."""


def read_identity(path: Path) -> Opener:
    """The identity of a file as `age-keygen` or `cti archive keygen` writes it.

    Raises:
        KeyTrouble: absent, readable by others, or no identity in it.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise KeyTrouble(f"identité de l'archive absente : {path} (la créer : cti archive keygen)") from None
    except (OSError, UnicodeDecodeError) as trouble:
        raise KeyTrouble(f"identité de l'archive illisible : {path} ({trouble})") from None
    if mode & 0o077:
        raise KeyTrouble(f"identité de l'archive lisible par d'autres : chmod 600 {path}")
    secret = next((line.strip() for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-1")), "")
    try:
        return Opener(secret)
    except pyrage.IdentityError:
        raise KeyTrouble(f"aucune identité age dans {path}") from None


def write_identity(path: Path, made: str) -> str:
    """Draw a new identity, write it for its owner alone, and give its public key; ``made`` is the date written in it.

    Raises:
        KeyTrouble: the file exists, and a key is never overwritten: what it opens would be lost.
    """
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyTrouble(f"{path} existe : une clé ne se remplace pas, ce qu'elle ouvre serait perdu") from None
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(f"# created: {made}\n# public key: {public}\n{identity}\n")
        out.flush()
        os.fsync(out.fileno())
    return public
