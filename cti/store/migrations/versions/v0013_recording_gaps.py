"""Where the recorder of a call did not write: the time of its files is the clock's, less these."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("recording", sa.Column("gaps", text, nullable=True))
