"""The tables: one history of calls for SQLite and PostgreSQL.

``event`` is the journal: append-only, and the only table that cannot be rebuilt from another. ``call``, ``stage``, ``leg``,
``recording`` and ``anomaly`` are its fold, kept in typed columns so that a report never has to replay it. ``outbox`` holds what
was promised, ``gap`` when we were blind, ``dossier`` and ``dossier_counter`` the embedded registry of dossiers. ``callback_act``
is a second journal, of what people did about the call-back list; ``callback_trace`` and ``callback`` are made from it and calls.

All instants are whole microseconds since the epoch and all durations whole milliseconds, as in the core: integers compare
exactly and carry no time zone. Every whole number is 64 bits wide, because what a PBX may say has no promised width.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

#: Named constraints: without names a later migration could not change them on both databases.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


#: Text in the order of its bytes, as SQLite has it: one order on both databases, and quicker than a language's on PostgreSQL.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, _TEXT, nullable=null)


def _number(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


event = Table(
    "event",
    metadata,
    # SQLite numbers rows by itself only when the key is spelled INTEGER.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _text("call_id"),
    _number("at"),
    _text("type"),
    _text("payload"),
    _text("session"),
    _number("frame"),
    _number("part"),
)
Index("ix_event_call_id", event.c.call_id)
#: A frame read twice is written once; our own events have no session and are never compared.
Index(
    "uq_event_origin",
    event.c.session,
    event.c.frame,
    event.c.part,
    unique=True,
    sqlite_where=event.c.session != "",
    postgresql_where=event.c.session != "",
)

call = Table(
    "call",
    metadata,
    _text("call_id"),
    _text("state"),
    _number("t0"),
    _text("channel"),
    _text("did"),
    _text("flux"),
    _text("caller", null=True),
    _flag("public"),
    _flag("test"),
    _number("priority"),
    _number("greeting_started_at", null=True),
    _number("greeting_ended_at", null=True),
    _text("route_filiere", null=True),
    _text("route_source", null=True),
    _text("route_motif", null=True),
    _number("route_priority", null=True),
    _number("answered_at", null=True),
    _text("answered_by", null=True),
    _number("joined_at", null=True),
    _number("ended_at", null=True),
    _number("cause", null=True),
    _text("dossier_id", null=True),
    _text("dossier_ref", null=True),
    _flag("silent"),
    _text("quality"),
    _number("last_at"),
    # Read off the journey when it is written, for whoever asks with SQL; the journey itself never reads them back.
    _text("outcome", null=True),
    _text("abandon_phase", null=True),
    _number("wait_ms", null=True),
    _text("lost_waiting", null=True),
    PrimaryKeyConstraint("call_id"),
    sqlite_with_rowid=False,
)
Index("ix_call_t0", call.c.t0, call.c.call_id)
Index(
    "ix_call_open",
    call.c.t0,
    sqlite_where=call.c.ended_at.is_(None),
    postgresql_where=call.c.ended_at.is_(None),
)
Index("ix_call_caller", call.c.caller, call.c.t0)

stage = Table(
    "stage",
    metadata,
    _text("call_id"),
    _number("position"),
    _text("filiere"),
    _number("entered_at"),
    _text("source", null=True),
    _text("motif"),
    _number("priority"),
    _number("answered_at", null=True),
    _text("agent", null=True),
    _number("joined_at", null=True),
    _number("left_at", null=True),
    _text("end", null=True),
    _text("via", null=True),
    PrimaryKeyConstraint("call_id", "position"),
    ForeignKeyConstraint(["call_id"], ["call.call_id"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

leg = Table(
    "leg",
    metadata,
    _text("call_id"),
    _number("stage"),
    _number("position"),
    _text("agent"),
    _text("leg"),
    _number("offered_at", null=True),
    _number("answered_at", null=True),
    _number("joined_at", null=True),
    _number("ended_at", null=True),
    _text("how", null=True),
    PrimaryKeyConstraint("call_id", "stage", "position"),
    ForeignKeyConstraint(["call_id", "stage"], ["stage.call_id", "stage.position"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

recording = Table(
    "recording",
    metadata,
    _text("call_id"),
    _number("position"),
    _text("stem"),
    _number("started_at"),
    _number("checked_at", null=True),
    _number("caller_ms", null=True),
    _number("agents_ms", null=True),
    _number("bytes"),
    _text("problem", null=True),
    PrimaryKeyConstraint("call_id", "position"),
    ForeignKeyConstraint(["call_id"], ["call.call_id"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

anomaly = Table(
    "anomaly",
    metadata,
    _text("call_id"),
    _number("position"),
    _number("at"),
    _text("kind"),
    _text("detail"),
    PrimaryKeyConstraint("call_id", "position"),
    ForeignKeyConstraint(["call_id"], ["call.call_id"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    _text("call_id"),
    _text("reaction"),
    _text("key"),
    _number("at"),
    _number("deadline_at"),
    _number("done_at", null=True),
    PrimaryKeyConstraint("call_id", "reaction", "key"),
    sqlite_with_rowid=False,
)
Index(
    "ix_outbox_pending",
    outbox.c.deadline_at,
    sqlite_where=outbox.c.done_at.is_(None),
    postgresql_where=outbox.c.done_at.is_(None),
)

gap = Table(
    "gap",
    metadata,
    _number("since"),
    _number("until"),
    _text("reason"),
    PrimaryKeyConstraint("since", "until"),
    sqlite_with_rowid=False,
)

dossier = Table(
    "dossier",
    metadata,
    _text("dossier_id"),
    _text("call_id"),
    _number("year"),
    _number("sequence"),
    _text("ref"),
    _number("opened_at"),
    _text("summary"),
    PrimaryKeyConstraint("dossier_id"),
    UniqueConstraint("call_id"),
    UniqueConstraint("year", "sequence"),
    UniqueConstraint("ref"),
    sqlite_with_rowid=False,
)

dossier_counter = Table(
    "dossier_counter",
    metadata,
    # A year of the local calendar, never a number that the database makes up.
    Column("year", BigInteger, nullable=False, autoincrement=False),
    _number("last"),
    PrimaryKeyConstraint("year"),
    sqlite_with_rowid=False,
)

callback_trace = Table(
    "callback_trace",
    metadata,
    _text("call_id"),
    _text("group_key"),
    _text("kind"),
    _number("at"),
    _number("t0"),
    _text("number", null=True),
    _text("flux"),
    _text("filiere", null=True),
    _text("phase", null=True),
    _number("priority"),
    _text("dossier_ref", null=True),
    PrimaryKeyConstraint("call_id"),
    sqlite_with_rowid=False,
)
Index("ix_callback_trace_group_key", callback_trace.c.group_key)

#: What people did about the list: a journal, only ever added to.
callback_act = Table(
    "callback_act",
    metadata,
    _text("group_key"),
    _number("number"),
    _text("entry"),
    _number("at"),
    _text("who"),
    _text("kind"),
    _text("result", null=True),
    _text("reason"),
    PrimaryKeyConstraint("group_key", "number"),
    sqlite_with_rowid=False,
)

callback = Table(
    "callback",
    metadata,
    _text("id"),
    _text("group_key"),
    _number("rank"),
    _text("rank_code"),
    _text("kind"),
    _text("flux"),
    _text("filiere", null=True),
    _text("phase", null=True),
    _number("priority"),
    _text("number", null=True),
    _text("dossier_ref", null=True),
    _number("first_lost_at"),
    _number("last_lost_at"),
    _text("call_ids"),  # JSON list
    _text("state"),
    _text("taken_by", null=True),
    _number("taken_at", null=True),
    _number("closed_at", null=True),
    _text("closed_by", null=True),
    _text("reason"),
    _text("closing_call_id", null=True),
    PrimaryKeyConstraint("id"),
    sqlite_with_rowid=False,
)
Index("ix_callback_group_key", callback.c.group_key)
Index(
    "ix_callback_open",
    callback.c.first_lost_at,
    sqlite_where=callback.c.state != "clos",
    postgresql_where=callback.c.state != "clos",
)
Index("ix_callback_closed_at", callback.c.closed_at)
