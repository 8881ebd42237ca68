"""Whether a number is among many: one statement, and one plan, for however many there are.

A place for each of them would be a statement for each length, written out anew every time, and
SQLite takes 32,766 of them at most (2026-11: 3 of 4 microseconds a number).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import ARRAY, BigInteger, Column, ColumnElement, any_, func, literal, select

from bypost.store.engine import Connection


def among(
    connection: Connection, column: Column[Any], numbers: Sequence[int]
) -> ColumnElement[bool]:
    """Return the condition that ``column`` holds one of ``numbers``."""
    if connection.dialect.name == "sqlite":
        listed = func.json_each(orjson.dumps(numbers).decode()).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(literal(list(numbers), ARRAY(BigInteger)))
