"""An inbox over time: what one persona has in it on each day of a course, as a phone shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bypost.check.graphemes import shorten
from bypost.content.loader import Library
from bypost.model.content import full_name
from bypost.model.course import Kind
from scheduler.window import EVERY_DAY, WEEKDAY_NAMES, Window

if TYPE_CHECKING:  # it brings the store along, which pages that show phones do not need
    from bypost.delivery.rehearsal import Sent

_SATURDAY = 5
#: Templates put such a run after the preheader, so that nothing of the text is shown behind it.
_PADDING = re.compile("[\u034f\u200b\u200c\u2007\ufeff\u00a0\\s]{8,}")
#: Graphemes of a mail's beginning that are looked at; no inbox shows more.
_MOST = 200


@dataclass(frozen=True, slots=True)
class Phone:
    """How much of a mail an inbox shows, in graphemes."""

    key: str
    name: str
    subject: int
    preheader: int


#: Measured by senders on an upright iPhone 14 and a Pixel 7 (2026-11); letters differ in width,
#: so these are rough, and the preheaders of Gmail rougher still.
PHONES = (
    Phone("gmail-android", "Gmail on Android", 33, 40),
    Phone("gmail-iphone", "Gmail on an iPhone", 37, 40),
    Phone("apple-mail", "Apple Mail on an iPhone", 48, 99),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What an inbox shows of a mail, uncut."""

    sender: str
    subject: str
    preheader: str

    def on(self, phone: Phone) -> Head:
        """Return the same as ``phone`` cuts it."""
        return Head(
            sender=self.sender,
            subject=shorten(self.subject, phone.subject),
            preheader=shorten(self.preheader, phone.preheader),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One mail in the inbox.

    Attributes:
        name: ``course/lesson`` or ``newsletter/issue``: the same in every rehearsal.
        day: Days since the persona joined, by their own calendar.
        at: In the persona's zone.
        weekend: It comes on a Saturday or Sunday of theirs.
        quiet: The window it comes outside of, in words; empty where it comes inside.
    """

    name: str
    kind: str
    collection: str
    day: int
    at: datetime
    head: Head
    weekend: bool
    quiet: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the slider; ``mails`` come on it."""

    number: int
    date: date
    weekend: bool
    mails: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Everything that reaches a persona, oldest first.

    Attributes:
        joined: When they confirmed, in their zone; the day of it is day 0.
        arrivals: Oldest first.
        ended: Whether every course came to its end within the time looked at.
    """

    joined: datetime
    arrivals: tuple[Arrival, ...] = ()
    ended: bool = True

    @property
    def last(self) -> int:
        """Return the day of the last mail; 0 where there is none."""
        return max((arrival.day for arrival in self.arrivals), default=0)

    def day(self, number: int) -> Day:
        """Return a day of the slider."""
        on = self.joined.date() + timedelta(days=number)
        mails = sum(arrival.day == number for arrival in self.arrivals)
        return Day(number, on, is_weekend(on), mails)

    def days(self) -> list[Day]:
        """Return every day from the first to the last."""
        return [self.day(number) for number in range(self.last + 1)]

    def until(self, day: int) -> list[Arrival]:
        """Return the inbox at the end of ``day``, newest on top."""
        return [arrival for arrival in self.arrivals if arrival.day <= day][::-1]

    def of_course(self, course: str) -> Timeline:
        """Return the same with the lessons of one course alone; issues stay."""
        kept = [it for it in self.arrivals if it.kind != Kind.LESSON or it.collection == course]
        return replace(self, arrivals=tuple(kept))


def timeline(
    sent: Iterable[Sent],
    heads: Mapping[str, Head],
    library: Library,
    *,
    joined: datetime,
    ended: bool = True,
) -> Timeline:
    """Return the inbox of one persona from what a rehearsal sent them.

    Args:
        sent: Their mails, oldest first.
        heads: Reference -> what an inbox shows of that mail.
        library: The content that was rehearsed; its windows say what is quiet.
        joined: In the persona's zone.
        ended: Whether every course came to its end.
    """
    windows = _windows(library)
    arrivals = []
    for mail in sent:
        name = full_name(mail.collection, mail.item)
        at = mail.at.astimezone(joined.tzinfo)
        window = windows.get(name)
        arrivals.append(
            Arrival(
                name=name,
                kind=mail.kind,
                collection=mail.collection,
                day=(at.date() - joined.date()).days,
                at=at,
                head=heads[mail.ref],
                weekend=is_weekend(at.date()),
                quiet=window_words(window) if window and _is_closed(window, at) else "",
            )
        )
    return Timeline(joined=joined, arrivals=tuple(arrivals), ended=ended)


def beginning(html: str) -> str:
    """Return what an inbox shows after the subject: the preheader, or how the text begins."""
    from selectolax.lexbor import LexborHTMLParser  # pages that show phones do without

    body = LexborHTMLParser(html).body
    for unseen in body.css("style, script, title") if body else ():
        unseen.decompose()
    text = body.text(separator=" ") if body else ""
    before = _PADDING.split(text.lstrip(), maxsplit=1)[0]
    return shorten(" ".join(before.split()), _MOST) if before else ""


def is_weekend(day: date) -> bool:
    """Tell whether a day is a Saturday or a Sunday."""
    return day.weekday() >= _SATURDAY


def window_words(window: Window) -> str:
    """Return a window in words, e.g. "07:00 to 21:00, Monday to Friday"."""
    end = "24:00" if window.end.microsecond else f"{window.end:%H:%M}"
    hours = f"{window.start:%H:%M} to {end}"
    if window.weekdays == EVERY_DAY:
        return hours
    if window.weekdays == frozenset(range(_SATURDAY)):
        return f"{hours}, Monday to Friday"
    names = [WEEKDAY_NAMES[day].title() for day in sorted(window.weekdays)]
    return f"{hours}, {', '.join(names)}"


def _is_closed(window: Window, at: datetime) -> bool:
    zone = at.tzinfo
    return isinstance(zone, ZoneInfo) and not window.is_open(at, zone)


def _windows(library: Library) -> dict[str, Window]:
    """Return the window of each mail by its name.

    An issue has none of its own; where there is one course, its hours are the quiet people expect.
    """
    windows = {
        full_name(course.id, lesson.id): lesson.window or course.window
        for course in library.courses
        for lesson in course.lessons
    }
    if len(library.courses) == 1:
        quiet = library.courses[0].window
        windows |= {
            full_name(newsletter.id, issue.id): quiet
            for newsletter in library.newsletters
            for issue in newsletter.issues
        }
    return windows
