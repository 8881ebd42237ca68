"""Courses and newsletters that a request names."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from bypost.web.catalogue import Catalogue
from bypost.web.problem import Problem

_MOST_NAMES = 10


def require_course(catalogue: Catalogue, name: str) -> None:
    """Raise Problem where a course is not there."""
    if catalogue.course(name) is None:
        raise _unknown("course", name, [one.id for one in catalogue.courses()], "body.course")


def require_newsletters(catalogue: Catalogue, names: Sequence[str], field: str = "s") -> None:
    """Raise Problem where one of these newsletters is not there."""
    known = [one.id for one in catalogue.newsletters()]
    for name in names:
        if name not in known:
            raise _unknown("newsletter", name, known, f"body.newsletter{field}")


def require_lesson(name: str, known: Sequence[str]) -> None:
    """Raise Problem where a lesson is none of a course's own, as people go through it."""
    if name not in known:
        raise _unknown("lesson", name, known, "body.from_lesson")


def _unknown(noun: str, name: str, known: Sequence[str], field: str) -> Problem:
    near = difflib.get_close_matches(name, known, n=1)
    shown = near or list(known[:_MOST_NAMES])
    hint = "did you mean" if near else "there are"
    told = f"there is no such {noun}; {hint}: {', '.join(shown) or 'none'}"
    return Problem(
        422,
        f"{told[0].upper()}{told[1:]}.",
        code=f"unknown-{noun}",
        errors=[{"field": field, "message": told}],
    )
