"""The embedded registry of dossiers: one per call, numbered within the year of the site's calendar.

Theory. The counter row of a year is the lock: whoever holds it is alone in numbering that year (SQLite: alone in writing at all).
Under the lock the calls that already have a dossier are left out, the others take the next numbers, and the counter and the
dossiers are written by the same transaction. So a number is never given twice, and a crash leaves neither a hole nor a half.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from uuid import UUID, uuid5

from sqlalchemy import Connection, Engine, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from cti.journey.words import CallId, Instant
from cti.store.engine import writing
from cti.store.faults import reaching
from cti.store.tables import dossier, dossier_counter

#: Identities are made from the call's: the same call replayed elsewhere has the same dossier.
_NAMESPACE = UUID("6c0f7f0e-5a53-5d0e-9d3a-116117000015")
#: Asking for more calls than this in one query would pass the databases' limits on values.
_CHUNK = 500

_OPENED = select(dossier.c.call_id, dossier.c.dossier_id, dossier.c.ref, dossier.c.opened_at).where(
    dossier.c.call_id.in_(bindparam("calls", expanding=True))
)
#: In ascending order, so that two who need the same two years cannot wait for each other.
_COUNTERS = (
    select(dossier_counter.c.year, dossier_counter.c.last)
    .where(dossier_counter.c.year.in_(bindparam("years", expanding=True)))
    .order_by(dossier_counter.c.year)
    .with_for_update()  # SQLite says nothing: BEGIN IMMEDIATE holds its one lock already
)
_ADD = insert(dossier)
_MOVE = update(dossier_counter).where(dossier_counter.c.year == bindparam("of")).values(last=bindparam("to"))


class Summary(Protocol):
    """What is known of the call when its dossier is opened."""

    def told(self) -> Mapping[str, Any]:
        """The summary as plain data for JSON."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """One neutral dossier, as the registry keeps it."""

    dossier_id: str
    ref: str  #: readable number: year, day of the year, rank in the year
    opened_at: Instant


@dataclass(frozen=True, slots=True)
class DossierRequest:
    """A call that needs its dossier."""

    call_id: CallId
    at: Instant  #: when the number is given, our clock
    local_day: date  #: the caller's day in the site's calendar
    summary: Summary


class Dossiers:
    """Opens dossiers, from any thread and any process; asking again gives the same dossier."""

    def __init__(self, engine: Engine) -> None:
        self._engine = writing(engine)
        make = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
        self._new_year = make(dossier_counter).on_conflict_do_nothing()

    def open(self, call_id: CallId, at: Instant, local_day: date, summary: Summary) -> Dossier:
        """The dossier of this call, opened now or long ago.

        Raises:
            StoreUnavailable: out of reach, locked or full; nothing was written and no number is spent.
        """
        return self.open_many([DossierRequest(call_id, at, local_day, summary)])[0]

    def open_many(self, requests: Sequence[DossierRequest]) -> list[Dossier]:
        """The dossiers of these calls, in the same order, opened by one transaction.

        Raises:
            StoreUnavailable: out of reach, locked or full; nothing was written and no number is spent.
        """
        first: dict[CallId, DossierRequest] = {}
        for request in requests:
            first.setdefault(request.call_id, request)
        with reaching(), self._engine.begin() as connection:
            opened = self._open(connection, list(first.values()))
        return [opened[request.call_id] for request in requests]

    def call_of(self, dossier_id: str) -> CallId | None:
        """The call for which this dossier was opened; None when there is no such dossier."""
        query = select(dossier.c.call_id).where(dossier.c.dossier_id == dossier_id)
        with reaching(), self._engine.connect() as connection:
            found: CallId | None = connection.execute(query).scalar()
        return found

    def _open(self, connection: Connection, requests: Sequence[DossierRequest]) -> dict[CallId, Dossier]:
        last = self._lock(connection, sorted({request.local_day.year for request in requests}))
        found = _opened(connection, [request.call_id for request in requests])
        rows = []
        for request in requests:
            if request.call_id in found:
                continue
            year = request.local_day.year
            last[year] += 1
            made = _made(request, last[year])
            found[request.call_id] = made
            rows.append(
                {
                    "dossier_id": made.dossier_id,
                    "call_id": request.call_id,
                    "year": year,
                    "sequence": last[year],
                    "ref": made.ref,
                    "opened_at": made.opened_at,
                    "summary": json.dumps(request.summary.told(), ensure_ascii=False),
                }
            )
        if rows:
            connection.execute(_ADD, rows)
            connection.execute(_MOVE, [{"of": year, "to": number} for year, number in last.items()])
        return found

    def _lock(self, connection: Connection, years: Sequence[int]) -> dict[int, int]:
        """The last number given in each year; nobody else numbers these years before we are done."""
        last = _counters(connection, years)
        if len(last) < len(years):  # the first dossier of a year
            connection.execute(self._new_year, [{"year": year, "last": 0} for year in years])
            last = _counters(connection, years)
        return last


def _counters(connection: Connection, years: Sequence[int]) -> dict[int, int]:
    return {row.year: row.last for row in connection.execute(_COUNTERS, {"years": years})}


def _opened(connection: Connection, call_ids: Iterable[CallId]) -> dict[CallId, Dossier]:
    ids, found = list(call_ids), {}
    for start in range(0, len(ids), _CHUNK):
        for call_id, *dossier_fields in connection.execute(_OPENED, {"calls": ids[start : start + _CHUNK]}):
            found[call_id] = Dossier(*dossier_fields)
    return found


def _made(request: DossierRequest, sequence: int) -> Dossier:
    day = request.local_day
    return Dossier(
        dossier_id=str(uuid5(_NAMESPACE, request.call_id)),
        ref=f"{day.year:04d}-{day.timetuple().tm_yday:03d}-{sequence:07d}",
        opened_at=request.at,
    )
