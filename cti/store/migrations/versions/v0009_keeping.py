"""How long the voice is kept: terms, holds, proposals, records of destruction."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.Column(name, kind, nullable=null)


def _number(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _terms_and_holds() -> None:
    op.create_table(
        "piece_term",
        _text("piece_id"),
        _number("number"),
        _text("code"),
        _number("starts_at"),
        _number("keep_until"),
        _text("reason"),
        _number("at"),
        _text("who"),
        _text("birth", null=True),
        _number("last_act_at", null=True),
        sa.PrimaryKeyConstraint("piece_id", "number", name=op.f("pk_piece_term")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hold",
        _number("number"),
        *(_text(name) for name in ("scope", "target", "kind", "reference", "asked_by", "placed_by")),
        _number("placed_at"),
        _text("reason"),
        _number("released_at", null=True),
        _text("released_by", null=True),
        _text("release_reason", null=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_hold")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_hold_target", "hold", ["target"], unique=False)


def _proposals() -> None:
    op.create_table(
        "proposal",
        _number("number"),
        _text("proposed_by"),
        _number("proposed_at"),
        _text("reason"),
        _text("approved_by", null=True),
        _number("approved_at", null=True),
        _text("visa", null=True),
        _text("withdrawn_by", null=True),
        _number("withdrawn_at", null=True),
        _text("withdrawn_reason", null=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_proposal")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "proposal_item",
        _number("proposal"),
        _text("piece_id"),
        _text("code"),
        _number("keep_until"),
        _text("why"),
        _number("begun_at", null=True),
        _text("fate", null=True),
        _number("fate_at", null=True),
        _text("fate_why", null=True),
        sa.PrimaryKeyConstraint("proposal", "piece_id", name=op.f("pk_proposal_item")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_proposal_item_piece_id", "proposal_item", ["piece_id"], unique=False)


def _records() -> None:
    op.create_table(
        "destruction",
        _number("number"),
        *(_text(name) for name in ("piece_id", "body", "previous", "hash")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_destruction")),
        sa.UniqueConstraint("piece_id", name=op.f("uq_destruction_piece_id")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION destruction_stays() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'a record of destruction stays as it is'; END $$"
        )
        op.execute(
            "CREATE TRIGGER destruction_stays BEFORE UPDATE OR DELETE ON destruction "
            "FOR EACH ROW EXECUTE FUNCTION destruction_stays()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER destruction_stays_{act.lower()} BEFORE {act} ON destruction "
            "BEGIN SELECT RAISE(ABORT, 'a record of destruction stays as it is'); END"
        )


def _pieces() -> None:
    op.create_index(
        "ix_call_dossier_ref",
        "call",
        ["dossier_ref"],
        unique=False,
        sqlite_where=sa.text("dossier_ref IS NOT NULL"),
        postgresql_where=sa.text("dossier_ref IS NOT NULL"),
    )
    op.create_index("ix_piece_keep_until", "piece", ["keep_until"], unique=False)
    op.create_index(
        "ix_piece_unclassed",
        "piece",
        ["piece_id"],
        unique=False,
        sqlite_where=sa.text("retention IS NULL"),
        postgresql_where=sa.text("retention IS NULL"),
    )


def upgrade() -> None:
    _pieces()
    _terms_and_holds()
    _proposals()
    _records()
