"""What was handed over of the voice: to whom, by which writing, with which digest."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def upgrade() -> None:
    op.create_table(
        "voice_export",
        _text("export_id"),
        _number("at"),
        *(_text(name) for name in ("by", "client", "target", "asked_by", "reference", "reason", "form")),
        *(_number(name) for name in ("pieces", "masks", "bytes")),
        *(_text(name) for name in ("sha256", "receipt")),
        _number("expires_at", null=True),
        _number("removed_at", null=True),
        sa.PrimaryKeyConstraint("export_id", name=op.f("pk_voice_export")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_voice_export_at", "voice_export", ["at"], unique=False)
