"""Saved audiences, and what is done for all who are in one."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Integer, Table, UniqueConstraint

from bypost.store.schema.base import BigId, Instant, Prose, Words, id_column, metadata

audiences = Table(
    "audiences",
    metadata,
    id_column("audience"),
    Column("name", Words(64), nullable=False, comment="small letters, digits and hyphens"),
    Column("expression", Prose, nullable=False, comment="who is in it, as docs/audiences.md says"),
    Column("note", Words(300), nullable=False, comment="what it is for, for people"),
    Column("created_at", Instant, nullable=False, comment="first saved"),
    Column("changed_at", Instant, nullable=False, comment="last saved"),
    UniqueConstraint("name"),
    comment="Named filters over subscribers that were made on a page or by command",
)

bulk_actions = Table(
    "bulk_actions",
    metadata,
    id_column("bulk action"),
    Column(
        "action",
        Words(16),
        nullable=False,
        comment="add_tag, remove_tag, enroll, pause, resume or leave",
    ),
    Column("value", Words(200), nullable=False, comment="the tag, the course ...; may be empty"),
    Column("statement", Prose, nullable=False, comment="how they agreed; empty: nothing begins"),
    Column("audience", Prose, nullable=False, comment="as it was asked for"),
    Column("whole", Prose, nullable=False, comment="the same with what its names stood for then"),
    Column("by", Words(120), nullable=False, comment="who asked for it"),
    Column("state", Words(12), nullable=False, comment="running, done or stopped"),
    Column("after_id", BigId, nullable=False, comment="looked at up to this subscriber"),
    Column("last_id", BigId, nullable=False, comment="nobody who came later"),
    Column("found", Integer, nullable=False, comment="people in the audience so far"),
    Column("changed", Integer, nullable=False, comment="of those it made a difference to"),
    Column("refused", Integer, nullable=False, comment="of those for whom it could not be done"),
    Column("started_at", Instant, nullable=False, comment="when it was asked for"),
    Column("changed_at", Instant, nullable=False, comment="when it last went on"),
    CheckConstraint("state IN ('running', 'done', 'stopped')", name="state"),
    comment="One thing done for everybody in an audience, chunk by chunk",
)
