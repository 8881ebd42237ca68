"""Where runs begin, and holds: what an operator keeps back, for whom, until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bypost.store.schema.base import Words

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the lesson a run begins with, and holds."""
    op.add_column(
        "enrollments",
        sa.Column(
            "begins_with",
            Words(64),
            nullable=False,
            server_default=sa.text("''"),
            comment="lesson they began with; empty: the first",
        ),
    )
    op.add_column(
        "batches",
        sa.Column(
            "held",
            sa.JSON(none_as_null=True),
            comment="issues a cap keeps back: since when, and at which hour they go; null: none",
        ),
    )
    op.create_table(
        "holds",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="hold",
        ),
        sa.Column(
            "scope",
            Words(16),
            nullable=False,
            comment="course, newsletter or subscriber",
        ),
        sa.Column("name", Words(64), nullable=False, comment="folder name; empty: a subscriber"),
        sa.Column(
            "subscriber_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            comment="who is held; null: everybody",
        ),
        sa.Column(
            "since", sa.BigInteger(), nullable=False, comment="nothing goes out from then on"
        ),
        sa.Column(
            "until", sa.BigInteger(), comment="it ends by itself then; null: when it is ended"
        ),
        sa.Column("ended_at", sa.BigInteger(), comment="when it was ended; null: not yet"),
        sa.Column("reason", Words(300), nullable=False, comment="the operator's words"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_holds_subscriber_id_subscribers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
        sa.CheckConstraint(
            "scope IN ('course', 'newsletter', 'subscriber')", name=op.f("ck_holds_scope")
        ),
        comment="What is kept back, for whom and until when; everybody keeps their place",
    )
    op.create_index(op.f("ix_holds_subscriber_id"), "holds", ["subscriber_id"])
    # By course: the many who are due in one that is held cost a tick nothing.
    due = sa.text("status = 'active' AND next_due IS NOT NULL")
    op.drop_index("ix_enrollments_due", "enrollments")
    op.create_index(
        "ix_enrollments_due",
        "enrollments",
        ["course", "next_due"],
        sqlite_where=due,
        postgresql_where=due,
    )
