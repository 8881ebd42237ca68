"""The first schema: people, the ledger, contents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bypost.store.schema.base import Prose, Words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "applied_courses",
        sa.Column("course", Words(64), nullable=False, comment="folder name under lessons/"),
        sa.Column(
            "shape", sa.JSON(), nullable=False, comment="order, delays, windows, content hashes"
        ),
        sa.Column(
            "applied_at", sa.BigInteger(), nullable=False, comment="when this shape was taken over"
        ),
        sa.PrimaryKeyConstraint("course", name=op.f("pk_applied_courses")),
        comment="The course as people are going through it",
    )
    op.create_table(
        "budgets",
        sa.Column(
            "provider",
            Words(32),
            nullable=False,
            comment="one row each, shared by all workers",
        ),
        sa.Column("tokens", sa.Float(), nullable=False, comment="requests that may leave at once"),
        sa.Column(
            "updated_at", sa.BigInteger(), nullable=True, comment="when tokens were last counted"
        ),
        sa.Column("day", sa.Date(), nullable=True, comment="UTC day that used_today counts"),
        sa.Column(
            "used_today", sa.Integer(), nullable=False, comment="messages handed over on that day"
        ),
        sa.Column(
            "paused_until",
            sa.BigInteger(),
            nullable=True,
            comment="the provider's Retry-After, for everybody",
        ),
        sa.Column(
            "breaker", Prose(), nullable=False, comment="why sending stopped; empty: it did not"
        ),
        sa.Column("breaker_at", sa.BigInteger(), nullable=True, comment="when it stopped"),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_budgets")),
        comment="Rate, daily quota, pause and breaker of each provider",
    )
    op.create_table(
        "contents",
        sa.Column("hash", Words(64), nullable=False, comment="SHA-256 of the compiled mail"),
        sa.Column("kind", Words(8), nullable=False, comment="lesson, issue or notice"),
        sa.Column(
            "collection",
            Words(64),
            nullable=False,
            comment="course or newsletter; may be empty",
        ),
        sa.Column("item", Words(200), nullable=False, comment="lesson, issue or notice id"),
        sa.Column("title", Words(300), nullable=False, comment="the mail's heading"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="compiled mail, compressed"),
        sa.Column("created_at", sa.BigInteger(), nullable=False, comment="first seen"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_contents")),
        comment="Compiled mails; only what stands here is sent",
    )
    op.create_table(
        "imports",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="import",
        ),
        sa.Column("path", Words(500), nullable=False, comment="file as named by the operator"),
        sa.Column(
            "digest",
            Words(64),
            nullable=False,
            comment="SHA-256 of the file: unchanged is not read again",
        ),
        sa.Column(
            "signature",
            Words(64),
            nullable=False,
            comment="size and modification time, the quick look",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it was read"),
        sa.Column(
            "summary",
            sa.JSON(),
            nullable=False,
            comment="rows read, added, changed, unchanged, rejected",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        comment="CSV files taken up",
    )
    op.create_table(
        "issues",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="issue",
        ),
        sa.Column(
            "newsletter",
            Words(64),
            nullable=False,
            comment="folder name under newsletters/",
        ),
        sa.Column("issue", Words(64), nullable=False, comment="id from its front matter"),
        sa.Column("state", Words(12), nullable=False, comment="planned, done or archived"),
        sa.Column(
            "schedule",
            Words(120),
            nullable=False,
            comment="the date it was taken up for",
        ),
        sa.Column(
            "first_seen_at", sa.BigInteger(), nullable=False, comment="when it was first seen ready"
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'done', 'archived')", name=op.f("ck_issues_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issues")),
        sa.UniqueConstraint("newsletter", "issue", name=op.f("uq_issues_newsletter_issue")),
        comment="Issues that were ready",
    )
    op.create_table(
        "meta",
        sa.Column("key", Words(64), nullable=False, comment="name of the fact"),
        sa.Column("value", Prose(), nullable=False, comment="the fact, e.g. this database's tag"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
        comment="Facts about this database itself",
    )
    op.create_table(
        "subscribers",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="subscriber",
        ),
        sa.Column(
            "email",
            Words(320),
            nullable=True,
            comment="address as mail is sent to it; null once erased",
        ),
        sa.Column(
            "email_key",
            Words(320),
            nullable=True,
            comment="case-folded address: who is the same; null once erased",
        ),
        sa.Column("name", Words(200), nullable=False, comment="as typed; may be empty"),
        sa.Column(
            "time_zone",
            Words(64),
            nullable=False,
            comment="IANA zone; empty: the course's",
        ),
        sa.Column(
            "hour",
            Words(5),
            nullable=False,
            comment="own local hour HH:MM; empty: the course's",
        ),
        sa.Column(
            "status",
            Words(16),
            nullable=False,
            comment="unconfirmed, confirmed or erased",
        ),
        sa.Column("tags", sa.JSON(), nullable=False, comment="list of words"),
        sa.Column(
            "attributes", sa.JSON(), nullable=False, comment="further CSV columns: name to text"
        ),
        sa.Column(
            "own_choice",
            sa.JSON(),
            nullable=False,
            comment="fields the person set; the CSV leaves them",
        ),
        sa.Column(
            "csv_cells",
            sa.JSON(),
            nullable=True,
            comment="cells of the last sync, by file; null: from no file",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False, comment="first seen"),
        sa.Column(
            "confirmed_at", sa.BigInteger(), nullable=True, comment="when consent was confirmed"
        ),
        sa.Column(
            "erased_at", sa.BigInteger(), nullable=True, comment="when the person was erased"
        ),
        sa.CheckConstraint(
            "status IN ('unconfirmed', 'confirmed', 'erased')", name=op.f("ck_subscribers_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("email_key", name=op.f("uq_subscribers_email_key")),
        comment="A person with an address, a time zone and an hour",
    )
    op.create_table(
        "suppressions",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="suppression",
        ),
        sa.Column(
            "address_hash",
            sa.LargeBinary(length=16),
            nullable=False,
            comment="keyed hash of the address",
        ),
        sa.Column(
            "reason",
            Words(16),
            nullable=False,
            comment="bounced, complained, left or manual",
        ),
        sa.Column(
            "scope",
            Words(80),
            nullable=False,
            comment="all, or course:ID, or newsletter:ID",
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False, comment="since when"),
        sa.Column(
            "detail",
            Words(300),
            nullable=False,
            comment="what was said, for the operator",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
        sa.UniqueConstraint(
            "address_hash",
            "reason",
            "scope",
            name=op.f("uq_suppressions_address_hash_reason_scope"),
        ),
        comment="Addresses that must not be mailed; outlives erasure",
    )
    op.create_table(
        "batches",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="batch; with the database's tag, the reference of its requests",
        ),
        sa.Column("provider", Words(32), nullable=False, comment="adapter that carries it"),
        sa.Column("kind", Words(8), nullable=False, comment="lesson, issue or notice"),
        sa.Column(
            "collection",
            Words(64),
            nullable=False,
            comment="course or newsletter; empty for a notice",
        ),
        sa.Column("item", Words(200), nullable=False, comment="lesson, issue or notice id"),
        sa.Column("content_hash", Words(64), nullable=False, comment="what it says"),
        sa.Column("size", sa.Integer(), nullable=False, comment="deliveries bound to it"),
        sa.Column(
            "state",
            Words(12),
            nullable=False,
            comment="pending, sending, settled, unknown or dissolved",
        ),
        sa.Column(
            "due_at", sa.BigInteger(), nullable=False, comment="when its deliveries fell due"
        ),
        sa.Column(
            "next_try",
            sa.BigInteger(),
            nullable=False,
            comment="not before; goes up with every failure; of an unknown one: when to ask",
        ),
        sa.Column(
            "fence",
            sa.Integer(),
            nullable=False,
            comment="counts leases; every later write names its own",
        ),
        sa.Column(
            "lease_until",
            sa.BigInteger(),
            nullable=True,
            comment="held by a worker until; null: free",
        ),
        sa.Column(
            "lease_owner",
            Words(120),
            nullable=False,
            comment="machine, process and its start",
        ),
        sa.Column(
            "attempts",
            sa.Integer(),
            nullable=False,
            comment="requests begun, not requests finished",
        ),
        sa.Column(
            "generation",
            sa.Integer(),
            nullable=False,
            comment="counts freezes; part of the idempotency key",
        ),
        sa.Column(
            "frozen",
            sa.LargeBinary(),
            nullable=True,
            comment="compressed bytes of the request; null before and after",
        ),
        sa.Column(
            "members",
            sa.Integer(),
            nullable=False,
            comment="deliveries in the request; of an unknown one: those nobody knows of yet",
        ),
        sa.Column(
            "ambiguous", sa.Boolean(), nullable=False, comment="some attempt may have been accepted"
        ),
        sa.Column(
            "first_sent_at",
            sa.BigInteger(),
            nullable=True,
            comment="first byte of this generation may have left",
        ),
        sa.Column(
            "accepted_at", sa.BigInteger(), nullable=True, comment="when acceptance was recorded"
        ),
        sa.Column("accepted", sa.Integer(), nullable=False, comment="deliveries accepted"),
        sa.Column("failed", sa.Integer(), nullable=False, comment="deliveries refused one by one"),
        sa.Column(
            "cancelled", sa.Integer(), nullable=False, comment="deliveries whose person left before"
        ),
        sa.Column("detail", Words(400), nullable=False, comment="last trouble, for people"),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'settled', 'unknown', 'dissolved')",
            name=op.f("ck_batches_state"),
        ),
        sa.ForeignKeyConstraint(
            ["content_hash"], ["contents.hash"], name=op.f("fk_batches_content_hash_contents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        comment="One HTTP request to a provider: one content, 1..N deliveries",
    )
    op.create_index(
        "ix_batches_open",
        "batches",
        ["next_try"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'sending')"),
        postgresql_where=sa.text("state IN ('pending', 'sending')"),
    )
    op.create_table(
        "consents",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="consent record",
        ),
        sa.Column(
            "subscriber_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="who",
        ),
        sa.Column("purpose", Words(80), nullable=False, comment="course:ID or newsletter:ID"),
        sa.Column("source", Words(40), nullable=False, comment="csv, form, command or page"),
        sa.Column(
            "note",
            Prose(),
            nullable=False,
            comment="the wording agreed to, or the operator's statement",
        ),
        sa.Column(
            "network",
            Words(64),
            nullable=False,
            comment="shortened IP address; empty: none",
        ),
        sa.Column("requested_at", sa.BigInteger(), nullable=False, comment="when it was asked for"),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True, comment="when it was confirmed"),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True, comment="when it ended"),
        sa.Column(
            "withdrawn_by",
            Words(40),
            nullable=False,
            comment="one-click, page, command, bounce ...",
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_consents_subscriber_id_subscribers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        comment="Evidence of who agreed to what, and when it ended",
    )
    op.create_index(op.f("ix_consents_subscriber_id"), "consents", ["subscriber_id"], unique=False)
    op.create_table(
        "enrollments",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="enrollment",
        ),
        sa.Column(
            "subscriber_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="who",
        ),
        sa.Column("course", Words(64), nullable=False, comment="folder name under lessons/"),
        sa.Column(
            "run", sa.Integer(), nullable=False, comment="1 for the first time through, then 2 ..."
        ),
        sa.Column("status", Words(16), nullable=False, comment="active, finished or left"),
        sa.Column(
            "started_at",
            sa.BigInteger(),
            nullable=False,
            comment="confirmation: the course's clock starts",
        ),
        sa.Column(
            "next_due",
            sa.BigInteger(),
            nullable=True,
            comment="wake-up hint, never later than the true instant; null: none",
        ),
        sa.Column(
            "link_id",
            sa.LargeBinary(length=16),
            nullable=False,
            comment="random id inside the mails' links",
        ),
        sa.Column(
            "paused_until",
            sa.BigInteger(),
            nullable=True,
            comment="nothing goes out before; null: not paused",
        ),
        sa.Column(
            "pace",
            Words(32),
            nullable=False,
            comment="own cadence, e.g. '3 days'; empty: the course's",
        ),
        sa.Column(
            "asked_next_at",
            sa.BigInteger(),
            nullable=True,
            comment="asked for the next lesson now; null: did not",
        ),
        sa.Column(
            "finished_at",
            sa.BigInteger(),
            nullable=True,
            comment="last lesson owed and settled, the last time",
        ),
        sa.Column("left_at", sa.BigInteger(), nullable=True, comment="left this course"),
        sa.CheckConstraint(
            "status IN ('active', 'finished', 'left')", name=op.f("ck_enrollments_status")
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_enrollments_subscriber_id_subscribers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollments")),
        sa.UniqueConstraint("link_id", name=op.f("uq_enrollments_link_id")),
        sa.UniqueConstraint(
            "subscriber_id", "course", "run", name=op.f("uq_enrollments_subscriber_id_course_run")
        ),
        comment="One run of one subscriber through one course",
    )
    op.create_index(
        "ix_enrollments_due",
        "enrollments",
        ["next_due"],
        unique=False,
        sqlite_where=sa.text("status = 'active' AND next_due IS NOT NULL"),
        postgresql_where=sa.text("status = 'active' AND next_due IS NOT NULL"),
    )
    op.create_table(
        "issue_zones",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="issue in one zone",
        ),
        sa.Column(
            "issue_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="which issue",
        ),
        sa.Column(
            "time_zone",
            Words(64),
            nullable=False,
            comment="zone; empty: one instant for all",
        ),
        sa.Column(
            "due_at",
            sa.BigInteger(),
            nullable=False,
            comment="its instant: the audience is taken then",
        ),
        sa.Column("state", Words(12), nullable=False, comment="done or archived"),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_issue_zones_issue_id_issues")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue_zones")),
        sa.UniqueConstraint(
            "issue_id", "time_zone", name=op.f("uq_issue_zones_issue_id_time_zone")
        ),
        comment="Zones whose people are owed their copy, or were too late",
    )
    op.create_table(
        "subscriptions",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="subscription",
        ),
        sa.Column(
            "subscriber_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="who",
        ),
        sa.Column(
            "newsletter",
            Words(64),
            nullable=False,
            comment="folder name under newsletters/",
        ),
        sa.Column("status", Words(16), nullable=False, comment="active or left"),
        sa.Column(
            "started_at",
            sa.BigInteger(),
            nullable=False,
            comment="issues dated before are not sent",
        ),
        sa.Column(
            "link_id",
            sa.LargeBinary(length=16),
            nullable=False,
            comment="random id inside the mails' links",
        ),
        sa.Column("left_at", sa.BigInteger(), nullable=True, comment="left this newsletter"),
        sa.CheckConstraint("status IN ('active', 'left')", name=op.f("ck_subscriptions_status")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_subscriptions_subscriber_id_subscribers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("link_id", name=op.f("uq_subscriptions_link_id")),
        sa.UniqueConstraint(
            "subscriber_id", "newsletter", name=op.f("uq_subscriptions_subscriber_id_newsletter")
        ),
        comment="One subscriber on one newsletter",
    )
    op.create_index(
        "ix_subscriptions_newsletter", "subscriptions", ["newsletter", "id"], unique=False
    )
    op.create_table(
        "attempts",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="attempt",
        ),
        sa.Column(
            "batch_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="which request",
        ),
        sa.Column("fence", sa.Integer(), nullable=False, comment="lease under which it was made"),
        sa.Column("started_at", sa.BigInteger(), nullable=False, comment="intent committed"),
        sa.Column(
            "ended_at",
            sa.BigInteger(),
            nullable=True,
            comment="answer recorded; null: the process died, or is at it",
        ),
        sa.Column(
            "outcome",
            Words(16),
            nullable=False,
            comment="started, accepted, throttled, refused ...",
        ),
        sa.Column("status", sa.Integer(), nullable=True, comment="HTTP status"),
        sa.Column("detail", Words(400), nullable=False, comment="the provider's words"),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_attempts_batch_id_batches")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        comment="The audit trail of requests; only ever added to and closed",
    )
    op.create_index(op.f("ix_attempts_batch_id"), "attempts", ["batch_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="delivery; with the database's tag, the reference that travels with the mail",
        ),
        sa.Column(
            "batch_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="request it is bound to",
        ),
        sa.Column(
            "subscriber_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="to whom",
        ),
        sa.Column(
            "enrollment_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="for a lesson",
        ),
        sa.Column(
            "subscription_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="for an issue",
        ),
        sa.Column("kind", Words(8), nullable=False, comment="lesson, issue or notice"),
        sa.Column(
            "item",
            Words(200),
            nullable=False,
            comment="lesson id, newsletter/issue or notice id",
        ),
        sa.Column(
            "copy",
            sa.Integer(),
            nullable=False,
            comment="0; higher only where a person asked for it",
        ),
        sa.Column(
            "request",
            Words(64),
            nullable=False,
            comment="what a notice answers; empty otherwise",
        ),
        sa.Column(
            "state",
            Words(12),
            nullable=True,
            comment="own state where it is not its batch's: failed, cancelled ...",
        ),
        sa.Column(
            "provider_id",
            Words(120),
            nullable=True,
            comment="the provider's id, where it gave one",
        ),
        sa.Column("detail", Words(300), nullable=True, comment="why it failed or was cancelled"),
        sa.CheckConstraint(
            "kind IN ('lesson', 'issue', 'notice')", name=op.f("ck_deliveries_kind")
        ),
        sa.CheckConstraint(
            "state IN ('accepted', 'failed', 'cancelled', 'unknown')",
            name=op.f("ck_deliveries_state"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_deliveries_batch_id_batches")
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"],
            ["enrollments.id"],
            name=op.f("fk_deliveries_enrollment_id_enrollments"),
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_deliveries_subscriber_id_subscribers"),
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name=op.f("fk_deliveries_subscription_id_subscriptions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "enrollment_id", "item", "copy", name=op.f("uq_deliveries_enrollment_id_item_copy")
        ),
        comment="One message owed to one person; written once, touched again only for an exception",
    )
    op.create_index(op.f("ix_deliveries_batch_id"), "deliveries", ["batch_id"], unique=False)
    op.create_index(
        op.f("ix_deliveries_subscriber_id"), "deliveries", ["subscriber_id"], unique=False
    )
    op.create_index(
        "uq_deliveries_issue",
        "deliveries",
        ["subscriber_id", "item", "copy"],
        unique=True,
        sqlite_where=sa.text("kind = 'issue'"),
        postgresql_where=sa.text("kind = 'issue'"),
    )
    op.create_index(
        "uq_deliveries_notice",
        "deliveries",
        ["subscriber_id", "item", "request"],
        unique=True,
        sqlite_where=sa.text("kind = 'notice'"),
        postgresql_where=sa.text("kind = 'notice'"),
    )
    op.create_table(
        "events",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="event",
        ),
        sa.Column("provider", Words(32), nullable=False, comment="who says so"),
        sa.Column(
            "event_id",
            Words(200),
            nullable=False,
            comment="the provider's id, or a hash of the body",
        ),
        sa.Column(
            "delivery_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="about which; null: not ours",
        ),
        sa.Column(
            "kind",
            Words(16),
            nullable=False,
            comment="delivered, bounced, complained ...",
        ),
        sa.Column(
            "at", sa.BigInteger(), nullable=False, comment="when it happened, as the provider says"
        ),
        sa.Column("received_at", sa.BigInteger(), nullable=False, comment="when we heard"),
        sa.Column("raw", sa.JSON(), nullable=True, comment="body as received; null once erased"),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_events_delivery_id_deliveries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("provider", "event_id", name=op.f("uq_events_provider_event_id")),
        comment="What providers later say about deliveries; each recorded once",
    )
    op.create_index(op.f("ix_events_delivery_id"), "events", ["delivery_id"], unique=False)
