"""The call-back list on disk: the traces of calls, the journal of what people did, and the entries folded from both.

One number at a time is changed by one transaction, alone: SQLite has one writer, PostgreSQL locks the number. What the change is,
is decided by whoever asks; acts are only ever added.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, bindparam, delete, func, insert, select, text

from cti.journey.callbacks import Act, ActKind, CallbackEntry, Change, EntryState, History, Trace, TraceKind, TryResult
from cti.journey.model import AbandonPhase
from cti.journey.words import CallId, Instant
from cti.store.bulk import BulkInsert, overwrite
from cti.store.engine import writing
from cti.store.faults import reaching
from cti.store.tables import callback, callback_act, callback_trace

#: First half of PostgreSQL's lock of one number; the second is made from the number.
_LOCK: Final = 0x43424B
_CHUNK: Final = 500
_ACTS: Final = (
    select(callback_act)
    .where(callback_act.c.group_key.in_(bindparam("groups", expanding=True)))
    .order_by(callback_act.c.group_key, callback_act.c.number)
)


class Callbacks:
    """Reads and changes the list, from any thread; every method raises StoreUnavailable when the database is out of reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = writing(engine)
        self._traces = BulkInsert(engine.dialect, callback_trace, overwrite(callback_trace))

    def change(self, group: str, work: Callable[[History], Change]) -> None:
        """Read one group alone, let ``work`` say what becomes of it, and write that; nothing when ``work`` raises."""
        with reaching(), self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                lock = {"list": _LOCK, "group": zlib.crc32(group.encode()) - 2**31}
                connection.execute(text("SELECT pg_advisory_xact_lock(:list, :group)"), lock)
            change = work(_history(connection, group))
            self._traces(connection, [_trace_row(trace) for trace in change.traces])
            if change.acts:
                connection.execute(insert(callback_act), [_act_values(act) for act in change.acts])
            connection.execute(delete(callback).where(callback.c.group_key == group))
            if change.entries:
                connection.execute(insert(callback), [_entry_values(entry) for entry in change.entries])

    def group_of(self, call_id: CallId) -> str | None:
        """The group of a call that is on the list; None when it is not."""
        query = select(callback_trace.c.group_key).where(callback_trace.c.call_id == call_id)
        with reaching(), self._engine.connect() as connection:
            found: str | None = connection.execute(query).scalar()
        return found

    def entries(self, *, closed_since: Instant | None) -> list[CallbackEntry]:
        """All that is open or taken, and what was closed since then (None: nothing closed)."""
        with reaching(), self._engine.connect() as connection:
            rows = list(connection.execute(select(callback).where(callback.c.state != EntryState.CLOSED.value)))
            if closed_since is not None:
                closed = select(callback).where(callback.c.state == EntryState.CLOSED.value, callback.c.closed_at >= closed_since)
                rows.extend(connection.execute(closed))
            acts = _acts(connection, {row.group_key for row in rows})
        return [_entry(row, acts.get(row.group_key, ())) for row in rows]

    def counts(self) -> tuple[int, int]:
        """How many entries wait or are taken: those with a number, those without."""
        query = (
            select(callback.c.number.is_(None), func.count())
            .where(callback.c.state != EntryState.CLOSED.value)
            .group_by(callback.c.number.is_(None))
        )
        with reaching(), self._engine.connect() as connection:
            found = {bool(masked): int(count) for masked, count in connection.execute(query)}
        return found.get(False, 0), found.get(True, 0)


def _history(connection: Connection, group: str) -> History:
    traces: Select[Any] = select(callback_trace).where(callback_trace.c.group_key == group)
    found = connection.execute(traces.order_by(callback_trace.c.at, callback_trace.c.call_id))
    return History(tuple(_trace(row) for row in found), tuple(_acts(connection, [group]).get(group, ())))


def _acts(connection: Connection, groups: Iterable[str]) -> dict[str, list[Act]]:
    wanted, found = sorted(groups), dict[str, list[Act]]()
    for start in range(0, len(wanted), _CHUNK):
        for row in connection.execute(_ACTS, {"groups": wanted[start : start + _CHUNK]}):
            found.setdefault(row.group_key, []).append(_act(row))
    return found


def _trace_row(trace: Trace) -> Sequence[Any]:
    return (
        trace.call_id,
        trace.group,
        trace.kind.value,
        trace.at,
        trace.t0,
        trace.number,
        trace.flux,
        trace.filiere,
        None if trace.phase is None else trace.phase.value,
        trace.priority,
        trace.dossier_ref,
    )


def _trace(row: Row[Any]) -> Trace:
    return Trace(
        call_id=row.call_id,
        group=row.group_key,
        kind=TraceKind(row.kind),
        at=row.at,
        t0=row.t0,
        number=row.number,
        flux=row.flux,
        filiere=row.filiere,
        phase=_phase(row.phase),
        priority=row.priority,
        dossier_ref=row.dossier_ref,
    )


def _act_values(act: Act) -> dict[str, Any]:
    return {
        "group_key": act.group,
        "number": act.number,
        "entry": act.entry,
        "at": act.at,
        "who": act.by,
        "kind": act.kind.value,
        "result": None if act.result is None else act.result.value,
        "reason": act.reason,
        "call_id": act.call_id,
    }


def _act(row: Row[Any]) -> Act:
    return Act(
        group=row.group_key,
        number=row.number,
        entry=row.entry,
        at=row.at,
        by=row.who,
        kind=ActKind(row.kind),
        result=None if row.result is None else TryResult(row.result),
        reason=row.reason,
        call_id=row.call_id,
    )


_SAME: Final = (
    *("id", "rank", "rank_code", "flux", "filiere", "priority", "number", "dossier_ref", "first_lost_at", "last_lost_at"),
    *("taken_by", "taken_at", "closed_at", "closed_by", "reason", "closing_call_id"),
)


def _entry_values(entry: CallbackEntry) -> dict[str, Any]:
    return {
        **{name: getattr(entry, name) for name in _SAME},
        "group_key": entry.group,
        "kind": entry.kind.value,
        "phase": None if entry.phase is None else entry.phase.value,
        "call_ids": json.dumps(entry.call_ids),
        "state": entry.state.value,
    }


def _entry(row: Row[Any], acts: Sequence[Act]) -> CallbackEntry:
    calls = tuple(json.loads(row.call_ids))
    return CallbackEntry(
        **{name: getattr(row, name) for name in _SAME},
        group=row.group_key,
        kind=TraceKind(row.kind),
        phase=_phase(row.phase),
        call_ids=calls,
        state=EntryState(row.state),
        acts=tuple(act for act in acts if act.entry in calls),
    )


def _phase(word: str | None) -> AbandonPhase | None:
    return None if word is None else AbandonPhase(word)
