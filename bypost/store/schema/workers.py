"""The processes that bring batches which are handed over to them."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table

from bypost.store.schema.base import Instant, Words, id_column, metadata

workers = Table(
    "workers",
    metadata,
    id_column("worker"),
    Column("name", Words(120), nullable=False, comment="machine and process"),
    Column("slots", Integer, nullable=False, comment="batches it brings at a time"),
    Column("started_at", Instant, nullable=False, comment="when it began"),
    Column("seen_at", Instant, nullable=False, comment="its last sign of life"),
    Column("stopped_at", Instant, comment="it ended in good order; null: it did not"),
    comment="Processes that bring batches; rows are removed a day after the last sign of life",
)
