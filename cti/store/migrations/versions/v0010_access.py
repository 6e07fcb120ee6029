"""Who may hear the voice and who did: accounts, tokens, acts on them, and the log of accesses."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def upgrade() -> None:
    op.create_table(
        "access_user",
        _text("name"),
        _text("roles"),
        _text("personne"),
        _number("created_at"),
        _number("disabled_at", null=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_access_user")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "access_token",
        _text("token_id"),
        _text("user_name"),
        _text("digest"),
        _number("created_at"),
        _number("expires_at"),
        _number("last_used_at", null=True),
        _number("revoked_at", null=True),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_access_token")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_access_token_user_name", "access_token", ["user_name"], unique=False)
    op.create_table(
        "access_act",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        _number("at"),
        _text("who"),
        _text("kind"),
        _text("user_name"),
        _text("detail"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_access_act")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "access_trace",
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        _number("at"),
        *(_text(name) for name in ("who", "role", "verb", "call_id", "piece_id", "relation", "reason", "client", "outcome")),
        *(_text(name) for name in ("detail", "previous", "hash")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_access_trace")),
        sa.UniqueConstraint("previous", name=op.f("uq_access_trace_previous")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_access_trace_at", "access_trace", ["at"], unique=False)
    op.create_index("ix_access_trace_who", "access_trace", ["who", "at"], unique=False)
    op.create_index("ix_access_trace_call_id", "access_trace", ["call_id"], unique=False)
    op.create_index(
        "ix_call_dossier_id",
        "call",
        ["dossier_id"],
        unique=False,
        sqlite_where=sa.text("dossier_id IS NOT NULL"),
        postgresql_where=sa.text("dossier_id IS NOT NULL"),
    )
