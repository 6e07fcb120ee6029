"""Who is on duty: the journal of acts, and what each post did."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "duty_act",
        _text("act_id"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        _text("kind"),
        _text("poste"),
        _text("personne"),
        _text("filieres"),
        _text("reason"),
        sa.Column("until_at", sa.BigInteger(), nullable=True),
        _text("who"),
        _text("via"),
        sa.PrimaryKeyConstraint("act_id", name=op.f("pk_duty_act")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_duty_act_at", "duty_act", ["at"], unique=False)
    op.create_index("ix_duty_act_poste", "duty_act", ["poste", "kind", "at"], unique=False)
    op.create_table(
        "presence",
        _text("poste"),
        sa.Column("since", sa.BigInteger(), nullable=False),
        _text("personne"),
        _text("state"),
        _text("reason"),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("poste", "since", name=op.f("pk_presence")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_presence_since", "presence", ["since"], unique=False)
    op.create_index(
        "ix_presence_open",
        "presence",
        ["poste"],
        unique=False,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
