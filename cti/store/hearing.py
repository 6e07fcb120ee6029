"""What is looked for among the recordings: the calls that have one, by period, dossier, number, people, filière.

A page starts from the index that leaves fewest calls (the dossier, the number, else the calls by their beginning, the newest
first) and looks at the parts of each call by their keys.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Engine, Select, and_, or_, select, tuple_

from cti.journey.around.listening import Wanted
from cti.journey.around.voice import Piece, VoiceState
from cti.journey.model import Journey
from cti.journey.words import AgentId, CallId, Instant
from cti.store import tables as t
from cti.store.faults import reaching
from cti.store.pieces import piece_of
from cti.store.reading import complete

#: The place of a call in a list: newest first.
Place: TypeAlias = tuple[Instant, CallId]

_CALL: Final = t.call.c.call_id
_RECORDED: Final = or_(
    select(t.recording.c.call_id).where(t.recording.c.call_id == _CALL, t.recording.c.stem != "").exists(),
    select(t.consult.c.call_id).where(t.consult.c.call_id == _CALL, t.consult.c.stem != "").exists(),
)
#: Where a piece stands that only the archive can have brought there: its row says so.
_ROWS_ALONE: Final = frozenset({VoiceState.ARCHIVED, VoiceState.HELD, VoiceState.DESTROYED, VoiceState.CLOSED})
#: Asking for more calls than this in one query would pass the databases' limits on values.
_CHUNK: Final = 500


class Hearing:
    """Reads, from any thread; every method raises StoreUnavailable when the database is out of reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def calls(self, wanted: Wanted, before: Place | None, limit: int) -> list[Journey]:
        """Calls with a recording, the newest first, from before this place; at most ``limit``."""
        query = select(t.call).where(_RECORDED, *_conditions(wanted))
        if before is not None:
            query = query.where(tuple_(t.call.c.t0, _CALL) < before)
        return self._journeys(query.order_by(t.call.c.t0.desc(), _CALL.desc()).limit(limit))

    def served(self, posts: Collection[AgentId], since: Instant, limit: int) -> list[Journey]:
        """Calls that began since then, in which somebody at one of these posts talked; the newest first."""
        if not posts:
            return []
        query = select(t.call).where(t.call.c.t0 >= since, _RECORDED, _served(posts))
        return self._journeys(query.order_by(t.call.c.t0.desc(), _CALL.desc()).limit(limit))

    def pieces(self, calls: Iterable[CallId]) -> list[Piece]:
        """The pieces of these calls that the archive knows."""
        ids, found = list(calls), []
        with reaching(), self._engine.connect() as connection:
            for start in range(0, len(ids), _CHUNK):
                query = select(t.piece).where(t.piece.c.call_id.in_(ids[start : start + _CHUNK]))
                found += [piece_of(row) for row in connection.execute(query)]
        return found

    def call_of_stem(self, name: str) -> CallId | None:
        """The call of a recording that is no piece yet, by the last part of its stem; reads every recording there is."""
        with reaching(), self._engine.connect() as connection:
            for table in (t.recording, t.consult):
                wanted = or_(table.c.stem == name, table.c.stem.like(f"%/{_plain(name)}", escape="\\"))
                found: CallId | None = connection.execute(select(table.c.call_id).where(wanted).limit(1)).scalar()
                if found is not None:
                    return found
        return None

    def _journeys(self, query: Select[Any]) -> list[Journey]:
        with reaching(), self._engine.connect() as connection:
            return complete(connection, connection.execute(query).all())


def _conditions(wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    c = t.call.c
    found: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        found.append(c.t0 >= wanted.since)
    if wanted.until is not None:
        found.append(c.t0 < wanted.until)
    if wanted.dossier:
        found.append(or_(c.dossier_id == wanted.dossier, c.dossier_ref == wanted.dossier))
    if wanted.numbers:
        found.append(or_(c.caller.in_(wanted.numbers), c.placed_number.in_(wanted.numbers)))
    if wanted.posts:
        found.append(_served(wanted.posts))
    if wanted.filiere:
        s = t.stage.c
        answered = and_(s.call_id == _CALL, s.filiere == wanted.filiere, s.answered_at.is_not(None))
        found.append(select(s.call_id).where(answered).exists())
    if wanted.state in _ROWS_ALONE:
        p = t.piece.c
        found.append(select(p.piece_id).where(p.call_id == _CALL, p.state == wanted.state.value).exists())
    return found


def _served(posts: Collection[AgentId]) -> ColumnElement[bool]:
    """Somebody at one of these posts talked with the caller, with whom she called, or with a colleague about him."""
    leg, consult = t.leg.c, t.consult.c
    talked = and_(leg.call_id == _CALL, leg.agent.in_(posts), leg.answered_at.is_not(None))
    about = or_(consult.agent.in_(posts), consult.answered_by.in_(posts))
    asked = and_(consult.call_id == _CALL, consult.answered_at.is_not(None), about)
    return or_(
        select(leg.call_id).where(talked).exists(),
        select(consult.call_id).where(asked).exists(),
        t.call.c.placed_agent.in_(posts),
    )


def _plain(name: str) -> str:
    """The name, with nothing in it that LIKE takes for a pattern."""
    return name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
