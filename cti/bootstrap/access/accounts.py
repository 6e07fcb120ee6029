"""Accounts from the command line: made, changed, listed; each act with its entry in the log, in the same transaction.

The service need not run; when it does, it asks the store at every request, so a revoked token opens nothing from then on.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from cti.access import accounts as rules
from cti.access.accounts import AccountRefused
from cti.access.chain import link
from cti.access.rights import account_said
from cti.access.tokens import digest, written
from cti.agents.roles import Role
from cti.bootstrap.access.keys import new_token, token_key
from cti.journey.around.access import AccessRole, AccountChange, Token, Trace, User, UserName
from cti.journey.words import Instant
from cti.settings import Settings
from cti.store import Store, open_store

#: In the log, where an act of the command line came from.
CLIENT = "cli"
_Users = Mapping[UserName, User]
_Work = Callable[[_Users, Callable[[str], Token | None]], AccountChange]


def add(settings: Settings, name: str, roles: tuple[str, ...], personne: str | None, by: str, at: Instant) -> AccountChange:
    """A new account; tied to the person of that name, unless another one is named.

    Raises:
        AccountRefused: it cannot be, in French.
    """
    words = tuple(AccessRole(role) for role in roles)
    shows = AccessRole.BANDEAU in words
    known = set(settings.roster.by_endpoint) if shows else {*settings.staff.people, *settings.staff.fixed}
    if personne is not None and personne not in known:
        raise AccountRefused(f"agents.toml ne connaît pas {'le poste' if shows else 'la personne'} « {personne} »")
    tied = personne if personne is not None else (name if name in known else "")
    return _change(settings, lambda users, _: rules.added(users, name, words, tied, by, at))


def set_roles(settings: Settings, name: str, roles: tuple[str, ...], by: str, at: Instant) -> AccountChange:
    """Other roles.

    Raises:
        AccountRefused: no such account, or nothing changes.
    """
    words = tuple(AccessRole(role) for role in roles)
    return _change(settings, lambda users, _: rules.with_roles(users, name, words, by, at))


def disable(settings: Settings, name: str, by: str, at: Instant) -> AccountChange:
    """Close an account.

    Raises:
        AccountRefused: no such account, or it is closed already.
    """
    return _change(settings, lambda users, _: rules.disabled(users, name, by, at))


def enable(settings: Settings, name: str, by: str, at: Instant) -> AccountChange:
    """Open a closed account.

    Raises:
        AccountRefused: no such account, or it is open.
    """
    return _change(settings, lambda users, _: rules.enabled(users, name, by, at))


def give_token(settings: Settings, name: str, days: int | None, by: str, at: Instant) -> tuple[str, AccountChange]:
    """A token, in clear for this once, and the change.

    Raises:
        AccountRefused: no such account, it is closed, or the token would live too long.
        OSError: the key of the digests can be neither read nor made.
    """
    token_id, secret = new_token()
    shown = written(token_id, secret)
    kept = digest(token_key(settings), shown)
    made = partial(rules.with_token, settings=settings.access, days=days, token_id=token_id, digest=kept, by=by, at=at)
    return shown, _change(settings, lambda users, _: made(users, name))


def revoke(settings: Settings, token_id: str, by: str, at: Instant) -> AccountChange:
    """Close a token.

    Raises:
        AccountRefused: no such token, or it is closed already.
    """
    return _change(settings, lambda users, token: rules.revoked(users, token(token_id), token_id, by, at))


def roles_beside(settings: Settings, change: AccountChange) -> str | None:
    """A remark when the person's work in the room is another one than her account's roles say, in French."""
    personne = change.user.personne
    if AccessRole.BANDEAU in change.user.roles:
        return None
    if not personne:
        return f"{change.user.name} n'est lié à aucune personne d'agents.toml : le compte n'a pas d'appels à lui"
    role = settings.staff.role(personne)
    meant = AccessRole.ARM_N2 if role is Role.ARM_AMU else next((one for one in AccessRole if one.value == role.value), None)
    if meant is None or meant in change.user.roles:
        return None
    return f"{personne} est {role.label} dans agents.toml, et le compte n'a pas le rôle {meant}"


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """The store, for a verb."""
    store = open_store(settings.database_url)
    try:
        yield store
    finally:
        store.close()


def _change(settings: Settings, work: _Work) -> AccountChange:
    with opened(settings) as store:
        return store.accounts.change(work, traced)


def traced(change: AccountChange) -> Callable[[Trace | None], Trace]:
    """The entry of an act of the command line."""
    said = account_said(change, CLIENT)
    return lambda last: link(last, said)
