"""Quality draws: which calls were drawn for whose review, from what, by which seed; outgoing calls found by their number."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "draw",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        _text("who"),
        _number("at"),
        _text("reviewer"),
        _number("ends_at"),
        _text("reason"),
        _number("since"),
        _number("until"),
        _text("flux"),
        _text("filiere"),
        _number("wanted"),
        _text("seed"),
        _number("pool"),
        _text("pool_sha256"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_draw")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_draw_reviewer", "draw", ["reviewer", "ends_at"], unique=False)
    op.create_table(
        "draw_call",
        _number("draw"),
        _number("position"),
        _text("call_id"),
        sa.PrimaryKeyConstraint("draw", "position", name=op.f("pk_draw_call")),
        sa.ForeignKeyConstraint(["draw"], ["draw.number"], name=op.f("fk_draw_call_draw")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_draw_call_call_id", "draw_call", ["call_id"], unique=False)
    op.create_index(
        "ix_call_placed_number",
        "call",
        ["placed_number"],
        unique=False,
        sqlite_where=sa.text("placed_number IS NOT NULL"),
        postgresql_where=sa.text("placed_number IS NOT NULL"),
    )
