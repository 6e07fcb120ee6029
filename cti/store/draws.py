"""Quality draws on disk: only ever added to, each with its entry in the log of accesses, in one transaction."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, func, insert, select, text

from cti.journey.around.access import Trace, UserName
from cti.journey.around.listening import Draw
from cti.journey.words import CallId, Instant
from cti.store.engine import lasting
from cti.store.faults import reaching
from cti.store.tables import draw, draw_call
from cti.store.traces import append_in

#: PostgreSQL's lock of the draws: two at once must not have one number.
_LOCK: Final = 0x445257
_PLAIN: Final = (
    "at", "reviewer", "ends_at", "reason", "since", "until", "flux", "filiere", "wanted", "seed", "pool", "pool_sha256",
)  # fmt: skip


class Draws:
    """Reads and adds, from any thread; every method raises StoreUnavailable when the database is out of reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = lasting(engine)

    def add(self, made: Draw, said: Callable[[Draw], Callable[[Trace | None], Trace]]) -> Draw:
        """Write it under the next number, with its entry in the log: both or neither; the draw with its number."""
        with reaching(), self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            number = int(connection.execute(select(func.max(draw.c.number))).scalar() or 0) + 1
            made = replace(made, number=number)
            values = {name: getattr(made, name) for name in _PLAIN}
            connection.execute(insert(draw), {"number": number, "who": made.by, **values})
            rows = [{"draw": number, "position": place, "call_id": one} for place, one in enumerate(made.calls)]
            if rows:
                connection.execute(insert(draw_call), rows)
            append_in(connection, said(made))
        return made

    def all(self) -> list[Draw]:
        """Every draw, the newest first."""
        return self._read(select(draw).order_by(draw.c.number.desc()))

    def find(self, number: int) -> Draw | None:
        """One draw."""
        return next(iter(self._read(select(draw).where(draw.c.number == number))), None)

    def of_reviewer(self, reviewer: UserName, at: Instant) -> list[Draw]:
        """The draws for this account whose review is not over, the newest first."""
        return self._read(select(draw).where(draw.c.reviewer == reviewer, draw.c.ends_at > at).order_by(draw.c.number.desc()))

    def ends(self, reviewer: UserName, call_id: CallId) -> list[Instant]:
        """When each review of this account that this call was drawn for ends."""
        tied = draw.join(draw_call, draw_call.c.draw == draw.c.number)
        query = select(draw.c.ends_at).select_from(tied).where(draw.c.reviewer == reviewer, draw_call.c.call_id == call_id)
        with reaching(), self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def _read(self, query: Select[Any]) -> list[Draw]:
        with reaching(), self._engine.connect() as connection:
            return [_draw(connection, row) for row in connection.execute(query).all()]


def _draw(connection: Connection, row: Row[Any]) -> Draw:
    calls = select(draw_call.c.call_id).where(draw_call.c.draw == row.number).order_by(draw_call.c.position)
    values = {name: getattr(row, name) for name in _PLAIN}
    return Draw(number=row.number, by=row.who, calls=tuple(connection.execute(calls).scalars()), **values)
