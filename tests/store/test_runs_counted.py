"""Runs of courses as the database counts them, apart from when and how often that is done."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from bypost.store import Connection, Store, course_figures
from bypost.store.course_figures import Progress
from tests.conftest import MONDAY
from tests.store.runs import add_batch, add_mail, add_run, add_text, standing_rows

WEEK = MONDAY.date()
DAY = timedelta(days=1)


def counted(connection: Connection, *, after: int = 0, last: int = 1000) -> set[tuple[object, ...]]:
    course_figures.forget(connection, but=-1)
    rows = course_figures.count(connection, after=after, last=last, now=MONDAY)
    course_figures.add(connection, 1, rows)
    return standing_rows(course_figures.read(connection, 1))


@pytest.mark.parametrize(
    ("started", "monday"),
    [
        (MONDAY.replace(hour=0, minute=0), date(2026, 11, 23)),
        (MONDAY.replace(hour=0, minute=0) - timedelta(seconds=1), date(2026, 11, 16)),
        (MONDAY + 6 * DAY, date(2026, 11, 23)),
        (MONDAY.replace(year=2027, month=1, day=1), date(2026, 12, 28)),
    ],
)
def test_a_week_begins_on_monday_at_midnight_utc(
    empty_store: Store, started: datetime, monday: date
) -> None:
    with empty_store.write() as connection:
        add_run(connection, started_at=started)
        ((_, week, *_),) = counted(connection)
    assert week == monday
    assert monday.weekday() == 0


def test_a_lesson_had_once_more_moves_nobody(empty_store: Store) -> None:
    with empty_store.write() as connection:
        run = add_run(connection, "one", "two")
        text = add_text(connection, "one")
        add_mail(connection, add_batch(connection, text, item="one"), run, "one", copy=1)
        assert counted(connection) == {("letters", WEEK, "active", "two", 0, 1)}


def test_a_count_can_be_of_one_course_and_forgetting_keeps_one(empty_store: Store) -> None:
    with empty_store.write() as connection:
        add_run(connection, course="a")
        add_run(connection, course="b")
        rows = course_figures.count(connection, after=0, last=9, now=MONDAY)
        course_figures.add(connection, 1, rows)
        course_figures.add(connection, 2, rows)
        course_figures.forget(connection, but=2)
        assert course_figures.read(connection, 1) == []
        assert [row["course"] for row in course_figures.read(connection, 2, "b")] == ["b"]


def test_how_far_it_has_come_is_read_as_it_was_written(empty_store: Store) -> None:
    now = Progress(
        shown=3, at=MONDAY, took=timedelta(seconds=2.5), after=70, spent=timedelta(seconds=0.25)
    )
    with empty_store.write() as connection:
        assert course_figures.progress(connection) == Progress()
        course_figures.note(connection, now)
        assert course_figures.progress(connection) == now


@pytest.mark.sqlite
def test_a_part_reads_its_own_runs_and_mails_and_no_others(empty_store: Store) -> None:
    asked: list[tuple[str, Any]] = []
    with empty_store.read() as connection:
        event.listen(
            connection.engine, "before_cursor_execute", lambda *w: asked.append((w[2], w[3]))
        )
        course_figures.count(connection, after=5, last=10, now=MONDAY)
        course_figures.last_of(connection, after=5, limit=5)
        plans = [
            " | ".join(
                row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
            )
            for sql, values in [one for one in asked if one[0].startswith("SELECT")]
        ]
    assert len(plans) == 2
    assert "SEARCH enrollments USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in plans[0]
    assert "(enrollment_id>? AND enrollment_id<?)" in plans[0]
    assert "SEARCH enrollments USING INTEGER PRIMARY KEY (rowid>?)" in plans[1]
    assert not any("SCAN enrollments" in plan or "SCAN deliveries" in plan for plan in plans)
