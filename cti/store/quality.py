"""How well legs were heard, on disk: one row for each leg and witness, the latest word of each."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Engine, Row, select

from cti.journey.around.quality import LegQuality, Witness
from cti.journey.words import CallId
from cti.store.bulk import BulkInsert, overwrite
from cti.store.engine import writing
from cti.store.faults import reaching
from cti.store.tables import leg_quality

_NAMES: Final = tuple(column.name for column in leg_quality.columns)


class Qualities:
    """Reads and adds, from any thread; every method raises StoreUnavailable when the database is out of reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = writing(engine)
        self._rows = BulkInsert(engine.dialect, leg_quality, overwrite(leg_quality))

    def write(self, qualities: Sequence[LegQuality]) -> None:
        """Keep them; of one leg by one witness the last of these, in place of what was kept before."""
        last = {(one.leg, one.witness): one for one in qualities}
        with reaching(), self._writer.begin() as connection:
            self._rows(connection, [_row(one) for one in last.values()])

    def of(self, call_id: CallId) -> tuple[LegQuality, ...]:
        """The legs of this call, in the order of their last words."""
        query = select(leg_quality).where(leg_quality.c.call_id == call_id)
        with reaching(), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(leg_quality.c.at, leg_quality.c.leg, leg_quality.c.witness))
            return tuple(_quality(row) for row in rows)


def _row(one: LegQuality) -> Sequence[Any]:
    values: dict[str, Any] = {name: getattr(one, name) for name in _NAMES}
    return tuple({**values, "witness": one.witness.value}.values())


def _quality(row: Row[Any]) -> LegQuality:
    values = {name: getattr(row, name) for name in _NAMES}
    return LegQuality(**{**values, "witness": Witness(row.witness), "over": bool(row.over)})
