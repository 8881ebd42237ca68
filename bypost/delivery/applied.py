"""The course as people go through it, and the course as its author wishes it.

Texts are taken over by every pass. Structure is taken over at once while nobody is in the course,
and by ``bypost apply`` otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bypost.delivery.edit import Change, changes, with_texts_of
from bypost.delivery.shape import Shape
from bypost.delivery.shape_file import dump, load
from bypost.store import Connection, contents, enrollments


@dataclass(frozen=True, slots=True)
class Taken:
    """A course after its files were looked at.

    Attributes:
        shape: What holds now.
        waiting: What of the files waits for ``bypost apply``.
    """

    shape: Shape
    waiting: Sequence[Change] = ()


def take_over(
    connection: Connection, wishes: Mapping[str, Shape], now: datetime
) -> dict[str, Taken]:
    """Record what can be taken over by itself; return every course as it holds now."""
    known = contents.applied(connection)
    found = {}
    for course, wish in wishes.items():
        plain = known.get(course)
        taken = _taken(connection, load(plain) if plain else None, wish)
        if dump(taken.shape) != plain:
            contents.apply_course(connection, course, dump(taken.shape), now)
        found[course] = taken
    return found


def current(connection: Connection, course: str) -> Shape | None:
    """Return a course as people go through it; None if it was never taken over."""
    plain = contents.applied(connection).get(course)
    return load(plain) if plain else None


def as_applied(connection: Connection, wishes: Mapping[str, Shape]) -> dict[str, Taken]:
    """Return every course as it holds now, whoever took it over; nothing is written."""
    known = contents.applied(connection)
    found = {}
    for course, wish in wishes.items():
        shape = load(known[course]) if course in known else wish
        found[course] = Taken(shape, tuple(changes(shape, wish)))
    return found


def unchanged(connection: Connection, shapes: Mapping[str, Shape]) -> list[str]:
    """Return the courses that still hold as they were read: nobody has edited them meanwhile."""
    known = contents.applied(connection)
    return [
        course
        for course, shape in shapes.items()
        if course not in known or load(known[course]).reset_at == shape.reset_at
    ]


def _taken(connection: Connection, before: Shape | None, wish: Shape) -> Taken:
    if before is None:
        return Taken(wish)
    found = changes(before, wish)
    if not found:
        return Taken(with_texts_of(before, wish))
    if not enrollments.any_in(connection, wish.course):
        return Taken(wish)
    return Taken(with_texts_of(before, wish), tuple(found))
