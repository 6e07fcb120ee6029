"""The slow digest of passwords (argon2id, RFC 9106), with the site's parameters. Blocking, on purpose.

The library is loaded by the first who signs in: a start does not pay for it.
"""

import secrets
from functools import cached_property
from typing import TYPE_CHECKING

from cti.access.connexion import SignInSettings
from cti.access.passwords import prepared

if TYPE_CHECKING:
    from argon2 import PasswordHasher


class Hashing:
    """Makes and compares digests; lets go of Python's lock while it works."""

    def __init__(self, settings: SignInSettings) -> None:
        self._settings = settings

    def made(self, password: str) -> str:
        """The digest of a password, with a salt of its own."""
        return self._hasher.hash(prepared(password))

    def matches(self, hashed: str, password: str) -> bool:
        """Whether this is the password of that digest; a digest that is none matches nothing."""
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415

        self._nobody  # noqa: B018 - made at the first comparison, of whomever: the first stranger takes no longer than anybody
        try:
            return self._hasher.verify(hashed, prepared(password))
        except (VerificationError, InvalidHashError):
            return False

    def pretend(self, password: str) -> None:
        """Take the time that a comparison takes: what nobody's account is must not answer quicker."""
        self.matches(self._nobody, password)

    def old(self, hashed: str) -> bool:
        """Whether the digest was made with other parameters than the site's."""
        return self._hasher.check_needs_rehash(hashed)

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher  # noqa: PLC0415

        rules = self._settings
        return PasswordHasher(time_cost=rules.passes, memory_cost=rules.memory_mib * 1024, parallelism=rules.lanes)

    @cached_property
    def _nobody(self) -> str:
        """The digest of a password that nobody has."""
        return self._hasher.hash(secrets.token_hex(16))
