"""The rows of orders, and the batches that an order may touch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update

from bypost.store import Store, issue_report, issues, migrate, orders
from bypost.store.schema import batches
from tests.contracts.rows import add_people
from tests.delivery.desk import mails, owe

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
KEY = ("news", "first")
ITEM = "news/first"
SAID = {"at": NOW, "by": "me"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store("sqlite:///var/test.db", root=tmp_path)
    migrate.upgrade(opened)
    yield opened
    opened.close()


def batch_of(store: Store, people: int, **values: Any) -> int:
    with store.write() as connection:
        ids = add_people(connection, people)
        what = {"kind": "issue", "collection": "news", "item": ITEM}
        batch = owe(connection, what, [{"subscriber_id": who} for who in ids])
        if values:
            connection.execute(update(batches).where(batches.c.id == batch).values(**values))
    return batch


def test_an_order_is_one_row_that_is_changed_and_removed(store: Store) -> None:
    with store.write() as connection:
        assert orders.find(connection, *KEY) is None
        orders.put(connection, *KEY, {**SAID, "schedule": "2026-12-01T09:00:00+00:00"})
        row = orders.put(connection, *KEY, {**SAID, "state": "paused"})
        assert (row["schedule"], row["state"]) == ("2026-12-01T09:00:00+00:00", "paused")
        assert len(orders.every(connection)) == 1
        assert orders.remove(connection, *KEY)
        assert not orders.remove(connection, *KEY)


@pytest.mark.parametrize(
    "values",
    [
        {"state": "sending"},
        {"ambiguous": True},
        {"lease_until": NOW + timedelta(minutes=1)},
        {"state": "settled"},
    ],
    ids=["sending", "ambiguous", "leased", "settled"],
)
def test_what_may_have_left_or_is_in_hand_is_not_touched(
    store: Store, values: dict[str, Any]
) -> None:
    batch_of(store, 2, **values)
    with store.read() as connection:
        assert not orders.untried(connection, ITEM, NOW, 5, held=True)


def test_cancelling_a_batch_gives_each_of_its_mails_the_reason(store: Store) -> None:
    number = batch_of(store, 3)
    with store.write() as connection:
        (batch,) = orders.untried(connection, ITEM, NOW, 5, held=True)
        assert orders.cancel_batch(connection, batch, "a wrong price") == 3
        assert len(mails(connection, number)) == 3
        (row,) = issue_report.by_instant(connection, ITEM)
    assert (row["owed"], row["cancelled"]) == (3, 3)


def test_what_was_filed_can_be_planned_again_and_what_went_out_stays_closed(store: Store) -> None:
    with store.write() as connection:
        issues.add(connection, *KEY, state="archived", schedule="", now=NOW)
        known = issues.find(connection, *KEY)
        assert known is not None
        for zone, state in (("Asia/Tokyo", "done"), ("Europe/Berlin", "archived")):
            issues.settle_zone(connection, known["id"], zone, due_at=NOW, state=state)
        issues.plan_again(connection, *KEY)
        assert issues.zone_states(connection, known["id"]) == {
            "Asia/Tokyo": "done",
            "Europe/Berlin": issues.OPEN,
        }


def plan(store: Store, ask: Any) -> str:
    """Return how SQLite answers the statements of a question."""
    plans: list[str] = []
    with store.read() as connection:

        @event.listens_for(connection, "before_cursor_execute")
        def explain(_: Any, cursor: Any, sql: str, values: Any, *_more: Any) -> None:
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)
            plans.extend(str(row) for row in rows)

        ask(connection)
    return "\n".join(plans)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda c: orders.untried(c, ITEM, NOW, 5, held=True), "ix_batches_issue"),
        (lambda c: orders.has_begun(c, *KEY), "ix_batches_issue"),
        (lambda c: orders.size(c, ITEM), "ix_batches_issue"),
        (lambda c: issue_report.by_instant(c, ITEM), "ix_batches_issue"),
        (lambda c: issue_report.acceptances(c, ITEM), "ix_batches_issue"),
        (lambda c: issue_report.subscribed(c, "news"), "COVERING INDEX ix_subscriptions_left"),
    ],
)
def test_an_issue_is_found_by_its_index_however_large_the_ledger(
    store: Store, ask: Any, index: str
) -> None:
    found = plan(store, ask)
    assert index in found
    assert "SCAN batches" not in found
