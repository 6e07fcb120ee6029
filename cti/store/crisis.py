"""The history of crisis mode on disk: who switched it, when and why; only ever added to."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Engine, Row, insert, select, text

from cti.journey.around.crisis import CrisisAct
from cti.store.engine import writing
from cti.store.faults import reaching
from cti.store.tables import crisis_act

#: PostgreSQL's lock of the switch: two people at once must not both be the next.
_LOCK: Final = 0x435249


class Crises:
    """Reads and adds acts, from any thread; every method raises StoreUnavailable when the database is out of reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = writing(engine)

    def acts(self, after: int = 0) -> tuple[CrisisAct, ...]:
        """Every act numbered above ``after``, in order."""
        query = select(crisis_act).where(crisis_act.c.number > after).order_by(crisis_act.c.number)
        with reaching(), self._engine.connect() as connection:
            return tuple(_act(row) for row in connection.execute(query))

    def add(self, work: Callable[[Sequence[CrisisAct]], CrisisAct]) -> CrisisAct:
        """Read the history alone, let ``work`` say the next act, write it; nothing is written when ``work`` raises."""
        with reaching(), self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            rows = connection.execute(select(crisis_act).order_by(crisis_act.c.number))
            act = work(tuple(_act(row) for row in rows))
            values = {"number": act.number, "at": act.at, "active": act.active, "who": act.by, "reason": act.reason}
            connection.execute(insert(crisis_act), values)
        return act


def _act(row: Row[Any]) -> CrisisAct:
    return CrisisAct(number=row.number, at=row.at, active=row.active, by=row.who, reason=row.reason)
