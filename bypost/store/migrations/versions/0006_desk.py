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
