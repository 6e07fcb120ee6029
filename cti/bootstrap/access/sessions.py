"""Sessions of signed-in people for a running service: whose cookie this is, whether it still opens, and its end. Blocking."""

import secrets
from collections.abc import Callable
from typing import Protocol

import structlog

from cti.access import sessions as rules
from cti.access.chain import Said, link
from cti.access.connexion import SignInSettings
from cti.api.edge.door import Known
from cti.journey.around.access import ENTER, LEAVE, AccessOutcome, Means, Session, Trace, User
from cti.journey.ledger import StoreUnavailable
from cti.journey.words import Instant

log = structlog.get_logger(__name__)
_HOUR_US, _MINUTE_US = 3_600_000_000, 60_000_000


class SessionShelf(Protocol):
    """The store's side of sessions."""

    def session(self, session_id: str) -> tuple[Session, User] | None:
        """A session and whose it is."""

    def seen(self, session_id: str, at: Instant) -> None:
        """It has just been used."""

    def end(self, session_id: str, at: Instant, why: str, entry: Callable[[Trace | None], Trace]) -> bool:
        """End it, with its entry in the log."""


class Sessions:
    """Every method raises StoreUnavailable when the accounts cannot be read; any thread."""

    def __init__(
        self,
        settings: SignInSettings,
        key: Callable[[], bytes],
        shelf: SessionShelf,
        clock: Callable[[], Instant],
    ) -> None:
        self._settings = settings
        self._key = key
        self._shelf = shelf
        self._clock = clock

    def made(self, user: str, client: str, means: Means, at: Instant) -> tuple[str, Session]:
        """A new session, not yet written, and what its cookie holds."""
        session_id, secret = rules.PREFIX + secrets.token_hex(12), secrets.token_hex(32)
        cookie = rules.written(session_id, secret)
        return cookie, Session(
            session_id=session_id,
            user=user,
            digest=rules.digest(self._key(), cookie),
            created_at=at,
            seen_at=at,
            expires_at=at + self._settings.life_hours * _HOUR_US,
            client=client,
            means=means,
        )

    def known(self, cookie: str, client: str) -> tuple[Known | None, str]:
        """Who shows this cookie; or nobody, and why, in French. One that is over is written down as ended when that is seen."""
        at, session_id = self._clock(), rules.identity(cookie)
        found = self._shelf.session(session_id) if session_id is not None else None
        session, user = found if found is not None else (None, None)
        why = rules.refusal(self._key(), self._settings, cookie, session, user, at)
        if session is None or user is None or why == rules.UNKNOWN:
            return None, rules.UNKNOWN
        if why:
            self._over(session, user, why, client, at)
            return None, why
        self._seen(session, at)
        return self.as_known(session, user, cookie), ""

    def standing(self, session_id: str) -> Known | None:
        """Whoever a session names, if it still opens; what is open in its name is use of it."""
        found, at = self._shelf.session(session_id), self._clock()
        if found is None or rules.over(self._settings, *found, at):
            return None
        self._seen(found[0], at)
        return self.as_known(*found, "")

    def ended(self, known: Known, client: str) -> None:
        """She leaves."""
        at = self._clock()
        said = Said(
            at=at, who=known.who, role="+".join(known.roles), verb=LEAVE, outcome=AccessOutcome.DONE, client=client,
            detail=f"session {known.token_id} : déconnexion",
        )  # fmt: skip
        self._shelf.end(known.token_id, at, "déconnexion", lambda last: link(last, said))

    def as_known(self, session: Session, user: User, cookie: str) -> Known:
        """Who this is, with what her page must show when the cookie is known."""
        return Known(
            who=user.name,
            roles=user.roles,
            personne=user.personne,
            token_id=session.session_id,
            expires_at=session.expires_at,
            csrf=rules.csrf(self._key(), cookie) if cookie else "",
        )

    def _over(self, session: Session, user: User, why: str, client: str, at: Instant) -> None:
        if session.ended_at is not None:
            return
        said = Said(
            at=at, who=user.name, role="+".join(user.roles), verb=LEAVE, outcome=AccessOutcome.DONE, client=client,
            detail=f"session {session.session_id} : {why}",
        )  # fmt: skip
        try:
            self._shelf.end(session.session_id, at, why, lambda last: link(last, said))
        except StoreUnavailable as trouble:
            log.warning("session_end_not_written", session=session.session_id, error=str(trouble))

    def _seen(self, session: Session, at: Instant) -> None:
        """To the minute: a page that asks every second must not write every second."""
        if at - session.seen_at < _MINUTE_US:
            return
        try:
            self._shelf.seen(session.session_id, at)
        except StoreUnavailable as trouble:
            log.warning("session_use_not_noted", session=session.session_id, error=str(trouble))


def came_in(session: Session, user: User) -> Said:
    """The entry of somebody who signed in."""
    return Said(
        at=session.created_at,
        who=user.name,
        role="+".join(user.roles),
        verb=ENTER,
        outcome=AccessOutcome.GRANTED,
        client=session.client,
        detail=f"session {session.session_id} ({session.means})",
    )
