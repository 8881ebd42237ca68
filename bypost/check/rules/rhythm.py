"""When the lessons of a course go out, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.check.sample import Sample, Series
from bypost.model.course import Course, Lesson
from scheduler.cadence import AtOnce, due_at

#: Days after which people have forgotten what a course was about.
LONGEST_GAP = 14

CADENCE = Rule(
    id="cadence",
    level=Level.WARNING,
    title="A rhythm that is too fast, too slow, or meets a weekend",
    why="Two mails of a course at the same moment compete with each other, and the second is "
    f"often left unread. After more than {LONGEST_GAP} days without one, people have forgotten "
    "that they asked, and take the next for unwanted mail. And a lesson that goes out at a "
    "weekend whenever one began, while the others come on weekdays, is as a rule an oversight. A "
    "welcome `at once` is right; a course that keeps to weekends throughout is taken at its word.",
    fix="Give the second mail a delay of a day, shorten a long wait or write a mail for the middle "
    "of it, and choose a weekday.",
    source="Good practice; the limit of 14 days is this product's own",
    bad="delay: at once   (in the second lesson)",
    good="delay: 1 weekday",
)

RULES = (CADENCE,)

#: A course begun on each day of a week, at noon.
_STARTS = 7
_SATURDAY = 5


def cadence(series: Series) -> Iterator[Finding]:
    """Two mails in one moment, long silences, and single lessons at weekends."""
    course = series.of
    if not isinstance(course, Course) or not series.samples:
        return
    samples = {it.item.id: it for it in series.samples}
    began, *dates = _dates(course, series.samples[0].around.now.date())
    keeps_weekends = all(_at_weekends(days) for days in dates[1:])
    before: Lesson | None = None
    for lesson, days in zip(course.lessons, dates, strict=True):
        if sample := samples.get(lesson.id):
            yield from _distance(sample, lesson, before, began, days)
            if before and _at_weekends(days) and not keeps_weekends:
                yield sample.finding(
                    CADENCE,
                    "goes out at a weekend whenever somebody began; others come on weekdays",
                    "choose a weekday for its delay or its window",
                    line=sample.line("delay"),
                )
        before, began = lesson, days


def _distance(
    sample: Sample,
    lesson: Lesson,
    before: Lesson | None,
    earlier: Sequence[date],
    days: Sequence[date],
) -> Iterator[Finding]:
    """What is wrong with the time since the lesson before, or since the beginning."""
    if lesson.not_before:
        return  # it waits for a date: how long, depends on when somebody began
    if before and isinstance(lesson.delay, AtOnce):
        yield sample.finding(
            CADENCE,
            f"goes out in the same moment as `{before.id}`",
            "write `delay: 1 day`, or make one mail of the two",
            line=sample.line("delay"),
        )
    shortest = min((day - since).days for since, day in zip(earlier, days, strict=True))
    if shortest > LONGEST_GAP:
        since = f"`{before.id}`" if before else "somebody began"
        yield sample.finding(
            CADENCE,
            f"comes at least {shortest} days after {since}",
            f"wait {LONGEST_GAP} days at most, or write a mail for the middle",
            line=sample.line("delay"),
        )


def _dates(course: Course, today: date) -> list[list[date]]:
    """Return the dates of a course begun on each day of a week: the beginning, then each lesson.

    Dates that a window skips are left out of account: they are this year's.
    """
    zone = ZoneInfo(course.time_zone)
    noon = datetime.combine(today, time(12), zone).astimezone(UTC)
    last = [noon + timedelta(days=ahead) for ahead in range(_STARTS)]
    found = [_local(last, zone)]
    for lesson in course.lessons:
        window = replace(lesson.window or course.window, skip=frozenset())
        last = [
            due_at(lesson.delay, last=at, zone=zone, hour=course.hour, window=window) for at in last
        ]
        found.append(_local(last, zone))
    return found


def _local(instants: Sequence[datetime], zone: ZoneInfo) -> list[date]:
    return [at.astimezone(zone).date() for at in instants]


def _at_weekends(days: Sequence[date]) -> bool:
    return all(day.weekday() >= _SATURDAY for day in days)


SERIES_CHECKS = (cadence,)
