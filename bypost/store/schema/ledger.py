"""What is owed, what was tried, what was answered."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
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

_OPEN = text("state IN ('pending', 'sending')")
_ISSUE = text("kind = 'issue'")
_LESSON = text("kind = 'lesson'")
_UNKNOWN = text("state = 'unknown'")
_UNCOUNTED = text(
    "accepted <> counted_accepted OR failed <> counted_failed OR cancelled <> counted_cancelled"
)
_OF_AN_ISSUE = text("subscription_id IS NOT NULL")
_FAILED = text("state = 'failed'")
_OPEN_NOTICE = text("kind = 'notice' AND state IN ('pending', 'sending')")

batches = Table(
    "batches",
    metadata,
    id_column("batch; with the database's tag, the reference of its requests"),
    Column("provider", Words(32), nullable=False, comment="adapter that carries it"),
    Column("kind", Words(8), nullable=False, comment="lesson, issue or notice"),
    Column(
        "collection", Words(64), nullable=False, comment="course or newsletter; empty for a notice"
    ),
    Column("item", Words(200), nullable=False, comment="lesson, issue or notice id"),
    Column(
        "content_hash",
        Words(64),
        ForeignKey("contents.hash"),
        nullable=False,
        comment="what it says",
    ),
    Column("size", Integer, nullable=False, comment="deliveries bound to it"),
    Column(
        "state",
        Words(12),
        nullable=False,
        comment="pending, sending, settled, unknown or dissolved",
    ),
    Column("due_at", Instant, nullable=False, comment="when its deliveries fell due"),
    Column(
        "next_try",
        Instant,
        nullable=False,
        comment="not before; goes up with every failure; of an unknown one: when to ask",
    ),
    Column(
        "fence", Integer, nullable=False, comment="counts leases; every later write names its own"
    ),
    Column("lease_until", Instant, comment="held by a worker until; null: free"),
    Column(
        "offered_until",
        Instant,
        comment="handed over to workers, and not again before; null: it is not",
    ),
    Column("lease_owner", Words(120), nullable=False, comment="machine, process and its start"),
    Column("attempts", Integer, nullable=False, comment="requests begun, not requests finished"),
    Column(
        "generation", Integer, nullable=False, comment="counts freezes; part of the idempotency key"
    ),
    Column("frozen", LargeBinary, comment="compressed bytes of the request; null before and after"),
    Column("recipe", LargeBinary, comment="what made each mail its own, to rebuild it exactly"),
    Column(
        "members",
        Integer,
        nullable=False,
        comment="deliveries in the request; of an unknown one: those nobody knows of yet",
    ),
    Column("ambiguous", Boolean, nullable=False, comment="some attempt may have been accepted"),
    Column("first_sent_at", Instant, comment="first byte of this generation may have left"),
    Column("accepted_at", Instant, comment="when acceptance was recorded"),
    Column("accepted", Integer, nullable=False, comment="deliveries accepted"),
    Column("failed", Integer, nullable=False, comment="deliveries refused one by one"),
    Column("cancelled", Integer, nullable=False, comment="deliveries whose person left before"),
    Column(
        "refusals",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="times the whole request was refused for its content",
    ),
    Column("detail", Words(400), nullable=False, comment="last trouble, for people"),
    Column(
        "held",
        JSON(none_as_null=True),
        comment="issues a cap keeps back: since when, and at which hour they go; null: none",
    ),
    *(
        Column(
            f"counted_{name}",
            Integer,
            nullable=False,
            server_default=text("0"),
            comment=f"of `{name}`, as many as the daily counts know of",
        )
        for name in ("accepted", "failed", "cancelled")
    ),
    CheckConstraint(
        "state IN ('pending', 'sending', 'settled', 'unknown', 'dissolved')", name="state"
    ),
    Index("ix_batches_open", "next_try", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index(
        "ix_batches_open_notices",
        "kind",
        "next_try",
        sqlite_where=_OPEN_NOTICE,
        postgresql_where=_OPEN_NOTICE,
    ),
    Index("ix_batches_unknown", "next_try", sqlite_where=_UNKNOWN, postgresql_where=_UNKNOWN),
    # Covers what is counted of a day, so that counting it never opens a batch.
    Index("ix_batches_accepted", "accepted_at", "provider", "accepted"),
    Index("ix_batches_uncounted", "id", sqlite_where=_UNCOUNTED, postgresql_where=_UNCOUNTED),
    # Covers which versions of a lesson were sent, to how many and when. SQLite looks `kind` up
    # although the condition says it (3.40, 2026-11).
    Index(
        "ix_batches_lesson",
        "content_hash",
        "kind",
        "accepted_at",
        "accepted",
        sqlite_where=_LESSON,
        postgresql_where=_LESSON,
    ),
    Index("ix_batches_issue", "item", sqlite_where=_ISSUE, postgresql_where=_ISSUE),
    comment="One HTTP request to a provider: one content, 1..N deliveries",
)

deliveries = Table(
    "deliveries",
    metadata,
    id_column("delivery; with the database's tag, the reference that travels with the mail"),
    Column(
        "batch_id",
        BigId,
        ForeignKey("batches.id"),
        nullable=False,
        comment="request it is bound to",
    ),
    Column("subscriber_id", BigId, ForeignKey("subscribers.id"), nullable=False, comment="to whom"),
    Column("enrollment_id", BigId, ForeignKey("enrollments.id"), comment="for a lesson"),
    Column("subscription_id", BigId, ForeignKey("subscriptions.id"), comment="for an issue"),
    Column("kind", Words(8), nullable=False, comment="lesson, issue or notice"),
    Column("item", Words(200), nullable=False, comment="lesson id, newsletter/issue or notice id"),
    Column("copy", Integer, nullable=False, comment="0; higher only where a person asked for it"),
    Column("request", Words(64), nullable=False, comment="what a notice answers; empty otherwise"),
    Column(
        "state", Words(12), comment="own state where it is not its batch's: failed, cancelled ..."
    ),
    Column("provider_id", Words(120), comment="the provider's id, where it gave one"),
    Column("detail", Words(300), comment="why it failed or was cancelled"),
    CheckConstraint("kind IN ('lesson', 'issue', 'notice')", name="kind"),
    CheckConstraint("state IN ('accepted', 'failed', 'cancelled', 'unknown')", name="state"),
    UniqueConstraint("enrollment_id", "item", "copy"),  # no lesson twice, whatever crashes
    Index(
        "uq_deliveries_issue",
        "subscriber_id",
        "item",
        "copy",
        unique=True,
        sqlite_where=text("kind = 'issue'"),
        postgresql_where=text("kind = 'issue'"),
    ),
    Index(
        "uq_deliveries_notice",
        "subscriber_id",
        "item",
        "request",
        unique=True,
        sqlite_where=text("kind = 'notice'"),
        postgresql_where=text("kind = 'notice'"),
    ),
    Index(None, "batch_id"),
    Index(None, "subscriber_id"),
    # Without it every subscription that is removed would be looked for in all deliveries.
    Index(
        "ix_deliveries_subscription_id",
        "subscription_id",
        sqlite_where=_OF_AN_ISSUE,
        postgresql_where=_OF_AN_ISSUE,
    ),
    Index("ix_deliveries_failed", "id", sqlite_where=_FAILED, postgresql_where=_FAILED),
    comment="One message owed to one person; written once, touched again only for an exception",
    # Else SQLite gives the number of a deleted row out again, and one reference would name two
    # mails: that of somebody who was taken out of a batch, and may have had it after all.
    sqlite_autoincrement=True,
)

attempts = Table(
    "attempts",
    metadata,
    id_column("attempt"),
    Column("batch_id", BigId, ForeignKey("batches.id"), nullable=False, comment="which request"),
    Column("fence", Integer, nullable=False, comment="lease under which it was made"),
    Column("started_at", Instant, nullable=False, comment="intent committed"),
    Column("ended_at", Instant, comment="answer recorded; null: the process died, or is at it"),
    Column(
        "outcome", Words(16), nullable=False, comment="started, accepted, throttled, refused ..."
    ),
    Column("status", Integer, comment="HTTP status"),
    Column("detail", Words(400), nullable=False, comment="the provider's words"),
    Index(None, "batch_id"),
    comment="The audit trail of requests; only ever added to and closed",
)

events = Table(
    "events",
    metadata,
    id_column("event"),
    Column("provider", Words(32), nullable=False, comment="who says so"),
    Column(
        "event_id", Words(200), nullable=False, comment="the provider's id, or a hash of the body"
    ),
    Column(
        "delivery_id", BigId, ForeignKey("deliveries.id"), comment="about which; null: not ours"
    ),
    Column("kind", Words(16), nullable=False, comment="delivered, bounced, complained ..."),
    Column("at", Instant, nullable=False, comment="when it happened, as the provider says"),
    Column("received_at", Instant, nullable=False, comment="when we heard"),
    Column(
        "too_large",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="a soft bounce because of the mail's size: says nothing of the address",
    ),
    Column("raw", JSON, comment="body as received; null once erased"),
    UniqueConstraint("provider", "event_id"),
    Index(None, "delivery_id"),
    Index("ix_events_recent", "provider", "kind", "received_at", "delivery_id"),
    comment="What providers later say about deliveries; each recorded once",
)

budgets = Table(
    "budgets",
    metadata,
    Column("provider", Words(32), primary_key=True, comment="one row each, shared by all workers"),
    Column("tokens", Float, nullable=False, comment="requests that may leave at once"),
    Column("updated_at", Instant, comment="when tokens were last counted"),
    Column("day", Date, comment="UTC day that used_today counts"),
    Column("used_today", Integer, nullable=False, comment="messages handed over on that day"),
    Column("paused_until", Instant, comment="the provider's Retry-After, for everybody"),
    Column("breaker", Prose, nullable=False, comment="why sending stopped; empty: it did not"),
    Column("breaker_at", Instant, comment="when it stopped"),
    Column(
        "closed_at",
        Instant,
        comment="when the breaker was last closed; older events do not open it again",
    ),
    comment="Rate, daily quota, pause and breaker of each provider",
)
