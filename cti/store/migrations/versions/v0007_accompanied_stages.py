"""Stages that accompany another one: P0, conference; how they were asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("stage", sa.Column("accompanied", text, nullable=True))
