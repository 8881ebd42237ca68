"""The shape of a course as people go through it: steps, delays, windows, content hashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Any

from bypost.model.course import Course, Lesson
from scheduler.cadence import Cadence, parse_cadence
from scheduler.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One lesson of the shape."""

    lesson: str
    title: str
    content_hash: str
    delay: Cadence
    window: Window | None = None
    not_before: date | None = None
    expires: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A course as it was last taken over."""

    course: str
    title: str
    time_zone: str
    hour: time
    window: Window
    steps: tuple[Step, ...]
    at_least_once: bool = False
    most_a_day: int = 2

    def next_step(self, had: Mapping[str, Any], on: date) -> Step | None:
        """Return the step that follows the furthest one of ``had``; None at the end.

        Forward only: a lesson put in behind somebody is not sent to them. ``on`` is the local
        date: a lesson that has expired by then is left out.
        """
        furthest = max((i for i, s in enumerate(self.steps) if s.lesson in had), default=-1)
        for step in self.steps[furthest + 1 :]:
            if step.lesson not in had and not (step.expires and step.expires <= on):
                return step
        return None

    def window_for(self, step: Step, *, own_hour: bool) -> Window:
        """Return when this step may leave: the person's own hour beats the hours of the window."""
        window = step.window or self.window
        if not own_hour:
            return window
        always = Window.always()
        return replace(window, start=always.start, end=always.end)


def shape_of(course: Course, hashes: Mapping[str, tuple[str, str]]) -> Shape:
    """Return the shape of a course, given each lesson's title and content hash."""
    return Shape(
        course=course.id,
        title=course.title,
        time_zone=course.time_zone,
        hour=course.hour,
        window=course.window,
        steps=tuple(_step(lesson, *hashes[lesson.id]) for lesson in course.lessons),
        at_least_once=course.at_least_once,
        most_a_day=course.most_a_day,
    )


def _step(lesson: Lesson, title: str, content_hash: str) -> Step:
    return Step(
        lesson=lesson.id,
        title=title,
        content_hash=content_hash,
        delay=lesson.delay,
        window=lesson.window,
        not_before=lesson.not_before,
        expires=lesson.expires,
    )


def dump(shape: Shape) -> dict[str, Any]:
    """Return the shape as plain values for JSON."""
    return {
        "course": shape.course,
        "title": shape.title,
        "time_zone": shape.time_zone,
        "hour": shape.hour.isoformat("minutes"),
        "window": _dump_window(shape.window),
        "at_least_once": shape.at_least_once,
        "most_a_day": shape.most_a_day,
        "steps": [
            {
                "lesson": step.lesson,
                "title": step.title,
                "content_hash": step.content_hash,
                "delay": str(step.delay),
                "window": _dump_window(step.window) if step.window else None,
                "not_before": step.not_before.isoformat() if step.not_before else None,
                "expires": step.expires.isoformat() if step.expires else None,
            }
            for step in shape.steps
        ],
    }


def load(plain: Mapping[str, Any]) -> Shape:
    """Return what :func:`dump` was given."""
    return Shape(
        course=plain["course"],
        title=plain["title"],
        time_zone=plain["time_zone"],
        hour=time.fromisoformat(plain["hour"]),
        window=_load_window(plain["window"]),
        steps=tuple(
            Step(
                lesson=step["lesson"],
                title=step["title"],
                content_hash=step["content_hash"],
                delay=parse_cadence(step["delay"]),
                window=_load_window(step["window"]) if step["window"] else None,
                not_before=_load_date(step["not_before"]),
                expires=_load_date(step["expires"]),
            )
            for step in plain["steps"]
        ),
        at_least_once=plain.get("at_least_once", False),  # absent before schema 0002
        most_a_day=plain.get("most_a_day", 2),  # absent before schema 0004
    )


def _dump_window(window: Window) -> dict[str, Any]:
    return {
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "weekdays": sorted(window.weekdays),
        "skip": sorted(day.isoformat() for day in window.skip),
    }


def _load_window(plain: Mapping[str, Any]) -> Window:
    return Window(
        time.fromisoformat(plain["start"]),
        time.fromisoformat(plain["end"]),
        frozenset(plain["weekdays"]),
        frozenset(map(date.fromisoformat, plain["skip"])),
    )


def _load_date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
