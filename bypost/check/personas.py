"""What a persona's slots are filled with: the values a subscriber like them would have."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bypost.check.sample_links import sample_links
from bypost.content.personas import Persona
from bypost.delivery.next_lesson import date_text, when_text
from bypost.model.content import Values
from bypost.model.course import Course, Lesson
from scheduler.cadence import due_at
from scheduler.window import WEEKDAY_NAMES

#: Stand in where a project has no ``personas.toml``: somebody, and somebody who gave no name.
SAMPLES = (
    Persona(key="with-name", name="Anna Example", email="anna@example.org"),
    Persona(key="no-name", email="reader@example.org"),
)


def values_for(
    persona: Persona,
    *,
    now: datetime,
    base_url: str,
    attributes: Collection[str] = (),
    course: Course | None = None,
    lesson: Lesson | None = None,
    next_title: str = "",
) -> Values:
    """Return what the slots of one mail are filled with for ``persona``.

    Args:
        persona: Who gets it.
        now: The instant at which it goes out, aware.
        base_url: Where the site is, without a slash at the end.
        attributes: All known attribute names; those the persona lacks are empty.
        course: The lesson's course; None for an issue or a notice.
        lesson: The lesson; None for an issue or a notice.
        next_title: Heading of the lesson after it; empty for that lesson's subject.
    """
    began = (now - timedelta(days=persona.joined_days)).astimezone(ZoneInfo(persona.time_zone))
    values: dict[str, Mapping[str, str]] = {
        "subscriber": {
            **dict.fromkeys(attributes, ""),
            **persona.attributes,
            "name": persona.name,
            "email": persona.email,
            "time_zone": persona.time_zone,
            "since": date_text(began),
        },
        "links": sample_links(base_url),
        "about": {
            "title": "A Sample Course",
            "text": "Something happened that you should know.",
            "link": f"{base_url}/sample",
            "action": "Open the page",
        },
    }
    if course and lesson and (following := _after(course, lesson)):
        values["next"] = _next(persona, course, following, now, next_title)
    return values


def _after(course: Course, lesson: Lesson) -> Lesson | None:
    at = [other.id for other in course.lessons].index(lesson.id) + 1
    return course.lessons[at] if at < len(course.lessons) else None


def _next(
    persona: Persona, course: Course, lesson: Lesson, now: datetime, title: str
) -> dict[str, str]:
    zone = ZoneInfo(persona.time_zone)
    due = due_at(
        lesson.delay,
        last=now,
        zone=zone,
        hour=persona.hour or course.hour,
        window=lesson.window or course.window,
        not_before=lesson.not_before,
    ).astimezone(zone)
    weekday = WEEKDAY_NAMES[due.weekday()].title()
    return {
        "when": when_text(due, now.astimezone(zone)),
        "date": f"{weekday} {date_text(due).removesuffix(f' {due.year}')}",
        "title": title or lesson.subject,
    }
