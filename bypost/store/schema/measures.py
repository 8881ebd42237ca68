"""What is measured: counts by day, clicks where a course asks for them, lessons marked as done."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    Table,
    false,
    text,
)

from bypost.store.schema.base import BigId, Instant, Prose, Words, id_column, metadata

_UNCOUNTED = text("counted = false")

daily = Table(
    "daily",
    metadata,
    Column("day", Date, nullable=False, comment="UTC day; the first of its month once it is old"),
    Column("kind", Words(24), nullable=False, comment="what is counted: visit, accepted, left ..."),
    Column(
        "collection",
        Words(80),
        nullable=False,
        comment="course:ID, newsletter:ID or notice; empty: all together",
    ),
    Column("item", Words(200), nullable=False, comment="lesson, issue or notice id; empty: none"),
    Column(
        "label",
        Words(80),
        nullable=False,
        comment="what it is counted by further: domain, form, link; empty: nothing",
    ),
    Column("number", BigInteger, nullable=False, comment="how many"),
    PrimaryKeyConstraint("day", "kind", "collection", "item", "label"),
    Index("ix_daily_collection", "collection", "kind", "day"),
    comment="How often something happened on a day; added to by whoever writes that it did",
)

redirects = Table(
    "redirects",
    metadata,
    Column("link", Words(12), primary_key=True, comment="hash of the other columns, base64url"),
    Column("collection", Words(80), nullable=False, comment="course:ID or newsletter:ID"),
    Column("item", Words(200), nullable=False, comment="lesson or issue in whose text it stands"),
    Column("address", Prose, nullable=False, comment="where it leads, byte for byte as written"),
    Column("created_at", Instant, nullable=False, comment="first seen in stored content"),
    comment="Where /r/ may lead: addresses in mails of courses that count clicks, no others",
)

clicks = Table(
    "clicks",
    metadata,
    id_column("click"),
    Column("at", Instant, nullable=False, comment="when the link was asked for"),
    Column(
        "link",
        Words(12),
        nullable=False,
        comment="which of redirects; empty: the trap that people do not see",
    ),
    Column("item", Words(200), nullable=False, comment="lesson or issue of the mail"),
    Column("enrollment_id", BigId, ForeignKey("enrollments.id"), comment="in whose lesson"),
    Column("subscription_id", BigId, ForeignKey("subscriptions.id"), comment="in whose issue"),
    Column("sign", Words(16), nullable=False, comment="what tells of a machine; empty: nothing"),
    Column(
        "counted", Boolean, nullable=False, server_default=false(), comment="is in the daily counts"
    ),
    Index(None, "at"),
    # Whoever is removed again, as by taking an import back, is looked for here.
    Index(None, "enrollment_id"),
    Index(None, "subscription_id"),
    Index("ix_clicks_uncounted", "id", sqlite_where=_UNCOUNTED, postgresql_where=_UNCOUNTED),
    comment="Clicks as they came, until they are old; of who asked, only whose mail it was",
)

lesson_marks = Table(
    "lesson_marks",
    metadata,
    Column("enrollment_id", BigId, ForeignKey("enrollments.id"), nullable=False, comment="whose"),
    Column("item", Words(200), nullable=False, comment="lesson id"),
    Column("at", Instant, nullable=False, comment="when the button was pressed"),
    PrimaryKeyConstraint("enrollment_id", "item"),
    comment="Lessons that somebody marked as done",
)
