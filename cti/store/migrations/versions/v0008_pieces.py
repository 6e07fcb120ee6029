"""The voice as pieces of the archive."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_NULLABLE_TEXTS = ("key", "flac_sha256", "sealed_sha256", "timeline_sha256", "recipients", "retention", "problem")


def _text(name: str) -> sa.Column[str]:
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=name in _NULLABLE_TEXTS)


def _number(name: str, *, null: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def upgrade() -> None:
    op.create_table(
        "piece",
        _text("piece_id"),
        _text("call_id"),
        _text("kind"),
        _text("stem"),
        _number("started_at", null=False),
        _text("state"),
        _number("state_at", null=False),
        _text("problem"),
        sa.Column("repaired", sa.Boolean(), nullable=False),
        _text("key"),
        _text("flac_sha256"),
        _number("flac_bytes"),
        _text("sealed_sha256"),
        _number("sealed_bytes"),
        _text("timeline_sha256"),
        _number("duration_ms"),
        _number("sealed_at"),
        _text("recipients"),
        _text("retention"),
        _number("keep_until"),
        _number("tried_at", null=False),
        _number("cleared_at"),
        sa.PrimaryKeyConstraint("piece_id", name=op.f("pk_piece")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_piece_call_id", "piece", ["call_id"], unique=False)
    op.create_index("ix_piece_started_at", "piece", ["started_at"], unique=False)
    op.create_index(
        "ix_piece_unfinished",
        "piece",
        ["tried_at"],
        unique=False,
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
