"""A row of a table has no more cells than its head: the others would be dropped in silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bypost.check import Finding, Level

Lesson = Callable[..., None]
Check = Callable[[], list[Finding]]

HEAD = "Some words before it.\n\n| Day | What |\n|---|---|\n"


def found(check: Check) -> list[Finding]:
    return [it for it in check() if it.rule == "table-cells"]


@pytest.mark.parametrize(
    ("row", "lost"),
    [
        ("| Monday | reading | two hours |", "two hours"),
        ("Monday | reading | two hours", "two hours"),
        ("| Monday | `this|that` |", "that`"),
        ("| Monday | reading | | two hours |", "two hours"),
    ],
)
def test_what_a_table_drops_is_an_error_on_its_line(
    lesson: Lesson, check: Check, row: str, lost: str
) -> None:
    lesson(body=f"{HEAD}| Sunday | rest |\n{row}\n")
    (one,) = found(check)
    assert (one.level, one.line) == (Level.ERROR, 13)
    assert f"`{lost}` is left out" in one.message


@pytest.mark.parametrize(
    "row",
    [
        "| Monday | reading |",
        "Monday | reading",
        "| Monday |",
        "| Monday | this\\|that |",
        "| Monday | reading | |",
        '| {{ subscriber.name|default("you", true) }} | reading |',
    ],
)
def test_a_row_that_keeps_all_it_has_passes(lesson: Lesson, check: Check, row: str) -> None:
    lesson(body=f"{HEAD}{row}\n")
    assert found(check) == []


def test_what_is_no_table_has_no_cells(lesson: Lesson, check: Check) -> None:
    lesson(body="Some words.\n\n```\na | b | c\n--|--\n1 | 2 | 3\n```\n\nOne | or | two\n")
    assert found(check) == []


def test_a_table_in_an_exercise_is_looked_at(lesson: Lesson, check: Check) -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 | 3 |"
    lesson(body=f"Some words.\n\n::: exercise A title\n{table}\n:::\n")
    (one,) = found(check)
    assert one.line == 13
