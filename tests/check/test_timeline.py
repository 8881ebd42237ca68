"""The inbox of one persona: which day a mail comes on, how it is cut, what is quiet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bypost.check.timeline import PHONES, Head, Timeline, beginning, timeline
from bypost.content.loader import Library, load_project_content
from bypost.delivery.rehearsal import Sent

CHATHAM = ZoneInfo("Pacific/Chatham")
#: A Friday there.
JOINED = datetime(2026, 11, 27, 10, tzinfo=CHATHAM)
HEAD = Head(sender="Clarity Notes", subject="S" * 60, preheader="P" * 120)


def sent(at: datetime, item: str = "welcome", collection: str = "baking") -> Sent:
    return Sent(
        ref=f"t-{item}",
        at=at,
        subscriber_id=1,
        email="tui@example.org",
        name="Tui",
        zone="Pacific/Chatham",
        kind="lesson" if collection == "baking" else "issue",
        collection=collection,
        item=item,
        title=item.title(),
    )


@pytest.fixture
def library(tmp_path: Path) -> Library:
    course = tmp_path / "lessons" / "baking"
    course.mkdir(parents=True)
    window = '[window]\nstart = "07:00"\nend = "21:00"\n'
    (course / "course.toml").write_text(f'title = "Baking"\nsummary = "Bread."\n{window}')
    for number, (name, more) in enumerate(
        [
            ("welcome", "delay: at once"),
            ("dough", "delay: 1 day"),
            ("late", 'delay: 1 day\nwindow: {start: "22:00", end: "24:00"}'),
        ]
    ):
        front = f"id: {name}\nsubject: About {name}\npreheader: What {name} is\n{more}"
        (course / f"{number:02d}-{name}.md").write_text(f"---\n{front}\n---\n\nText.\n")
    return load_project_content(tmp_path)


def inbox(library: Library, *mails: Sent) -> Timeline:
    assert not library.broken, library.broken
    return timeline(mails, {mail.ref: HEAD for mail in mails}, library, joined=JOINED)


def test_days_are_those_of_the_personas_own_calendar(library: Library) -> None:
    # 23:00 on Friday and 00:30 on Saturday in Chatham; one and the same day in UTC.
    first = sent(datetime(2026, 11, 27, 9, 15, tzinfo=UTC))
    second = sent(datetime(2026, 11, 27, 10, 45, tzinfo=UTC), "dough")
    found = inbox(library, first, second).arrivals
    assert [one.day for one in found] == [0, 1]
    assert [f"{one.at:%a %H:%M}" for one in found] == ["Fri 23:00", "Sat 00:30"]


def test_a_weekend_is_told_by_the_personas_own_calendar(library: Library) -> None:
    friday = sent(datetime(2026, 11, 27, 9, 15, tzinfo=UTC))
    saturday = sent(datetime(2026, 11, 27, 10, 45, tzinfo=UTC), "dough")
    assert [one.weekend for one in inbox(library, friday, saturday).arrivals] == [False, True]


def test_what_comes_outside_the_window_is_marked_with_the_window(library: Library) -> None:
    night = sent(JOINED.replace(hour=23))
    morning = sent(JOINED.replace(day=28, hour=7), "dough")
    assert [one.quiet for one in inbox(library, night, morning).arrivals] == ["07:00 to 21:00", ""]


def test_a_lessons_own_window_counts_and_not_its_courses(library: Library) -> None:
    night = sent(JOINED.replace(hour=23), "late")
    noon = sent(JOINED.replace(day=28, hour=12), "late")
    assert [one.quiet for one in inbox(library, night, noon).arrivals] == ["", "22:00 to 24:00"]


def test_the_inbox_of_a_day_holds_what_came_until_then_newest_on_top(library: Library) -> None:
    line = inbox(
        library,
        sent(JOINED),
        sent(JOINED.replace(day=28), "dough"),
        sent(JOINED.replace(day=30), "late"),
    )
    assert [one.name for one in line.until(2)] == ["baking/dough", "baking/welcome"]
    assert line.last == 3
    assert [day.mails for day in line.days()] == [1, 1, 0, 1]
    assert [day.weekend for day in line.days()] == [False, True, True, False]


def test_a_timeline_without_mails_has_its_first_day(library: Library) -> None:
    line = inbox(library)
    assert line.last == 0
    assert line.until(5) == []
    assert len(line.days()) == 1


def test_one_course_can_be_looked_at_alone_with_the_issues_between(library: Library) -> None:
    line = inbox(
        library,
        sent(JOINED),
        replace(sent(JOINED, "first", "cooking"), kind="lesson"),
        sent(JOINED.replace(day=28), "news/first", "news"),
    )
    assert [one.name for one in line.of_course("baking").arrivals] == [
        "baking/welcome",
        "news/first",
    ]


@pytest.mark.parametrize(
    ("key", "subject", "preheader"),
    [("gmail-android", 33, 40), ("gmail-iphone", 37, 40), ("apple-mail", 48, 99)],
)
def test_each_phone_cuts_at_its_own_place(key: str, subject: int, preheader: int) -> None:
    (phone,) = [one for one in PHONES if one.key == key]
    cut = HEAD.on(phone)
    assert (len(cut.subject), len(cut.preheader)) == (subject, preheader)
    assert cut.subject.endswith("…")
    assert cut.sender == HEAD.sender


def test_an_inbox_shows_the_preheader_and_nothing_behind_its_padding() -> None:
    padding = "&#847;&zwnj;&nbsp;" * 60
    html = f"<head><title>T</title></head><body><div>In\n short{padding}</div><h1>Dear</h1></body>"
    assert beginning(html) == "In short"


def test_without_a_preheader_the_inbox_shows_how_the_text_begins() -> None:
    html = "<body><style>p {}</style><div> </div><h1>Dear reader,</h1><p>this is it.</p></body>"
    assert beginning(html) == "Dear reader, this is it."
