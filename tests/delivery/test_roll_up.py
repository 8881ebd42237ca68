"""What became of mails comes into the daily counts: all of it, once, wherever a process dies."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update

from bypost.delivery import events
from bypost.delivery.context import Context
from bypost.delivery.roll_up import roll_up
from bypost.delivery.run import Pass
from bypost.model.event import Event, EventKind
from bypost.store import counts, daily
from bypost.store import roll_up as store
from bypost.store.daily import Kind
from bypost.store.schema import batches
from scheduler.clock import SimulatedClock
from tests.conftest import MONDAY

LETTERS = daily.course("letters")


def told(context: Context, kind: EventKind, number: int, name: str = "") -> Event:
    return Event(
        event_id=name or f"{kind}-{number}",
        kind=kind,
        ref=context.reference(number),
        provider_id="",
        recipient="",
        at=context.clock.now(),
    )


def number(context: Context, kind: Kind, **only: str) -> int:
    with context.store.read() as connection:
        return daily.total(connection, kind, **only)


def test_a_pass_leaves_its_mails_counted_by_day_lesson_and_domain(
    through_resend: Callable[..., Context],
) -> None:
    context = through_resend()
    Pass(context).run()
    with context.store.read() as connection:
        rows = daily.sums(
            connection, kinds=[Kind.ACCEPTED], by=("day", "collection", "item"), since=None
        )
        assert [tuple(row.values()) for row in rows] == [(MONDAY.date(), LETTERS, "one", 5)]
        assert daily.total(connection, Kind.JOINED, collection=LETTERS) == 5
        domains = daily.sums(connection, kinds=[Kind.DOMAIN_ACCEPTED], by=("label",))
        assert [tuple(row.values()) for row in domains] == [("other", 5)]


def test_the_counts_agree_with_the_ledger_after_days_of_refusals_and_lost_answers(
    through_resend: Callable[..., Context], clock: SimulatedClock
) -> None:
    context = through_resend()
    for _ in range(4):
        Pass(context).run()
        clock.sleep(86_400)
    with context.store.read() as connection:
        total = counts.count(connection)
        found = [daily.total(connection, k) for k in (Kind.ACCEPTED, Kind.FAILED, Kind.CANCELLED)]
        by_domain = daily.total(connection, Kind.DOMAIN_ACCEPTED)
    assert found == [total.accepted, total.failed, total.cancelled]
    assert by_domain == total.accepted > 0


def test_a_number_that_changes_later_is_counted_by_its_difference_on_the_same_day(
    through_resend: Callable[..., Context], clock: SimulatedClock
) -> None:
    context = through_resend()
    Pass(context).run()
    clock.sleep(3 * 86_400)
    with context.store.write() as connection:
        connection.execute(
            update(batches)
            .where(batches.c.id == 1)
            .values(accepted=batches.c.accepted - 1, failed=batches.c.failed + 1)
        )
    assert roll_up(context)
    with context.store.read() as connection:
        rows = daily.sums(connection, kinds=[Kind.ACCEPTED, Kind.FAILED], by=("day", "kind"))
    day = MONDAY.date()
    assert [tuple(r.values()) for r in rows] == [(day, "accepted", 4), (day, "failed", 1)]


def test_a_mail_counts_once_for_each_kind_of_news_whatever_is_repeated(
    through_resend: Callable[..., Context],
) -> None:
    context = through_resend()
    Pass(context).run()
    soft = EventKind.SOFT_BOUNCED
    events.take(context, "resend", [told(context, soft, 1, "a"), told(context, soft, 1, "b")])
    events.take(context, "resend", [told(context, soft, 1, "c"), told(context, soft, 2, "d")])
    events.take(context, "resend", [told(context, EventKind.BOUNCED, 3)] * 2)
    assert number(context, Kind.SOFT_BOUNCED, item="one") == 2
    assert number(context, Kind.BOUNCED, collection=LETTERS) == 1
    assert number(context, Kind.DOMAIN_BOUNCED, label="other") == 1


def test_an_event_about_nobody_of_ours_counts_nowhere(
    through_resend: Callable[..., Context],
) -> None:
    context = through_resend()
    Pass(context).run()
    events.take(context, "resend", [told(context, EventKind.BOUNCED, 99)])
    assert number(context, Kind.BOUNCED) == 0


@pytest.mark.process
def test_killed_at_any_moment_it_counts_nothing_twice_and_loses_nothing(
    through_resend: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Die by SIGKILL before the commit, right after it, and in the middle of it."""
    context = through_resend()
    Pass(context).run()
    with context.store.write() as connection:
        connection.execute(text("DELETE FROM daily WHERE kind LIKE '%accepted'"))
        connection.exec_driver_sql("UPDATE batches SET counted_accepted = 0")
    monkeypatch.setattr(store, "_BATCHES", 1)
    context.store.close()
    for stop in range(12):
        child = os.fork()
        if child == 0:
            _die_after(context, stop)
        os.waitpid(child, 0)
    assert roll_up(context)
    with context.store.read() as connection:
        total = counts.count(connection)
        assert daily.total(connection, Kind.ACCEPTED) == total.accepted == 5
        assert daily.total(connection, Kind.DOMAIN_ACCEPTED) == 5
    if not context.store.is_shared:
        context.store.close()
        with closing(sqlite3.connect(context.store.path)) as plain:
            assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _die_after(context: Context, steps: int) -> None:
    """Roll up and kill this process at the given statement."""
    from sqlalchemy import event

    left = [steps]

    def count(*_: object) -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    event.listen(context.store._writer, "before_cursor_execute", count)
    event.listen(context.store._writer, "commit", count)
    try:
        roll_up(context)
    finally:
        os._exit(0)


@pytest.mark.sqlite
def test_taking_up_uses_the_index_of_what_is_not_counted(
    through_resend: Callable[..., Context],
) -> None:
    context = through_resend()
    condition = str(store._UNCOUNTED)
    with context.store.read() as connection:
        plan = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN SELECT id FROM batches WHERE {condition} ORDER BY id LIMIT 300"
        ).all()
    assert "ix_batches_uncounted" in str(plan)


def test_an_instant_counts_on_its_utc_day() -> None:
    late = datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC)
    assert daily.day_of(late) == late.date()
    assert daily.day_of(late + timedelta(seconds=1)) == late.date() + timedelta(days=1)
