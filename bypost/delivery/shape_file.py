"""A shape as plain values, as the database keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from bypost.delivery.shape import Shape, Step
from bypost.model.course import IfPast
from scheduler.cadence import parse_cadence
from scheduler.season import parse_season
from scheduler.window import Window


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
        "reset_at": shape.reset_at.isoformat() if shape.reset_at else None,
        "steps": [_dump_step(step) for step in shape.steps],
    }


def load(plain: Mapping[str, Any]) -> Shape:
    """Return what :func:`dump` was given; keys that came later have defaults."""
    reset_at = plain.get("reset_at")
    return Shape(
        course=plain["course"],
        title=plain["title"],
        time_zone=plain["time_zone"],
        hour=time.fromisoformat(plain["hour"]),
        window=_load_window(plain["window"]),
        steps=tuple(_load_step(step) for step in plain["steps"]),
        at_least_once=plain.get("at_least_once", False),
        most_a_day=plain.get("most_a_day", 2),
        reset_at=datetime.fromisoformat(reset_at) if reset_at else None,
    )


def _dump_step(step: Step) -> dict[str, Any]:
    return {
        "lesson": step.lesson,
        "title": step.title,
        "content_hash": step.content_hash,
        "delay": str(step.delay),
        "window": _dump_window(step.window) if step.window else None,
        "not_before": step.not_before.isoformat() if step.not_before else None,
        "expires": step.expires.isoformat() if step.expires else None,
        "season": str(step.season) if step.season else None,
        "instead_of": step.instead_of,
        "if_past": step.if_past,
        "retired": step.retired,
        "stands_for": step.stands_for,
        "until": step.until.isoformat() if step.until else None,
    }


def _load_step(step: Mapping[str, Any]) -> Step:
    season, if_past = step.get("season"), step.get("if_past")
    until = step.get("until")
    return Step(
        lesson=step["lesson"],
        title=step["title"],
        content_hash=step["content_hash"],
        delay=parse_cadence(step["delay"]),
        window=_load_window(step["window"]) if step["window"] else None,
        not_before=_load_date(step["not_before"]),
        expires=_load_date(step["expires"]),
        season=parse_season(season) if season else None,
        instead_of=step.get("instead_of", ""),
        if_past=IfPast(if_past) if if_past else None,
        retired=step.get("retired", False),
        stands_for=step.get("stands_for", ""),
        until=datetime.fromisoformat(until) if until else None,
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
