"""Which failures of the database are the world's and which are ours.

The world's (out of reach, locked, full, gone) become ``StoreUnavailable``: the same batch may be offered again. Ours (a broken
statement, a value that no column takes) are raised as they are, because offering them again would fail for ever.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cti.journey.ledger import StoreUnavailable

#: Primary result codes of SQLite (https://www.sqlite.org/rescode.html) that speak of the file or its neighbours, not of our SQL.
_SQLITE_WORLD = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


@contextmanager
def reaching() -> Iterator[None]:
    """Turn the world's failures into ``StoreUnavailable`` and let ours through.

    Raises:
        StoreUnavailable: the database is out of reach, locked, full or gone.
    """
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnavailable("no connection to the database came free in time") from error
    except DBAPIError as error:
        if error.connection_invalidated or _of_the_world(error.orig):
            # Only the driver's words: the statement's values may hold a caller's number.
            raise StoreUnavailable(str(error.orig).strip() or type(error.orig).__name__) from error
        raise


def _of_the_world(fault: BaseException | None) -> bool:
    if isinstance(fault, sqlite3.Error):
        code: int | None = getattr(fault, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _SQLITE_WORLD
    psycopg = sys.modules.get("psycopg")  # SQLAlchemy loads it with the first PostgreSQL engine; a site on SQLite never does
    if psycopg is None:
        return False
    if isinstance(fault, psycopg.errors.ReadOnlySqlTransaction):
        return True  # a standby that was not promoted yet
    # Connection lost, server stopping, disk full, lock not granted, deadlock: all are OperationalError for psycopg,
    # while a wrong statement or value is ProgrammingError, DataError or IntegrityError.
    return isinstance(fault, psycopg.OperationalError | psycopg.InterfaceError)
