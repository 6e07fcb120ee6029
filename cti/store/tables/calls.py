"""The tables of calls: the journal, its fold, and what was promised.

``event`` is the journal: append-only, and the only one here that cannot be rebuilt from another. ``call``, ``stage``, ``leg``,
``recording``, ``consult`` and ``anomaly`` are its fold, in typed columns so that no report replays it. ``outbox`` holds what
was promised, ``gap`` when we were blind, ``dossier`` and ``dossier_counter`` the embedded registry of dossiers.
"""

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Integer, PrimaryKeyConstraint, Table, UniqueConstraint

from cti.store.tables.columns import flag, metadata, number, text

event = Table(
    "event",
    metadata,
    # SQLite numbers rows by itself only when the key is spelled INTEGER.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    text("call_id"),
    number("at"),
    text("type"),
    text("payload"),
    text("session"),
    number("frame"),
    number("part"),
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
    text("call_id"),
    text("state"),
    number("t0"),
    text("channel"),
    text("did"),
    text("flux"),
    text("caller", null=True),
    flag("public"),
    flag("test"),
    number("priority"),
    number("greeting_started_at", null=True),
    number("greeting_ended_at", null=True),
    text("route_filiere", null=True),
    text("route_source", null=True),
    text("route_motif", null=True),
    number("route_priority", null=True),
    number("answered_at", null=True),
    text("answered_by", null=True),
    number("joined_at", null=True),
    number("ended_at", null=True),
    number("cause", null=True),
    text("dossier_id", null=True),
    text("dossier_ref", null=True),
    flag("silent"),
    text("quality"),
    number("last_at"),
    # Read off the journey when it is written, for whoever asks with SQL; the journey itself never reads them back.
    text("outcome", null=True),
    text("abandon_phase", null=True),
    number("wait_ms", null=True),
    text("lost_waiting", null=True),
    # Of an outgoing call; ``placed_agent`` is null for every other one.
    text("placed_agent", null=True),
    text("placed_line", null=True),
    text("placed_number", null=True),
    text("placed_via", null=True),
    text("placed_callback", null=True),
    text("placed_about", null=True),
    number("placed_ready_at", null=True),
    number("placed_dialled_at", null=True),
    number("placed_ringing_at", null=True),
    text("placed_missed", null=True),
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
Index(
    "ix_call_placed_number",
    call.c.placed_number,
    sqlite_where=call.c.placed_number.is_not(None),
    postgresql_where=call.c.placed_number.is_not(None),
)
Index(
    "ix_call_dossier_id",
    call.c.dossier_id,
    sqlite_where=call.c.dossier_id.is_not(None),
    postgresql_where=call.c.dossier_id.is_not(None),
)

stage = Table(
    "stage",
    metadata,
    text("call_id"),
    number("position"),
    text("filiere"),
    number("entered_at"),
    text("source", null=True),
    text("motif"),
    number("priority"),
    number("answered_at", null=True),
    text("agent", null=True),
    number("joined_at", null=True),
    number("left_at", null=True),
    text("end", null=True),
    text("via", null=True),
    text("accompanied", null=True),
    PrimaryKeyConstraint("call_id", "position"),
    ForeignKeyConstraint(["call_id"], ["call.call_id"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

leg = Table(
    "leg",
    metadata,
    text("call_id"),
    number("stage"),
    number("position"),
    text("agent"),
    text("leg"),
    number("offered_at", null=True),
    number("answered_at", null=True),
    number("joined_at", null=True),
    number("ended_at", null=True),
    text("how", null=True),
    PrimaryKeyConstraint("call_id", "stage", "position"),
    ForeignKeyConstraint(["call_id", "stage"], ["stage.call_id", "stage.position"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

recording = Table(
    "recording",
    metadata,
    text("call_id"),
    number("position"),
    text("stem"),
    number("started_at"),
    number("checked_at", null=True),
    number("caller_ms", null=True),
    number("agents_ms", null=True),
    number("bytes"),
    text("problem", null=True),
    text("gaps", null=True),  # JSON: [[when it went on, milliseconds], ...]
    PrimaryKeyConstraint("call_id", "position"),
    ForeignKeyConstraint(["call_id"], ["call.call_id"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

consult = Table(
    "consult",
    metadata,
    text("call_id"),
    number("position"),
    text("agent"),
    text("line"),
    text("target"),
    number("started_at"),
    number("answered_at", null=True),
    text("answered_by", null=True),
    number("ended_at", null=True),
    text("how", null=True),
    # Its own recording; all NULL when it has none, as at a post.
    text("stem", null=True),
    number("recorded_at", null=True),
    number("checked_at", null=True),
    number("caller_ms", null=True),
    number("agents_ms", null=True),
    number("bytes", null=True),
    text("problem", null=True),
    PrimaryKeyConstraint("call_id", "position"),
    ForeignKeyConstraint(["call_id"], ["call.call_id"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

anomaly = Table(
    "anomaly",
    metadata,
    text("call_id"),
    number("position"),
    number("at"),
    text("kind"),
    text("detail"),
    PrimaryKeyConstraint("call_id", "position"),
    ForeignKeyConstraint(["call_id"], ["call.call_id"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    text("call_id"),
    text("reaction"),
    text("key"),
    number("at"),
    number("deadline_at"),
    number("done_at", null=True),
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
    number("since"),
    number("until"),
    text("reason"),
    PrimaryKeyConstraint("since", "until"),
    sqlite_with_rowid=False,
)

dossier = Table(
    "dossier",
    metadata,
    text("dossier_id"),
    text("call_id"),
    number("year"),
    number("sequence"),
    text("ref"),
    number("opened_at"),
    text("summary"),
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
    number("last"),
    PrimaryKeyConstraint("year"),
    sqlite_with_rowid=False,
)
