"""Consultations have rows of their own; those that the journal tells already are written into them."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TOLD = ("ConsultStarted", "ConsultAnswered", "ConsultRecorded", "ConsultEnded")


def upgrade() -> None:
    consult = op.create_table(
        "consult",
        sa.Column("call_id", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("agent", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("line", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("target", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_by", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("how", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True),
        sa.Column("stem", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=True),
        sa.Column("caller_ms", sa.BigInteger(), nullable=True),
        sa.Column("agents_ms", sa.BigInteger(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.call_id"], name=op.f("fk_consult_call"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "position", name=op.f("pk_consult")),
        sqlite_with_rowid=False,
    )
    rows = _told(op.get_bind())
    if rows:
        op.bulk_insert(consult, rows)


def _told(connection: sa.Connection) -> list[dict[str, Any]]:
    """The rows of the consultations of before, as the fold of that time had them."""
    event = sa.table("event", *map(sa.column, ("seq", "call_id", "type", "payload")))
    call = sa.table("call", *map(sa.column, ("call_id", "ended_at")))
    query = (
        sa.select(event.c.call_id, event.c.type, event.c.payload, call.c.ended_at)
        .join(call, call.c.call_id == event.c.call_id)
        .where(event.c.type.in_(_TOLD))
        .order_by(event.c.seq)
    )
    calls: dict[str, dict[str, dict[str, Any]]] = {}
    for call_id, kind, payload, call_ended_at in connection.execute(query):
        told = json.loads(payload)
        lines = calls.setdefault(call_id, {})
        if call_ended_at is not None and told["at"] > call_ended_at:
            continue
        if kind == "ConsultStarted":
            lines.setdefault(told["line"], _started(call_id, len(lines), told, call_ended_at))
        elif (row := lines.get(told["line"])) is not None and row["how"] in (None, "caller_gone"):
            row.update(_changes(kind, told))
    return [row for lines in calls.values() for row in lines.values()]


def _started(call_id: str, position: int, told: dict[str, Any], call_ended_at: int | None) -> dict[str, Any]:
    files = dict.fromkeys(("stem", "recorded_at", "checked_at", "caller_ms", "agents_ms", "bytes", "problem"))
    said = {name: told[name] for name in ("agent", "line", "target")}
    gone = {"ended_at": call_ended_at, "how": None if call_ended_at is None else "caller_gone"}
    answer = {"answered_at": None, "answered_by": None}
    return {"call_id": call_id, "position": position, **said, "started_at": told["at"], **answer, **gone, **files}


def _changes(kind: str, told: dict[str, Any]) -> dict[str, Any]:
    if kind == "ConsultAnswered":
        return {"answered_at": told["at"], "answered_by": told["agent"]}
    if kind == "ConsultRecorded":
        return {"stem": told["stem"], "recorded_at": told["at"], "bytes": 0}
    return {"ended_at": told["at"], "how": told["how"]}
