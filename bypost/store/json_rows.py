"""JSON columns as rows, on each database in its own words: names and values are always bound."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, String, TableValuedAlias, exists
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

# A path such as `$."name"` would have to be put together from what people call their columns.


class _Rows(FunctionElement[Any]):
    """The members of a JSON list, or of an object with their names."""

    inherit_cache = True


class _Members(_Rows):
    name = "members"
    inherit_cache = True


class _Entries(_Rows):
    name = "entries"
    inherit_cache = True


@compiles(_Rows, "sqlite")
def _sqlite(element: _Rows, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Members, "postgresql")
def _members(element: _Members, compiler: Any, **options: Any) -> str:
    return f"json_array_elements_text({compiler.process(element.clauses, **options)})"


@compiles(_Entries, "postgresql")
def _entries(element: _Entries, compiler: Any, **options: Any) -> str:
    return f"json_each_text({compiler.process(element.clauses, **options)})"


def holds(column: Column[Any], value: str) -> ColumnElement[bool]:
    """Return the condition that a list of words holds one."""
    row = _Members(column).table_valued(_text("value"), name="member")
    return exists().select_from(row).where(row.c.value == value).correlate(column.table)


def entry(column: Column[Any]) -> TableValuedAlias:
    """Return the names and values of an object: ``key`` and ``value``."""
    return _Entries(column).table_valued(_text("key"), _text("value"), name="entry")


def _text(name: str) -> Column[str]:
    return Column(name, String)
