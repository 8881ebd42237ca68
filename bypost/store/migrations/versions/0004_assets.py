"""Pictures beside lessons are kept in the database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bypost.store.schema.base import Words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the pictures of mails."""
    op.create_table(
        "assets",
        *(
            sa.Column(name, kind, nullable=False, comment=comment)
            for name, kind, comment in (
                ("name", Words(32), "part of its SHA-256, and its ending"),
                ("media_type", Words(16), "image/png, image/jpeg or image/gif"),
                ("width", sa.Integer(), "pixels"),
                ("height", sa.Integer(), "pixels"),
                ("bytes", sa.LargeBinary(), "the picture as it is served"),
                ("created_at", sa.BigInteger(), "first seen"),
            )
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_assets")),
        comment="Pictures of compiled mails; kept as long as anybody may open an old mail",
    )
