"""Notes on calls: what people wrote about a caller while they had him."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "call_note",
        _text("note_id"),
        _text("call_id"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        _text("who"),
        _text("poste"),
        _text("texte"),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_call_note")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_call_note_call_id", "call_note", ["call_id"], unique=False)
