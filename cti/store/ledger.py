"""Writing: one batch, one transaction.

The journal comes first and is only ever added to. Of a journey only the parts that changed since its last commit are written:
the ledger remembers the journeys it wrote last. What it does not remember, or what became shorter, is written anew as a whole.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias, TypeVar

from sqlalchemy import Engine, bindparam, delete
from sqlalchemy.exc import DataError

from cti.journey.ledger import Batch, Promise
from cti.journey.model import Journey
from cti.journey.words import CallId
from cti.store import tables as t
from cti.store.bulk import BulkInsert, keep, overwrite, overwrite_only
from cti.store.engine import writing
from cti.store.faults import reaching
from cti.store.rows import (
    Row,
    anomaly_row,
    call_row,
    consult_row,
    event_row,
    leg_row,
    promise_row,
    recording_row,
    stage_row,
    storable,
)

#: How many journeys the ledger remembers. Fewer than the calls in progress costs speed and nothing else.
REMEMBERED = 4_096

#: The databases limit how many values one statement may name.
_CHUNK = 500

Part = TypeVar("Part")
_Write: TypeAlias = tuple[BulkInsert, Sequence[Row]]
#: Removing a stage removes its legs.
_ERASE = tuple(
    delete(table).where(table.c.call_id.in_(bindparam("calls", expanding=True)))
    for table in (t.stage, t.recording, t.consult, t.anomaly)
)


class Ledger:
    """Writes batches, from one thread at a time; nobody else may write the same calls meanwhile."""

    def __init__(self, engine: Engine, *, remembered: int = REMEMBERED) -> None:
        self._engine = writing(engine)
        self._remembered = remembered
        self._last: OrderedDict[CallId, Journey] = OrderedDict()
        dialect = engine.dialect
        self._events = BulkInsert(dialect, t.event, keep, without=["seq"])
        self._calls = BulkInsert(dialect, t.call, overwrite(t.call))
        self._stages = BulkInsert(dialect, t.stage, overwrite(t.stage))
        self._legs = BulkInsert(dialect, t.leg, overwrite(t.leg))
        self._recordings = BulkInsert(dialect, t.recording, overwrite(t.recording))
        self._consults = BulkInsert(dialect, t.consult, overwrite(t.consult))
        self._anomalies = BulkInsert(dialect, t.anomaly, overwrite(t.anomaly))
        self._promises = BulkInsert(dialect, t.outbox, keep)
        self._kept = BulkInsert(dialect, t.outbox, overwrite_only(t.outbox, ["done_at"]))
        self._gaps = BulkInsert(dialect, t.gap, keep)

    def commit(self, batch: Batch) -> None:
        """Write all of the batch or nothing of it; what was written before is harmless.

        Raises:
            StoreUnavailable: the database is out of reach, locked or full; the batch may be offered again.
        """
        journeys = list({journey.call_id: journey for journey in batch.journeys}.values())
        anew = [journey.call_id for journey in journeys if not _grew(self._last.get(journey.call_id), journey)]
        for call_id in anew:
            self._last.pop(call_id, None)
        writes = self._writes(batch, journeys)  # before the transaction: the database's lock is held for the writing alone
        try:
            self._write(anew, writes)
        except BaseException:
            # The file may have been replaced by an older one meanwhile: what we remember of it is no longer sure.
            self._last.clear()
            raise
        self._remember(journeys)

    def _remember(self, journeys: Iterable[Journey]) -> None:
        """These journeys stand in the database exactly as given."""
        for journey in journeys:
            self._last[journey.call_id] = journey
            self._last.move_to_end(journey.call_id)
        while len(self._last) > self._remembered:
            self._last.popitem(last=False)

    def _writes(self, batch: Batch, journeys: Iterable[Journey]) -> list[_Write]:
        changes = _Changes()
        for journey in journeys:
            changes.add(self._last.get(journey.call_id), journey)
        return [
            (self._events, [event_row(entry) for entry in batch.entries]),
            (self._calls, changes.calls),
            (self._stages, changes.stages),
            (self._legs, changes.legs),
            (self._recordings, changes.recordings),
            (self._consults, changes.consults),
            (self._anomalies, changes.anomalies),
            (self._promises, [promise_row(promise, None) for promise in batch.promises]),
            (self._kept, [promise_row(promise, promise.at) for promise in _once(batch.kept)]),
            (self._gaps, [(gap.since, gap.until, gap.reason) for gap in batch.gaps]),
        ]

    def _write(self, anew: Sequence[CallId], writes: Sequence[_Write]) -> None:
        try:
            self._transaction(anew, writes)
        except (UnicodeEncodeError, DataError):
            # One caller's broken text must not stop the journal of all the others; the frames are kept as they came elsewhere.
            self._transaction(anew, [(insert, [storable(row) for row in rows]) for insert, rows in writes])

    def _transaction(self, anew: Sequence[CallId], writes: Sequence[_Write]) -> None:
        with reaching(), self._engine.begin() as connection:
            for start in range(0, len(anew), _CHUNK):
                for statement in _ERASE:
                    connection.execute(statement, {"calls": anew[start : start + _CHUNK]})
            for insert, rows in writes:
                insert(connection, rows)


class _Changes:
    """The rows that must be written, table by table."""

    __slots__ = ("anomalies", "calls", "consults", "legs", "recordings", "stages")

    def __init__(self) -> None:
        self.calls: list[Row] = []
        self.stages: list[Row] = []
        self.legs: list[Row] = []
        self.recordings: list[Row] = []
        self.consults: list[Row] = []
        self.anomalies: list[Row] = []

    def add(self, before: Journey | None, after: Journey) -> None:
        """Add what the journey changed since ``before``; all of it when there was none."""
        call_id, old = after.call_id, before if before is not None else _NOTHING
        if before is after:
            return
        self.calls.append(call_row(after))
        for position, stage in _changed(old.stages, after.stages):
            self.stages.append(stage_row(call_id, position, stage))
            legs = old.stages[position].legs if position < len(old.stages) else ()
            self.legs.extend(leg_row(call_id, position, n, leg) for n, leg in _changed(legs, stage.legs))
        self.recordings.extend(recording_row(call_id, n, r) for n, r in _changed(old.recordings, after.recordings))
        self.consults.extend(consult_row(call_id, n, c) for n, c in _changed(old.consults, after.consults))
        self.anomalies.extend(anomaly_row(call_id, n, a) for n, a in _changed(old.anomalies, after.anomalies))


_NOTHING = Journey(call_id="")


def _changed(before: tuple[Part, ...], after: tuple[Part, ...]) -> Iterator[tuple[int, Part]]:
    known = len(before)
    for position, part in enumerate(after):
        # Identity first: the fold keeps the parts it did not touch.
        if position >= known or (before[position] is not part and before[position] != part):
            yield position, part


def _grew(before: Journey | None, after: Journey) -> bool:
    """Nothing that was written has to be taken away."""
    return (
        before is not None
        and len(before.stages) <= len(after.stages)
        and all(len(old.legs) <= len(new.legs) for old, new in zip(before.stages, after.stages, strict=False))
        and len(before.recordings) <= len(after.recordings)
        and len(before.consults) <= len(after.consults)
        and len(before.anomalies) <= len(after.anomalies)
    )


def _once(promises: Iterable[Promise]) -> Iterable[Promise]:
    """Each promise once: PostgreSQL refuses to touch a row twice in one statement."""
    return {(p.call_id, p.reaction, p.key): p for p in promises}.values()
