"""What an operator holds back: nobody loses a place, and nobody is flooded when it goes on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from bypost.delivery import holds, notices
from bypost.delivery.context import Context
from bypost.delivery.holds import Scope
from bypost.delivery.pause import Target, pause, resume
from bypost.delivery.run import Pass
from bypost.model.message import Key
from bypost.people import pace
from bypost.people.resend import resend
from bypost.store import Row, counts, enrollments, ledger, subscribers
from bypost.store.schema import subscribers as people_table
from bypost.testing import ending
from scheduler.clock import SimulatedClock
from tests.conftest import MONDAY
from tests.delivery.stage import Stage, Theatre, crash_at

Open = Callable[..., Context]
BERLIN = ZoneInfo("Europe/Berlin")
COURSE = Target(scope=Scope.COURSE, name="letters")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEY = Key(lifetime=DAY)
ZONES = ("Europe/Berlin", "Asia/Tokyo", "America/Lima", "Asia/Kolkata", "")


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def sent(context: Context) -> list[Row]:
    with context.store.read() as connection:
        return list(counts.timeline(connection))


def instants(context: Context, item: str, email: str = "p0@example.org") -> list[datetime]:
    return [r["accepted_at"] for r in sent(context) if (r["item"], r["email"]) == (item, email)]


def go_through(context: Context, clock: SimulatedClock, until: datetime) -> None:
    """Make a pass whenever something falls due."""
    one = Pass(context, csv=False)
    one.run()
    while (at := one.next_at()) is not None and at <= until:
        clock.advance_to(max(at, clock.now()))
        one.run()
    clock.advance_to(until)
    one.run()


@pytest.fixture
def context(project: Path, open_context: Open) -> Context:
    """Three lessons, at 9 o'clock; five people in Berlin who have had the first."""
    found = open_context(project)
    Pass(found).run()
    return found


def person(context: Context, email: str = "p0@example.org") -> Target:
    with context.store.read() as connection:
        row = subscribers.by_keys(connection, [email])[email]
    return Target(scope=Scope.SUBSCRIBER, name=email, subscriber_id=row["id"])


def test_a_held_course_sends_nothing_and_goes_on_where_it_was(
    context: Context, clock: SimulatedClock
) -> None:
    pause(context, COURSE, until=None, reason="a mistake in lesson two")
    go_through(context, clock, berlin("2026-12-10 15:00"))
    assert len(sent(context)) == 5
    assert resume(context, COURSE) is not None
    Pass(context).run()
    assert len(sent(context)) == 5, "in the afternoon nothing goes out"
    go_through(context, clock, berlin("2026-12-20 12:00"))
    assert instants(context, "two") == [berlin("2026-12-11 09:00")]
    assert instants(context, "three") == [berlin("2026-12-12 09:00")]


def test_what_would_be_within_the_lateness_limit_waits_for_the_hour_as_well(
    context: Context, clock: SimulatedClock
) -> None:
    pause(context, COURSE, until=None, reason="")
    clock.advance_to(berlin("2026-11-24 11:00"))
    resume(context, COURSE)
    go_through(context, clock, berlin("2026-11-25 12:00"))
    assert instants(context, "two") == [berlin("2026-11-25 09:00")]


def test_a_hold_ends_by_itself_and_so_it_does_while_nothing_runs(
    context: Context, clock: SimulatedClock
) -> None:
    pause(context, COURSE, until=berlin("2026-12-03 03:00"), reason="")
    assert Pass(context).run().next_at == berlin("2026-12-03 03:00")
    clock.advance_to(berlin("2026-12-05 14:00"))  # the machine was off since
    go_through(context, clock, berlin("2026-12-07 12:00"))
    assert instants(context, "two") == [berlin("2026-12-06 09:00")]
    assert instants(context, "three") == [berlin("2026-12-07 09:00")]


@pytest.mark.parametrize(
    ("since", "until", "first"),
    [
        ("2027-03-20 12:00", "2027-03-28 01:30", "2027-03-28 09:00"),
        ("2026-10-20 12:00", "2026-10-25 02:30", "2026-10-25 09:00"),
    ],
)
def test_a_hold_across_a_change_of_clocks_ends_at_the_hour_on_the_wall(
    project: Path, open_context: Open, clock: SimulatedClock, since: str, until: str, first: str
) -> None:
    clock = SimulatedClock(berlin(since))
    context = open_context(project)
    object.__setattr__(context, "clock", clock)
    Pass(context).run()
    pause(context, COURSE, until=berlin(until), reason="")
    go_through(context, clock, berlin(first) + DAY + HOUR)
    assert instants(context, "two") == [berlin(first)]
    assert instants(context, "three") == [(berlin(first) + DAY)]


def test_pausing_twice_is_pausing_once_with_the_last_end(context: Context) -> None:
    first, changed = pause(context, COURSE, until=None, reason="holidays")
    assert changed
    same, changed = pause(context, COURSE, until=None, reason="")
    assert (same, changed) == (first, False)
    until = MONDAY + 7 * DAY
    again, changed = pause(context, COURSE, until=until, reason="")
    assert changed
    assert (again.id, again.since, again.until, again.reason) == (
        first.id,
        first.since,
        until,
        "holidays",
    )
    assert resume(context, COURSE) is not None
    assert resume(context, COURSE) is None
    with pytest.raises(ValueError, match="2026"):
        pause(context, COURSE, until=MONDAY, reason="")


def test_another_course_goes_on(context: Context, clock: SimulatedClock) -> None:
    pause(context, Target(scope=Scope.COURSE, name="other"), until=None, reason="")
    go_through(context, clock, berlin("2026-11-25 12:00"))
    assert len(sent(context)) == 15


# People


def test_a_held_person_gets_nothing_and_everybody_else_does(
    context: Context, clock: SimulatedClock
) -> None:
    pause(context, person(context), until=None, reason="asked by phone")
    go_through(context, clock, berlin("2026-11-27 15:00"))
    assert instants(context, "two") == []
    assert instants(context, "three", "p1@example.org") == [berlin("2026-11-25 09:00")]
    resume(context, person(context))
    go_through(context, clock, berlin("2026-11-30 12:00"))
    assert instants(context, "two") == [berlin("2026-11-28 09:00")]
    assert instants(context, "three") == [berlin("2026-11-29 09:00")]


def test_a_persons_hold_that_ends_by_itself_ends_at_their_hour(
    context: Context, clock: SimulatedClock
) -> None:
    with context.store.write() as connection:
        number = person(context).subscriber_id
        assert number is not None
        subscribers.change(connection, number, {"hour": "18:00"})
        enrollments.look_again_at(connection, number)
    pause(context, person(context), until=berlin("2026-11-27 10:00"), reason="")
    go_through(context, clock, berlin("2026-11-29 20:00"))
    assert instants(context, "two") == [berlin("2026-11-27 18:00")]
    assert instants(context, "three") == [berlin("2026-11-28 18:00")]


def test_a_hold_made_longer_or_shorter_ends_at_its_last_end(
    context: Context, clock: SimulatedClock
) -> None:
    for until in ("2026-11-30", "2026-12-20", "2026-11-27"):
        pause(context, person(context), until=berlin(until), reason="")
        Pass(context).run()
    go_through(context, clock, berlin("2026-11-28 12:00"))
    assert instants(context, "two") == [berlin("2026-11-27 09:00")]


def test_a_persons_own_pause_outlasts_a_hold(context: Context, clock: SimulatedClock) -> None:
    with context.store.write() as connection:
        (run, *_) = enrollments.of_subscribers(connection, [1])
        pace.pause(connection, run, weeks=2, now=clock.now())
    pause(context, COURSE, until=berlin("2026-11-28 00:00"), reason="")
    go_through(context, clock, berlin("2026-12-10 12:00"))
    (mail,) = [row for row in sent(context) if (row["subscriber_id"], row["item"]) == (1, "two")]
    assert mail["accepted_at"] == berlin("2026-12-08 09:00")


def test_what_was_asked_for_while_it_was_held_does_not_come_in_the_night(
    context: Context, clock: SimulatedClock
) -> None:
    pause(context, COURSE, until=None, reason="")
    with context.store.write() as connection:
        (run, *_) = enrollments.of_subscribers(connection, [1])
        pace.ask_next(connection, run, after="one", most=2, now=clock.now())
    Pass(context).run()
    assert len(sent(context)) == 5
    clock.advance_to(berlin("2026-11-26 03:00"))
    resume(context, COURSE)
    go_through(context, clock, berlin("2026-11-26 12:00"))
    assert {r["accepted_at"] for r in sent(context) if r["item"] == "two"} == {
        berlin("2026-11-26 09:00")
    }


def test_notices_and_what_people_ask_to_have_again_go_out(
    context: Context, clock: SimulatedClock
) -> None:
    pause(context, COURSE, until=None, reason="")
    pause(context, person(context), until=None, reason="")
    number = person(context).subscriber_id
    assert number is not None
    clock.advance(HOUR)
    with context.store.write() as connection:
        (run, *_) = enrollments.of_subscribers(connection, [number])
        resend(
            connection,
            run,
            lesson="one",
            seen=0,
            provider=context.provider.name,
            now=clock.now(),
        )
        notices.owe(context, connection, notice="notice", subscriber_id=number, request="test:1")
    Pass(context).run()
    later = [row["item"] for row in sent(context) if row["accepted_at"] == clock.now()]
    assert "one" in later


def test_who_joins_a_held_course_is_welcomed_when_it_goes_on(
    project: Path, open_context: Open, clock: SimulatedClock
) -> None:
    context = open_context(project)
    pause(context, COURSE, until=berlin("2026-11-26 07:00"), reason="")
    Pass(context).run()
    go_through(context, clock, berlin("2026-11-27 12:00"))
    assert instants(context, "one") == [berlin("2026-11-26 09:00")]
    assert instants(context, "two") == [berlin("2026-11-27 09:00")]


# What was owed before


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Theatre:
    return Theatre(tmp_path_factory.mktemp("theatre"))


@pytest.fixture
def stage(theatre: Theatre) -> Iterator[Stage]:
    with theatre.stage(KEY, batch_size=2) as opened:
        yield opened


@pytest.mark.parametrize("label", ["owed", "leased", "built"])
def test_what_was_owed_but_never_tried_is_taken_back_until_it_goes_on(
    stage: Stage, label: str
) -> None:
    with crash_at(label):
        stage.survive()
    pause(stage.context, COURSE, until=None, reason="")
    stage.clock.advance(20 * timedelta(minutes=1))
    stage.run()
    assert (stage.provider.log, stage.numbers().pending) == ((), 0)
    stage.clock.advance(3 * HOUR)
    resume(stage.context, COURSE)
    go_through_stage(stage, 3 * DAY)
    assert stage.numbers().accepted == 6
    assert max(len(stage.provider.of(ref)) for ref in stage.refs("accepted")) == 1


def test_what_was_owed_and_waited_over_a_hold_comes_at_the_hour(stage: Stage) -> None:
    with crash_at("owed"):
        stage.survive()
    pause(stage.context, COURSE, until=None, reason="")
    stage.clock.advance(20 * timedelta(minutes=1))
    resume(stage.context, COURSE)  # no pass has looked in between
    stage.run()
    assert stage.provider.log == ()
    go_through_stage(stage, DAY)
    assert {row["accepted_at"].astimezone(BERLIN).hour for row in sent(stage.context)} == {9}


@pytest.mark.parametrize("label", ["intended", "answered"])
def test_what_may_have_been_accepted_is_repeated_while_it_is_held(stage: Stage, label: str) -> None:
    with crash_at(label):
        stage.survive()
    pause(stage.context, COURSE, until=None, reason="")
    stage.clock.advance(20 * timedelta(minutes=1))
    stage.run()
    assert stage.numbers().accepted == 2, "the one request under way came to its end"
    assert {len(stage.provider.of(ref)) for ref in stage.refs("accepted")} == {1}


def test_an_answer_that_was_lost_is_settled_while_it_is_held(stage: Stage) -> None:
    stage.provider.script.add(ending.lost(accepted=True))
    stage.run(patience=timedelta(0))
    pause(stage.context, COURSE, until=None, reason="")
    stage.clock.advance(2 * HOUR)
    stage.run()
    assert stage.numbers().unknown == 0
    assert {len(stage.provider.of(ref)) for ref in stage.refs("accepted")} == {1}


@pytest.mark.parametrize("label", ["owed", "leased", "built", "intended", "answered", "recorded"])
def test_a_pass_that_dies_after_it_goes_on_sends_nothing_twice(stage: Stage, label: str) -> None:
    stage.run()
    pause(stage.context, COURSE, until=None, reason="")
    stage.clock.advance(5 * DAY)
    stage.run()
    resume(stage.context, COURSE)
    for _ in range(3):
        stage.clock.advance(10 * HOUR)
        with crash_at(label):
            stage.survive()
    go_through_stage(stage, 4 * DAY)
    assert stage.numbers().accepted == 6
    assert {len(stage.provider.of(ref)) for ref in stage.refs("accepted")} == {1}


def go_through_stage(stage: Stage, span: timedelta) -> None:
    end = stage.clock.now() + span
    while (at := stage.run(csv=False).next_at) is not None and at <= end:
        stage.clock.advance_to(max(at, stage.clock.now() + timedelta(seconds=1)))


# Many


def test_three_weeks_on_hold_and_five_hundred_people_who_then_get_one_lesson_a_day(
    tmp_path: Path,
) -> None:
    delays = ("at once", "1 day", "1 weekday", "2 days", "1 day")
    theatre = Theatre(tmp_path, people=500, delays=delays)
    with theatre.stage(KEY, batch_size=500) as stage:
        context, clock = stage.context, stage.clock
        spread_over_zones(context)
        go_through_stage(stage, 36 * HOUR)  # some have had two lessons, some three
        pause(context, COURSE, until=None, reason="")
        since = clock.now()
        before = len(sent(context))
        for _ in range(7):
            clock.advance(3 * DAY)
            stage.run(csv=False)
        assert len(sent(context)) == before
        clock.advance(17 * timedelta(minutes=1))
        resume(context, COURSE)
        over = clock.now()
        go_through_stage(stage, 14 * DAY)
    mails = defaultdict(list)
    for row in sent(context):
        mails[row["subscriber_id"]].append(row)
    assert len(mails) == 500
    for number, theirs in mails.items():
        assert [row["item"] for row in theirs] == ["one", "two", "three", "four", "five"]
        zone = ZoneInfo(ZONES[number % len(ZONES)] or "UTC")
        after = [row["accepted_at"] for row in theirs if row["accepted_at"] > since]
        days = [at.astimezone(zone).date() for at in after]
        assert len(set(days)) == len(days), "two lessons in one window"
        assert {at.astimezone(zone).hour for at in after} <= {9}
        assert all(at > over for at in after)
        assert after[0] - over <= DAY, "the first one comes at the next opening"


def spread_over_zones(context: Context) -> None:
    table = people_table
    with context.store.write() as connection:
        for place, zone in enumerate(ZONES):
            connection.execute(
                update(table).where(table.c.id % len(ZONES) == place).values(time_zone=zone)
            )


# Newsletters

ISSUE = """\
---
id: {id}
subject: The subject of issue {id}
preheader: A preheader that is long enough to be taken for one by the checks
status: ready
{date}
---
# Issue {id}

Hello.
"""
NEWS = Target(scope=Scope.NEWSLETTER, name="news")


@pytest.fixture
def news(empty_project: Path, open_context: Open) -> Callable[..., Context]:
    """Open a project with a newsletter and people in three zones."""
    folder = empty_project / "newsletters" / "news"
    folder.mkdir(parents=True)
    (folder / "newsletter.toml").write_text('title = "News"\nsummary = "News for tests."\n')
    rows = (f"{z.partition('/')[2].lower()}@example.org,{z},news" for z in ZONES[:3])
    (empty_project / "subscribers.csv").write_text(
        "\n".join(("email,time_zone,newsletters", *rows)) + "\n"
    )

    def opening(**issues: str) -> Context:
        for name, date in issues.items():
            text = ISSUE.format(id=name, date=date)
            (folder / f"2026-11-25-{name}.md").write_text(text)
        return open_context(empty_project)

    return opening


def got(context: Context, issue: str) -> list[str]:
    names = [r["email"].partition("@")[0] for r in sent(context) if r["item"] == f"news/{issue}"]
    return sorted(names)


EVERYBODY = ["berlin", "lima", "tokyo"]


def test_issues_wait_and_those_within_the_limit_go_out_the_others_are_filed_and_named(
    news: Callable[..., Context], clock: SimulatedClock
) -> None:
    context = news(old="date: 2026-11-25T09:00:00Z", fresh="date: 2026-11-28T09:00:00Z")
    Pass(context).run()
    pause(context, NEWS, until=None, reason="")
    go_through(context, clock, datetime(2026, 11, 29, 8, tzinfo=UTC))
    assert sent(context) == []
    resume(context, NEWS)
    report = Pass(context).run()
    assert report.archived == ["news/old"]
    assert (got(context, "old"), got(context, "fresh")) == ([], EVERYBODY)
    assert Pass(context).run().archived == []


def test_a_newsletter_whose_hold_ends_by_itself_names_what_it_files(
    news: Callable[..., Context], clock: SimulatedClock
) -> None:
    context = news(old="date: 2026-11-25T09:00:00Z", fresh="date: 2026-11-28T09:00:00Z")
    pause(context, NEWS, until=datetime(2026, 11, 28, 12, tzinfo=UTC), reason="")
    assert Pass(context).run().next_at == datetime(2026, 11, 28, 12, tzinfo=UTC)
    clock.advance_to(datetime(2026, 11, 28, 13, tzinfo=UTC))  # nothing ran meanwhile
    assert Pass(context).run().archived == ["news/old"]
    assert got(context, "fresh") == EVERYBODY


def test_an_issue_sent_in_some_zones_goes_on_in_the_others(
    news: Callable[..., Context], clock: SimulatedClock
) -> None:
    context = news(half='date: 2026-11-25\nat: "09:00"')
    Pass(context).run()
    go_through(context, clock, datetime(2026, 11, 25, 1, tzinfo=UTC))
    assert got(context, "half") == ["tokyo"]
    pause(context, NEWS, until=None, reason="")
    go_through(context, clock, datetime(2026, 11, 26, 9, tzinfo=UTC))
    resume(context, NEWS)
    report = Pass(context).run()  # in Lima it was 9 o'clock 19 hours ago, in Berlin 25
    assert report.archived == ["news/half (for Europe/Berlin)"]
    assert got(context, "half") == ["lima", "tokyo"]


def test_an_issue_owed_before_the_hold_is_sent_after_it_to_the_rest(
    news: Callable[..., Context], clock: SimulatedClock
) -> None:
    context = news(one="date: 2026-11-25T09:00:00Z")
    Pass(context).run()
    clock.advance_to(datetime(2026, 11, 25, 9, tzinfo=UTC))
    with crash_at("leased"), pytest.raises(BaseException, match="leased"):
        Pass(context).run()
    pause(context, NEWS, until=None, reason="")
    clock.advance(3 * HOUR)
    report = Pass(context).run()
    assert (sent(context), report.total.pending) == ([], 0)
    clock.advance(3 * HOUR)
    resume(context, NEWS)
    Pass(context).run()
    assert got(context, "one") == EVERYBODY


def test_a_held_person_gets_what_fell_due_within_the_limit_when_they_go_on(
    news: Callable[..., Context], clock: SimulatedClock
) -> None:
    context = news(old="date: 2026-11-25T09:00:00Z", fresh="date: 2026-11-28T09:00:00Z")
    Pass(context).run()
    lima = person(context, "lima@example.org")
    until = datetime(2026, 11, 28, 18, tzinfo=UTC)
    pause(context, lima, until=until, reason="")
    go_through(context, clock, until - HOUR)
    assert got(context, "old") == got(context, "fresh") == ["berlin", "tokyo"]
    clock.advance(2 * HOUR)
    Pass(context).run()
    assert (got(context, "old"), got(context, "fresh")) == (["berlin", "tokyo"], EVERYBODY)


# What others are told


def test_what_is_held_is_told_with_its_reason(context: Context, clock: SimulatedClock) -> None:
    pause(context, COURSE, until=MONDAY + DAY, reason="a mistake")
    pause(context, person(context), until=None, reason="")
    with context.store.read() as connection:
        told = holds.told(connection, clock.now())
        later = holds.told(connection, MONDAY + DAY)
    assert [(one["scope"], one["name"], one["until"], one["reason"]) for one in told] == [
        ("course", "letters", MONDAY + DAY, "a mistake"),
        ("subscriber", "p0@example.org", None, ""),
    ]
    assert [one["scope"] for one in later] == ["subscriber"]


def test_a_lesson_that_is_held_keeps_its_place_in_the_ledger(context: Context) -> None:
    pause(context, COURSE, until=None, reason="")
    with context.store.read() as connection:
        past = ledger.history(connection, [1])[1]
    assert [row["item"] for row in past] == ["one"]
