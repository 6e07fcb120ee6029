"""What accounts are recognised by, and who is signed in: rows beside those of the accounts, written under the same lock."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, insert, select, text, update

from cti.journey.around.access import AccessRole, AccountChange, Credential, Link, Means, Session, Trace, User, UserName
from cti.journey.words import Instant
from cti.store.bulk import BulkInsert, overwrite
from cti.store.engine import lasting
from cti.store.faults import reaching
from cti.store.tables import access_credential, access_link, access_session, access_user
from cti.store.traces import append_in

#: PostgreSQL's lock of the accounts: two acts at once must not both rest on what the other changes.
LOCK: Final = 0x414343
#: ``seen_at`` is written at most so often.
_SEEN_US: Final = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What one try to sign in makes of an account."""

    credential: Credential
    session: Session | None = None  #: she is in


class Signing:
    """Reads and changes, from any thread; every method raises StoreUnavailable when the database is out of reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = lasting(engine)
        self._put = BulkInsert(engine.dialect, access_credential, overwrite(access_credential))

    def credentials(self) -> dict[UserName, Credential]:
        """Of every account that has one."""
        with reaching(), self._engine.connect() as connection:
            return {row.user_name: _credential(row) for row in connection.execute(select(access_credential))}

    def credential(self, name: UserName) -> Credential | None:
        """Of this account."""
        with reaching(), self._engine.connect() as connection:
            return one_credential(connection, name)

    def attempt(
        self, name: UserName, work: Callable[[User, Credential], Credential]
    ) -> tuple[User, Credential, Credential] | None:
        """Count a try before it is looked at: the account, what was known of it, and what ``work`` makes of that.

        None: no such account, or it has nothing to be recognised by.
        """
        with reaching(), self._writer.begin() as connection:
            lock(connection)
            user, before = _user(connection, name), one_credential(connection, name)
            if user is None or before is None or not before.hash:
                return None
            after = work(user, before)
            if after != before:
                self._put(connection, [_row(after)])
            return user, before, after

    def conclude(
        self,
        name: UserName,
        work: Callable[[User, Credential], SignIn | None],
        said: Callable[[SignIn | None], Callable[[Trace | None], Trace] | None],
    ) -> SignIn | None:
        """Write what came of the try with its entry in the log, from the account as it is by now; all of it or nothing.

        ``work`` says None when the account may no longer come in; ``said`` says None when nothing is told to the log.
        """
        with reaching(), self._writer.begin() as connection:
            lock(connection)
            user, credential = _user(connection, name), one_credential(connection, name)
            done = None if user is None or credential is None else work(user, credential)
            if done is not None:
                self._put(connection, [_row(done.credential)])
                if done.session is not None:
                    connection.execute(insert(access_session), _session_row(done.session))
            entry = said(done)
            if entry is not None:
                append_in(connection, entry)
            return done

    def open(self, session: Session, entry: Callable[[Trace | None], Trace]) -> bool:
        """A session of somebody who was recognised elsewhere; False when the account is closed or gone."""
        with reaching(), self._writer.begin() as connection:
            lock(connection)
            user = _user(connection, session.user)
            if user is None or user.disabled_at is not None:
                return False
            connection.execute(insert(access_session), _session_row(session))
            append_in(connection, entry)
            return True

    def session(self, session_id: str) -> tuple[Session, User] | None:
        """A session and whose it is."""
        with reaching(), self._engine.connect() as connection:
            row = connection.execute(select(access_session).where(access_session.c.session_id == session_id)).first()
            user = None if row is None else _user(connection, row.user_name)
            return None if row is None or user is None else (_session(row), user)

    def sessions(self, name: UserName | None = None, *, open_only: bool = False) -> list[Session]:
        """Those of an account, or all, the oldest first."""
        query = select(access_session).order_by(access_session.c.created_at, access_session.c.session_id)
        query = query if name is None else query.where(access_session.c.user_name == name)
        query = query.where(access_session.c.ended_at.is_(None)) if open_only else query
        with reaching(), self._engine.connect() as connection:
            return [_session(row) for row in connection.execute(query)]

    def seen(self, session_id: str, at: Instant) -> None:
        """It has just been used; noted to the minute."""
        old = access_session.c.seen_at <= at - _SEEN_US
        noted = update(access_session).where(access_session.c.session_id == session_id, old).values(seen_at=at)
        with reaching(), self._writer.begin() as connection:
            connection.execute(noted)

    def end(self, session_id: str, at: Instant, why: str, entry: Callable[[Trace | None], Trace]) -> bool:
        """End one session, with its entry in the log; False when it had ended before."""
        with reaching(), self._writer.begin() as connection:
            done = ended(connection, access_session.c.session_id == session_id, at, why)
            if done:
                append_in(connection, entry)
            return done > 0

    def linked(self, issuer: str, subject: str) -> User | None:
        """Whose account a provider's subject is."""
        query = select(access_link.c.user_name).where(access_link.c.issuer == issuer, access_link.c.subject == subject)
        with reaching(), self._engine.connect() as connection:
            name = connection.execute(query).scalar()
            return None if name is None else _user(connection, name)

    def links(self) -> list[Link]:
        """All of them, by account."""
        query = select(access_link).order_by(access_link.c.user_name, access_link.c.issuer, access_link.c.subject)
        with reaching(), self._engine.connect() as connection:
            return [
                Link(issuer=row.issuer, subject=row.subject, user=row.user_name, created_at=row.created_at)
                for row in connection.execute(query)
            ]


def apply_in(connection: Connection, change: AccountChange) -> None:
    """What an act on an account changes here, inside its transaction."""
    if change.credential is not None:
        BulkInsert(connection.dialect, access_credential, overwrite(access_credential))(connection, [_row(change.credential)])
    if change.ends:
        which = (
            access_session.c.session_id == change.session_id
            if change.session_id
            else access_session.c.user_name == change.user.name
        )
        ended(connection, which, change.at, change.ends)
    if change.unlink is not None:
        gone = (access_link.c.issuer == change.unlink.issuer) & (access_link.c.subject == change.unlink.subject)
        connection.execute(delete(access_link).where(gone))
    if change.link is not None:
        one = change.link
        row = {"issuer": one.issuer, "subject": one.subject, "user_name": one.user, "created_at": one.created_at}
        connection.execute(insert(access_link), row)


def one_credential(connection: Connection, name: UserName) -> Credential | None:
    """What this account is recognised by."""
    row = connection.execute(select(access_credential).where(access_credential.c.user_name == name)).first()
    return None if row is None else _credential(row)


def ended(connection: Connection, which: Any, at: Instant, why: str) -> int:
    """End the sessions that are open; how many."""
    open_ones = update(access_session).where(which, access_session.c.ended_at.is_(None))
    return connection.execute(open_ones.values(ended_at=at, ended_why=why)).rowcount


def lock(connection: Connection) -> None:
    """Alone among those who change accounts (SQLite's write transactions are alone already)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _user(connection: Connection, name: UserName) -> User | None:
    row = connection.execute(select(access_user).where(access_user.c.name == name)).first()
    return None if row is None else user_of(row)


def user_of(row: Row[Any]) -> User:
    """The account of a row."""
    return User(
        name=row.name,
        roles=tuple(AccessRole(role) for role in json.loads(row.roles)),
        personne=row.personne,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )


def _row(credential: Credential) -> tuple[Any, ...]:
    values = asdict(credential)
    return tuple(values[name] for name in _COLUMNS)


_COLUMNS: Final = ("user", "hash", "hashed_at", "failures", "failed_at", "locked_until", "totp", "totp_at", "totp_step")


def _credential(row: Row[Any]) -> Credential:
    values = row._asdict()
    return Credential(user=values.pop("user_name"), **values)


def _session_row(session: Session) -> dict[str, Any]:
    values = asdict(session)
    return {**values, "user_name": values.pop("user"), "means": session.means.value}


def _session(row: Row[Any]) -> Session:
    values = row._asdict()
    return Session(user=values.pop("user_name"), means=Means(values.pop("means")), **values)
