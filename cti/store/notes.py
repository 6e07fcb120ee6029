"""Notes on calls on disk: what people wrote about a caller while they had him; only ever added to."""

from typing import Any, Final

from sqlalchemy import Engine, Row, insert, select

from cti.journey.around.notes import CallNote
from cti.journey.words import CallId
from cti.store.engine import writing
from cti.store.faults import reaching
from cti.store.tables import call, call_note

_IN_ORDER: Final = (call_note.c.at, call_note.c.note_id)


class Notes:
    """Reads and adds, from any thread; every method raises StoreUnavailable when the database is out of reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = writing(engine)

    def add(self, note: CallNote) -> None:
        """Write one note."""
        values = {
            "note_id": note.note_id,
            "call_id": note.call_id,
            "at": note.at,
            "who": note.by,
            "poste": note.poste,
            "texte": note.texte,
        }
        with reaching(), self._writer.begin() as connection:
            connection.execute(insert(call_note), values)

    def of(self, call_id: CallId) -> tuple[CallNote, ...]:
        """The notes of this call, in the order in which they were written."""
        query = select(call_note).where(call_note.c.call_id == call_id).order_by(*_IN_ORDER)
        with reaching(), self._engine.connect() as connection:
            return tuple(_note(row) for row in connection.execute(query))

    def of_open_calls(self) -> dict[CallId, tuple[CallNote, ...]]:
        """The notes of every call that has not ended, each call's in order; calls without any are left out."""
        going_on = select(call_note).join(call, call.c.call_id == call_note.c.call_id).where(call.c.ended_at.is_(None))
        found: dict[CallId, tuple[CallNote, ...]] = {}
        with reaching(), self._engine.connect() as connection:
            for row in connection.execute(going_on.order_by(*_IN_ORDER)):
                found[row.call_id] = (*found.get(row.call_id, ()), _note(row))
        return found


def _note(row: Row[Any]) -> CallNote:
    return CallNote(note_id=row.note_id, call_id=row.call_id, at=row.at, by=row.who, poste=row.poste, texte=row.texte)
