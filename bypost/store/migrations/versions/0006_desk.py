"""The operator's desk: accounts and their log, audiences, schedules, imports, measures, alarms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the desk keeps."""
    _measures()
    _orders()


def _orders() -> None:
    """Add orders about issues, and what a report on an issue is counted by."""
    op.create_table(
        "issue_orders",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="order",
        ),
        sa.Column(
            "newsletter",
            sa.String(length=64),
            nullable=False,
            comment="folder name under newsletters/",
        ),
        sa.Column(
            "issue", sa.String(length=64), nullable=False, comment="id from its front matter"
        ),
        sa.Column(
            "schedule", sa.String(length=120), comment="when it goes out; null: as its file says"
        ),
        sa.Column(
            "audience",
            sa.Text(),
            comment="who gets it: a name or an expression; null: as its file",
        ),
        sa.Column(
            "state",
            sa.String(length=12),
            nullable=False,
            comment="scheduled, paused or cancelled",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when the last word was given"),
        sa.Column(
            "by",
            sa.String(length=120),
            nullable=False,
            comment="who gave it: an account, or a command",
        ),
        sa.Column(
            "reason",
            sa.String(length=300),
            nullable=False,
            comment="why it is paused or cancelled",
        ),
        sa.Column(
            "paused_at", sa.BigInteger(), comment="when it was paused the last time; null: never"
        ),
        sa.Column(
            "resumed_at",
            sa.BigInteger(),
            comment="when that ended; null: it has not, or never began",
        ),
        sa.CheckConstraint(
            "state IN ('scheduled', 'paused', 'cancelled')", name=op.f("ck_issue_orders_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue_orders")),
        sa.UniqueConstraint("newsletter", "issue", name=op.f("uq_issue_orders_newsletter_issue")),
        comment="Orders about single issues; each overrides the file until it is cleared",
    )
    op.add_column(
        "issues",
        sa.Column(
            "by_zone",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="its audience is taken zone by zone, at one instant as well",
        ),
    )
    issue, left = sa.text("kind = 'issue'"), sa.text("left_at IS NOT NULL")
    op.create_index(
        "ix_batches_issue", "batches", ["item"], sqlite_where=issue, postgresql_where=issue
    )
    op.create_index("ix_subscriptions_started", "subscriptions", ["newsletter", "started_at"])
    op.create_index(
        "ix_subscriptions_left",
        "subscriptions",
        ["newsletter", "left_at"],
        sqlite_where=left,
        postgresql_where=left,
    )


def _measures() -> None:
    """Daily counts, clicks, lessons marked as done, issues of which only counts are kept."""
    op.create_table(
        "daily",
        sa.Column(
            "day",
            sa.Date(),
            nullable=False,
            comment="UTC day; the first of its month once it is old",
        ),
        sa.Column(
            "kind",
            sa.String(length=24),
            nullable=False,
            comment="what is counted: visit, accepted, left ...",
        ),
        sa.Column(
            "collection",
            sa.String(length=80),
            nullable=False,
            comment="course:ID, newsletter:ID or notice; empty: all together",
        ),
        sa.Column(
            "item",
            sa.String(length=200),
            nullable=False,
            comment="lesson, issue or notice id; empty: none",
        ),
        sa.Column(
            "label",
            sa.String(length=80),
            nullable=False,
            comment="what it is counted by further: domain, form, link; empty: nothing",
        ),
        sa.Column("number", sa.BigInteger(), nullable=False, comment="how many"),
        sa.PrimaryKeyConstraint("day", "kind", "collection", "item", "label", name="pk_daily"),
        comment="How often something happened on a day; added to by whoever writes that it did",
    )
    op.create_index("ix_daily_collection", "daily", ["collection", "kind", "day"])
    op.create_table(
        "redirects",
        sa.Column(
            "link",
            sa.String(length=12),
            nullable=False,
            comment="hash of the other columns, base64url",
        ),
        sa.Column(
            "collection",
            sa.String(length=80),
            nullable=False,
            comment="course:ID or newsletter:ID",
        ),
        sa.Column(
            "item",
            sa.String(length=200),
            nullable=False,
            comment="lesson or issue in whose text it stands",
        ),
        sa.Column(
            "address",
            sa.Text(),
            nullable=False,
            comment="where it leads, byte for byte as written",
        ),
        sa.Column(
            "created_at",
            sa.BigInteger(),
            nullable=False,
            comment="first seen in stored content",
        ),
        sa.PrimaryKeyConstraint("link", name="pk_redirects"),
        comment="Where /r/ may lead: addresses in mails of courses that count clicks, no others",
    )
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "clicks",
        sa.Column("id", number, nullable=False, comment="click"),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when the link was asked for"),
        sa.Column(
            "link",
            sa.String(length=12),
            nullable=False,
            comment="which of redirects; empty: the trap that people do not see",
        ),
        sa.Column(
            "item",
            sa.String(length=200),
            nullable=False,
            comment="lesson or issue of the mail",
        ),
        sa.Column("enrollment_id", number, comment="in whose lesson"),
        sa.Column("subscription_id", number, comment="in whose issue"),
        sa.Column(
            "sign",
            sa.String(length=16),
            nullable=False,
            comment="what tells of a machine; empty: nothing",
        ),
        sa.Column(
            "counted",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="is in the daily counts",
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name="fk_clicks_enrollment_id_enrollments"
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name="fk_clicks_subscription_id_subscriptions",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_clicks"),
        comment="Clicks as they came, until they are old; of who asked, only whose mail it was",
    )
    op.create_index("ix_clicks_at", "clicks", ["at"])
    uncounted = sa.text("counted = false")
    op.create_index(
        "ix_clicks_uncounted",
        "clicks",
        ["id"],
        sqlite_where=uncounted,
        postgresql_where=uncounted,
    )
    op.create_table(
        "lesson_marks",
        sa.Column("enrollment_id", number, nullable=False, comment="whose"),
        sa.Column("item", sa.String(length=200), nullable=False, comment="lesson id"),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when the button was pressed"),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name="fk_lesson_marks_enrollment_id_enrollments"
        ),
        sa.PrimaryKeyConstraint("enrollment_id", "item", name="pk_lesson_marks"),
        comment="Lessons that somebody marked as done",
    )
    for name in ("accepted", "failed", "cancelled"):
        op.add_column(
            "batches",
            sa.Column(
                f"counted_{name}",
                sa.Integer(),
                nullable=False,
                server_default=sa.text("0"),
                comment=f"of `{name}`, as many as the daily counts know of",
            ),
        )
    # Whoever changes a number of a batch brings it into this index, and so to be counted.
    uncounted = sa.text(
        "accepted <> counted_accepted OR failed <> counted_failed OR cancelled <> counted_cancelled"
    )
    op.create_index(
        "ix_batches_uncounted",
        "batches",
        ["id"],
        sqlite_where=uncounted,
        postgresql_where=uncounted,
    )
    op.add_column(
        "issues",
        sa.Column(
            "folded_at",
            sa.BigInteger(),
            comment="since when only counts are kept of it; null: all is",
        ),
    )
