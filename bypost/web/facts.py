"""What the page of a course says of it: how many lessons, over how many days, how long each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bypost.model.course import Course, Lesson
from bypost.web.when import zone_of
from scheduler.cadence import AtOnce, Cadence, TwiceAWeek, Weekly, due_at
from scheduler.window import WEEKDAY_NAMES

#: A course begun on each day of a week: weekends and windows move its end.
_STARTS = 7
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One lesson in the list.

    Attributes:
        number: Counted as the mails count: the first is the welcome, number 0.
        when: After which time it comes, e.g. "two weekdays later".
        about: One line of what is in it.
    """

    number: int
    id: str
    title: str
    about: str
    when: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Numbers of a course.

    Attributes:
        lessons: How many follow the welcome; the welcome too where nothing follows.
        days: From the welcome to the last lesson, shortest and longest; None where a lesson's
            window never opens.
        minutes: Of reading a lesson, shortest and longest.
    """

    lines: Sequence[Line]
    lessons: int
    days: tuple[int, int] | None
    minutes: tuple[int, int]

    @property
    def in_words(self) -> str:
        """Return "5 lessons over 11 to 13 days, 3 to 5 minutes each"."""
        lessons = _count(self.lessons, "lesson")
        over = f" over {_range(self.days, 'day')}" if self.days and self.days[1] else ""
        return f"{lessons}{over}, {_range(self.minutes, 'minute')} each"


def lessons_of(course: Course, on: date) -> list[Lesson]:
    """Return the lessons that somebody who begins on ``on`` would get."""
    return [one for one in course.lessons if not (one.expires and one.expires <= on)]


def days_of(course: Course, now: datetime) -> tuple[int, int] | None:
    """Return the fewest and most days from the first lesson to the last, begun in this week."""
    zone = zone_of(course.time_zone)
    found = []
    for ahead in range(_STARTS):
        day = now.astimezone(zone).date() + timedelta(days=ahead)
        at = begun = datetime.combine(day, time(12), zone).astimezone(UTC)
        try:
            for lesson in lessons_of(course, day)[1:]:
                at = due_at(
                    lesson.delay,
                    last=at,
                    zone=zone,
                    hour=course.hour,
                    window=lesson.window or course.window,
                    not_before=lesson.not_before,
                )
        except ValueError:  # no opening within a year
            return None
        found.append((at.astimezone(zone).date() - begun.astimezone(zone).date()).days)
    return min(found), max(found)


def later(cadence: Cadence) -> str:
    """Return when a lesson comes, counted from the one before: "two weekdays later"."""
    match cadence:
        case AtOnce():
            return "at once"
        case Weekly(weekday):
            return f"the {WEEKDAY_NAMES[weekday].capitalize()} after"
        case TwiceAWeek():
            return "the Monday or Thursday after"
    number, _, unit = str(cadence).partition(" ")
    spelled = _NUMBERS[int(number)] if int(number) < len(_NUMBERS) else number
    return f"{spelled} {unit} later"


def minutes_of(lines: Sequence[Line]) -> tuple[int, int]:
    """Return the shortest and longest reading time of the lessons; the welcome is not one."""
    reading = [line.minutes for line in lines[1:] or lines] or [1]
    return min(reading), max(reading)


def _range(pair: tuple[int, int], unit: str) -> str:
    least, most = pair
    return _count(most, unit) if least == most else f"{least} to {_count(most, unit)}"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
