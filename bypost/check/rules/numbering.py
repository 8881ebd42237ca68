"""The numbers in the names of a course's files: they are its order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path, PurePosixPath
from statistics import median_low

from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.check.sample import Series
from bypost.model.course import Course

ORDER_GAP = Rule(
    id="order-gap",
    level=Level.WARNING,
    title="Numbers of lessons that leave a gap or repeat",
    why="Lessons go out by the numbers that the names of their files begin with. A number left out "
    "may be a lesson that was never written or lies elsewhere; of two with one number the rest of "
    "the name decides.",
    fix="Number the files without a gap. A lesson's identity is the `id` in its front matter: "
    "renaming a file changes nothing for people in the course but the order.",
    source="The order of files in this product; see the page on writing",
    bad="00-welcome.md  01-verbs.md  03-nouns.md",
    good="00-welcome.md  01-verbs.md  02-nouns.md",
)

RULES = (ORDER_GAP,)

_NUMBER = re.compile(r"([0-9]+)([a-z]?)(?=[^0-9]|$)")

_Numbered = tuple[str, int, str]


def lesson_files(root: Path, series: Series) -> list[str]:
    """Return the names of a course's lesson files in the order in which they go out.

    Files are listed, not lessons: one that cannot be read is no gap.
    """
    folder = root / series.path
    names = (path.name for path in folder.glob("[0-9]*.md") if path.is_file())
    return sorted(names, key=_order)


def _order(name: str) -> tuple[int, str]:
    """As the loader has it: numbers are counted, so `10-` comes after `2-`."""
    number = _NUMBER.match(name)
    return (int(number[1]) if number else 0), name


def is_whole(root: Path, series: Series) -> bool:
    """Return whether every file of a course could be read: else its last lesson is not known."""
    course = series.of
    if not isinstance(course, Course) or len(series.samples) < len(course.lessons):
        return False
    return len(lesson_files(root, series)) == len(course.lessons)


def order_gap(series: Series) -> Iterator[Finding]:
    """Gaps, and numbers that are there twice."""
    if not isinstance(series.of, Course) or not series.samples:
        return
    names = lesson_files(series.samples[0].around.root, series)
    found = [(name, int(it[1]), it[2]) for name in names if (it := _NUMBER.match(name))]
    steps = [after[1] - before[1] for before, after in pairwise(found)]
    # Whoever counts in tens leaves room on purpose.
    by_one = bool(steps) and median_low(steps) <= 1
    for before, after in pairwise(found):
        if complaint := _complaint(before, after, by_one=by_one):
            message, fix = complaint
            yield ORDER_GAP.at(str(PurePosixPath(series.path) / after[0]), message, fix=fix)


def _complaint(before: _Numbered, after: _Numbered, *, by_one: bool) -> tuple[str, str] | None:
    """Return message and fix for a file and the one that goes out before it."""
    step = after[1] - before[1]
    if step == 0 and before[2] == after[2]:
        return (
            f"has the number of {before[0]}; the rest of the name decides which goes first",
            "give each lesson a number of its own",
        )
    if step > 1 and by_one:
        return (f"follows {before[0]}: {_missing(before[1], after[1])}", "close the gap")
    return None


def _missing(before: int, after: int) -> str:
    gone: Sequence[str] = [f"{number:02d}" for number in range(before + 1, after)]
    if len(gone) == 1:
        return f"number {gone[0]} is missing"
    return f"numbers {gone[0]} to {gone[-1]} are missing"


SERIES_CHECKS = (order_gap,)
