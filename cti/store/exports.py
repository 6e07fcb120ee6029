"""The register of what was handed over; each package is written together with its entry in the log of accesses."""

from collections.abc import Callable
from dataclasses import asdict

from sqlalchemy import Engine, insert, select, update

from cti.journey.around.access import Trace
from cti.journey.around.export import Export
from cti.journey.words import Instant
from cti.store.engine import lasting
from cti.store.faults import reaching
from cti.store.tables import voice_export as _e
from cti.store.traces import append_in


class Exports:
    """Reads and writes, from any thread; every method raises StoreUnavailable when the database is out of reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = lasting(engine)

    def add(self, export: Export, said: Callable[[Trace | None], Trace]) -> Trace:
        """Write it and its entry in the log, on the disk itself: both or neither."""
        with reaching(), self._writer.begin() as connection:
            connection.execute(insert(_e), asdict(export))
            return append_in(connection, said)

    def removed(self, export_id: str, at: Instant, said: Callable[[Trace | None], Trace]) -> bool:
        """Its package is kept no longer, which the log says too; False when that was written already."""
        with reaching(), self._writer.begin() as connection:
            query = update(_e).where(_e.c.export_id == export_id, _e.c.removed_at.is_(None)).values(removed_at=at)
            if not connection.execute(query).rowcount:
                return False
            append_in(connection, said)
            return True

    def find(self, export_id: str) -> Export | None:
        """One; None when it is not known."""
        return next(iter(self._read(_e.c.export_id == export_id)), None)

    def all(self) -> list[Export]:
        """Every one, the newest first."""
        return self._read()

    def kept(self) -> list[Export]:
        """Those whose package the service still holds."""
        return self._read(_e.c.expires_at.is_not(None), _e.c.removed_at.is_(None))

    def _read(self, *wanted: object) -> list[Export]:
        query = select(_e).where(*wanted).order_by(_e.c.at.desc(), _e.c.export_id)  # type: ignore[arg-type]
        with reaching(), self._engine.connect() as connection:
            return [Export(**row) for row in connection.execute(query).mappings()]
