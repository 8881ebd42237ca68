"""What was kept long enough goes; the database grows with people, and no promise breaks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event as hooks
from sqlalchemy import func, select, update

from bypost.delivery import events, housekeeping
from bypost.delivery.context import Context
from bypost.delivery.publish import Published
from bypost.delivery.run import Pass
from bypost.model.event import Event, EventKind
from bypost.people import leave
from bypost.store import (
    Connection,
    counts,
    daily,
    issues,
    prune,
    retention,
    subscribers,
    subscriptions,
    suppressions,
)
from bypost.store import consents as evidence
from bypost.store import contents as texts
from bypost.store.daily import Kind
from bypost.store.schema import attempts, batches, consents, contents, deliveries
from bypost.store.schema import issues as issue_table
from scheduler.clock import SimulatedClock
from tests.contracts.rows import add_people
from tests.delivery import years

NOTHING = Published()


@pytest.fixture
def context(empty_project: Path, open_context: Callable[..., Context]) -> Context:
    return open_context(empty_project)


@pytest.fixture
def members(context: Context, clock: SimulatedClock) -> dict[int, int]:
    """People on the newsletter, and in a course: person -> subscription."""
    with context.store.write() as connection:
        add_people(connection, years.PEOPLE)
        ids = range(1, years.PEOPLE + 1)
        return years.subscribe(connection, list(ids), clock.now() - timedelta(days=9))


def a_month(context: Context, members: dict[int, int], name: str, at: datetime) -> None:
    """An issue to everybody, a goodbye, and what the provider told of them."""
    with context.store.write() as connection:
        for number in (
            years.issue(connection, name, members, at),
            years.notice(connection, 1, f"leave:{name}", at),
        ):
            years.hear(connection, number, at)


def later(context: Context, clock: SimulatedClock, days: int) -> None:
    """Let time pass, with a mail at its end: the newest always stay."""
    clock.sleep(days * 86_400)
    with context.store.write() as connection:
        number = years.notice(connection, 2, f"late:{clock.now()}", clock.now())
        years.many_attempts(connection, number, 120, clock.now())


def sizes(context: Context) -> dict[str, int]:
    with context.store.read() as connection:
        return years.sizes(connection)


def total(context: Context) -> counts.Counts:
    with context.store.read() as connection:
        return counts.count(connection)


def items(connection: Connection) -> set[str]:
    return set(connection.execute(select(deliveries.c.item)).scalars())


def test_the_database_grows_with_people_and_not_with_years(
    context: Context,
    members: dict[int, int],
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prune, "NEWEST_ATTEMPTS", 10)
    monkeypatch.setattr(retention, "NEWEST_ATTEMPTS", 10)
    seen = []
    for year in range(7):
        for month in range(12):
            a_month(context, members, f"y{year}m{month}", clock.now())
            clock.sleep(years.MONTH.total_seconds())
            housekeeping.finish(context, NOTHING)
        seen.append(sizes(context))
    grown = {
        name: (seen[3][name], seen[6][name]) for name in seen[6] if seen[3][name] != seen[6][name]
    }
    # An issue keeps one row, and a month of counts a few: neither depends on the people.
    assert set(grown) == {"issues", "daily"}
    assert grown["issues"] == (48, 84)
    assert grown["daily"][1] - grown["daily"][0] <= 36 * 12
    assert total(context).accepted == 84 * (years.PEOPLE + 1)


def test_the_ledger_adds_up_to_the_same_before_and_after(
    context: Context, members: dict[int, int], clock: SimulatedClock
) -> None:
    for number in range(20):
        a_month(context, members, f"i{number}", clock.now())
        later(context, clock, 30)
    before, rows = total(context), sizes(context)
    assert housekeeping.finish(context, NOTHING)["mails"] > 0
    assert total(context) == before
    assert sizes(context)["deliveries"] < rows["deliveries"]
    with context.store.read() as connection:
        assert daily.total(connection, Kind.ACCEPTED) == before.accepted


def test_an_issue_of_which_only_counts_are_kept_goes_out_to_nobody_again(
    context: Context, members: dict[int, int], clock: SimulatedClock
) -> None:
    """Whatever its file says: even where it is planned anew, with an audience taken today."""
    a_month(context, members, "old", clock.now())
    later(context, clock, 500)
    housekeeping.finish(context, NOTHING)
    with context.store.write() as connection:
        assert "news/old" not in items(connection)
        connection.execute(update(issue_table).values(state="planned"))
        again = subscriptions.audience(
            connection, "news", "news/old", zone=None, before=clock.now(), limit=None
        )
        other = subscriptions.audience(
            connection, "news", "news/new", zone=None, before=clock.now(), limit=None
        )
    assert (len(again), len(other)) == (0, years.PEOPLE)


def test_the_mails_of_an_issue_stay_while_one_of_them_is_open_or_young(
    context: Context, members: dict[int, int], clock: SimulatedClock
) -> None:
    for name, changed in (("open", {"state": "unknown"}), ("young", {}), ("planned", {})):
        a_month(context, members, name, clock.now())
        with context.store.write() as connection:
            some = dict(list(members.items())[:2])
            at = clock.now() + timedelta(days=300 if name == "young" else 0)
            with_them = years.issue(connection, f"{name}-2", some, at)
            connection.execute(
                update(batches)
                .where(batches.c.id == with_them)
                .values(item=f"news/{name}", **changed)
            )
            connection.execute(
                update(issue_table).where(issue_table.c.issue == "planned").values(state="planned")
            )
    later(context, clock, 500)
    housekeeping.finish(context, NOTHING)
    with context.store.read() as connection:
        assert {"news/open", "news/young", "news/planned"} <= items(connection)


def test_nobody_gets_a_lesson_twice_or_misses_one_after_years(
    through_resend: Callable[..., Context], clock: SimulatedClock, resend: object
) -> None:
    context = through_resend()
    Pass(context).run()
    clock.sleep(86_400)
    Pass(context).run()
    clock.sleep(3 * 365 * 86_400)
    published = NOTHING
    removed = housekeeping.finish(context, published)
    assert removed["mails"] == 0
    for _ in range(4):
        Pass(context).run()
        clock.sleep(86_400)
    with context.store.read() as connection:
        had = [(row["email"], row["item"]) for row in counts.timeline(connection)]
    assert len(had) == len(set(had)) == 15


def test_one_click_and_late_news_of_a_folded_mail_still_work(
    context: Context, members: dict[int, int], clock: SimulatedClock
) -> None:
    a_month(context, members, "old", clock.now())
    with context.store.read() as connection:
        number = connection.execute(
            select(deliveries.c.id).where(deliveries.c.subscriber_id == 3)
        ).scalar_one()
    later(context, clock, 500)
    housekeeping.finish(context, NOTHING)
    with context.store.write() as connection:
        member = leave.find(connection, bytes([3]) * 16)
        assert member is not None
        assert leave.leave(connection, member, by="one-click", now=clock.now())
    bounce = Event(
        event_id="late",
        kind=EventKind.BOUNCED,
        ref=context.reference(number),
        provider_id="",
        recipient="p4@example.org",
        at=clock.now(),
    )
    assert events.take(context, "resend", [bounce, bounce]) == 1
    with context.store.read() as connection:
        hashed = context.address_hash("p4@example.org")
        assert suppressions.find(connection, [hashed]) == {hashed: "bounced"}


def test_of_an_erased_person_only_an_empty_row_stays(
    context: Context,
    members: dict[int, int],
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prune, "_DELIVERIES", 1)
    monkeypatch.setattr(prune, "_BATCHES", 1)
    a_month(context, members, "old", clock.now())
    with context.store.write() as connection:
        for number in (4, 5):  # in the same moment
            gone = {"status": "erased", "erased_at": clock.now(), "email": None}
            subscribers.change(connection, number, gone)
    later(context, clock, 500)
    before = total(context)
    housekeeping.finish(context, NOTHING)
    with context.store.read() as connection:
        query = select(deliveries.c.id).where(deliveries.c.subscriber_id.in_((4, 5)))
        assert connection.execute(query).all() == []
        assert subscribers.by_id(connection, 5) is not None
    assert total(context) == before


def test_the_newest_batch_and_attempts_stay_however_old(
    context: Context, members: dict[int, int], clock: SimulatedClock
) -> None:
    """A number given out again would be in an idempotency key twice, and hide a restored backup."""
    a_month(context, members, "old", clock.now())
    clock.sleep(2000 * 86_400)
    both = (batches, attempts)
    with context.store.read() as connection:
        newest = [connection.execute(select(func.max(t.c.id))).scalar() for t in both]
    housekeeping.finish(context, NOTHING)
    with context.store.read() as connection:
        assert [connection.execute(select(func.max(t.c.id))).scalar() for t in both] == newest


def test_a_process_that_dies_in_any_transaction_goes_on_where_it_was(
    context: Context, members: dict[int, int], clock: SimulatedClock
) -> None:
    for number in range(8):
        a_month(context, members, f"i{number}", clock.now())
    later(context, clock, 500)
    before = total(context)
    left = [0]

    def die(_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise RuntimeError("dead")

    hooks.listen(context.store._writer, "commit", die)
    died = 0
    for at in range(1, 40):
        left[0] = at
        try:
            housekeeping.finish(context, NOTHING)
        except RuntimeError:
            died += 1
            assert total(context) == before
    assert died > 10
    hooks.remove(context.store._writer, "commit", die)
    housekeeping.finish(context, NOTHING)
    assert total(context) == before
    with context.store.read() as connection:
        assert not {item for item in items(connection) if item.startswith("news/")}


def test_a_pass_does_a_little_and_a_day_brings_one_round(
    context: Context, members: dict[int, int], clock: SimulatedClock
) -> None:
    a_month(context, members, "old", clock.now())
    later(context, clock, 500)
    commits = [0]

    def count(_: object) -> None:
        commits[0] += 1

    hooks.listen(context.store._writer, "commit", count)
    for _ in range(9):
        commits[0] = 0
        housekeeping.tend(context, NOTHING)
        assert commits[0] <= housekeeping.PER_PASS
    with context.store.read() as connection:
        ended = housekeeping.state(connection)
    assert (ended.step, ended.ended_at) == ("", clock.now())
    commits[0] = 0
    clock.sleep(3600)
    housekeeping.tend(context, NOTHING)
    assert commits[0] == 0


def test_mails_that_are_not_counted_yet_stay(
    context: Context, members: dict[int, int], clock: SimulatedClock
) -> None:
    a_month(context, members, "old", clock.now())
    later(context, clock, 500)
    for _ in range(9):
        housekeeping.tend(context, NOTHING)  # nothing was rolled up
    with context.store.read() as connection:
        assert "news/old" in items(connection)


def test_days_of_long_ago_become_months_and_add_up_to_the_same(
    context: Context, clock: SimulatedClock
) -> None:
    with context.store.write() as connection:
        for back in range(800):
            at = clock.now() - timedelta(days=back)
            daily.add(connection, at, Kind.VISIT, "course:a", number=back)
        before = daily.total(connection, Kind.VISIT)
    housekeeping.finish(context, NOTHING)
    with context.store.read() as connection:
        assert daily.total(connection, Kind.VISIT) == before
        found = [row["day"] for row in daily.sums(connection, kinds=[Kind.VISIT])]
    limit = (clock.now() - timedelta(days=400)).date().replace(day=1)
    assert {day.day for day in found if day < limit} == {1}
    assert len(found) < 450


def test_the_text_of_events_and_networks_go_before_the_rows(
    context: Context, members: dict[int, int], clock: SimulatedClock
) -> None:
    a_month(context, members, "old", clock.now())
    with context.store.write() as connection:
        row = {
            "subscriber_id": 1,
            "purpose": "course:alpha",
            "source": "form",
            "note": "yes",
            "network": "192.0.2.0",
            "requested_at": clock.now(),
        }
        evidence.add_all(connection, [row, {**row, "requested_at": clock.now() + years.MONTH}])
    later(context, clock, 370)
    housekeeping.finish(context, NOTHING)
    with context.store.read() as connection:
        raws = connection.exec_driver_sql("SELECT count(*), count(raw) FROM events").one()
        kept = connection.execute(select(consents.c.network, consents.c.note)).all()
    assert tuple(raws) == (years.PEOPLE + 1, 0)
    assert sorted(tuple(row) for row in kept) == [("", "yes"), ("192.0.2.0", "yes")]


def test_texts_that_are_sent_named_or_the_newest_of_their_lesson_stay(
    context: Context, members: dict[int, int], clock: SimulatedClock
) -> None:
    def save(connection: Connection, letter: str, at: datetime) -> None:
        texts.save(
            connection, letter * 64, b"x", kind="lesson", collection="c", item="i", title="", now=at
        )

    a_month(context, members, "old", clock.now())
    with context.store.write() as connection:
        for letter, day in (("b", 0), ("c", 1), ("d", 2), ("e", 3)):
            save(connection, letter, clock.now() + timedelta(days=day))
    clock.sleep(300 * 86_400)
    with context.store.write() as connection:
        before = clock.now() - timedelta(days=90)
        unused = retention.unused_texts(connection, before=before, keep={"c" * 64})
        assert retention.blank_texts(connection, unused) == 2
        bodies = connection.execute(select(contents.c.hash).where(contents.c.body != b""))
        assert {row[0] for row in bodies.scalars()} == {"a", "c", "e"}
        with pytest.raises(KeyError):
            texts.load(connection, "b" * 64)
        save(connection, "b", clock.now())  # somebody takes the change back
        assert texts.load(connection, "b" * 64) == b"x"


def test_issues_can_be_known_to_be_folded(
    context: Context, members: dict[int, int], clock: SimulatedClock
) -> None:
    a_month(context, members, "old", clock.now())
    later(context, clock, 500)
    housekeeping.finish(context, NOTHING)
    with context.store.read() as connection:
        row = issues.find(connection, "news", "old")
    assert row is not None
    assert row["folded_at"] == clock.now()
