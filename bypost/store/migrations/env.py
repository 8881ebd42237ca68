"""Alembic's entry: the connection, and so the transaction, is the caller's."""

from __future__ import annotations

from alembic import context

from bypost.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
