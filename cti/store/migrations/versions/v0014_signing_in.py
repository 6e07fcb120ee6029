"""How people sign in: passwords and codes, sessions, and whom an identity provider calls what."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False)


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def upgrade() -> None:
    op.create_table(
        "access_credential",
        _text("user_name"),
        _text("hash"),
        _number("hashed_at", null=True),
        _number("failures"),
        _number("failed_at", null=True),
        _number("locked_until", null=True),
        _text("totp"),
        _number("totp_at", null=True),
        _number("totp_step", null=True),
        sa.PrimaryKeyConstraint("user_name", name=op.f("pk_access_credential")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "access_session",
        *(_text(name) for name in ("session_id", "user_name", "digest")),
        *(_number(name) for name in ("created_at", "seen_at", "expires_at")),
        *(_text(name) for name in ("client", "means")),
        _number("ended_at", null=True),
        _text("ended_why"),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_access_session")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_access_session_user_name", "access_session", ["user_name"], unique=False)
    op.create_table(
        "access_link",
        *(_text(name) for name in ("issuer", "subject", "user_name")),
        _number("created_at"),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_access_link")),
        sqlite_with_rowid=False,
    )
