"""What accounts are recognised by, from the command line: passwords, one-time codes, sessions; each act with its log entry."""

import json
from collections.abc import Iterator

from cti.access import recognising as rules
from cti.access.accounts import known
from cti.access.oidc import as_subject
from cti.access.sessions import over
from cti.bootstrap.access.accounts import opened, traced
from cti.bootstrap.access.codes import enrolment, new_secret, seal
from cti.bootstrap.access.hashing import Hashing
from cti.bootstrap.access.keys import token_key
from cti.journey.around.access import AccountChange, Session
from cti.journey.words import Instant, as_datetime, iso
from cti.settings import Settings


def set_password(settings: Settings, name: str, password: str, by: str, at: Instant) -> AccountChange:
    """A password for an account.

    Raises:
        AccountRefused: no such account, or the password is none to have.
    """
    with opened(settings) as store:
        # Both refusals come before the slow digest.
        known(store.accounts.users(), name)
        rules.check_password(name, password)
        hashed = Hashing(settings.access.sign_in).made(password)
        return store.accounts.recognise(name, lambda users, now: rules.with_password(users, name, now, hashed, by, at), traced)


def unlock(settings: Settings, name: str, by: str, at: Instant) -> AccountChange:
    """Wait no longer.

    Raises:
        AccountRefused: no such account, or it does not wait.
    """
    with opened(settings) as store:
        return store.accounts.recognise(name, lambda users, now: rules.unlocked(users, name, now, by, at), traced)


def enrol(settings: Settings, name: str, by: str, at: Instant) -> tuple[list[str], AccountChange]:
    """One-time codes for an account: what the person is shown this once, and the change.

    Raises:
        AccountRefused: no such account, or it has no password.
        OSError: the key that seals the secret can be neither read nor made.
    """
    secret = new_secret()
    sealed = seal(token_key(settings), name, secret)
    with opened(settings) as store:
        change = store.accounts.recognise(name, lambda users, now: rules.with_totp(users, name, now, sealed, by, at), traced)
    return list(enrolment(name, secret)), change


def drop_codes(settings: Settings, name: str, by: str, at: Instant) -> AccountChange:
    """No code is asked any more.

    Raises:
        AccountRefused: no such account, or none is asked.
    """
    with opened(settings) as store:
        return store.accounts.recognise(name, lambda users, now: rules.without_totp(users, name, now, by, at), traced)


def end_sessions(settings: Settings, name: str, session_id: str, by: str, at: Instant) -> AccountChange:
    """Close the sessions of an account, or one of them.

    Raises:
        AccountRefused: no such account, or nothing is open.
    """
    with opened(settings) as store:
        found = store.signing.sessions(name, open_only=True)
        return store.accounts.change(lambda users, _: rules.without_sessions(users, name, found, session_id, by, at), traced)


def tie(settings: Settings, name: str, given: str, by: str, at: Instant, *, off: bool) -> AccountChange:
    """Whom the identity provider calls what: this subject is that account, or no longer.

    Raises:
        AccountRefused: no such account, the subject is somebody else's, or no provider is named.
    """
    rule, issuer = (rules.unlinked if off else rules.linked), settings.access.oidc.issuer
    subject = as_subject(settings.access.oidc, given)
    with opened(settings) as store:
        links = store.signing.links()
        return store.accounts.change(lambda users, _: rule(users, name, links, issuer, subject, by, at), traced)


def sessions(settings: Settings, name: str, at: Instant, *, as_json: bool, every: bool) -> Iterator[str]:
    """The sessions of an account that are open, or every one there was.

    Raises:
        AccountRefused: no such account.
    """
    with opened(settings) as store:
        user = known(store.accounts.users(), name)
        found = store.signing.sessions(name)
    for one in found:
        why = over(settings.access.sign_in, one, user, at)
        if every or not why:
            yield json.dumps(_as_dict(one, why), ensure_ascii=False) if as_json else _line(settings, one, why)


def _as_dict(session: Session, why: str) -> dict[str, object]:
    return {
        "session_id": session.session_id,
        "created_at": iso(session.created_at),
        "seen_at": iso(session.seen_at),
        "expires_at": iso(session.expires_at),
        "client": session.client,
        "means": session.means.value,
        "over": why,
    }


def _line(settings: Settings, session: Session, why: str) -> str:
    state = f"terminée ({why})" if why else "ouverte"
    opened_at, seen_at = when(settings, session.created_at), when(settings, session.seen_at)
    return f"{session.session_id}  {state}  depuis {session.client}  {session.means}  ouverte le {opened_at}  vue le {seen_at}"


def when(settings: Settings, instant: Instant | None) -> str:
    """An instant in the civil time of the site."""
    return "?" if instant is None else as_datetime(instant).astimezone(settings.zone).strftime("%d/%m/%Y %H:%M")
