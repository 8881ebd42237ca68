"""Signing up: requests, limits, fuller evidence of consent, and notices that go first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two tables, three columns and an index."""
    _add_signups()
    _add_limits()
    for name, size, comment in (
        ("form", 80, "which form it came through; empty: none"),
        ("language", 35, "of the wording, BCP 47; empty: unknown"),
        ("confirmed_network", 64, "shortened IP address of the confirmation; empty: none"),
    ):
        op.add_column(
            "consents",
            sa.Column(
                name,
                sa.String(length=size),
                server_default=sa.text("''"),
                nullable=False,
                comment=comment,
            ),
        )
    notices = sa.text("kind = 'notice' AND state IN ('pending', 'sending')")
    op.create_index(
        "ix_batches_open_notices",
        "batches",
        ["kind", "next_try"],
        sqlite_where=notices,
        postgresql_where=notices,
    )


def _add_signups() -> None:
    op.create_table(
        "signups",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="request",
        ),
        sa.Column(
            "subscriber_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="who",
        ),
        *(
            sa.Column(name, kind, nullable=False, comment=comment)
            for name, kind, comment in (
                ("course", sa.String(length=64), "asked for; empty: newsletters only"),
                ("newsletters", sa.JSON(), "those that were ticked"),
                ("name", sa.String(length=200), "as typed; used once confirmed"),
                ("time_zone", sa.String(length=64), "IANA zone; used once confirmed"),
                ("hour", sa.String(length=5), "local hour HH:MM; used once confirmed"),
                ("form", sa.String(length=80), "which form it came through"),
                ("wording", sa.Text(), "what the form asked consent to"),
                ("language", sa.String(length=35), "of the form, BCP 47"),
                ("network", sa.String(length=64), "shortened IP address; empty: none"),
                ("link_id", sa.LargeBinary(length=16), "random id inside the mail's link"),
                ("requested_at", sa.BigInteger(), "when the form was sent off"),
                ("mailed_at", sa.BigInteger(), "when its confirmation was owed"),
                ("expires_at", sa.BigInteger(), "until when the link works"),
            )
        ),
        sa.Column(
            "confirmed_at",
            sa.BigInteger(),
            nullable=True,
            comment="when the button was pressed; null: was not",
        ),
        sa.Column(
            "confirmed_network",
            sa.String(length=64),
            nullable=False,
            comment="shortened IP address of that",
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_signups_subscriber_id_subscribers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signups")),
        sa.UniqueConstraint("link_id", name=op.f("uq_signups_link_id")),
        comment="Requests that wait for their confirmation, or have had it",
    )
    op.create_index(op.f("ix_signups_subscriber_id"), "signups", ["subscriber_id"])
    unconfirmed = sa.text("confirmed_at IS NULL")
    op.create_index(
        "ix_signups_unconfirmed",
        "signups",
        ["mailed_at"],
        sqlite_where=unconfirmed,
        postgresql_where=unconfirmed,
    )


def _add_limits() -> None:
    op.create_table(
        "limits",
        sa.Column(
            "name",
            sa.String(length=120),
            nullable=False,
            comment="what is counted, e.g. form:letters",
        ),
        sa.Column(
            "started_at", sa.BigInteger(), nullable=False, comment="first use in this window"
        ),
        sa.Column(
            "ends_at",
            sa.BigInteger(),
            nullable=True,
            comment="from then on counting begins anew; null: never",
        ),
        sa.Column("used", sa.Integer(), nullable=False, comment="uses in this window"),
        sa.Column(
            "closed_at",
            sa.BigInteger(),
            nullable=True,
            comment="first refusal in this window; null: none",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_limits")),
        comment="How often something was done in a time, shared by all processes",
    )
    op.create_index(op.f("ix_limits_ends_at"), "limits", ["ends_at"])
