"""The ledger added up by blocks, so that its numbers need not be counted anew."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table

from bypost.store.schema.base import Words, metadata

batch_sums = Table(
    "batch_sums",
    metadata,
    Column(
        "block",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="batches of these numbers, 4,096 each; -1: batches that were folded away",
    ),
    Column("provider", Words(32), primary_key=True, comment="adapter that carries them"),
    Column("owed", BigInteger, nullable=False, comment="deliveries bound to them"),
    Column("accepted", BigInteger, nullable=False, comment="of those, accepted"),
    Column("failed", BigInteger, nullable=False, comment="refused"),
    Column("cancelled", BigInteger, nullable=False, comment="not wanted any more"),
    Column("unknown", BigInteger, nullable=False, comment="of a fate nobody knows"),
    comment="Sums over batches; a trigger removes a block whose batches change",
)
