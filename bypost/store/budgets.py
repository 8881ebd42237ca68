"""Rate, daily quota, pause and breaker of each provider: one row each, shared by all workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, select, update

from bypost.store.engine import Connection
from bypost.store.once import add_once
from bypost.store.schema import budgets
from scheduler.pacing import Budget

_FIELDS = ("tokens", "updated_at", "day", "used_today", "paused_until")
_FRESH = {"tokens": 0.0, "used_today": 0, "breaker": ""}


def load(connection: Connection, provider: str) -> tuple[Budget, str]:
    """Return the budget, and why the breaker is open; an empty text means it is closed."""
    row = _row(connection, provider)
    return _told(row) if row is not None else (Budget(), "")


def hold(connection: Connection, provider: str) -> tuple[Budget, str]:
    """Return the same, and keep others from changing it until the transaction ends."""
    add_once(connection, budgets, {"provider": provider, **_FRESH})
    query = select(budgets).where(budgets.c.provider == provider).with_for_update()
    return _told(connection.execute(query).mappings().one())


def _told(row: RowMapping) -> tuple[Budget, str]:
    return Budget(**{name: row[name] for name in _FIELDS}), row["breaker"]


def save(connection: Connection, provider: str, budget: Budget) -> None:
    """Write the budget."""
    _write(connection, provider, asdict(budget))


def open_breaker(connection: Connection, provider: str, reason: str, now: datetime) -> None:
    """Stop sending through a provider until the operator resumes it."""
    _write(connection, provider, {"breaker": reason, "breaker_at": now})


def close_breaker(connection: Connection, provider: str, now: datetime) -> None:
    """Let a provider send again; what happened until now does not stop it a second time."""
    values = {"breaker": "", "breaker_at": None, "closed_at": now, "paused_until": None}
    _write(connection, provider, values)


def closed_at(connection: Connection, provider: str) -> datetime | None:
    """Return when the breaker was last closed; None if it never was."""
    row = _row(connection, provider)
    return row["closed_at"] if row is not None else None


def breakers(connection: Connection) -> dict[str, str]:
    """Return the providers whose breaker is open, with the reason."""
    query = select(budgets.c.provider, budgets.c.breaker).where(budgets.c.breaker != "")
    return {row.provider: row.breaker for row in connection.execute(query)}


def _row(connection: Connection, provider: str) -> RowMapping | None:
    query = select(budgets).where(budgets.c.provider == provider)
    return connection.execute(query).mappings().first()


def _write(connection: Connection, provider: str, values: Mapping[str, Any]) -> None:
    """Change a provider's row, made on first use."""
    change = update(budgets).where(budgets.c.provider == provider).values(**values)
    if not connection.execute(change).rowcount:
        add_once(connection, budgets, {"provider": provider, **_FRESH, **values})
