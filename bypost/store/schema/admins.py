"""Who runs the courses: accounts, where they are signed in, and the log of what was done."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from bypost.store.schema.base import BigId, Instant, Words, id_column, metadata

admins = Table(
    "admins",
    metadata,
    id_column("account"),
    Column("name", Words(40), nullable=False, comment="what they sign in with, lower case"),
    Column("role", Words(16), nullable=False, comment="viewer or operator"),
    Column("password", Words(200), nullable=False, comment="argon2id, with its parameters"),
    Column("created_at", Instant, nullable=False, comment="when it was made"),
    Column("password_at", Instant, nullable=False, comment="when the password was set"),
    Column("seen_at", Instant, comment="when they signed in last; null: never"),
    UniqueConstraint("name"),
    CheckConstraint("role IN ('viewer', 'operator')", name="role"),
    comment="Who may sign in at the desk",
)

admin_sessions = Table(
    "admin_sessions",
    metadata,
    id_column("session"),
    Column("admin_id", BigId, ForeignKey("admins.id"), nullable=False, comment="whose"),
    Column("hash", LargeBinary(32), nullable=False, comment="SHA-256 of the secret in the cookie"),
    Column("created_at", Instant, nullable=False, comment="when they signed in"),
    Column("seen_at", Instant, nullable=False, comment="last request, to the minute"),
    UniqueConstraint("hash"),
    Index(None, "admin_id"),
    comment="Where somebody is signed in; signing out deletes the row",
)

sign_in_waits = Table(
    "sign_in_waits",
    metadata,
    Column("name", Words(120), primary_key=True, comment="what is counted; names are hashed"),
    Column("failures", Integer, nullable=False, comment="in a row, or within a day"),
    Column("last_at", Instant, nullable=False, comment="the last one; a day later it is forgotten"),
    Column("until", Instant, nullable=False, comment="before that nothing is tried"),
    Index(None, "last_at"),
    comment="How long signing in waits after failures",
)

audit = Table(
    "audit",
    metadata,
    id_column("entry"),
    Column("at", Instant, nullable=False, comment="when it was done"),
    Column("who", Words(80), nullable=False, comment="account, or user of the machine"),
    Column("via", Words(16), nullable=False, comment="desk, command or api"),
    Column("action", Words(64), nullable=False, comment="noun and verb, e.g. course.pause"),
    Column("subject", Words(120), nullable=False, comment="e.g. course:x; empty: nothing named"),
    Column("detail", Words(500), nullable=False, comment="what else; no secret, no address"),
    Index(None, "at"),
    Index(None, "who", "id"),
    Index(None, "action", "id"),
    Index(None, "subject", "id"),
    comment="What was done by whom; rows are only added",
)
