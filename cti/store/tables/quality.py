"""How well each leg was heard, by the PBX and by the page of a browser phone: the last word of each."""

from sqlalchemy import Column, Float, Index, PrimaryKeyConstraint, Table

from cti.store.tables.columns import flag, metadata, number, text


def _measure(name: str) -> Column[float]:
    """A column of a measure that may be unknown."""
    return Column(name, Float(53), nullable=True)


leg_quality = Table(
    "leg_quality",
    metadata,
    text("leg"),
    text("witness"),
    text("call_id"),
    text("poste"),
    number("at"),
    flag("over"),
    number("talk_ms", null=True),
    number("received"),
    number("lost"),
    number("remote_lost", null=True),
    number("sent", null=True),
    _measure("jitter_ms"),
    _measure("remote_jitter_ms"),
    _measure("round_trip_ms"),
    _measure("mos"),
    _measure("mos_min"),
    PrimaryKeyConstraint("leg", "witness"),
    sqlite_with_rowid=False,
)
Index("ix_leg_quality_call_id", leg_quality.c.call_id)
