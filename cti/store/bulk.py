"""Many rows in one go, each database in the way it likes best.

SQLite takes statements of many rows, then one for each row that is left: a third quicker than row by row, and Python's other
threads run meanwhile, for the driver lets go of Python's lock once a statement. PostgreSQL takes one statement and the whole
batch as one JSON value that it unpacks itself: one round trip and one plan. (Measured on batches of 1 500 events: three times
quicker than a list per column with ``unnest``, whose lists the driver quotes in Python, value by value.)
"""

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, TypeAlias

from sqlalchemy import Column, Connection, Dialect, Select, Table, Text, bindparam, cast, func, select
from sqlalchemy.dialects import postgresql, sqlite

from cti.store.rows import Row

#: SQLite's and PostgreSQL's INSERT share ``on_conflict_do_*`` without sharing a class.
Insert: TypeAlias = sqlite.Insert | postgresql.Insert
#: Gives the INSERT its ON CONFLICT clause.
Conflict: TypeAlias = Callable[[Insert], Insert]
#: Rows in one SQLite statement; more gain nothing.
_TOGETHER = 32
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def keep(statement: Insert) -> Insert:
    """A row that is already there stays as it is."""
    return statement.on_conflict_do_nothing()


def overwrite(table: Table) -> Conflict:
    """A row with the same key takes the new values."""
    key = [column.name for column in table.primary_key]
    return overwrite_only(table, [column.name for column in table.columns if column.name not in key])


def overwrite_only(table: Table, names: Iterable[str]) -> Conflict:
    """A row with the same key takes the new values of these columns."""
    key, changed = list(table.primary_key), list(names)
    return lambda statement: statement.on_conflict_do_update(
        index_elements=key, set_={name: statement.excluded[name] for name in changed}
    )


class BulkInsert:
    """One INSERT of rows in the column order of the table, columns left out excepted."""

    def __init__(self, dialect: Dialect, table: Table, conflict: Conflict, *, without: Iterable[str] = ()) -> None:
        left_out = frozenset(without)
        columns = [column for column in table.columns if column.name not in left_out]
        self._names = [column.name for column in columns]
        self._many = dialect.name == "sqlite"
        if self._many:
            inserted = sqlite.insert(table).values({name: bindparam(name) for name in self._names})
            self._one = str(conflict(inserted).compile(dialect=dialect))
            group = f"({', '.join('?' * len(columns))})"
            if self._one.count(group) != 1:  # pragma: no cover - another SQLAlchemy writes its SQL another way
                raise RuntimeError(f"no single {group} in {self._one}")
            self._together = self._one.replace(group, ", ".join([group] * _TOGETHER))
        else:
            self._statement = conflict(postgresql.insert(table).from_select(self._names, _unpacked(columns)))

    def __call__(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Write the rows inside the connection's transaction; none is no work."""
        if not rows:
            return
        if self._many:
            self._in_groups(connection, rows)
            return
        connection.execute(self._statement, {"rows": _encode(rows)})

    def _in_groups(self, connection: Connection, rows: Sequence[Row]) -> None:
        rest = len(rows) % _TOGETHER
        for start in range(0, len(rows) - rest, _TOGETHER):
            values = tuple(chain.from_iterable(rows[start : start + _TOGETHER]))
            connection.exec_driver_sql(self._together, values)
        if rest:
            connection.exec_driver_sql(self._one, list(rows[-rest:]))


def _unpacked(columns: Sequence[Column[Any]]) -> Select[Any]:
    """The rows of the parameter ``rows``, a JSON list of lists of values in the order of these columns."""
    row = func.jsonb_array_elements(cast(bindparam("rows", type_=Text), postgresql.JSONB)).column_valued("row")
    values = [row.op("->>")(position) for position in range(len(columns))]
    return select(*(value if isinstance(c.type, Text) else cast(value, c.type) for c, value in zip(columns, values, strict=True)))
