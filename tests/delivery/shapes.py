"""A course in a line: its lessons by their names, a day apart."""

from __future__ import annotations

from datetime import time

from bypost.delivery.shape import Shape, Step
from scheduler.cadence import Days
from scheduler.window import Window


def shape_of(*lessons: str, course: str = "letters") -> Shape:
    """Return the shape of a course; the title of ``one`` is ``Title of one``."""
    steps = tuple(
        Step(lesson=name, title=f"Title of {name}", content_hash=f"h-{name}", delay=Days(1))
        for name in lessons
    )
    return Shape(
        course=course,
        title=course,
        time_zone="UTC",
        hour=time(9),
        window=Window(time(8), time(20)),
        steps=steps,
    )
