"""What an operator is told without asking, and what is still to be told."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    text,
)

from bypost.store.schema.base import Instant, Words, id_column, metadata

_OPEN = text("state = 'open'")

alarms = Table(
    "alarms",
    metadata,
    id_column("alarm"),
    Column("name", Words(32), nullable=False, comment="rule that found it, e.g. bounces"),
    Column(
        "subject",
        Words(80),
        nullable=False,
        comment="provider, course or the like; empty: all of it",
    ),
    Column("level", Words(8), nullable=False, comment="warn or alarm"),
    Column("since", Instant, nullable=False, comment="when it began, the last time"),
    Column("last_seen", Instant, nullable=False, comment="when it was last found"),
    Column("told_at", Instant, comment="when its beginning was told; null: never"),
    Column(
        "told_level", Words(8), nullable=False, comment="level that was told; empty: nothing yet"
    ),
    Column("ended_at", Instant, comment="when it was over; null: it is not"),
    Column("words", Words(400), nullable=False, comment="what was found, for people"),
    CheckConstraint("level IN ('warn', 'alarm')", name="level"),
    UniqueConstraint("name", "subject"),
    comment="What an operator should look at, or had to; one row each, however often it comes",
)

alarm_messages = Table(
    "alarm_messages",
    metadata,
    id_column("message"),
    Column("way", Words(8), nullable=False, comment="mail or webhook"),
    Column("body", JSON, nullable=False, comment="what is told: title, text and the alarms"),
    Column("created_at", Instant, nullable=False, comment="when there was something to tell"),
    Column("state", Words(8), nullable=False, comment="open, sent or given-up"),
    Column("next_try", Instant, nullable=False, comment="not before; goes up with every failure"),
    Column("attempts", Integer, nullable=False, comment="attempts begun"),
    Column("ended_at", Instant, comment="when it was taken over or given up"),
    Column("detail", Words(300), nullable=False, comment="last trouble, for people"),
    CheckConstraint("way IN ('mail', 'webhook')", name="way"),
    CheckConstraint("state IN ('open', 'sent', 'given-up')", name="state"),
    Index("ix_alarm_messages_open", "next_try", sqlite_where=_OPEN, postgresql_where=_OPEN),
    comment="What operators are told of alarms; said at least once, removed after a month",
)
