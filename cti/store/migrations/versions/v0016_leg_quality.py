"""How well each leg was heard, by the PBX and by the page."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def upgrade() -> None:
    op.create_table(
        "leg_quality",
        _text("leg"),
        _text("witness"),
        _text("call_id"),
        _text("poste"),
        _number("at"),
        sa.Column("over", sa.Boolean(), nullable=False),
        _number("talk_ms", null=True),
        _number("received"),
        _number("lost"),
        _number("remote_lost", null=True),
        _number("sent", null=True),
        *(
            sa.Column(name, sa.Float(53), nullable=True)
            for name in ("jitter_ms", "remote_jitter_ms", "round_trip_ms", "mos", "mos_min")
        ),
        sa.PrimaryKeyConstraint("leg", "witness", name=op.f("pk_leg_quality")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_leg_quality_call_id", "leg_quality", ["call_id"], unique=False)
