"""What may be done to accounts, as pure rules: each gives the change to write, or says in French why there is none.

An account is never removed: the log names it for as long as the log is kept. Disabling it closes all its tokens at once, for
they are asked at every request; enabling it again opens those that were neither revoked nor over. Its sessions end for good, as
they do with its roles (what people sign in with: ``cti.access.recognising``).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from cti.access.table import AccessSettings
from cti.journey.around.access import SITE, AccessRole, AccountActKind, AccountChange, Token, User, UserName
from cti.journey.around.duty import PersonId
from cti.journey.words import Instant, as_datetime

_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{1,63}")
#: What a trace names and no person may be called.
_TAKEN: Final = frozenset({SITE, "service", "cli", "inconnu"})
_DAY_US: Final = 86_400_000_000

Users = Mapping[UserName, User]


class AccountRefused(ValueError):
    """Nothing was changed; the message says why, in French."""


def added(users: Users, name: UserName, roles: Sequence[AccessRole], personne: PersonId, by: str, at: Instant) -> AccountChange:
    """A new account.

    Raises:
        AccountRefused: no such name can be, it is taken, or it has no role.
    """
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise AccountRefused(
            f"« {name} » : un nom de 2 à 64 signes est attendu (minuscules, chiffres, . _ -), et pas un nom réservé"
        )
    if name in users:
        raise AccountRefused(f"le compte {name} existe déjà")
    user = User(name=name, roles=_roles(roles), personne=personne, created_at=at)
    if AccessRole.BANDEAU in user.roles and not personne:
        raise AccountRefused("un bandeau est celui d'un poste : --personne en donne le nom")
    told = f"rôles {_told(user.roles)}" + (f", personne {personne}" if personne else "")
    return AccountChange(at=at, by=by, kind=AccountActKind.ADD, user=user, detail=told)


def with_roles(users: Users, name: UserName, roles: Sequence[AccessRole], by: str, at: Instant) -> AccountChange:
    """Other roles for an account.

    Raises:
        AccountRefused: no such account, or it has these roles already.
    """
    user, new = known(users, name), _roles(roles)
    if AccessRole.BANDEAU in (*user.roles, *new) and set(new) != set(user.roles):
        raise AccountRefused("un bandeau est le compte d'un poste et d'aucune personne : il faut un autre compte")
    if set(new) == set(user.roles):
        raise AccountRefused(f"le compte {name} a déjà ces rôles")
    told = f"rôles {_told(user.roles)} -> {_told(new)}"
    return AccountChange(
        at=at, by=by, kind=AccountActKind.ROLES, user=replace(user, roles=new), detail=told, ends="rôles changés"
    )


def disabled(users: Users, name: UserName, by: str, at: Instant) -> AccountChange:
    """An account that opens nothing any more.

    Raises:
        AccountRefused: no such account, or it is disabled already.
    """
    user = known(users, name)
    if user.disabled_at is not None:
        raise AccountRefused(f"le compte {name} est déjà désactivé")
    return AccountChange(at=at, by=by, kind=AccountActKind.DISABLE, user=replace(user, disabled_at=at), ends="compte désactivé")


def enabled(users: Users, name: UserName, by: str, at: Instant) -> AccountChange:
    """A disabled account opens again.

    Raises:
        AccountRefused: no such account, or it is not disabled.
    """
    user = known(users, name)
    if user.disabled_at is None:
        raise AccountRefused(f"le compte {name} n'est pas désactivé")
    return AccountChange(at=at, by=by, kind=AccountActKind.ENABLE, user=replace(user, disabled_at=None))


def with_token(
    users: Users, name: UserName, settings: AccessSettings, days: int | None, token_id: str, digest: str, by: str, at: Instant
) -> AccountChange:
    """A token for an account.

    Raises:
        AccountRefused: no such account, it is disabled, or the token would live too long.
    """
    user, life = known(users, name), settings.days if days is None else days
    if user.disabled_at is not None:
        raise AccountRefused(f"le compte {name} est désactivé")
    if not 1 <= life <= settings.days_most:
        raise AccountRefused(f"durée d'un jeton : de 1 à {settings.days_most} jours (acces.toml, [jetons] jours_max)")
    token = Token(token_id=token_id, user=name, digest=digest, created_at=at, expires_at=at + life * _DAY_US)
    told = f"jeton {token_id}, expire le {as_datetime(token.expires_at):%d/%m/%Y à %H:%M:%S} UTC"
    return AccountChange(at=at, by=by, kind=AccountActKind.TOKEN, user=user, token=token, detail=told)


def revoked(users: Users, token: Token | None, token_id: str, by: str, at: Instant) -> AccountChange:
    """A token that opens nothing any more.

    Raises:
        AccountRefused: no such token, or it is revoked already.
    """
    if token is None:
        raise AccountRefused(f"aucun jeton {token_id}")
    if token.revoked_at is not None:
        raise AccountRefused(f"le jeton {token_id} est déjà révoqué")
    return AccountChange(
        at=at,
        by=by,
        kind=AccountActKind.REVOKE,
        user=known(users, token.user),
        token=replace(token, revoked_at=at),
        detail=f"jeton {token_id}",
    )


def known(users: Users, name: UserName) -> User:
    """The account of this name.

    Raises:
        AccountRefused: there is none.
    """
    user = users.get(name)
    if user is None:
        raise AccountRefused(f"aucun compte {name}")
    return user


def _roles(roles: Sequence[AccessRole]) -> tuple[AccessRole, ...]:
    if not roles:
        raise AccountRefused("un compte a au moins un rôle")
    if AccessRole.BANDEAU in roles and set(roles) != {AccessRole.BANDEAU}:
        raise AccountRefused("le rôle bandeau va seul : c'est celui d'un logiciel, pour un poste, et de personne")
    return tuple(dict.fromkeys(roles))


def _told(roles: Sequence[AccessRole]) -> str:
    return ", ".join(roles)
