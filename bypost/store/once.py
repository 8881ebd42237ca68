"""Inserting a row unless it is there already, in one statement, whoever else does the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite

from bypost.store.engine import Connection


def add_once(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row; return False where a unique column says that it is there already."""
    key = tuple(table.primary_key)
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # 200 modules that SQLite does without

        new = postgresql.insert(table).values(**values).on_conflict_do_nothing().returning(*key)
    else:
        new = sqlite.insert(table).values(**values).on_conflict_do_nothing().returning(*key)
    return connection.execute(new).first() is not None
