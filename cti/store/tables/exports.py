"""The table of what was handed over: one row for each package that was made; only ``removed_at`` ever changes."""

from sqlalchemy import Index, PrimaryKeyConstraint, Table

from cti.store.tables.columns import metadata, number, text

voice_export = Table(
    "voice_export",
    metadata,
    text("export_id"),
    number("at"),
    text("by"),
    text("client"),
    text("target"),
    text("asked_by"),
    text("reference"),
    text("reason"),
    text("form"),
    number("pieces"),
    number("masks"),
    number("bytes"),
    text("sha256"),
    text("receipt"),
    number("expires_at", null=True),
    number("removed_at", null=True),
    PrimaryKeyConstraint("export_id"),
    sqlite_with_rowid=False,
)
Index("ix_voice_export_at", voice_export.c.at)
