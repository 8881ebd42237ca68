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


def _taken(connection: Connection, before: Shape | None, wish: Shape) -> Taken:
    if before is None:
        return Taken(wish)
    found = changes(before, wish)
    if not found:
        return Taken(with_texts_of(before, wish))
    if not enrollments.any_in(connection, wish.course):
        return Taken(wish)
    return Taken(with_texts_of(before, wish), tuple(found))
