"""Filled databases: invented people, and what a pass and the ledger find of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bypost.delivery.concerned import people_of
from bypost.delivery.context import Context
from bypost.delivery.foresee import foresee
from bypost.delivery.roll_up import roll_up
from bypost.delivery.run import Pass
from bypost.delivery.shape_file import load
from bypost.store import contents, counts, daily
from bypost.store import roll_up as uncounted
from bypost.store.daily import Kind
from bypost.testing.fill.fill import fill
from bypost.testing.fill.mark import is_invented
from scheduler.clock import SimulatedClock
from tests.conftest import write_course

_PEOPLE, _DAYS = 1500, 40


def _quiet(_what: str, _done: int, _total: int) -> None:
    pass


@pytest.fixture
def context(empty_project: Path, open_context: Callable[..., Context]) -> Context:
    return open_context(empty_project, {"BYPOST_SENDING__PROVIDER": "outbox"})


@pytest.fixture
def filled(context: Context) -> Context:
    write_course(context.root, "letters", delays=("at once", "1 day", "2 weekdays", "3 days"))
    fill(context, people=_PEOPLE, days=_DAYS, seed=3, on_progress=_quiet)
    return context


def _numbers(context: Context, sql: str) -> list[tuple[int, ...]]:
    with context.store.read() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def _such(*conditions: str) -> str:
    """Return SQL that counts the rows of which each is true."""
    return ", ".join(f"count(CASE WHEN {one} THEN 1 END)" for one in conditions)


def test_the_ledger_of_a_filled_database_adds_up(filled: Context) -> None:
    with filled.store.read() as connection:
        total = counts.count(connection)
    assert total.owed == total.accepted + total.failed + total.cancelled + total.unknown + (
        total.pending
    )
    ((deliveries,),) = _numbers(filled, "SELECT count(*) FROM deliveries")
    assert total.owed == deliveries > 3 * _PEOPLE
    wrong = _numbers(
        filled,
        "SELECT b.id FROM batches b JOIN deliveries d ON d.batch_id = b.id GROUP BY b.id "
        "HAVING count(*) <> b.size OR count(CASE WHEN d.state = 'failed' THEN 1 END) <> b.failed",
    )
    assert wrong == []


def test_nobody_has_two_mails_that_overtake_each_other(filled: Context) -> None:
    wrong = _numbers(
        filled,
        "SELECT a.id FROM deliveries a JOIN deliveries b ON b.enrollment_id = a.enrollment_id "
        "AND b.id > a.id JOIN batches x ON x.id = a.batch_id JOIN batches y ON y.id = b.batch_id "
        "WHERE y.due_at <= x.due_at",
    )
    assert wrong == []


def test_a_pass_over_a_filled_database_owes_only_what_falls_due(
    filled: Context, clock: SimulatedClock
) -> None:
    one = Pass(filled)
    first = one.run()
    assert first.troubles == ()
    assert first.this_pass.owed <= 3  # what fell due in this very minute
    owed = first.total.owed
    ((due,),) = _numbers(
        filled, "SELECT count(*) FROM enrollments WHERE status = 'active' AND next_due IS NOT NULL"
    )
    clock.advance_to(clock.now() + timedelta(days=1))
    later = one.run()
    assert 0 < later.total.owed - owed <= due
    assert later.troubles == ()


def test_hints_are_never_later_than_what_owing_decides(filled: Context) -> None:
    with filled.store.read() as connection:
        shape = load(contents.applied(connection)["letters"])
    ahead = [one for one in people_of(filled, shape) if one.status == "active"]
    now = filled.clock.now()
    for one in ahead:
        asked_at_once = replace(one.run, hint=one.run.started_at)
        found = foresee(shape, asked_at_once, now=now, late=timedelta(days=3650))
        assert found is not None
        ended = one.run.paused_until
        # After a pause it is the first opening that counts, and the hint alone knows of it.
        latest = max(found.at, ended + timedelta(days=2)) if ended else found.at
        assert one.run.hint <= latest
    assert sum(one.run.paused_until is None for one in ahead) > 100


def test_the_daily_counts_of_a_filled_database_are_those_of_its_rows(filled: Context) -> None:
    assert roll_up(filled)
    with filled.store.read() as connection:
        assert not uncounted.any_uncounted(connection)
        total = counts.count(connection)
        assert daily.total(connection, Kind.ACCEPTED) == total.accepted
        assert daily.total(connection, Kind.FAILED) == total.failed
        joined = daily.total(connection, Kind.JOINED, collection=daily.course("letters"))
        finished = daily.total(connection, Kind.FINISHED)
        left = daily.total(connection, Kind.LEFT, collection=daily.course("letters"))
    ended = _such("status = 'finished'", "status = 'left'")
    ((runs, done, gone),) = _numbers(filled, f"SELECT count(*), {ended} FROM enrollments")
    assert (joined, finished, left) == (runs, done, gone)


def test_about_a_third_never_confirm_and_nothing_is_kept_of_old_requests(filled: Context) -> None:
    kept = "status = 'erased' AND (email IS NOT NULL OR name <> '')"
    chosen = _such("status = 'confirmed'", "status = 'erased'", kept)
    ((confirmed, erased, named),) = _numbers(filled, f"SELECT {chosen} FROM subscribers")
    assert 0.55 < confirmed / _PEOPLE < 0.8
    assert erased > 0
    assert named == 0


def test_every_kind_of_fate_is_among_many(filled: Context) -> None:
    states = (f"status = '{state}'" for state in ("active", "finished", "left"))
    chosen = _such(*states, "paused_until IS NOT NULL")
    ((active, finished, left, paused),) = _numbers(filled, f"SELECT {chosen} FROM enrollments")
    reasons = {str(row[0]) for row in _numbers(filled, "SELECT DISTINCT reason FROM suppressions")}
    assert min(active, finished, left, paused) > 0
    assert "bounced" in reasons


def test_the_same_seed_gives_the_same_people(
    empty_project: Path, tmp_path: Path, open_context: Callable[..., Context]
) -> None:
    write_course(empty_project, "letters", delays=("at once",))
    people = []
    for number, seed in enumerate((9, 9, 10)):
        root = shutil.copytree(empty_project, tmp_path / f"copy-{number}")
        context = open_context(root, {"BYPOST_SENDING__PROVIDER": "outbox"})
        fill(context, people=40, days=3, seed=seed, on_progress=_quiet)
        with context.store.read() as connection:
            assert is_invented(connection)
        people.append(
            _numbers(
                context,
                "SELECT email, name, time_zone, hour, status, tags, attributes FROM subscribers "
                "ORDER BY id",
            )
        )
    first, again, other = people
    assert len(first) == 40
    assert first == again
    assert first != other


def test_nobody_is_written_to_outside_of_example_org(filled: Context) -> None:
    wrong = _numbers(filled, "SELECT id FROM subscribers WHERE email NOT LIKE '%@example.org'")
    assert wrong == []


def test_status_of_a_filled_database_finds_nothing_to_complain_of(filled: Context) -> None:
    report = Pass(filled).status()
    assert report.troubles == ()
    assert report.held == {}
    assert report.total.unknown == 0
