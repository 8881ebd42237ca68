"""What an operator ordered about single issues."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Table, UniqueConstraint

from bypost.store.schema.base import Instant, Prose, Words, id_column, metadata

issue_orders = Table(
    "issue_orders",
    metadata,
    id_column("order"),
    Column("newsletter", Words(64), nullable=False, comment="folder name under newsletters/"),
    Column("issue", Words(64), nullable=False, comment="id from its front matter"),
    Column("schedule", Words(120), comment="when it goes out; null: as its file says"),
    Column("audience", Prose, comment="who gets it: a name or an expression; null: as its file"),
    Column("state", Words(12), nullable=False, comment="scheduled, paused or cancelled"),
    Column("at", Instant, nullable=False, comment="when the last word was given"),
    Column("by", Words(120), nullable=False, comment="who gave it: an account, or a command"),
    Column("reason", Words(300), nullable=False, comment="why it is paused or cancelled"),
    Column("paused_at", Instant, comment="when it was paused the last time; null: never"),
    Column("resumed_at", Instant, comment="when that ended; null: it has not, or never began"),
    CheckConstraint("state IN ('scheduled', 'paused', 'cancelled')", name="state"),
    UniqueConstraint("newsletter", "issue"),
    comment="Orders about single issues; each overrides the file until it is cleared",
)
