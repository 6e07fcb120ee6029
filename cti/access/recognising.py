"""What may be done to what an account is recognised by: its password, its one-time codes, its sessions, its links. Pure rules.

Each gives the change to write, or says in French why there is none. Nothing of a secret is ever in the words of a change.
"""

from dataclasses import replace

from cti.access.accounts import AccountRefused, Users, known
from cti.access.passwords import fault, succeeded
from cti.journey.around.access import AccountActKind, AccountChange, Credential, Link, Session, UserName
from cti.journey.words import Instant


def with_password(users: Users, name: UserName, credential: Credential, hashed: str, by: str, at: Instant) -> AccountChange:
    """A password for an account, in place of the one it had; whoever was signed in signs in anew.

    Raises:
        AccountRefused: no such account.
    """
    user, first = known(users, name), not credential.hash
    return AccountChange(
        at=at,
        by=by,
        kind=AccountActKind.PASSWORD,
        user=user,
        detail="premier mot de passe" if first else "changé",
        credential=replace(succeeded(credential), hash=hashed, hashed_at=at),
        ends="mot de passe changé",
    )


def check_password(name: UserName, password: str) -> None:
    """Whether this may be a password of that account, before the slow digest is made.

    Raises:
        AccountRefused: it may not.
    """
    if why := fault(name, password):
        raise AccountRefused(f"ce mot de passe ne convient pas : {why}")


def unlocked(users: Users, name: UserName, credential: Credential, by: str, at: Instant) -> AccountChange:
    """An account that waits after failures waits no longer.

    Raises:
        AccountRefused: no such account, or nothing is counted against it.
    """
    user = known(users, name)
    if not credential.failures:
        raise AccountRefused(f"le compte {name} n'attend pas")
    told = f"après {credential.failures} échec(s)"
    return AccountChange(at=at, by=by, kind=AccountActKind.UNLOCK, user=user, detail=told, credential=succeeded(credential))


def with_totp(users: Users, name: UserName, credential: Credential, sealed: str, by: str, at: Instant) -> AccountChange:
    """One-time codes are asked of this account from now on, of a new secret when it had one.

    Raises:
        AccountRefused: no such account, or it has no password beside which a code would be asked.
    """
    user = known(users, name)
    if not credential.hash:
        raise AccountRefused(f"le compte {name} n'a pas de mot de passe : cti user password {name}")
    told = "nouveau secret" if credential.totp else "activé"
    kept = replace(credential, totp=sealed, totp_at=at, totp_step=None)
    return AccountChange(
        at=at, by=by, kind=AccountActKind.TOTP, user=user, detail=told, credential=kept, ends="code à usage unique changé"
    )


def without_totp(users: Users, name: UserName, credential: Credential, by: str, at: Instant) -> AccountChange:
    """No code is asked of this account any more.

    Raises:
        AccountRefused: no such account, or none is asked.
    """
    user = known(users, name)
    if not credential.totp:
        raise AccountRefused(f"aucun code n'est demandé au compte {name}")
    kept = replace(credential, totp="", totp_at=None, totp_step=None)
    return AccountChange(at=at, by=by, kind=AccountActKind.TOTP, user=user, detail="retiré", credential=kept, ends="code retiré")


def without_sessions(
    users: Users, name: UserName, sessions: list[Session], session_id: str, by: str, at: Instant
) -> AccountChange:
    """Its open sessions are over, or the one that is named.

    Raises:
        AccountRefused: no such account, or nothing is open.
    """
    user = known(users, name)
    which = [one for one in sessions if one.ended_at is None and session_id in ("", one.session_id)]
    if not which:
        raise AccountRefused(f"aucune session {session_id or 'ouverte'} de {name}")
    told = ", ".join(one.session_id for one in which[:5]) + (f" et {len(which) - 5} autres" if len(which) > 5 else "")
    return AccountChange(
        at=at, by=by, kind=AccountActKind.SESSIONS, user=user, detail=told, ends=f"fermée par {by}", session_id=session_id
    )


def linked(users: Users, name: UserName, links: list[Link], issuer: str, subject: str, by: str, at: Instant) -> AccountChange:
    """This subject of that provider is this account.

    Raises:
        AccountRefused: no such account, or the subject is somebody's already.
    """
    user = known(users, name)
    if not issuer or not subject.strip() or not subject.isprintable():
        raise AccountRefused("il faut un fournisseur ([oidc] emetteur) et un identifiant d'une ligne")
    taken = next((one.user for one in links if (one.issuer, one.subject) == (issuer, subject)), None)
    if taken is not None:
        raise AccountRefused(f"{subject} est déjà rattaché au compte {taken}")
    link = Link(issuer=issuer, subject=subject, user=name, created_at=at)
    return AccountChange(at=at, by=by, kind=AccountActKind.LINK, user=user, detail=f"{subject} de {issuer}", link=link)


def unlinked(users: Users, name: UserName, links: list[Link], issuer: str, subject: str, by: str, at: Instant) -> AccountChange:
    """This subject is this account no longer; its sessions are over.

    Raises:
        AccountRefused: no such link.
    """
    user = known(users, name)
    link = next((one for one in links if (one.issuer, one.subject, one.user) == (issuer, subject, name)), None)
    if link is None:
        raise AccountRefused(f"{subject} n'est pas rattaché au compte {name}")
    told = f"{subject} de {issuer} : retiré"
    return AccountChange(at=at, by=by, kind=AccountActKind.LINK, user=user, detail=told, unlink=link, ends="rattachement retiré")
