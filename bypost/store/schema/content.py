"""What is sent, by hash, and the shape of courses and newsletters as last taken over."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    false,
)

from bypost.store.schema.base import BigId, Instant, Words, id_column, metadata

contents = Table(
    "contents",
    metadata,
    Column("hash", Words(64), primary_key=True, comment="SHA-256 of the compiled mail"),
    Column("kind", Words(8), nullable=False, comment="lesson, issue or notice"),
    Column("collection", Words(64), nullable=False, comment="course or newsletter; may be empty"),
    Column("item", Words(200), nullable=False, comment="lesson, issue or notice id"),
    Column("title", Words(300), nullable=False, comment="the mail's heading"),
    Column("body", LargeBinary, nullable=False, comment="compiled mail, compressed"),
    Column("created_at", Instant, nullable=False, comment="first seen"),
    comment="Compiled mails; only what stands here is sent",
)

assets = Table(
    "assets",
    metadata,
    Column("name", Words(32), primary_key=True, comment="part of its SHA-256, and its ending"),
    Column("media_type", Words(16), nullable=False, comment="image/png, image/jpeg or image/gif"),
    Column("width", Integer, nullable=False, comment="pixels"),
    Column("height", Integer, nullable=False, comment="pixels"),
    Column("bytes", LargeBinary, nullable=False, comment="the picture as it is served"),
    Column("created_at", Instant, nullable=False, comment="first seen"),
    comment="Pictures of compiled mails; kept as long as anybody may open an old mail",
)

applied_courses = Table(
    "applied_courses",
    metadata,
    Column("course", Words(64), primary_key=True, comment="folder name under lessons/"),
    Column("shape", JSON, nullable=False, comment="order, delays, windows, content hashes"),
    Column("applied_at", Instant, nullable=False, comment="when this shape was taken over"),
    comment="The course as people are going through it",
)

issues = Table(
    "issues",
    metadata,
    id_column("issue"),
    Column("newsletter", Words(64), nullable=False, comment="folder name under newsletters/"),
    Column("issue", Words(64), nullable=False, comment="id from its front matter"),
    Column("state", Words(12), nullable=False, comment="planned, done or archived"),
    Column("schedule", Words(120), nullable=False, comment="the date it was taken up for"),
    Column("first_seen_at", Instant, nullable=False, comment="when it was first seen ready"),
    Column("folded_at", Instant, comment="since when only counts are kept of it; null: all is"),
    Column(
        "by_zone",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="its audience is taken zone by zone, at one instant as well",
    ),
    CheckConstraint("state IN ('planned', 'done', 'archived')", name="state"),
    UniqueConstraint("newsletter", "issue"),
    comment="Issues that were ready",
)

issue_zones = Table(
    "issue_zones",
    metadata,
    id_column("issue in one zone"),
    Column("issue_id", BigId, ForeignKey("issues.id"), nullable=False, comment="which issue"),
    Column("time_zone", Words(64), nullable=False, comment="zone; empty: one instant for all"),
    Column("due_at", Instant, nullable=False, comment="its instant: the audience is taken then"),
    Column("state", Words(12), nullable=False, comment="done or archived"),
    UniqueConstraint("issue_id", "time_zone"),
    comment="Zones whose people are owed their copy, or were too late",
)

holds = Table(
    "holds",
    metadata,
    id_column("hold"),
    Column("scope", Words(16), nullable=False, comment="course, newsletter or subscriber"),
    Column("name", Words(64), nullable=False, comment="folder name; empty: a subscriber"),
    Column(
        "subscriber_id",
        BigId,
        ForeignKey("subscribers.id"),
        comment="who is held; null: everybody",
    ),
    Column("since", Instant, nullable=False, comment="nothing goes out from then on"),
    Column("until", Instant, comment="it ends by itself then; null: when it is ended"),
    Column("ended_at", Instant, comment="when it was ended; null: not yet"),
    Column("reason", Words(300), nullable=False, comment="the operator's words"),
    CheckConstraint("scope IN ('course', 'newsletter', 'subscriber')", name="scope"),
    Index(None, "subscriber_id"),
    comment="What is kept back, for whom and until when; everybody keeps their place",
)
