"""Every text of a lesson: to how many it went, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from bypost.store import Store, versions
from tests.conftest import MONDAY
from tests.store.runs import add_batch, add_text

DAY = timedelta(days=1)


def test_each_text_has_its_mails_and_its_first_and_last_time(empty_store: Store) -> None:
    with empty_store.write() as connection:
        old = add_text(connection, "one", 1, at=MONDAY - 9 * DAY)
        new = add_text(connection, "one", 2, at=MONDAY - DAY)
        for days, accepted in ((9, 100), (7, 40), (8, 60)):
            add_batch(connection, old, item="one", accepted=accepted, at=MONDAY - days * DAY)
        add_batch(connection, new, item="one", accepted=3, at=MONDAY)
        add_batch(connection, new, item="one", accepted=5, at=None)
        newest, before = versions.of_lesson(connection, "letters", "one")
    assert dict(newest) == {
        "hash": new,
        "title": "one, version 2",
        "created_at": MONDAY - DAY,
        "accepted": 3,
        "first": MONDAY,
        "last": MONDAY,
    }
    assert (before["hash"], before["accepted"]) == (old, 200)
    assert (before["first"], before["last"]) == (MONDAY - 9 * DAY, MONDAY - 7 * DAY)


def test_a_text_that_went_to_nobody_is_among_them(empty_store: Store) -> None:
    with empty_store.write() as connection:
        add_text(connection, "one")
        (row,) = versions.of_lesson(connection, "letters", "one")
    assert (row["accepted"], row["first"], row["last"]) == (0, None, None)


def test_other_lessons_courses_and_issues_of_the_same_name_stay_out(empty_store: Store) -> None:
    with empty_store.write() as connection:
        mine = add_text(connection, "one")
        others: list[tuple[str, dict[str, Any]]] = [
            (add_text(connection, "two"), {"item": "two"}),
            (add_text(connection, "one", course="other"), {"item": "one", "course": "other"}),
            (add_text(connection, "one", kind="issue"), {"item": "one", "kind": "issue"}),
        ]
        for text, names in others:
            add_batch(connection, text, **names)
        rows = versions.of_lesson(connection, "letters", "one")
    assert [(row["hash"], row["accepted"]) for row in rows] == [(mine, 0)]


@pytest.mark.sqlite
def test_batches_are_added_up_within_their_index(empty_store: Store) -> None:
    asked: list[tuple[str, Any]] = []
    with empty_store.read() as connection:
        event.listen(
            connection.engine, "before_cursor_execute", lambda *w: asked.append((w[2], w[3]))
        )
        versions.of_lesson(connection, "letters", "one")
        sql, values = next(one for one in asked if one[0].startswith("SELECT"))
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert (
        "SEARCH batches USING COVERING INDEX ix_batches_lesson (content_hash=? AND kind=?)" in plan
    )
    assert "SCAN batches" not in plan
