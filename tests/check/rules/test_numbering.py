"""The numbers of files are the order of a course."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]
Named = Callable[[Sequence[str]], None]


@pytest.fixture
def named(project: Path, lessons: Lessons) -> Named:
    """Write a course whose files have these names."""

    def write(names: Sequence[str]) -> None:
        lessons(*["Some words."] * len(names))
        folder = project / "lessons/baking"
        for path, name in zip(sorted(folder.glob("*.md")), names, strict=True):
            path.rename(folder / f"draft-{name}")
        for path in sorted(folder.glob("draft-*")):
            path.rename(folder / path.name.removeprefix("draft-"))

    return write


@pytest.mark.parametrize(
    ("names", "at", "says"),
    [
        (["01-a.md", "02-b.md", "04-c.md"], "04-c.md", "follows 02-b.md: number 03 is missing"),
        (["00-a.md", "01-b.md", "05-c.md"], "05-c.md", "numbers 02 to 04 are missing"),
        (["01-a.md", "02-b.md", "02-c.md"], "02-c.md", "has the number of 02-b.md"),
        (["1-a.md", "10-c.md", "2-b.md"], "10-c.md", "follows 2-b.md: numbers 03 to 09 are"),
    ],
)
def test_gaps_and_repeats_are_warnings_at_the_file(
    named: Named, look: Look, names: list[str], at: str, says: str
) -> None:
    named(names)
    found = look("order-gap")
    assert [it.level for it in found] == [Level.WARNING] * len(found)
    assert says in {it.path: it.message for it in found}[f"lessons/baking/{at}"]


@pytest.mark.parametrize(
    "names",
    [
        ["00-a.md", "01-b.md", "02-c.md"],
        ["03-a.md", "04-b.md"],
        ["10-a.md", "20-b.md", "30-c.md"],
        ["01-a.md", "02a-b.md", "02b-c.md", "03-d.md"],
        ["08-a.md", "09-b.md", "10-c.md"],
        # Counted, as the loader does: 10 is no gap after 2.
        ["8-a.md", "9-b.md", "10-c.md"],
    ],
)
def test_numbers_without_a_gap_and_numbers_in_tens_pass(
    named: Named, look: Look, names: list[str]
) -> None:
    named(names)
    assert look("order-gap") == []


def test_a_lesson_that_cannot_be_read_leaves_no_gap(
    project: Path, lessons: Lessons, look: Look
) -> None:
    lessons("Some words.", "Some words.", "Some words.")
    (project / "lessons/baking/01-step.md").write_text("no front matter")
    assert look("order-gap") == []
