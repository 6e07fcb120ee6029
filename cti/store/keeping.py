"""The register of keeping: terms, holds, proposals and records of destruction, beside the rows of the pieces.

The register is opened by one writer at a time (SQLite has one; PostgreSQL locks the register), so that a hold and the decision to
destroy never pass each other. Terms and records are only ever added.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from cti.journey.around.keeping import (
    NOTES,
    Entry,
    Facts,
    Fate,
    Hold,
    HoldKind,
    Item,
    Kept,
    LoneNotes,
    Proposal,
    Scope,
    Target,
    Term,
)
from cti.journey.around.voice import Piece, VoiceState
from cti.journey.model import Quality
from cti.journey.words import CallId, Instant
from cti.store import tables as t
from cti.store.engine import writing
from cti.store.faults import reaching
from cti.store.pieces import piece_of

#: PostgreSQL's lock of the register.
_LOCK: Final = 0x4B4545
_LYING: Final = (VoiceState.ARCHIVED.value, VoiceState.HELD.value)
_KEPT: Final = select(t.piece, t.call.c.dossier_ref).select_from(
    t.piece.outerjoin(t.call, t.call.c.call_id == t.piece.c.call_id),
)
#: A piece that some proposal holds: to be executed, or whose destruction had begun before it was withdrawn.
_PROPOSED: Final = (
    select(t.proposal_item.c.piece_id)
    .join(t.proposal, t.proposal.c.number == t.proposal_item.c.proposal)
    .where(
        t.proposal_item.c.piece_id == t.piece.c.piece_id,
        t.proposal_item.c.fate.is_(None),
        or_(t.proposal.c.withdrawn_at.is_(None), t.proposal_item.c.begun_at.is_not(None)),
    )
    .exists()
)
#: The notes of each call of which no sound is left, or ever was.
_LONE: Final = (
    select(t.call_note.c.call_id, func.max(t.call_note.c.at).label("last_at"), func.count().label("written"))
    .select_from(t.call_note.outerjoin(t.call, t.call.c.call_id == t.call_note.c.call_id))
    .where(
        ~select(t.piece.c.piece_id)
        .where(
            t.piece.c.call_id == t.call_note.c.call_id,
            t.piece.c.state.not_in((VoiceState.DESTROYED.value, VoiceState.MISSING.value)),
        )
        .exists()
    )
    .group_by(t.call_note.c.call_id)
)
_NOTES_PROPOSED: Final = (
    select(t.proposal_item.c.piece_id)
    .join(t.proposal, t.proposal.c.number == t.proposal_item.c.proposal)
    .where(
        t.proposal_item.c.piece_id == literal(NOTES) + t.call_note.c.call_id,
        t.proposal_item.c.fate.is_(None),
        t.proposal.c.withdrawn_at.is_(None),
    )
    .exists()
)


class KeepingRegister:
    """Opens the register, from any thread; StoreUnavailable when the database is out of reach."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = writing(engine)

    @contextmanager
    def alone(self) -> Iterator["KeepingBook"]:
        """One writer at a time; all of it is written, or nothing when it raises."""
        with reaching(), self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield KeepingBook(connection)

    @contextmanager
    def reading(self) -> Iterator["KeepingBook"]:
        """To read only, in nobody's way."""
        with reaching(), self._engine.connect() as connection:
            yield KeepingBook(connection)


class KeepingBook:
    """The register, open on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert

    # --- pieces and terms -------------------------------------------------------------------------------------------------

    def kept(self, piece_id: str) -> Kept | None:
        """One piece."""
        return next(iter(self._pieces(_KEPT.where(t.piece.c.piece_id == piece_id))), None)

    def covered(self, target: Target) -> Sequence[Kept]:
        """Every piece that it names, whatever its state."""
        column = {Scope.PIECE: t.piece.c.piece_id, Scope.APPEL: t.piece.c.call_id, Scope.DOSSIER: t.call.c.dossier_ref}
        return self._pieces(_KEPT.where(column[target.scope] == target.name).order_by(t.piece.c.started_at, t.piece.c.piece_id))

    def unclassed(self, limit: int) -> Sequence[Kept]:
        """Archived pieces that have no term yet."""
        wanted = and_(t.piece.c.retention.is_(None), t.piece.c.state.in_(_LYING))
        return self._pieces(_KEPT.where(wanted).order_by(t.piece.c.piece_id).limit(limit))

    def classed(self, after: str, limit: int) -> Sequence[Kept]:
        """Archived and held pieces with a term, in order of identity, from after this one."""
        wanted = and_(t.piece.c.piece_id > after, t.piece.c.retention.is_not(None), t.piece.c.state.in_(_LYING))
        return self._pieces(_KEPT.where(wanted).order_by(t.piece.c.piece_id).limit(limit))

    def due(self, at: Instant, limit: int) -> Sequence[Kept]:
        """Archived pieces past their term that no proposal holds, the oldest first."""
        return self._pieces(_KEPT.where(_is_due(at)).order_by(t.piece.c.keep_until, t.piece.c.piece_id).limit(limit))

    def undecided(self, at: Instant) -> int:
        """How many there are."""
        return int(self._connection.execute(select(func.count()).select_from(t.piece).where(_is_due(at))).scalar() or 0)

    def facts(self, piece: Piece) -> Facts:
        """What is known of its call; a call that is not known, did not end, or is uncertain is in doubt."""
        sealed = piece.sealed
        latest = max(piece.started_at, 0 if sealed is None else piece.started_at + sealed.duration_ms * 1000)
        return self._facts(piece.call_id, latest, max(latest, 0 if sealed is None else sealed.sealed_at))

    def _facts(self, call_id: CallId, latest: Instant, unseen_end: Instant) -> Facts:
        """``latest``: what is known to be of it; ``unseen_end``: when it was over at last, if its end was not seen."""
        c = t.call.c
        row = self._connection.execute(select(c.ended_at, c.dossier_ref, c.quality).where(c.call_id == call_id)).first()
        if row is None or row.ended_at is None:
            latest = unseen_end
            return Facts(ended_at=latest, dossier_ref=None if row is None else row.dossier_ref, in_doubt=True)
        last = None
        if row.dossier_ref is not None:
            last = self._connection.execute(select(func.max(c.ended_at)).where(c.dossier_ref == row.dossier_ref)).scalar()
        doubt = row.quality == Quality.UNCERTAIN.value
        return Facts(ended_at=max(row.ended_at, latest), dossier_ref=row.dossier_ref, dossier_last_at=last, in_doubt=doubt)

    def term(self, piece_id: str) -> Term | None:
        """Its latest term."""
        query = select(t.piece_term).where(t.piece_term.c.piece_id == piece_id).order_by(t.piece_term.c.number.desc()).limit(1)
        row = self._connection.execute(query).first()
        return None if row is None else _term(row)

    def add_term(self, piece_id: str, term: Term) -> None:
        """Set a term; those before it stay in the history."""
        last = select(func.coalesce(func.max(t.piece_term.c.number), 0)).where(t.piece_term.c.piece_id == piece_id)
        number = int(self._connection.execute(last).scalar() or 0) + 1
        values = {
            **{name: getattr(term, name) for name in ("code", "starts_at", "keep_until", "reason", "at", "last_act_at")},
            "who": term.by,
            "birth": None if term.birth is None else term.birth.isoformat(),
        }
        self._connection.execute(insert(t.piece_term), {"piece_id": piece_id, "number": number, **values})

    def save_piece(self, piece: Piece) -> None:
        """Its state, class and end; nothing else of it is ours to write."""
        values = {
            "state": piece.state.value,
            "state_at": piece.state_at,
            "retention": piece.retention,
            "keep_until": piece.keep_until,
        }
        self._connection.execute(update(t.piece).where(t.piece.c.piece_id == piece.piece_id).values(values))

    # --- holds ------------------------------------------------------------------------------------------------------------

    def hold(self, number: int) -> Hold | None:
        """One hold."""
        return next(iter(self._holds(t.hold.c.number == number)), None)

    def holds(self) -> Sequence[Hold]:
        """Every hold, in order of number."""
        return self._holds(t.hold.c.number > 0)

    def holds_on(self, targets: Iterable[Target]) -> Sequence[Hold]:
        """Every hold that names one of these, open or released."""
        named = [(target.scope.value, target.name) for target in targets]
        return self._holds(tuple_(t.hold.c.scope, t.hold.c.target).in_(named))

    def save_hold(self, hold: Hold) -> None:
        """Write a hold, or its release."""
        values = asdict(hold)
        values.update(scope=hold.target.scope.value, target=hold.target.name, kind=hold.kind.value)
        self._write(t.hold, ("number",), values)

    # --- proposals --------------------------------------------------------------------------------------------------------

    def proposal(self, number: int) -> Proposal | None:
        """One proposal."""
        query = select(t.proposal).where(t.proposal.c.number == number)
        return next((Proposal(**row) for row in self._connection.execute(query).mappings()), None)

    def proposals(self) -> Sequence[Proposal]:
        """Every proposal, in order of number."""
        rows = self._connection.execute(select(t.proposal).order_by(t.proposal.c.number)).mappings()
        return [Proposal(**row) for row in rows]

    def save_proposal(self, proposal: Proposal) -> None:
        """Write a proposal, or what became of it."""
        self._write(t.proposal, ("number",), asdict(proposal))

    def items(self, proposal: int) -> Sequence[Item]:
        """The list of a proposal, in order of piece."""
        query = select(t.proposal_item).where(t.proposal_item.c.proposal == proposal).order_by(t.proposal_item.c.piece_id)
        return [_item(row) for row in self._connection.execute(query).mappings()]

    def save_items(self, items: Iterable[Item]) -> None:
        """Write items, or what became of them."""
        for item in items:
            values = {**asdict(item), "fate": None if item.fate is None else item.fate.value}
            self._write(t.proposal_item, ("proposal", "piece_id"), values)

    # --- records of destruction -------------------------------------------------------------------------------------------

    def last_entry(self) -> Entry | None:
        """The last record."""
        return next(iter(self._entries(select(t.destruction).order_by(t.destruction.c.number.desc()).limit(1))), None)

    def entry_of(self, piece_id: str) -> Entry | None:
        """The record of one piece."""
        return next(iter(self._entries(select(t.destruction).where(t.destruction.c.piece_id == piece_id))), None)

    def entries(self) -> Sequence[Entry]:
        """Every record, in order."""
        return self._entries(select(t.destruction).order_by(t.destruction.c.number))

    def add_entry(self, entry: Entry) -> None:
        """Add a record; the database refuses to change one."""
        self._connection.execute(insert(t.destruction), asdict(entry))

    def lone_notes(self, before: Instant, after: str, limit: int) -> Sequence[LoneNotes]:
        """Notes of calls that ended before, have no recording and are on no proposal, in order of call, from after this one."""
        ended = func.coalesce(func.max(t.call.c.ended_at), func.max(t.call_note.c.at))
        query = _LONE.where(t.call_note.c.call_id > after, ~_NOTES_PROPOSED).having(ended <= before)
        return self._lone(query.order_by(t.call_note.c.call_id).limit(limit))

    def lone_notes_of(self, call_id: CallId) -> LoneNotes | None:
        """Those of this call; None when it has none, or a recording."""
        return next(iter(self._lone(_LONE.where(t.call_note.c.call_id == call_id))), None)

    def forget_notes(self, call_id: CallId) -> int:
        """Take them out; how many there were."""
        return self._connection.execute(delete(t.call_note).where(t.call_note.c.call_id == call_id)).rowcount

    def destroyed_without_entry(self) -> Sequence[str]:
        """Pieces said to be destroyed of which no record tells."""
        told = select(t.destruction.c.piece_id).where(t.destruction.c.piece_id == t.piece.c.piece_id).exists()
        query = select(t.piece.c.piece_id).where(t.piece.c.state == VoiceState.DESTROYED.value, ~told)
        return list(self._connection.execute(query.order_by(t.piece.c.piece_id)).scalars())

    # --- rows -------------------------------------------------------------------------------------------------------------

    def _pieces(self, query: Select[Any]) -> list[Kept]:
        return [Kept(piece_of(row), row.dossier_ref) for row in self._connection.execute(query)]

    def _lone(self, query: Select[Any]) -> list[LoneNotes]:
        rows = self._connection.execute(query).all()
        return [LoneNotes(row.call_id, self._facts(row.call_id, 0, row.last_at), row.written) for row in rows]

    def _holds(self, wanted: ColumnElement[bool]) -> list[Hold]:
        query = select(t.hold).where(wanted).order_by(t.hold.c.number)
        return [_hold(row) for row in self._connection.execute(query).mappings()]

    def _entries(self, query: Select[Any]) -> list[Entry]:
        return [Entry(*row) for row in self._connection.execute(query)]

    def _write(self, table: Any, key: tuple[str, ...], values: dict[str, Any]) -> None:
        rest = {name: value for name, value in values.items() if name not in key}
        self._connection.execute(self._insert(table).values(values).on_conflict_do_update(index_elements=key, set_=rest))


def _is_due(at: Instant) -> ColumnElement[bool]:
    c = t.piece.c
    return and_(c.state == VoiceState.ARCHIVED.value, c.key.is_not(None), c.keep_until <= at, ~_PROPOSED)


def _term(row: Row[Any]) -> Term:
    return Term(
        code=row.code,
        starts_at=row.starts_at,
        keep_until=row.keep_until,
        reason=row.reason,
        at=row.at,
        by=row.who,
        birth=None if row.birth is None else date.fromisoformat(row.birth),
        last_act_at=row.last_act_at,
    )


def _hold(row: RowMapping) -> Hold:
    values: dict[str, Any] = dict(row)
    target = Target(Scope(values.pop("scope")), values.pop("target"))
    return Hold(**{**values, "target": target, "kind": HoldKind(row["kind"])})


def _item(row: RowMapping) -> Item:
    values: dict[str, Any] = {**row, "fate": None if row["fate"] is None else Fate(row["fate"])}
    return Item(**values)
