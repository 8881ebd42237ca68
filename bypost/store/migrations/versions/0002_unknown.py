"""Unknown deliveries can be found and settled; mails can be rebuilt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add four columns and three indexes."""
    op.add_column(
        "batches",
        sa.Column(
            "recipe",
            sa.LargeBinary(),
            nullable=True,
            comment="what made each mail its own, to rebuild it exactly",
        ),
    )
    op.add_column(
        "batches",
        sa.Column(
            "refusals",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="times the whole request was refused for its content",
        ),
    )
    op.add_column(
        "events",
        sa.Column(
            "too_large",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="a soft bounce because of the mail's size: says nothing of the address",
        ),
    )
    op.add_column(
        "budgets",
        sa.Column(
            "closed_at",
            sa.BigInteger(),
            nullable=True,
            comment="when the breaker was last closed; older events do not open it again",
        ),
    )
    if op.get_bind().dialect.name == "sqlite":
        # Numbers of deliveries are never given out again; SQLite must build the table anew for it.
        # Dropping the old one breaks whatever refers to it, so events let go of it meanwhile.
        op.execute("CREATE TEMP TABLE held AS SELECT id, delivery_id FROM events")
        op.execute("UPDATE events SET delivery_id = NULL")
        with op.batch_alter_table(
            "deliveries", recreate="always", table_kwargs={"sqlite_autoincrement": True}
        ):
            pass
        op.execute(
            "UPDATE events SET delivery_id ="
            " (SELECT delivery_id FROM held WHERE held.id = events.id)"
        )
        op.execute("DROP TABLE held")
    unknown = sa.text("state = 'unknown'")
    op.create_index(
        "ix_batches_unknown",
        "batches",
        ["next_try"],
        sqlite_where=unknown,
        postgresql_where=unknown,
    )
    op.create_index(op.f("ix_batches_accepted_at"), "batches", ["accepted_at"])
    op.create_index("ix_events_recent", "events", ["provider", "kind", "received_at"])
