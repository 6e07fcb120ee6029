"""Sessions of signed-in people: what the cookie holds, what is kept of it, and when it opens nothing any more. Pure.

The cookie is ``<identity>.<secret>``: the identity (96 bits) finds the row and is named in lists, the secret (256 bits) is for
that browser alone. What is kept is an HMAC-SHA-256 of the whole under the key of the tokens. The token that a page sends back
with whatever changes something is another HMAC of the same cookie, so nothing more has to be kept, and a page of another site,
which can make a browser send the cookie and cannot read an answer of ours, cannot know it.
"""

import hashlib
import hmac
import re
from typing import Final

from cti.access.connexion import SignInSettings
from cti.journey.around.access import Session, User
from cti.journey.words import Instant

#: Before the identity of a session wherever a token's could stand.
PREFIX: Final = "s-"
_SHAPE: Final = re.compile(r"(s-[0-9a-f]{24})\.([0-9a-f]{64})")
_MINUTE_US: Final = 60_000_000
#: Why a cookie opens nothing when it is no session of ours: somebody made it up, or the database is another one.
UNKNOWN: Final = "inconnue"


def written(session_id: str, secret: str) -> str:
    """What the cookie holds."""
    return f"{session_id}.{secret}"


def identity(given: str) -> str | None:
    """Whose row to look at; None when this has not the shape of a cookie of ours."""
    match = _SHAPE.fullmatch(given)
    return match[1] if match is not None else None


def digest(key: bytes, given: str) -> str:
    """What is kept."""
    return hmac.new(key, b"session " + given.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def csrf(key: bytes, given: str) -> str:
    """What the page of this session shows with each request that changes something."""
    return hmac.new(key, b"csrf " + given.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def over(settings: SignInSettings, session: Session, user: User, at: Instant) -> str:
    """Why this session opens nothing, in French; empty when it does."""
    if session.ended_at is not None:
        return session.ended_why or "terminée"
    if user.disabled_at is not None:
        return "compte désactivé"
    if session.expires_at <= at:
        return "durée maximale atteinte"
    if at - session.seen_at > settings.idle_minutes * _MINUTE_US:
        return "inactivité"
    return ""


def refusal(key: bytes, settings: SignInSettings, given: str, session: Session | None, user: User | None, at: Instant) -> str:
    """The same for a cookie that is shown; compared in constant time."""
    right = hmac.compare_digest(digest(key, given), session.digest if session is not None else "0" * 64)
    if session is None or user is None or not right:
        return UNKNOWN
    return over(settings, session, user, at)
