"""Fixed widths, code that does not wrap, and tables too wide for a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]
Retouch = Callable[[str, str, str], None]

TEXT = "Some words that say what the reader came here for, in plain order. " * 6

FILE = "lessons/baking/00-step.md"
WIDE = """\
| Morning | Afternoon | Evening | Responsible | Remarks |
|---|---|---|---|---|
| stretching | shaping | refrigerating | apprentices | temperature |
"""


@pytest.mark.parametrize(
    ("html", "count"),
    [
        ('<div class="w" style="width:700px">x</div>', 1),
        ('<div class="w" style="min-width:700px;max-width:100%">x</div>', 1),
        ('<img class="w" alt="" src="https://example.org/a.png" width="900" />', 1),
        (
            '<img class="w" alt="" src="https://e.org/a.png" width="900" style="max-width:100%" />',
            0,
        ),
        ('<div class="w" style="width:640px">x</div>', 0),
        ('<div class="w" style="width:100%">x</div>', 0),
    ],
)
def test_a_fixed_width_above_640_is_an_error_in_the_template(
    lessons: Lessons, look: Look, retouch: Retouch, html: str, count: int
) -> None:
    lessons(TEXT, TEXT)
    retouch("lesson.mjml", "<span style", f"{html}<span style")
    assert [(it.level, it.path, it.line) for it in look("width-overflow")] == [
        (Level.ERROR, "templates/email/lesson.mjml", 3)
    ] * count


def test_a_mail_wider_than_a_column_is_a_warning_even_where_it_shrinks(
    lessons: Lessons, look: Look, retouch: Retouch
) -> None:
    lessons(TEXT)
    retouch("style.toml", 'width = "600px"', 'width = "720px"')
    found = look("width-overflow")
    assert {it.level for it in found} == {Level.WARNING}
    assert "`div.bp-sheet` is up to 720 px wide" in {it.message for it in found}


@pytest.mark.parametrize(("wrap", "count"), [("pre-wrap", 0), ("pre", 1)])
def test_code_that_does_not_wrap_is_an_error_on_its_line(
    lessons: Lessons, look: Look, retouch: Retouch, wrap: str, count: int
) -> None:
    lessons(f"{TEXT}\n\n```\n{'a long line of code ' * 6}\n```\n")
    retouch("style.toml", "white-space:pre-wrap", f"white-space:{wrap}")
    found = look("width-overflow")
    assert [(it.level, it.path, it.line) for it in found] == [(Level.ERROR, FILE, 10)] * count


def test_short_lines_of_code_need_not_wrap(lessons: Lessons, look: Look, retouch: Retouch) -> None:
    lessons(f"{TEXT}\n\n```\na short line\n```\n")
    retouch("style.toml", "white-space:pre-wrap", "white-space:pre")
    assert look("width-overflow") == []


def test_a_table_too_wide_for_a_phone_is_a_warning_on_its_line(
    lessons: Lessons, look: Look
) -> None:
    lessons(f"{TEXT}\n\n{WIDE}")
    (found,) = look("width-overflow")
    assert (found.level, found.path, found.line) == (Level.WARNING, FILE, 10)


@pytest.mark.parametrize(
    "table",
    [
        "| You, answering | The team, choosing |\n|---|---|\n| Avoid mistakes | Compare people |\n",
        "| 一 | 二 |\n|---|---|\n| 面接のあとに届く返事を比べてみると分かることがある | 比べる |\n",
    ],
)
def test_a_table_that_wraps_into_a_phone_passes(lessons: Lessons, look: Look, table: str) -> None:
    lessons(f"{TEXT}\n\n{table}")
    assert look("width-overflow") == []
