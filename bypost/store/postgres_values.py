"""Values that come from PostgreSQL and go there as they do with SQLite."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from psycopg.types.numeric import NumericLoader
from sqlalchemy import Dialect, Engine, String, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

#: A NUL in JSON, but not the text of its escape.
_NUL = re.compile(r"((?<!\\)(?:\\\\)*)\\u0000")
_TEXT: Any = PGDialect_psycopg.colspecs[String]


class _Whole(NumericLoader):
    """Sums of large numbers: they come as decimals, and are whole."""

    def load(self, data: Any) -> Any:
        """Return a whole number where it is one."""
        number = super().load(data)
        return int(number) if number == number.to_integral_value() else number


class _Text(_TEXT):  # type: ignore[misc]  # the dialect names its class for texts at run time
    """Text without NUL, which PostgreSQL refuses: one stray sign must not stop a pass."""

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Return what makes of a text one that can be kept."""
        return without_nul


def adapt(engine: Engine) -> None:
    """Let an engine take and give values as SQLite does."""
    engine.dialect.colspecs = {**engine.dialect.colspecs, String: _Text}

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:
        connection.adapters.register_loader("numeric", _Whole)


def to_json(value: Any) -> str:
    """Return a value as JSON in which PostgreSQL can look for words."""
    text = json.dumps(value)
    return _NUL.sub(r"\1\\ufffd", text) if "\\u0000" in text else text


def without_nul(text: Any) -> Any:
    """Return a text that can be kept; anything else as it is."""
    return text.replace("\0", "\ufffd") if isinstance(text, str) and "\0" in text else text
