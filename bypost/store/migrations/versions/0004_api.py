"""The HTTP API: tokens, and answers to repeated requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add two tables."""
    _add_tokens()
    _add_replies()


def _add_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", _BIG_ID, autoincrement=True, nullable=False, comment="token"),
        *(
            sa.Column(name, kind, nullable=False, comment=comment)
            for name, kind, comment in (
                ("name", sa.String(length=80), "what the operator calls it"),
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
                ("key", sa.String(length=255), "their Idempotency-Key"),
                ("request", sa.LargeBinary(length=32), "SHA-256 of method, path and body"),
                ("status", sa.Integer(), "HTTP status of the answer"),
                ("body", sa.Text(), "the answer as it was given"),
                ("location", sa.String(length=300), "header Location; empty: none"),
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
