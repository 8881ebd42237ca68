"""What people decide on their own page: the schedule after a lesson asked for, a new address."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add two columns and a table."""
    op.add_column(
        "enrollments",
        sa.Column(
            "asked_keeps",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="the lesson asked for leaves the schedule as it is",
        ),
    )
    op.add_column(
        "enrollments",
        sa.Column(
            "counts_from",
            sa.BigInteger(),
            nullable=True,
            comment="the last lesson counts as had then, not when it came; null: when it came",
        ),
    )
    _add_address_changes()


def _add_address_changes() -> None:
    op.create_table(
        "address_changes",
        sa.Column("id", _BIG_ID, autoincrement=True, nullable=False, comment="wish"),
        sa.Column("subscriber_id", _BIG_ID, nullable=False, comment="who"),
        sa.Column(
            "email", sa.String(length=320), nullable=False, comment="the new address, as typed"
        ),
        sa.Column(
            "old_email",
            sa.String(length=320),
            nullable=True,
            comment="the address before; null until the new one is confirmed",
        ),
        sa.Column(
            "link_id",
            sa.LargeBinary(length=16),
            nullable=False,
            comment="random id inside the link that is mailed to the new address",
        ),
        *(
            sa.Column(name, sa.BigInteger(), nullable=empty, comment=comment)
            for name, empty, comment in (
                ("requested_at", False, "when it was asked for"),
                ("expires_at", False, "until when the link works"),
                ("confirmed_at", True, "when the button was pressed; null: was not"),
            )
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_address_changes_subscriber_id_subscribers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_changes")),
        sa.UniqueConstraint("link_id", name=op.f("uq_address_changes_link_id")),
        comment="Wishes for another address; removed soon after they are settled",
    )
    for name in ("expires_at", "subscriber_id"):
        op.create_index(op.f(f"ix_address_changes_{name}"), "address_changes", [name])
