"""Workers on many machines: which batches are on offer, and who is there to bring them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bypost.store.schema.base import Words

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add offers and workers."""
    op.add_column(
        "batches",
        sa.Column(
            "offered_until",
            sa.BigInteger(),
            comment="handed over to workers, and not again before; null: it is not",
        ),
    )
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "workers",
        sa.Column("id", number, nullable=False, comment="worker"),
        sa.Column("name", Words(120), nullable=False, comment="machine and process"),
        sa.Column("slots", sa.Integer(), nullable=False, comment="batches it brings at a time"),
        sa.Column("started_at", sa.BigInteger(), nullable=False, comment="when it began"),
        sa.Column("seen_at", sa.BigInteger(), nullable=False, comment="its last sign of life"),
        sa.Column(
            "stopped_at", sa.BigInteger(), comment="it ended in good order; null: it did not"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
        comment="Processes that bring batches; rows are removed a day after the last sign of life",
    )
