"""Finding the row that PostgreSQL does not take: it refuses what SQLite keeps without a word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Integer, LargeBinary, String, Table

from bypost.store.tables.base import Plain
from bypost.store.tables.sqlite import SqliteTables

_NUL = "holds a NUL character"
_BROKEN = "holds half of a character (a lone surrogate), or bytes that are no text"


def find(tables: SqliteTables, table: Table) -> str:
    """Return where such a row is, what is wrong, and how to mend it; empty if none is found."""
    for row in _rows(tables, table):
        for column, value in zip(table.c, row, strict=True):
            if value is not None and (wrong := _trouble(column, value)):
                return _told(table, row, column, wrong)
    return ""


def _rows(tables: SqliteTables, table: Table) -> Iterator[Plain]:
    for some in tables.raw_rows(table):
        yield from some


def _trouble(column: Column[Any], value: Any) -> str:
    """Return what is wrong with a value; empty if nothing is."""
    if isinstance(column.type, LargeBinary):
        return ""
    if isinstance(value, int):
        is_short = isinstance(column.type, Integer) and not isinstance(column.type, BigInteger)
        return "holds a number that is too large" if is_short and abs(value) >= 2**31 else ""
    if not isinstance(value, bytes):
        return ""
    try:
        text = value.decode()
        if isinstance(column.type, JSON):
            text = "".join(_texts(json.loads(text)))
            text.encode()
    except UnicodeError:
        return _BROKEN
    except ValueError:
        return "holds no JSON"
    is_text = isinstance(column.type, String | JSON)
    return _NUL if is_text and "\0" in text else ""


def _texts(value: Any) -> Iterator[str]:
    """Yield every text inside of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _told(table: Table, row: Plain, column: Column[Any], wrong: str) -> str:
    key = " AND ".join(
        f"{part.name} = {_literal(value)}"
        for part, value in zip(table.c, row, strict=True)
        if part.primary_key
    )
    change = f"SET {column.name} = {_mended(column, wrong)} WHERE {key}"
    return (
        f"`{table.name}` where {key}: `{column.name}` {wrong}, which PostgreSQL cannot keep\n"
        f"    mend it there, e.g. with the program sqlite3: UPDATE {table.name} {change};"
    )


def _mended(column: Column[Any], wrong: str) -> str:
    """Return what to write instead, as SQL."""
    if wrong is not _NUL:
        return "'...'"
    if isinstance(column.type, JSON):
        return f"replace({column.name}, '\\u0000', '')"
    return f"substr({column.name}, 1, instr({column.name}, char(0)) - 1)"


def _literal(value: Any) -> str:
    """Return a value of a key as SQL; one that cannot be shown as its bytes."""
    if isinstance(value, bytes):
        try:
            text = value.decode()
        except UnicodeError:
            return f"CAST(x'{value.hex()}' AS TEXT)"
        return "'" + text.replace("'", "''") + "'"
    return str(value)
