"""Every account for a terminal or a program: its roles, its tokens, and how its person signs in."""

import json
from collections.abc import Iterator

from cti.access.passwords import waiting
from cti.access.sessions import over
from cti.bootstrap.access.accounts import opened
from cti.bootstrap.access.recognising import when
from cti.journey.around.access import Credential, Token, User
from cti.journey.words import Instant, iso
from cti.settings import Settings


def listed(settings: Settings, at: Instant, *, as_json: bool) -> Iterator[str]:
    """Every account with its tokens, and how its person signs in."""
    with opened(settings) as store:
        users, tokens = store.accounts.users(), store.accounts.tokens()
        credentials, sessions = store.signing.credentials(), store.signing.sessions(open_only=True)
        links = store.signing.links()
    for user in users.values():
        mine = [token for token in tokens if token.user == user.name]
        inside = sum(not over(settings.access.sign_in, one, user, at) for one in sessions if one.user == user.name)
        credential, tied = credentials.get(user.name), [one for one in links if one.user == user.name]
        if as_json:
            known = {**_as_dict(user, mine, at), **_signing_as_dict(credential, inside), "links": [one.subject for one in tied]}
            yield json.dumps(known, ensure_ascii=False)
        else:
            yield from _lines(settings, user, mine, at)
            yield from _signing(settings, user, credential, inside, at)
            yield from (f"    rattaché à {one.subject} de {one.issuer}" for one in tied)


def _signing(settings: Settings, user: User, credential: Credential | None, open_sessions: int, at: Instant) -> Iterator[str]:
    """What the list of accounts says of how one signs in; nothing when nobody does."""
    if credential is None or not credential.hash:
        return
    at_word = when(settings, credential.hashed_at)
    code = "  code à usage unique" if credential.totp else ""
    open_told = f"  {open_sessions} session(s) ouverte(s)" if open_sessions else ""
    yield f"    mot de passe du {at_word}{code}{open_told}"
    if left := waiting(credential, at):
        yield f"    EN ATTENTE encore {left} s après {credential.failures} échecs (cti user unlock {user.name})"
    elif credential.failures:
        yield f"    {credential.failures} échec(s) de suite, le dernier {when(settings, credential.failed_at)}"


def _signing_as_dict(credential: Credential | None, open_sessions: int) -> dict[str, object]:
    """The same as plain data."""
    known = credential if credential is not None else Credential(user="")
    return {
        "password_at": iso(known.hashed_at),
        "totp": bool(known.totp),
        "failures": known.failures,
        "failed_at": iso(known.failed_at),
        "locked_until": iso(known.locked_until),
        "sessions": open_sessions,
    }


def _state(token: Token, at: Instant) -> str:
    if token.revoked_at is not None:
        return "révoqué"
    return "expiré" if token.expires_at <= at else "valable"


def _as_dict(user: User, tokens: list[Token], at: Instant) -> dict[str, object]:
    return {
        "name": user.name,
        "roles": [role.value for role in user.roles],
        "personne": user.personne,
        "created_at": iso(user.created_at),
        "disabled_at": iso(user.disabled_at),
        "tokens": [
            {
                "token_id": token.token_id,
                "state": _state(token, at),
                "created_at": iso(token.created_at),
                "expires_at": iso(token.expires_at),
                "last_used_at": iso(token.last_used_at),
                "revoked_at": iso(token.revoked_at),
            }
            for token in tokens
        ],
    }


def _lines(settings: Settings, user: User, tokens: list[Token], at: Instant) -> Iterator[str]:
    closed = f"  DÉSACTIVÉ le {when(settings, user.disabled_at)}" if user.disabled_at is not None else ""
    person = f"  ({settings.staff.nom(user.personne)})" if user.personne else ""
    yield f"{user.name}{person}  {', '.join(user.roles)}{closed}"
    for token in tokens:
        used = f"dernier usage {when(settings, token.last_used_at)}" if token.last_used_at is not None else "jamais utilisé"
        yield f"    jeton {token.token_id}  {_state(token, at)}  jusqu'au {when(settings, token.expires_at)}  {used}"
