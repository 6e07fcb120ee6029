"""What is asked of the store: journeys by period, one call, its journal, the gaps.

A period is read page by page: each page is one short transaction that sees a call and its parts as of one moment, so a slow
reader holds neither memory nor a lock.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, select, tuple_

from cti.journey.events import CallEnded, CallEvent, ConsultEnd
from cti.journey.events.codec import from_json
from cti.journey.folding.rooms import GUESTS, retold
from cti.journey.ledger import Gap, Promise
from cti.journey.model import Journey
from cti.journey.words import CallId, Instant
from cti.store import tables as t
from cti.store.faults import reaching
from cti.store.rows import Row, rebuild

#: Calls in one page: enough to make a query worth its while, few enough to stay under a megabyte or two.
PAGE = 1_000

_PARTS: tuple[Select[Any], ...] = tuple(
    select(table).where(table.c.call_id.in_(bindparam("calls", expanding=True))).order_by(*table.primary_key)
    for table in (t.stage, t.leg, t.recording, t.anomaly, t.consult)
)

_GUESTS: Select[Any] = (
    select(t.event.c.call_id, t.event.c.type, t.event.c.payload)
    .where(t.event.c.call_id.in_(bindparam("calls", expanding=True)))
    .where(t.event.c.type.in_([kind.__name__ for kind in (*GUESTS, CallEnded)]))
    .order_by(t.event.c.seq)
)


class Reading:
    """Reads, and never writes; every method may be called from any thread.

    All methods raise StoreUnavailable when the database is out of reach.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def journeys(
        self,
        since: Instant | None,
        until: Instant | None,
        *,
        flux: str | None = None,
        caller: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[Journey]:
        """Calls whose t0 lies in ``since <= t0 < until`` (None: no bound), in order of t0, one page in memory at a time."""
        query = select(t.call)
        if since is not None:
            query = query.where(t.call.c.t0 >= since)
        if until is not None:
            query = query.where(t.call.c.t0 < until)
        if flux is not None:
            query = query.where(t.call.c.flux == flux)
        if caller is not None:
            query = query.where(t.call.c.caller == caller)
        return self._pages(query, limit, newest_first=newest_first)

    def journey(self, call_id: CallId) -> Journey | None:
        """The whole story of one call, or None when it is not known."""
        with reaching(), self._engine.connect() as connection:
            found = complete(connection, connection.execute(select(t.call).where(t.call.c.call_id == call_id)).all())
            return found[0] if found else None

    def of_dossier(self, dossier_id: str) -> list[Journey]:
        """The calls of one dossier, in order of t0."""
        return list(self._pages(select(t.call).where(t.call.c.dossier_id == dossier_id), None, newest_first=False))

    def of_dossier_ref(self, dossier_ref: str) -> list[Journey]:
        """The same, by the number that people read."""
        return list(self._pages(select(t.call).where(t.call.c.dossier_ref == dossier_ref), None, newest_first=False))

    def open_journeys(self) -> list[Journey]:
        """The calls that have not ended, in order of t0."""
        return list(self._pages(select(t.call).where(t.call.c.ended_at.is_(None)), None, newest_first=False))

    def outlived_journeys(self, since: Instant) -> list[Journey]:
        """The calls that came in since then and ended while an agent consulted for their caller, in order of t0."""
        of_his = t.consult.c.call_id == t.call.c.call_id
        outlived = select(t.consult.c.call_id).where(of_his, t.consult.c.how == ConsultEnd.CALLER_GONE).exists()
        of_late = select(t.call).where(t.call.c.t0 >= since, t.call.c.ended_at.is_not(None), outlived)
        return list(self._pages(of_late, None, newest_first=False))

    def events(self, call_id: CallId) -> list[CallEvent]:
        """The journal of one call, in the order in which it was written.

        Raises:
            UnknownEvent: the journal was written by a newer version.
        """
        query = select(t.event.c.type, t.event.c.payload).where(t.event.c.call_id == call_id).order_by(t.event.c.seq)
        with reaching(), self._engine.connect() as connection:
            return [from_json(kind, call_id, payload) for kind, payload in connection.execute(query)]

    def last_at(self) -> Instant | None:
        """The instant of the last event that the PBX told: until then we saw it. None for an empty journal.

        Our own reactions and the secours files have a session named ``what:call``: they may be younger than the last frame.
        """
        told = t.event.c.session.not_like("%:%") | t.event.c.session.like("cel:%")
        query = select(t.event.c.at).where(told).order_by(t.event.c.seq.desc()).limit(1)
        with reaching(), self._engine.connect() as connection:
            found: Instant | None = connection.execute(query).scalar()
        return found

    def gaps(self, since: Instant, until: Instant) -> list[Gap]:
        """The intervals in which we did not see the PBX and that touch ``since..until``, in order."""
        query = select(t.gap).where(t.gap.c.since < until, t.gap.c.until > since).order_by(t.gap.c.since, t.gap.c.until)
        with reaching(), self._engine.connect() as connection:
            return [Gap(since=row.since, until=row.until, reason=row.reason) for row in connection.execute(query)]

    def pending(self) -> list[Promise]:
        """What was promised and not kept yet, the nearest deadline first."""
        box = t.outbox.c
        query = (
            select(box.call_id, box.reaction, box.key, box.at, box.deadline_at)
            .where(box.done_at.is_(None))
            .order_by(box.deadline_at, box.at, box.call_id, box.reaction, box.key)
        )
        with reaching(), self._engine.connect() as connection:
            return [Promise(*row) for row in connection.execute(query)]

    def ping(self) -> None:
        """Come back when the database answers."""
        with reaching(), self._engine.connect() as connection:
            connection.execute(select(1))

    def _pages(self, query: Select[Any], limit: int | None, *, newest_first: bool) -> Iterator[Journey]:
        place = tuple_(t.call.c.t0, t.call.c.call_id)
        query = query.order_by(*((c.desc() if newest_first else c) for c in (t.call.c.t0, t.call.c.call_id)))
        page, left = query, limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            with reaching(), self._engine.connect() as connection:
                found = complete(connection, connection.execute(page.limit(size)).all())
            yield from found
            if len(found) < size:
                return
            last = (found[-1].t0, found[-1].call_id)
            page = query.where(place < last if newest_first else place > last)
            left = None if left is None else left - size


def complete(connection: Connection, calls: Sequence[Sequence[Any]]) -> list[Journey]:
    """The journeys of these rows of ``call``, with their parts from the other tables."""
    if not calls:
        return []
    ids = [row[0] for row in calls]
    parts = [_by_call(connection, query, ids) for query in _PARTS]
    nothing: list[Row] = []
    return _with_guests(connection, [rebuild(row, *(part.get(row[0], nothing) for part in parts)) for row in calls])


def _with_guests(connection: Connection, journeys: list[Journey]) -> list[Journey]:
    """Guests have no rows of their own: the journal tells them."""
    told: dict[CallId, list[CallEvent]] = {}
    for call_id, kind, payload in connection.execute(_GUESTS, {"calls": [journey.call_id for journey in journeys]}):
        told.setdefault(call_id, []).append(from_json(kind, call_id, payload))
    return [retold(journey, told[journey.call_id]) if journey.call_id in told else journey for journey in journeys]


def _by_call(connection: Connection, query: Select[Any], ids: list[CallId]) -> dict[CallId, list[Row]]:
    found: dict[CallId, list[Row]] = {}
    for row in connection.execute(query, {"calls": ids}).all():
        found.setdefault(row[0], []).append(row)
    return found
