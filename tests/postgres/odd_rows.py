"""A row for every table that has none, with the values that are hardest to carry over."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, Float, LargeBinary, String, Table

from bypost.store.schema import metadata

#: What a text format may stumble over: ends of fields and rows, escapes, NULL, other scripts.
ODD = "a\tb\nc\rd\\e\\N \b\f\v\x7f'\" Zoë 🎈 \u2028"
#: Columns whose words are checked, and one that is right.
_WORDS = {
    "admins.role": "operator",
    "alarm_messages.state": "given-up",
    "alarm_messages.way": "webhook",
    "alarms.level": "warn",
    "bulk_actions.state": "stopped",
    "holds.scope": "course",
    "import_changes.what": "changed",
    "issue_orders.state": "paused",
    "issues.state": "archived",
    "subscriptions.status": "left",
}


def put_odd_rows(file: Path) -> None:
    """Write a row into each empty table of a SQLite database."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for table in metadata.sorted_tables:
            if connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0] == 0:
                _put(connection, table)
        connection.commit()


def _put(connection: sqlite3.Connection, table: Table) -> None:
    values = {column.name: _value(connection, column) for column in table.c}
    names, places = ", ".join(values), ", ".join("?" * len(values))
    connection.execute(
        f"INSERT INTO {table.name} ({names}) VALUES ({places})", tuple(values.values())
    )


def _value(connection: sqlite3.Connection, column: Column[Any]) -> object:
    for key in column.foreign_keys:
        there = key.column
        return connection.execute(f"SELECT max({there.name}) FROM {there.table.name}").fetchone()[0]
    if (word := _WORDS.get(f"{column.table.name}.{column.name}")) is not None:
        return word
    match column.type:
        case JSON():
            return '{"tags": ["\\u00eb", "\\ud83c\\udf88", 1e-7, null], "z": 1.0, "a": "\\\\N"}'
        case LargeBinary():
            return bytes(range(256))
        case Boolean():
            return 1
        case Date():
            return "2028-02-29"
        case Float():
            return 0.1 + 0.2
        case String():
            return ODD
    return 2**53 + 1 if str(column.type) == "BIGINT" else 2**31 - 1


def rows_of(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return each table with all that stands in it, as SQLite has it."""
    with closing(sqlite3.connect(file)) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"
        names = [name for (name,) in connection.execute(query)]
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names
        }


def shape_of(file: Path) -> list[tuple[str, str, list[str]]]:
    """Return the tables, indexes and triggers of a file; the order of rules within one is none."""
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master")
        return sorted(
            (kind, name, sorted(line.strip(", ") for line in sql.split("\n")))
            for kind, name, sql in found
        )
