"""Outgoing calls: who placed them towards whom; the call of a try to call back."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TEXTS = ("agent", "line", "number", "via", "callback", "about")
_INSTANTS = ("ready_at", "dialled_at", "ringing_at")


def upgrade() -> None:
    def text() -> sa.types.TypeEngine[str]:
        return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

    for name in _TEXTS:
        op.add_column("call", sa.Column(f"placed_{name}", text(), nullable=True))
    for name in _INSTANTS:
        op.add_column("call", sa.Column(f"placed_{name}", sa.BigInteger(), nullable=True))
    op.add_column("call", sa.Column("placed_missed", text(), nullable=True))
    op.add_column("callback_act", sa.Column("call_id", text(), nullable=True))
