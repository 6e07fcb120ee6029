"""The log of accesses on disk: one entry after the other, by one writer at a time, only ever added to."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, insert, select, text

from cti.journey.around.access import Trace
from cti.journey.words import Instant
from cti.store.engine import lasting
from cti.store.faults import reaching
from cti.store.tables import access_trace

#: PostgreSQL's lock of the log: two processes at once must not both follow the same entry.
_LOCK: Final = 0x545243
_PAGE: Final = 2000


class Traces:
    """Reads and adds, from any thread; every method raises StoreUnavailable when the database is out of reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = lasting(engine)

    def append(self, work: Callable[[Trace | None], Trace]) -> Trace:
        """Let ``work`` make the entry after the last one, alone, and write it to the disk itself; or nothing."""
        with reaching(), self._writer.begin() as connection:
            return append_in(connection, work)

    def last(self) -> Trace | None:
        """The last entry."""
        with reaching(), self._engine.connect() as connection:
            return _last(connection)

    def read(
        self, *, after: int = 0, since: Instant | None = None, until: Instant | None = None, who: str = "", call_id: str = ""
    ) -> Iterator[Trace]:
        """Entries numbered above ``after``, in order, of ``[since, until[``, of this account and this call when named."""
        wanted = [access_trace.c.seq > after]
        wanted += [access_trace.c.at >= since] if since is not None else []
        wanted += [access_trace.c.at < until] if until is not None else []
        wanted += [access_trace.c.who == who] if who else []
        wanted += [access_trace.c.call_id == call_id] if call_id else []
        while True:
            query = select(access_trace).where(*wanted).order_by(access_trace.c.seq).limit(_PAGE)
            with reaching(), self._engine.connect() as connection:
                page = [_trace(row) for row in connection.execute(query)]
            yield from page
            if len(page) < _PAGE:
                return
            wanted[0] = access_trace.c.seq > page[-1].seq


def append_in(connection: Connection, work: Callable[[Trace | None], Trace]) -> Trace:
    """The same inside a transaction that writes something else too: both or neither."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    trace = work(_last(connection))
    connection.execute(insert(access_trace), asdict(trace))
    return trace


def _last(connection: Connection) -> Trace | None:
    row = connection.execute(select(access_trace).order_by(access_trace.c.seq.desc()).limit(1)).first()
    return None if row is None else _trace(row)


def _trace(row: Row[Any]) -> Trace:
    return Trace(**row._asdict())
