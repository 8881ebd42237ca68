"""Subscribers, and what they agreed to."""

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
    text,
)

from bypost.store.schema.base import BigId, Instant, Prose, Words, id_column, metadata

meta = Table(
    "meta",
    metadata,
    Column("key", Words(64), primary_key=True, comment="name of the fact"),
    Column("value", Prose, nullable=False, comment="the fact, e.g. this database's tag"),
    comment="Facts about this database itself",
)

subscribers = Table(
    "subscribers",
    metadata,
    id_column("subscriber"),
    Column("email", Words(320), comment="address as mail is sent to it; null once erased"),
    Column(
        "email_key", Words(320), comment="case-folded address: who is the same; null once erased"
    ),
    Column("name", Words(200), nullable=False, comment="as typed; may be empty"),
    Column("time_zone", Words(64), nullable=False, comment="IANA zone; empty: the course's"),
    Column("hour", Words(5), nullable=False, comment="own local hour HH:MM; empty: the course's"),
    Column("status", Words(16), nullable=False, comment="unconfirmed, confirmed or erased"),
    Column("tags", JSON, nullable=False, comment="list of words"),
    Column("attributes", JSON, nullable=False, comment="further CSV columns: name to text"),
    Column(
        "own_choice", JSON, nullable=False, comment="fields the person set; the CSV leaves them"
    ),
    Column(
        "csv_cells",
        JSON,
        comment="cells of the last sync, by file; null: from no file",
    ),
    Column("created_at", Instant, nullable=False, comment="first seen"),
    Column("confirmed_at", Instant, comment="when consent was confirmed"),
    Column("erased_at", Instant, comment="when the person was erased"),
    UniqueConstraint("email_key"),
    CheckConstraint("status IN ('unconfirmed', 'confirmed', 'erased')", name="status"),
    Index(
        "ix_subscribers_erased",
        "id",
        sqlite_where=text("erased_at IS NOT NULL"),
        postgresql_where=text("erased_at IS NOT NULL"),
    ),
    Index(None, "name"),  # people are looked for by how their name begins
    comment="A person with an address, a time zone and an hour",
)

enrollments = Table(
    "enrollments",
    metadata,
    id_column("enrollment"),
    Column("subscriber_id", BigId, ForeignKey("subscribers.id"), nullable=False, comment="who"),
    Column("course", Words(64), nullable=False, comment="folder name under lessons/"),
    Column("run", Integer, nullable=False, comment="1 for the first time through, then 2 ..."),
    Column("status", Words(16), nullable=False, comment="active, finished or left"),
    Column(
        "started_at", Instant, nullable=False, comment="confirmation: the course's clock starts"
    ),
    Column(
        "next_due", Instant, comment="wake-up hint, never later than the true instant; null: none"
    ),
    Column("link_id", LargeBinary(16), nullable=False, comment="random id inside the mails' links"),
    Column("paused_until", Instant, comment="nothing goes out before; null: not paused"),
    Column(
        "pace",
        Words(32),
        nullable=False,
        comment="own cadence, e.g. '3 days'; empty: the course's",
    ),
    Column("asked_next_at", Instant, comment="asked for the next lesson now; null: did not"),
    Column(
        "asked_keeps",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="the lesson asked for leaves the schedule as it is",
    ),
    Column(
        "counts_from",
        Instant,
        comment="the last lesson counts as had then, not when it came; null: when it came",
    ),
    Column("finished_at", Instant, comment="last lesson owed and settled, the last time"),
    Column(
        "begins_with",
        Words(64),
        nullable=False,
        server_default=text("''"),
        comment="lesson they began with; empty: the first",
    ),
    Column("left_at", Instant, comment="left this course"),
    UniqueConstraint("subscriber_id", "course", "run"),
    UniqueConstraint("link_id"),
    CheckConstraint("status IN ('active', 'finished', 'left')", name="status"),
    # A tick looks only at who is due; finished and waiting people cost it nothing, and neither do
    # the many who are due in a course that is held.
    Index(
        "ix_enrollments_due",
        "course",
        "next_due",
        sqlite_where=text("status = 'active' AND next_due IS NOT NULL"),
        postgresql_where=text("status = 'active' AND next_due IS NOT NULL"),
    ),
    comment="One run of one subscriber through one course",
)

subscriptions = Table(
    "subscriptions",
    metadata,
    id_column("subscription"),
    Column("subscriber_id", BigId, ForeignKey("subscribers.id"), nullable=False, comment="who"),
    Column("newsletter", Words(64), nullable=False, comment="folder name under newsletters/"),
    Column("status", Words(16), nullable=False, comment="active or left"),
    Column("started_at", Instant, nullable=False, comment="issues dated before are not sent"),
    Column("link_id", LargeBinary(16), nullable=False, comment="random id inside the mails' links"),
    Column("left_at", Instant, comment="left this newsletter"),
    UniqueConstraint("subscriber_id", "newsletter"),
    UniqueConstraint("link_id"),
    CheckConstraint("status IN ('active', 'left')", name="status"),
    Index("ix_subscriptions_newsletter", "newsletter", "id"),
    # How many are left is counted without a look at anybody.
    Index(
        "ix_subscriptions_left",
        "newsletter",
        "left_at",
        sqlite_where=text("left_at IS NOT NULL"),
        postgresql_where=text("left_at IS NOT NULL"),
    ),
    comment="One subscriber on one newsletter",
)

suppressions = Table(
    "suppressions",
    metadata,
    id_column("suppression"),
    Column("address_hash", LargeBinary(16), nullable=False, comment="keyed hash of the address"),
    Column("reason", Words(16), nullable=False, comment="bounced, complained, left or manual"),
    Column("scope", Words(80), nullable=False, comment="all, or course:ID, or newsletter:ID"),
    Column("created_at", Instant, nullable=False, comment="since when"),
    Column("detail", Words(300), nullable=False, comment="what was said, for the operator"),
    UniqueConstraint("address_hash", "reason", "scope"),
    comment="Addresses that must not be mailed; outlives erasure",
)

consents = Table(
    "consents",
    metadata,
    id_column("consent record"),
    Column("subscriber_id", BigId, ForeignKey("subscribers.id"), nullable=False, comment="who"),
    Column("purpose", Words(80), nullable=False, comment="course:ID or newsletter:ID"),
    Column("source", Words(40), nullable=False, comment="csv, form, command or page"),
    Column(
        "note", Prose, nullable=False, comment="the wording agreed to, or the operator's statement"
    ),
    Column(
        "form",
        Words(80),
        nullable=False,
        server_default=text("''"),
        comment="which form it came through; empty: none",
    ),
    Column(
        "language",
        Words(35),
        nullable=False,
        server_default=text("''"),
        comment="of the wording, BCP 47; empty: unknown",
    ),
    Column("network", Words(64), nullable=False, comment="shortened IP address; empty: none"),
    Column(
        "confirmed_network",
        Words(64),
        nullable=False,
        server_default=text("''"),
        comment="shortened IP address of the confirmation; empty: none",
    ),
    Column("requested_at", Instant, nullable=False, comment="when it was asked for"),
    Column("confirmed_at", Instant, comment="when it was confirmed"),
    Column("withdrawn_at", Instant, comment="when it ended"),
    Column(
        "withdrawn_by", Words(40), nullable=False, comment="one-click, page, command, bounce ..."
    ),
    Index(None, "subscriber_id"),
    comment="Evidence of who agreed to what, and when it ended",
)

address_changes = Table(
    "address_changes",
    metadata,
    id_column("wish"),
    Column("subscriber_id", BigId, ForeignKey("subscribers.id"), nullable=False, comment="who"),
    Column("email", Words(320), nullable=False, comment="the new address, as typed"),
    Column(
        "old_email", Words(320), comment="the address before; null until the new one is confirmed"
    ),
    Column(
        "link_id",
        LargeBinary(16),
        nullable=False,
        comment="random id inside the link that is mailed to the new address",
    ),
    Column("requested_at", Instant, nullable=False, comment="when it was asked for"),
    Column("expires_at", Instant, nullable=False, comment="until when the link works"),
    Column("confirmed_at", Instant, comment="when the button was pressed; null: was not"),
    UniqueConstraint("link_id"),
    Index(None, "subscriber_id"),
    Index(None, "expires_at"),
    comment="Wishes for another address; removed soon after they are settled",
)
