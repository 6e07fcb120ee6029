"""The rows of the pieces: where each recording stands on its way into the archive and out of it."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import Engine, Row, Select, Table, and_, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from cti.journey.around.voice import Piece, PieceKind, Sealed, VoiceState
from cti.journey.words import CallId, Instant
from cti.store import tables as t
from cti.store.engine import writing
from cti.store.faults import reaching
from cti.store.tables.voice import piece as _p

#: Calls given at once: the worker comes back for more.
_PAGE: Final = 500
_SEALED: Final = tuple(Sealed.__dataclass_fields__)
#: A piece of these states is where it must end, as soon as its plain files are gone.
_KEPT: Final = (VoiceState.ARCHIVED.value, VoiceState.HELD.value, VoiceState.DESTROYED.value)


class Pieces:
    """Reads and writes, from any thread; every method raises StoreUnavailable when the database is out of reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = writing(engine)

    def find(self, piece_id: str) -> Piece | None:
        """One piece; None when it is not known."""
        return next(self._read(select(_p).where(_p.c.piece_id == piece_id)), None)

    def of_call(self, call_id: CallId) -> list[Piece]:
        """The pieces of one call, in order of their beginning."""
        return list(self._read(select(_p).where(_p.c.call_id == call_id).order_by(_p.c.started_at, _p.c.piece_id)))

    def all(self) -> list[Piece]:
        """Every piece, in the order of its identity."""
        return list(self._read(select(_p).order_by(_p.c.piece_id)))

    def save(self, piece: Piece, tried_at: Instant) -> None:
        """Write what is known of it now; ``cleared_at`` stays as it is, and so does a row that is kept already."""
        sealed: dict[str, Any] = dict.fromkeys(_SEALED) if piece.sealed is None else asdict(piece.sealed)
        if piece.sealed is not None:
            sealed["recipients"] = json.dumps(piece.sealed.recipients)
        values = {
            "call_id": piece.call_id,
            "kind": piece.kind.value,
            "stem": piece.stem,
            "started_at": piece.started_at,
            "state": piece.state.value,
            "state_at": piece.state_at,
            "problem": piece.problem,
            "repaired": piece.repaired,
            **sealed,
            "retention": piece.retention,
            "keep_until": piece.keep_until,
            "tried_at": tried_at,
        }
        insert = (sqlite if self._engine.dialect.name == "sqlite" else postgresql).insert(_p)
        # Two workers may have one piece in hand: what the slower one thinks of it must not undo what the other has done.
        mine = or_(_p.c.state.not_in(_KEPT), _p.c.state == piece.state.value)
        statement = insert.values(piece_id=piece.piece_id, **values).on_conflict_do_update(
            index_elements=[_p.c.piece_id], set_=values, where=mine
        )
        with reaching(), self._writer.begin() as connection:
            connection.execute(statement)

    def cleared(self, piece_id: str, at: Instant) -> None:
        """Its plain files are gone from the recorder's disk."""
        with reaching(), self._writer.begin() as connection:
            connection.execute(update(_p).where(_p.c.piece_id == piece_id).values(cleared_at=at))

    def unfinished(self, before: Instant, hopeless_before: Instant) -> list[CallId]:
        """Calls with a piece that is not where it must end, last tried before; those without sound, or with
        one that cannot be read, are tried more rarely.
        """
        limit = case((_p.c.state.in_((VoiceState.MISSING.value, VoiceState.DAMAGED.value)), hopeless_before), else_=before)
        query = select(_p.c.call_id).where(_p.c.cleared_at.is_(None), _p.c.tried_at <= limit).order_by(_p.c.tried_at).limit(_PAGE)
        with reaching(), self._engine.connect() as connection:
            return list(dict.fromkeys(connection.execute(query).scalars()))

    def unseen(self, since: Instant) -> list[CallId]:
        """Calls over since then, with a checked recording that is no piece yet."""
        with reaching(), self._engine.connect() as connection:
            found = [row for table in (t.recording, t.consult) for row in connection.execute(_unknown(table, since))]
        return list(dict.fromkeys(row.call_id for row in sorted(found, key=lambda row: row.t0)))

    def counts(self) -> dict[str, int]:
        """How many pieces are in each state; ``plain``: archived ones whose plain files are still on the recorder's disk."""
        by_state = select(_p.c.state, func.count()).group_by(_p.c.state)
        plain = select(func.count()).where(_p.c.cleared_at.is_(None), _p.c.state.in_(_KEPT))
        with reaching(), self._engine.connect() as connection:
            found = {state: int(count) for state, count in connection.execute(by_state)}
            return {
                **{state.value: found.get(state.value, 0) for state in VoiceState},
                "plain": connection.execute(plain).scalar() or 0,
            }

    def left(self) -> dict[str, int]:
        """Of the pieces that are not where they must end, how many are in each state."""
        query = select(_p.c.state, func.count()).where(_p.c.cleared_at.is_(None)).group_by(_p.c.state)
        with reaching(), self._engine.connect() as connection:
            return {state: int(count) for state, count in connection.execute(query)}

    def stems(self) -> list[tuple[str, CallId]]:
        """Every recording that a call has told of, checked or not, with its call."""
        rec, con = t.recording.c, t.consult.c
        queries = (select(rec.stem, rec.call_id).where(rec.stem != ""), select(con.stem, con.call_id).where(con.stem != ""))
        with reaching(), self._engine.connect() as connection:
            return [(row[0], row[1]) for query in queries for row in connection.execute(query)]

    def _read(self, query: Select[Any]) -> Iterator[Piece]:
        with reaching(), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return (piece_of(row) for row in rows)


def _unknown(told: Table, since: Instant) -> Select[Any]:
    """Recordings of this table, of calls over since then, whose files were looked at and that are no piece yet."""
    known = and_(_p.c.call_id == told.c.call_id, _p.c.stem == told.c.stem)
    joined = t.call.join(told, told.c.call_id == t.call.c.call_id).outerjoin(_p, known)
    looked_at = and_(told.c.stem != "", told.c.checked_at.is_not(None), _p.c.piece_id.is_(None))
    query = select(t.call.c.call_id, t.call.c.t0).select_from(joined)
    return query.where(t.call.c.t0 >= since, t.call.c.ended_at.is_not(None), looked_at).order_by(t.call.c.t0).limit(_PAGE)


def piece_of(row: Row[Any]) -> Piece:
    """The piece of a row."""
    sealed = None
    if row.key is not None:
        values = {name: getattr(row, name) for name in _SEALED}
        sealed = Sealed(**{**values, "recipients": tuple(json.loads(row.recipients))})
    return Piece(
        piece_id=row.piece_id,
        call_id=row.call_id,
        kind=PieceKind(row.kind),
        stem=row.stem,
        started_at=row.started_at,
        state=VoiceState(row.state),
        state_at=row.state_at,
        problem=row.problem,
        repaired=row.repaired,
        sealed=sealed,
        retention=row.retention,
        keep_until=row.keep_until,
    )
