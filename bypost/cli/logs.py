"""How log lines are written: one a line to standard error, as logfmt or JSON, without addresses."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bypost.settings.model import Log

#: Whose lines are written from the level in the settings on; others only from a warning on.
_OURS = ("bypost", "scheduler")
_ADDRESS = re.compile(r"""[^\s@<>()\[\],;:="'`]+@[^\s@<>()\[\],;:="'`]+""")
#: A value of logfmt that needs no quotes.
_BARE = re.compile(r"""[^\s="\\\x00-\x1f\x7f]+""")


@contextmanager
def written(log: Log, *, steady: bool) -> Iterator[None]:
    """Write log lines for as long as this lasts.

    Args:
        log: The settings.
        steady: The command goes on until it is stopped. What a terminal shows of it is the
            command's own report; its log lines come where the level is set.
    """
    level = logging.getLevelNamesMapping()[(log.level or _default(steady=steady)).upper()]
    handler = _Lines(level)
    handler.setFormatter(_Json() if log.format == "json" else _Logfmt())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(min(level, logging.WARNING))
    try:
        yield
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


def masked(text: str) -> str:
    """Return ``text`` with ``[address]`` in place of every email address."""
    return _ADDRESS.sub("[address]", text)


def _default(*, steady: bool) -> str:
    if sys.stderr.isatty():
        return "error"
    return "info" if steady else "warning"


class _Lines(logging.Handler):
    """Writes to what standard error is at that moment."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self._own, self._others = level, max(level, logging.WARNING)

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is written."""
        ours = record.name.partition(".")[0] in _OURS
        return record.levelno >= (self._own if ours else self._others)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - as every handler: what cannot be logged stops nobody
            self.handleError(record)


class _Fields(logging.Formatter):
    """Takes a record apart; the fields of a batch stand for its message."""

    def fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return the record by name, masked."""
        told: dict[str, Any] = getattr(record, "fields", {})
        words = {} if told else {"logger": record.name, "message": record.getMessage()}
        moment = datetime.fromtimestamp(record.created, UTC)
        found = {
            "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z",
            "level": record.levelname.lower(),
            **words,
            **told,
        }
        if record.exc_info:
            found["exception"] = self.formatException(record.exc_info)
        return {
            name: masked(value) if isinstance(value, str) else value
            for name, value in found.items()
        }


class _Logfmt(_Fields):
    """``name=value`` with quotes where they are needed."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return " ".join(f"{name}={_bare(value)}" for name, value in self.fields(record).items())


class _Json(_Fields):
    """One JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(self.fields(record), ensure_ascii=False, default=str)


def _bare(value: object) -> str:
    text = str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)
