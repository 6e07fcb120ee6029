"""The tables of who may hear the voice and who did.

``access_user``, ``access_token``, ``access_credential``, ``access_session`` and ``access_link`` are accounts as they are now;
``access_act`` is what was done to them, ``access_trace`` every access: both are journals, only ever added to.
"""

from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, Table, UniqueConstraint

from cti.store.tables.columns import metadata, number, text

access_user = Table(
    "access_user",
    metadata,
    text("name"),
    text("roles"),  # JSON list
    text("personne"),
    number("created_at"),
    number("disabled_at", null=True),
    PrimaryKeyConstraint("name"),
    sqlite_with_rowid=False,
)

access_token = Table(
    "access_token",
    metadata,
    text("token_id"),
    text("user_name"),
    text("digest"),
    number("created_at"),
    number("expires_at"),
    number("last_used_at", null=True),
    number("revoked_at", null=True),
    PrimaryKeyConstraint("token_id"),
    sqlite_with_rowid=False,
)
Index("ix_access_token_user_name", access_token.c.user_name)

#: What an account is recognised by when a person signs in: digests, and a secret that the service's key seals.
access_credential = Table(
    "access_credential",
    metadata,
    text("user_name"),
    text("hash"),
    number("hashed_at", null=True),
    number("failures"),
    number("failed_at", null=True),
    number("locked_until", null=True),
    text("totp"),
    number("totp_at", null=True),
    number("totp_step", null=True),
    PrimaryKeyConstraint("user_name"),
    sqlite_with_rowid=False,
)

access_session = Table(
    "access_session",
    metadata,
    text("session_id"),
    text("user_name"),
    text("digest"),
    number("created_at"),
    number("seen_at"),
    number("expires_at"),
    text("client"),
    text("means"),
    number("ended_at", null=True),
    text("ended_why"),
    PrimaryKeyConstraint("session_id"),
    sqlite_with_rowid=False,
)
Index("ix_access_session_user_name", access_session.c.user_name)

#: Whom an identity provider calls what.
access_link = Table(
    "access_link",
    metadata,
    text("issuer"),
    text("subject"),
    text("user_name"),
    number("created_at"),
    PrimaryKeyConstraint("issuer", "subject"),
    sqlite_with_rowid=False,
)

#: Who did what to which account: a journal, only ever added to.
access_act = Table(
    "access_act",
    metadata,
    Column("number", BigInteger, nullable=False, autoincrement=False),
    number("at"),
    text("who"),
    text("kind"),
    text("user_name"),
    text("detail"),
    PrimaryKeyConstraint("number"),
    sqlite_with_rowid=False,
)

#: The log of accesses: each row holds the digest of the one before, and no two rows may follow the same one.
access_trace = Table(
    "access_trace",
    metadata,
    Column("seq", BigInteger, nullable=False, autoincrement=False),
    number("at"),
    text("who"),
    text("role"),
    text("verb"),
    text("call_id"),
    text("piece_id"),
    text("relation"),
    text("reason"),
    text("client"),
    text("outcome"),
    text("detail"),
    text("previous"),
    text("hash"),
    PrimaryKeyConstraint("seq"),
    UniqueConstraint("previous"),
    sqlite_with_rowid=False,
)
Index("ix_access_trace_at", access_trace.c.at)
Index("ix_access_trace_who", access_trace.c.who, access_trace.c.at)
Index("ix_access_trace_call_id", access_trace.c.call_id)
