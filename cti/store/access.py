"""Accounts and their tokens on disk, and the journal of what was done to them."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, func, insert, or_, select, update

from cti.journey.around.access import AccountAct, AccountActKind, AccountChange, Credential, Token, Trace, User, UserName
from cti.journey.words import Instant
from cti.store.bulk import BulkInsert, overwrite
from cti.store.engine import lasting
from cti.store.faults import reaching
from cti.store.signing import apply_in, lock, one_credential, user_of
from cti.store.tables import access_act, access_token, access_user
from cti.store.traces import append_in

#: ``last_used_at`` is written at most so often.
_USED_US: Final = 60_000_000


class Accounts:
    """Reads and changes, from any thread; every method raises StoreUnavailable when the database is out of reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = lasting(engine)
        self._put_users = BulkInsert(engine.dialect, access_user, overwrite(access_user))
        self._put_tokens = BulkInsert(engine.dialect, access_token, overwrite(access_token))

    def users(self) -> dict[UserName, User]:
        """Every account, in order of name."""
        with reaching(), self._engine.connect() as connection:
            return _users(connection)

    def tokens(self) -> list[Token]:
        """Every token that was ever given, the oldest first."""
        query = select(access_token).order_by(access_token.c.created_at, access_token.c.token_id)
        with reaching(), self._engine.connect() as connection:
            return [_token(row) for row in connection.execute(query)]

    def token(self, token_id: str) -> tuple[Token, User] | None:
        """A token and whose it is."""
        tied = access_token.join(access_user, access_user.c.name == access_token.c.user_name)
        mine = select(access_token).select_from(tied).where(access_token.c.token_id == token_id)
        its = select(access_user).select_from(tied).where(access_token.c.token_id == token_id)
        with reaching(), self._engine.connect() as connection:
            token, user = connection.execute(mine).first(), connection.execute(its).first()
        return None if token is None or user is None else (_token(token), user_of(user))

    def used(self, token_id: str, at: Instant) -> None:
        """This token has just opened; noted to the minute."""
        old = or_(access_token.c.last_used_at.is_(None), access_token.c.last_used_at <= at - _USED_US)
        noted = update(access_token).where(access_token.c.token_id == token_id, old).values(last_used_at=at)
        with reaching(), self._writer.begin() as connection:
            connection.execute(noted)

    def change(
        self,
        work: Callable[[Mapping[UserName, User], Callable[[str], Token | None]], AccountChange],
        said: Callable[[AccountChange], Callable[[Trace | None], Trace]],
    ) -> AccountChange:
        """Let ``work`` say the change from the accounts as they are, alone, and write it with its act and its entry in the log.

        All of it is written, or nothing when ``work`` raises.
        """
        with reaching(), self._writer.begin() as connection:
            lock(connection)
            return self._write(connection, work(_users(connection), lambda token_id: _one_token(connection, token_id)), said)

    def recognise(
        self,
        name: UserName,
        work: Callable[[Mapping[UserName, User], Credential], AccountChange],
        said: Callable[[AccountChange], Callable[[Trace | None], Trace]],
    ) -> AccountChange:
        """The same for an act on what an account is recognised by, which ``work`` is given as it is."""
        with reaching(), self._writer.begin() as connection:
            lock(connection)
            credential = one_credential(connection, name) or Credential(user=name)
            return self._write(connection, work(_users(connection), credential), said)

    def _write(
        self,
        connection: Connection,
        change: AccountChange,
        said: Callable[[AccountChange], Callable[[Trace | None], Trace]],
    ) -> AccountChange:
        self._put_users(connection, [_user_row(change.user)])
        if change.token is not None:
            self._put_tokens(connection, [_token_row(change.token)])
        apply_in(connection, change)
        number = (connection.execute(select(func.max(access_act.c.number))).scalar() or 0) + 1
        act = {
            "number": number, "at": change.at, "who": change.by, "kind": change.kind.value,
            "user_name": change.user.name, "detail": change.detail,
        }  # fmt: skip
        connection.execute(insert(access_act), act)
        append_in(connection, said(change))
        return change

    def acts(self) -> list[AccountAct]:
        """Every act, in order."""
        with reaching(), self._engine.connect() as connection:
            return [_act(row) for row in connection.execute(select(access_act).order_by(access_act.c.number))]


def _users(connection: Connection) -> dict[UserName, User]:
    return {row.name: user_of(row) for row in connection.execute(select(access_user).order_by(access_user.c.name))}


def _one_token(connection: Connection, token_id: str) -> Token | None:
    row = connection.execute(select(access_token).where(access_token.c.token_id == token_id)).first()
    return None if row is None else _token(row)


def _user_row(user: User) -> tuple[Any, ...]:
    return user.name, json.dumps([role.value for role in user.roles]), user.personne, user.created_at, user.disabled_at


def _token_row(token: Token) -> tuple[Any, ...]:
    return (
        token.token_id,
        token.user,
        token.digest,
        token.created_at,
        token.expires_at,
        token.last_used_at,
        token.revoked_at,
    )


def _token(row: Row[Any]) -> Token:
    return Token(
        token_id=row.token_id,
        user=row.user_name,
        digest=row.digest,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )


def _act(row: Row[Any]) -> AccountAct:
    return AccountAct(
        number=row.number, at=row.at, by=row.who, kind=AccountActKind(row.kind), user=row.user_name, detail=row.detail
    )
