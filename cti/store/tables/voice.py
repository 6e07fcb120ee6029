"""The tables of the voice: one row for each recording as a piece of the archive, and the quality draws.

``cleared_at`` is null until its plain files are gone from the recorder's disk; ``tried_at`` is when the worker last had it.
``draw`` and ``draw_call`` are what was drawn for whose review: only ever added to.
"""

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table

from cti.store.tables.columns import flag, metadata, number, text

piece = Table(
    "piece",
    metadata,
    text("piece_id"),
    text("call_id"),
    text("kind"),
    text("stem"),
    number("started_at"),
    text("state"),
    number("state_at"),
    text("problem", null=True),
    flag("repaired"),
    # What lies in the archive; all NULL until something does.
    text("key", null=True),
    text("flac_sha256", null=True),
    number("flac_bytes", null=True),
    text("sealed_sha256", null=True),
    number("sealed_bytes", null=True),
    text("timeline_sha256", null=True),
    number("duration_ms", null=True),
    number("sealed_at", null=True),
    text("recipients", null=True),  # JSON list
    text("retention", null=True),
    number("keep_until", null=True),
    number("tried_at"),
    number("cleared_at", null=True),
    PrimaryKeyConstraint("piece_id"),
    sqlite_with_rowid=False,
)
Index("ix_piece_call_id", piece.c.call_id)
Index("ix_piece_started_at", piece.c.started_at)
Index(
    "ix_piece_unfinished",
    piece.c.tried_at,
    sqlite_where=piece.c.cleared_at.is_(None),
    postgresql_where=piece.c.cleared_at.is_(None),
)

draw = Table(
    "draw",
    metadata,
    # Given by whoever draws, never a number that the database makes up.
    Column("number", BigInteger, nullable=False, autoincrement=False),
    text("who"),
    number("at"),
    text("reviewer"),
    number("ends_at"),
    text("reason"),
    number("since"),
    number("until"),
    text("flux"),
    text("filiere"),
    number("wanted"),
    text("seed"),
    number("pool"),
    text("pool_sha256"),
    PrimaryKeyConstraint("number"),
    sqlite_with_rowid=False,
)
Index("ix_draw_reviewer", draw.c.reviewer, draw.c.ends_at)

draw_call = Table(
    "draw_call",
    metadata,
    number("draw"),
    number("position"),
    text("call_id"),
    PrimaryKeyConstraint("draw", "position"),
    ForeignKeyConstraint(["draw"], ["draw.number"]),
    sqlite_with_rowid=False,
)
Index("ix_draw_call_call_id", draw_call.c.call_id)
