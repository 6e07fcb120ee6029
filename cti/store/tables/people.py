"""The tables of what people do: each act is written in a journal of its own, only ever added to.

``callback_act`` is what people did about the call-back list; ``callback_trace`` and ``callback`` are made from it and calls.
``crisis_act`` is who switched crisis mode. ``call_note`` is what people wrote about a caller while they had him.
``duty_act`` is who took which post, paused and left; ``presence`` is what each post did, as the PBX saw it.
"""

from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, Table

from cti.store.tables.columns import flag, metadata, number, text

callback_trace = Table(
    "callback_trace",
    metadata,
    text("call_id"),
    text("group_key"),
    text("kind"),
    number("at"),
    number("t0"),
    text("number", null=True),
    text("flux"),
    text("filiere", null=True),
    text("phase", null=True),
    number("priority"),
    text("dossier_ref", null=True),
    PrimaryKeyConstraint("call_id"),
    sqlite_with_rowid=False,
)
Index("ix_callback_trace_group_key", callback_trace.c.group_key)

#: What people did about the list: a journal, only ever added to.
callback_act = Table(
    "callback_act",
    metadata,
    text("group_key"),
    number("number"),
    text("entry"),
    number("at"),
    text("who"),
    text("kind"),
    text("result", null=True),
    text("reason"),
    text("call_id", null=True),  # the outgoing call of a try, when the PBX saw it
    PrimaryKeyConstraint("group_key", "number"),
    sqlite_with_rowid=False,
)

callback = Table(
    "callback",
    metadata,
    text("id"),
    text("group_key"),
    number("rank"),
    text("rank_code"),
    text("kind"),
    text("flux"),
    text("filiere", null=True),
    text("phase", null=True),
    number("priority"),
    text("number", null=True),
    text("dossier_ref", null=True),
    number("first_lost_at"),
    number("last_lost_at"),
    text("call_ids"),  # JSON list
    text("state"),
    text("taken_by", null=True),
    number("taken_at", null=True),
    number("closed_at", null=True),
    text("closed_by", null=True),
    text("reason"),
    text("closing_call_id", null=True),
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

#: Who switched crisis mode on or off: a journal, only ever added to.
crisis_act = Table(
    "crisis_act",
    metadata,
    # Given by whoever switches, never a number that the database makes up.
    Column("number", BigInteger, nullable=False, autoincrement=False),
    number("at"),
    flag("active"),
    text("who"),
    text("reason"),
    PrimaryKeyConstraint("number"),
    sqlite_with_rowid=False,
)

#: Who took which post, paused, came back, left: a journal, only ever added to.
duty_act = Table(
    "duty_act",
    metadata,
    text("act_id"),
    number("at"),
    text("kind"),
    text("poste"),
    text("personne"),
    text("filieres"),  # JSON list
    text("reason"),
    number("until_at", null=True),
    text("who"),
    text("via"),
    PrimaryKeyConstraint("act_id"),
    sqlite_with_rowid=False,
)
Index("ix_duty_act_at", duty_act.c.at)
Index("ix_duty_act_poste", duty_act.c.poste, duty_act.c.kind, duty_act.c.at)

presence = Table(
    "presence",
    metadata,
    text("poste"),
    number("since"),
    text("personne"),
    text("state"),
    text("reason"),
    number("until", null=True),
    PrimaryKeyConstraint("poste", "since"),
    sqlite_with_rowid=False,
)
Index("ix_presence_since", presence.c.since)
Index(
    "ix_presence_open",
    presence.c.poste,
    sqlite_where=presence.c.until.is_(None),
    postgresql_where=presence.c.until.is_(None),
)

#: What people wrote about a caller while they had him: only ever added to.
call_note = Table(
    "call_note",
    metadata,
    text("note_id"),
    text("call_id"),
    number("at"),
    text("who"),
    text("poste"),
    text("texte"),
    PrimaryKeyConstraint("note_id"),
    sqlite_with_rowid=False,
)
Index("ix_call_note_call_id", call_note.c.call_id)
