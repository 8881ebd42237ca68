"""The public face: signing up, the HTTP API, and what people decide on their own page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bypost.store.schema.base import Prose, Words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add what the public pages and the API need."""
    _let_people_sign_up()
    _let_programs_ask()
    _let_people_decide()


def _let_people_sign_up() -> None:
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
                Words(size),
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
                ("course", Words(64), "asked for; empty: newsletters only"),
                ("newsletters", sa.JSON(), "those that were ticked"),
                ("name", Words(200), "as typed; used once confirmed"),
                ("time_zone", Words(64), "IANA zone; used once confirmed"),
                ("hour", Words(5), "local hour HH:MM; used once confirmed"),
                ("form", Words(80), "which form it came through"),
                ("wording", Prose(), "what the form asked consent to"),
                ("language", Words(35), "of the form, BCP 47"),
                ("network", Words(64), "shortened IP address; empty: none"),
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
            Words(64),
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
            Words(120),
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


def _let_programs_ask() -> None:
    _add_tokens()
    _add_replies()


def _add_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", _BIG_ID, autoincrement=True, nullable=False, comment="token"),
        *(
            sa.Column(name, kind, nullable=False, comment=comment)
            for name, kind, comment in (
                ("name", Words(80), "what the operator calls it"),
                ("hash", sa.LargeBinary(length=32), "SHA-256 of the token itself"),
                ("scopes", sa.JSON(), "what it may do: read, signup, write"),
                ("created_at", sa.BigInteger(), "when it was made"),
            )
        ),
        *(
            sa.Column(name, sa.BigInteger(), nullable=True, comment=comment)
            for name, comment in (
                ("last_used_at", "last use, to the minute; null: none yet"),
                ("revoked_at", "since when it opens nothing; null: it does"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_tokens_hash")),
        comment="Tokens of the HTTP API; the token itself is nowhere",
    )
    in_use = sa.text("revoked_at IS NULL")
    op.create_index(
        "uq_tokens_name",
        "tokens",
        ["name"],
        unique=True,
        sqlite_where=in_use,
        postgresql_where=in_use,
    )


def _add_replies() -> None:
    op.create_table(
        "replies",
        sa.Column("id", _BIG_ID, autoincrement=True, nullable=False, comment="reply"),
        *(
            sa.Column(name, kind, nullable=False, comment=comment)
            for name, kind, comment in (
                ("token_id", _BIG_ID, "who asked"),
                ("key", Words(255), "their Idempotency-Key"),
                ("request", sa.LargeBinary(length=32), "SHA-256 of method, path and body"),
                ("status", sa.Integer(), "HTTP status of the answer"),
                ("body", Prose(), "the answer as it was given"),
                ("location", Words(300), "header Location; empty: none"),
            )
        ),
        sa.Column("subscriber_id", _BIG_ID, nullable=True, comment="whose data is in it"),
        sa.Column("created_at", sa.BigInteger(), nullable=False, comment="when it was given"),
        sa.Column(
            "ends_at",
            sa.BigInteger(),
            nullable=False,
            comment="until when a repetition is answered by it",
        ),
        sa.ForeignKeyConstraint(
            ["token_id"], ["tokens.id"], name=op.f("fk_replies_token_id_tokens")
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_replies_subscriber_id_subscribers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
        sa.UniqueConstraint("token_id", "key", name=op.f("uq_replies_token_id_key")),
        comment="Answers to requests with an Idempotency-Key, written with what the request did",
    )
    for name in ("ends_at", "subscriber_id"):
        op.create_index(op.f(f"ix_replies_{name}"), "replies", [name])


def _let_people_decide() -> None:
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
        sa.Column("email", Words(320), nullable=False, comment="the new address, as typed"),
        sa.Column(
            "old_email",
            Words(320),
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
