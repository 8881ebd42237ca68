"""The forecast says what then happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

from sqlalchemy import func, insert, select, update

from bypost.delivery import backlog
from bypost.delivery.backlog import Allowed
from bypost.delivery.context import Context
from bypost.delivery.forecast import Forecast, forecast
from bypost.delivery.rehearsal import Rehearsal
from bypost.people import pace
from bypost.project import open_rehearsal
from bypost.store import Connection, Row, enrollments, subscribers, suppressions
from bypost.store.schema import batches, holds
from scheduler.pacing import Ramp, Rate
from tests.conftest import write_course, write_people

ZONES = (
    *("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"),
    *("Pacific/Auckland", "America/St_Johns", ""),
)
#: Clocks go forward in Berlin on 28 March 2027, and back in Auckland and Lord Howe on 4 April.
START = datetime(2027, 3, 21, 10, 20, tzinfo=UTC)
DAYS = 14
ISSUE = """\
---
id: {id}
subject: The subject of {id}
preheader: A preheader that is long enough to be taken for one by the checks
status: ready
date: {date}
---
# Title of {id}

Hello, this is {id}.
"""


def write_newsletter(root: Path, **dates: str) -> None:
    folder = root / "newsletters" / "notes"
    folder.mkdir(parents=True)
    text = 'title = "Notes"\nsummary = "A newsletter for tests."\nhour = "08:30"\n'
    (folder / "newsletter.toml").write_text(text, encoding="utf-8")
    for name, date in dates.items():
        (folder / f"{date[:10]}-{name}.md").write_text(
            ISSUE.format(id=name, date=date), encoding="utf-8"
        )


def write_crowd(root: Path, count: int) -> None:
    """People of many zones and hours, on one course, both, and on the newsletter or not."""
    zones, hours = cycle(ZONES), cycle(("", "06:15", ""))
    courses = cycle(("letters", "letters grammar", "grammar", "letters"))
    notes = cycle(("notes", ""))
    write_people(
        root,
        *(
            f"p{i}@example.org,Person {i},{next(zones)},{next(hours)},{next(courses)},{next(notes)}"
            for i in range(count)
        ),
        header="email,name,time_zone,hour,courses,newsletters",
    )


@contextmanager
def rehearsing(root: Path, folder: Path, start: datetime = START) -> Iterator[Rehearsal]:
    """A rehearsal after its first pass."""
    folder.mkdir()
    with open_rehearsal(root, folder, start=start) as context:
        first = Rehearsal(context)
        first.start()
        yield Rehearsal(context, csv=False)


def told(found: Forecast) -> Counter[datetime]:
    return Counter({hour.at: hour.due for hour in found.hours if hour.due})


def happened(rehearsal: Rehearsal, until: datetime) -> Counter[datetime]:
    last = max((int(one.ref.rpartition("-")[2]) for one in rehearsal.sent()), default=0)
    rehearsal.run(until)
    sent = rehearsal.sent(after=last)
    return Counter(backlog.floor(one.at) for one in sent if one.at < until)


def agree(rehearsal: Rehearsal) -> Forecast:
    found = forecast(rehearsal.context, DAYS)
    assert told(found) == happened(rehearsal, found.until)
    return found


def test_every_hour_of_two_weeks_and_a_clock_change_comes_as_it_was_told(
    empty_project: Path, tmp_path: Path
) -> None:
    write_course(
        empty_project, "letters", ("at once", "1 day", "2 days", "1 weekday", "weekly on monday")
    )
    write_course(
        empty_project, "grammar", ("at once", "1 weekday", "at once", "twice a week"), hour="07:15"
    )
    write_newsletter(
        empty_project, local="2027-03-29", instant="2027-03-31T09:00:00+02:00", over="2027-03-01"
    )
    write_crowd(empty_project, 240)
    with rehearsing(empty_project, tmp_path / "r") as rehearsal:
        found = agree(rehearsal)
    assert found.due >= 900
    assert sum(day.issues for day in found.days) == 240


def test_people_on_every_kind_of_way_come_as_told(empty_project: Path, tmp_path: Path) -> None:
    write_course(
        empty_project, "letters", ("at once", "1 day", "2 days", "1 weekday", "weekly on monday")
    )
    write_newsletter(empty_project, local="2027-03-29")
    write_crowd(empty_project, 120)
    with rehearsing(empty_project, tmp_path / "r") as rehearsal:
        context = rehearsal.context
        rehearsal.run(START + timedelta(days=4, hours=3))
        now = context.clock.now()
        with context.store.write() as connection:
            runs = enrollments.of_subscribers(connection, range(1, 121))
            for number, run in enumerate(runs):
                change_somehow(context, connection, run, number % 9, now)
            hold = {"scope": "subscriber", "name": "", "ended_at": None, "reason": ""}
            ends = now + timedelta(days=2)
            rows = [
                {**hold, "subscriber_id": who, "since": now, "until": until}
                for who, until in ((5, None), (6, ends), (7, ends + timedelta(days=1)))
            ]
            connection.execute(insert(holds), rows)
        agree(rehearsal)


def change_somehow(
    context: Context, connection: Connection, run: Row, kind: int, now: datetime
) -> None:
    """Let one person pause, hurry, ask, leave, bounce or choose another rhythm."""
    person = subscribers.by_id(connection, run["subscriber_id"])
    assert person is not None
    match kind:
        case 0:
            pace.pause(connection, run, weeks=1, now=now)
        case 1:
            pace.set_pace(connection, run, pace="7 days", now=now)
        case 2:
            wish = {"asked_next_at": now, "asked_keeps": True, "next_due": now}
            enrollments.change(connection, run["id"], wish)
        case 3:
            enrollments.change(connection, run["id"], {"asked_next_at": now, "next_due": now})
        case 4:
            enrollments.leave(connection, run["id"], now)
        case 5:
            gone = context.address_hash(person["email_key"])
            scope = "course:letters" if run["id"] % 2 else "all"
            suppressions.add(connection, gone, reason="left", scope=scope, now=now)
        case 6:
            enrollments.change(connection, run["id"], {"next_due": run["started_at"]})


def test_a_batch_that_waits_is_told_for_when_it_is_tried(
    empty_project: Path, tmp_path: Path
) -> None:
    write_course(empty_project, "letters", ("at once", "1 day", "1 day"))
    write_crowd(empty_project, 20)
    with rehearsing(empty_project, tmp_path / "r") as rehearsal:
        context = rehearsal.context
        rehearsal.run(START + timedelta(hours=2))
        with context.store.write() as connection:
            later = context.clock.now() + timedelta(hours=3)
            fresh = {"state": "pending", "accepted_at": None, "accepted": 0, "lease_until": None}
            last = select(func.max(batches.c.id)).scalar_subquery()
            waits = update(batches).where(batches.c.id == last)
            connection.execute(waits.values({**fresh, "next_try": later}))
        found = forecast(context, DAYS)
        before = len(rehearsal.sent())
        rehearsal.run(found.until)
        again = [one for one in rehearsal.sent() if one.at > later - timedelta(seconds=1)]
        assert len(rehearsal.sent()) > before
        assert told(found) == Counter(backlog.floor(one.at) for one in again)


def test_a_lesson_and_an_issue_on_one_day_are_a_collision(
    empty_project: Path, tmp_path: Path
) -> None:
    write_course(empty_project, "letters", ("at once", "1 day", "1 day"))
    write_newsletter(empty_project, local="2027-03-23")
    write_people(
        empty_project,
        "both@example.org,,Asia/Tokyo,letters,notes",
        "one@example.org,,Asia/Tokyo,letters,",
        header="email,name,time_zone,courses,newsletters",
    )
    with rehearsing(empty_project, tmp_path / "r") as rehearsal:
        (clash,) = forecast(rehearsal.context, DAYS).clashes
    assert clash.day.isoformat() == "2027-03-23"
    assert clash.mails == ("letters/three", "notes/local")
    assert (clash.people, clash.examples) == (1, ["both@example.org"])


def days_of(due: dict[int, int], rate: Rate, used: int = 0) -> list[tuple[int, int]]:
    """Mails due by hour from midnight on -> what leaves and what waits, by hour."""
    start = datetime(2027, 3, 21, tzinfo=UTC)
    allowed = Allowed(rate=rate, used_today=used, batch=10)
    wanted = {start + timedelta(hours=hour): number for hour, number in due.items()}
    until = start + timedelta(days=1)
    return [
        (hour.leaves, hour.waiting)
        for hour in backlog.hours(wanted, allowed, now=start, until=until)
    ]


def test_what_a_day_does_not_allow_leaves_on_the_next() -> None:
    found = days_of({9: 100}, Rate(per_day=60), used=20)
    assert found[9] == (40, 60)
    assert found[23] == (0, 60)
    assert found[24] == (60, 0)
    assert len(found) == 25


def test_a_growing_limit_is_followed_until_nothing_waits() -> None:
    ramp = Ramp(start=START.date(), first=10, growth=2)
    found = days_of({0: 100}, Rate(ramp=ramp))
    assert [found[24 * day][0] for day in range(4)] == [10, 20, 40, 30]


def test_the_rate_spreads_an_hour() -> None:
    # 0.001 requests of 10 mails a second are 36 mails an hour.
    found = days_of({9: 100}, Rate(per_second=0.001))
    assert found[9:13] == [(36, 64), (36, 28), (28, 0), (0, 0)]


def test_a_day_says_when_what_waits_has_left(empty_project: Path, tmp_path: Path) -> None:
    write_course(empty_project, "letters", ("at once", "1 day"))
    write_people(empty_project, *(f"p{i}@example.org,,Europe/Berlin" for i in range(25)))
    with rehearsing(empty_project, tmp_path / "r") as rehearsal:
        slow = replace(rehearsal.context, rates={"outbox": Rate(per_day=10)})
        found = forecast(slow, DAYS)
    over = [day for day in found.days if day.waiting]
    assert over[0].through == datetime(2027, 3, 24, 1, tzinfo=UTC)
    assert sum(day.leaves for day in found.days) == found.due
    assert [day.leaves for day in found.days[:4]] == [0, 10, 10, 5]
