"""The world's failures may be tried again, ours are raised."""

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cti.journey.ledger import StoreUnavailable
from cti.store.faults import reaching


def _sqlite(code: int) -> sqlite3.OperationalError:
    fault = sqlite3.OperationalError("told by SQLite")
    fault.sqlite_errorcode = code
    return fault


@pytest.mark.parametrize(
    "fault",
    [
        OperationalError("INSERT", {}, _sqlite(sqlite3.SQLITE_BUSY)),
        OperationalError("INSERT", {}, _sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT)),
        OperationalError("INSERT", {}, _sqlite(sqlite3.SQLITE_FULL)),
        OperationalError("INSERT", {}, _sqlite(sqlite3.SQLITE_IOERR_WRITE)),
        OperationalError("INSERT", {}, psycopg.errors.DiskFull("disk full")),
        OperationalError("INSERT", {}, psycopg.errors.AdminShutdown("bye")),
        OperationalError("INSERT", {}, psycopg.OperationalError("connection lost")),
        InterfaceError("INSERT", {}, psycopg.InterfaceError("the connection is closed")),
        ProgrammingError("INSERT", {}, psycopg.errors.ReadOnlySqlTransaction("standby")),
        ProgrammingError("INSERT", {}, Exception("whatever"), connection_invalidated=True),
        PoolTimeout("no connection"),
    ],
)
def test_world(fault: Exception) -> None:
    with pytest.raises(StoreUnavailable) as told, reaching():
        raise fault
    assert told.value.__cause__ is fault
    assert "INSERT" not in str(told.value)


@pytest.mark.parametrize(
    "fault",
    [
        OperationalError("SELEC", {}, _sqlite(sqlite3.SQLITE_ERROR)),
        ProgrammingError("SELEC", {}, psycopg.errors.SyntaxError("syntax")),
        ProgrammingError("SELECT", {}, psycopg.errors.UndefinedTable("no such table")),
        DataError("INSERT", {}, psycopg.errors.NumericValueOutOfRange("too large")),
        IntegrityError("INSERT", {}, psycopg.errors.NotNullViolation("null")),
        InterfaceError("INSERT", {}, sqlite3.InterfaceError("no such type")),
        KeyError("ours"),
    ],
)
def test_ours(fault: Exception) -> None:
    with pytest.raises(type(fault)) as told, reaching():
        raise fault
    assert told.value is fault
