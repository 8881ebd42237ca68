"""Who may use the HTTP API, and what their repeated requests are answered with."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    text,
)

from bypost.store.schema.base import BigId, Instant, Prose, Words, id_column, metadata

_IN_USE = text("revoked_at IS NULL")

tokens = Table(
    "tokens",
    metadata,
    id_column("token"),
    Column("name", Words(80), nullable=False, comment="what the operator calls it"),
    Column("hash", LargeBinary(32), nullable=False, comment="SHA-256 of the token itself"),
    Column("scopes", JSON, nullable=False, comment="what it may do: read, signup, write"),
    Column("created_at", Instant, nullable=False, comment="when it was made"),
    Column("last_used_at", Instant, comment="last use, to the minute; null: none yet"),
    Column("revoked_at", Instant, comment="since when it opens nothing; null: it does"),
    UniqueConstraint("hash"),
    Index(
        "uq_tokens_name",
        "name",
        unique=True,
        sqlite_where=_IN_USE,
        postgresql_where=_IN_USE,
    ),
    comment="Tokens of the HTTP API; the token itself is nowhere",
)

replies = Table(
    "replies",
    metadata,
    id_column("reply"),
    Column("token_id", BigId, ForeignKey("tokens.id"), nullable=False, comment="who asked"),
    Column("key", Words(255), nullable=False, comment="their Idempotency-Key"),
    Column("request", LargeBinary(32), nullable=False, comment="SHA-256 of method, path and body"),
    Column("status", Integer, nullable=False, comment="HTTP status of the answer"),
    Column("body", Prose, nullable=False, comment="the answer as it was given"),
    Column("location", Words(300), nullable=False, comment="header Location; empty: none"),
    Column("subscriber_id", BigId, ForeignKey("subscribers.id"), comment="whose data is in it"),
    Column("created_at", Instant, nullable=False, comment="when it was given"),
    Column("ends_at", Instant, nullable=False, comment="until when a repetition is answered by it"),
    UniqueConstraint("token_id", "key"),
    Index(None, "ends_at"),
    Index(None, "subscriber_id"),
    comment="Answers to requests with an Idempotency-Key, written with what the request did",
)
