"""The tables of keeping: terms and holds of pieces, proposals to destroy, and the records of destruction.

``piece_term`` and ``destruction`` are only ever added to; triggers hold the second to it.
"""

from sqlalchemy import DDL, Index, PrimaryKeyConstraint, Table, UniqueConstraint, event

from cti.store.tables.calls import call
from cti.store.tables.columns import metadata, number, text
from cti.store.tables.voice import piece

piece_term = Table(
    "piece_term",
    metadata,
    text("piece_id"),
    number("number"),
    text("code"),
    number("starts_at"),
    number("keep_until"),
    text("reason"),
    number("at"),
    text("who"),
    text("birth", null=True),  # ISO date, when somebody told it
    number("last_act_at", null=True),
    PrimaryKeyConstraint("piece_id", "number"),
    sqlite_with_rowid=False,
)

hold = Table(
    "hold",
    metadata,
    number("number"),
    text("scope"),
    text("target"),
    text("kind"),
    text("reference"),
    text("asked_by"),
    text("placed_by"),
    number("placed_at"),
    text("reason"),
    number("released_at", null=True),
    text("released_by", null=True),
    text("release_reason", null=True),
    PrimaryKeyConstraint("number"),
    sqlite_with_rowid=False,
)
Index("ix_hold_target", hold.c.target)

proposal = Table(
    "proposal",
    metadata,
    number("number"),
    text("proposed_by"),
    number("proposed_at"),
    text("reason"),
    text("approved_by", null=True),
    number("approved_at", null=True),
    text("visa", null=True),
    text("withdrawn_by", null=True),
    number("withdrawn_at", null=True),
    text("withdrawn_reason", null=True),
    PrimaryKeyConstraint("number"),
    sqlite_with_rowid=False,
)

proposal_item = Table(
    "proposal_item",
    metadata,
    number("proposal"),
    text("piece_id"),
    text("code"),
    number("keep_until"),
    text("why"),
    number("begun_at", null=True),
    text("fate", null=True),
    number("fate_at", null=True),
    text("fate_why", null=True),
    PrimaryKeyConstraint("proposal", "piece_id"),
    sqlite_with_rowid=False,
)
Index("ix_proposal_item_piece_id", proposal_item.c.piece_id)

destruction = Table(
    "destruction",
    metadata,
    number("number"),
    text("piece_id"),
    text("body"),  # JSON, as it was hashed
    text("previous"),
    text("hash"),
    PrimaryKeyConstraint("number"),
    UniqueConstraint("piece_id"),
    sqlite_with_rowid=False,
)
for _act in ("UPDATE", "DELETE"):
    event.listen(
        destruction,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER destruction_stays_{_act.lower()} BEFORE {_act} ON destruction "
            "BEGIN SELECT RAISE(ABORT, 'a record of destruction stays as it is'); END"
        ).execute_if(dialect="sqlite"),
    )
for _statement in (
    "CREATE OR REPLACE FUNCTION destruction_stays() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'a record of destruction stays as it is'; END $$",
    "CREATE TRIGGER destruction_stays BEFORE UPDATE OR DELETE ON destruction FOR EACH ROW EXECUTE FUNCTION destruction_stays()",
):
    event.listen(
        destruction,
        "after_create",
        DDL(_statement).execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
    )

# What keeping asks of calls and pieces: those of one dossier, those past their term, those without one.
Index(
    "ix_call_dossier_ref",
    call.c.dossier_ref,
    sqlite_where=call.c.dossier_ref.is_not(None),
    postgresql_where=call.c.dossier_ref.is_not(None),
)
Index("ix_piece_keep_until", piece.c.keep_until)
Index(
    "ix_piece_unclassed",
    piece.c.piece_id,
    sqlite_where=piece.c.retention.is_(None),
    postgresql_where=piece.c.retention.is_(None),
)
