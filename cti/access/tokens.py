"""Tokens: what is shown once, and what is kept of it.

``cti_<identity>_<secret>``: the identity finds the row and is named in lists and in the log; the secret (256 bits) is shown once.
What is kept is an HMAC-SHA-256 of the whole under a key that is not in the database, so that neither a copy of the database nor a
guess opens anything; a slow hash would add nothing to a secret that no dictionary holds, and costs at every request.
"""

import hashlib
import hmac
import re
from typing import Final

from cti.journey.around.access import Token, User
from cti.journey.words import Instant

PREFIX: Final = "cti_"
_SHAPE: Final = re.compile(r"cti_([0-9a-f]{8})_([0-9a-f]{64})")


def written(token_id: str, secret: str) -> str:
    """The token as it is shown once: 8 and 64 hexadecimal digits that nobody can guess."""
    return f"{PREFIX}{token_id}_{secret}"


def identity(given: str) -> str | None:
    """Whose row to look at; None when this has not the shape of a token of ours."""
    match = _SHAPE.fullmatch(given)
    return match[1] if match is not None else None


def digest(key: bytes, given: str) -> str:
    """What is kept."""
    return hmac.new(key, given.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def refusal(key: bytes, given: str, token: Token | None, user: User | None, at: Instant) -> str | None:
    """Why this token does not open, in French for the log; None when it does. Compared in constant time."""
    right = hmac.compare_digest(digest(key, given), token.digest if token is not None else "0" * 64)
    if token is None or user is None:
        return "jeton inconnu"
    if not right:
        return f"jeton {token.token_id} : secret faux"
    if token.revoked_at is not None:
        return f"jeton {token.token_id} de {user.name} : révoqué"
    if token.expires_at <= at:
        return f"jeton {token.token_id} de {user.name} : expiré"
    if user.disabled_at is not None:
        return f"jeton {token.token_id} de {user.name} : compte désactivé"
    return None
