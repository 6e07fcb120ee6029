"""How the database is reached: one URL in, one SQLAlchemy engine out.

SQLite serves a site without a database server; PostgreSQL serves the others. ``writing`` opens the transactions that write.
"""

import sqlite3
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from cti.journey.ledger import StoreUnavailable

#: How long SQLite waits for another writer before the store is said to be unavailable.
BUSY_TIMEOUT_MS = 5_000
#: PostgreSQL: a dead network must be noticed within seconds, for events wait in memory meanwhile.
_POSTGRES_ARGUMENTS = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "cti",
    "options": "-c lock_timeout=5000",
}
#: How long one waits for a connection when many read at once.
_POOL_TIMEOUT_SECONDS = 5
_BEGIN = "cti_sqlite_begin"
_DURABLE = "cti_sqlite_durable"
_WAL_RETRY_SECONDS = 0.01


class UnknownDatabase(ValueError):
    """The database URL names neither an SQLite file nor a PostgreSQL database."""


def normalised(url: str) -> URL:
    """The URL with its driver named: ``sqlite:///var/cti.db`` or ``postgresql+psycopg://...``.

    Raises:
        UnknownDatabase: another database, or SQLite in memory, which would keep nothing and which threads cannot share.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        # Not chained: the URL may hold a password, and the library repeats it.
        raise UnknownDatabase("the database URL cannot be read; expected sqlite:///file or postgresql://...") from error.__cause__
    kind = parsed.drivername.split("+")[0]
    if kind in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise UnknownDatabase(f"the database is {kind!r}; expected sqlite:///file or postgresql://...")
    if not parsed.database or parsed.database == ":memory:":
        raise UnknownDatabase("an SQLite database needs a file, as in sqlite:///var/cti.db")
    return parsed.set(drivername="sqlite+pysqlite")


def build_engine(url: str, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Engine:
    """An engine for the URL; an SQLite file that does not exist is made empty, with its folder.

    Raises:
        UnknownDatabase: the URL names no database that we serve.
        StoreUnavailable: the SQLite file cannot be made.
    """
    parsed = normalised(url)
    # Values never reach an error message: they hold callers' numbers.
    shared: dict[str, Any] = {"hide_parameters": True, "pool_timeout": _POOL_TIMEOUT_SECONDS}
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed, connect_args=_POSTGRES_ARGUMENTS, pool_pre_ping=True, **shared)
    file = Path(parsed.database or "").absolute()
    _make_file(file)
    engine = create_engine(parsed, creator=lambda: _open_sqlite(file, busy_timeout_ms), **shared)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "connect", lambda raw, record: record.info.update(inode=_inode(file)))
    event.listen(engine, "checkout", lambda raw, record, proxy: _refuse_orphan(file, record))
    return engine


def writing(engine: Engine) -> Engine:
    """The same engine, whose transactions take SQLite's write lock at once.

    A transaction that reads first and writes later could find the lock taken in between, and waiting would not help it.
    """
    return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def lasting(engine: Engine) -> Engine:
    """The same, whose transactions are on the disk itself when they return: what rests on them may be given to people at once."""
    return writing(engine).execution_options(**{_DURABLE: True})


def _make_file(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o640)  # callers' numbers are not for every account of the host
    except OSError as error:
        raise StoreUnavailable(f"the database file {file} cannot be made: {error.strerror}") from error


def _open_sqlite(file: Path, busy_timeout_ms: int) -> sqlite3.Connection:
    # mode=rw: a file that vanished must be an error, not silently a new empty database.
    connection = sqlite3.connect(
        f"file:{quote(str(file))}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=busy_timeout_ms / 1000,
    )
    connection.execute(f"PRAGMA busy_timeout={busy_timeout_ms:d}")
    _keep_wal(connection, busy_timeout_ms)
    # With WAL, NORMAL loses nothing when the process is killed; a power cut may lose the last commits, never the file. CEL, which
    # Asterisk keeps without us, tells those again; a site that cannot accept that uses PostgreSQL. FULL costs one fsync a commit.
    connection.execute("PRAGMA synchronous=NORMAL")
    # Fewer, larger checkpoints (16 MB of journal): a call is written many times over, and the file only sees its last state.
    connection.execute("PRAGMA wal_autocheckpoint=4000")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _keep_wal(connection: sqlite3.Connection, busy_timeout_ms: int) -> None:
    """Readers never wait for the writer, nor the writer for them. A file is turned to it once, and keeps it.

    SQLite refuses that turn at once while another connection is about to write, whatever the busy timeout: of two services that
    start together on a fresh file, one would see it locked and not start.
    """
    until = monotonic() + busy_timeout_ms / 1000
    while not _turned_to_wal(connection, insist=monotonic() < until):
        sleep(_WAL_RETRY_SECONDS)


def _turned_to_wal(connection: sqlite3.Connection, *, insist: bool) -> bool:
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as fault:
        if insist and fault.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True


def _begin_sqlite(connection: Connection) -> None:
    # The driver's own idea of when a transaction begins is switched off by isolation_level=None.
    options = connection.get_execution_options()
    if options.get(_DURABLE, False) != connection.info.get(_DURABLE, False):
        connection.info[_DURABLE] = not connection.info.get(_DURABLE, False)
        # Only outside a transaction, and the connection goes back to the pool as it is: the next one says what it needs.
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if connection.info[_DURABLE] else 'NORMAL'}")
    connection.exec_driver_sql(options.get(_BEGIN, "BEGIN"))


def _inode(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _refuse_orphan(file: Path, record: Any) -> None:
    """A connection outlives the file it opened: what it writes after a removal or a restore would be lost without a word."""
    if record.info.get("inode") != _inode(file):
        raise DisconnectionError(f"{file} is no longer the file that was opened")
