"""The table of the voice: one row for each recording as a piece of the archive.

``cleared_at`` is null until its plain files are gone from the recorder's disk; ``tried_at`` is when the worker last had it.
"""

from sqlalchemy import Index, PrimaryKeyConstraint, Table

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
