"""A check of a whole project: loading, compiling and rendering, each mistake in its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from bypost.check import Finding, Level

Lesson = Callable[..., None]
Check = Callable[[], list[Finding]]


def test_content_that_does_not_load_is_an_error_with_its_place(
    project: Path, lesson: Lesson, check: Check
) -> None:
    lesson()
    path = project / "lessons/baking/00-first.md"
    path.write_text(path.read_text().replace("2 days", "2 fortnights"))
    (found,) = check()
    assert found == Finding(
        rule="key",
        level=Level.ERROR,
        path="lessons/baking/00-first.md",
        line=5,
        message="`2 fortnights` is not a delay",
        fix="write `at once`, `2 days`, `1 weekday` or `weekly on tuesday`",
    )


def test_an_undefined_variable_is_an_error_with_its_line(lesson: Lesson, check: Check) -> None:
    lesson(body="Hello {{ subscriber.nmae }}.")
    (found,) = check()
    assert (found.rule, found.level, found.line) == ("jinja-undefined", Level.ERROR, 8)


def test_all_mistakes_of_all_lessons_are_found_in_one_go(lesson: Lesson, check: Check) -> None:
    lesson("00-first", body="{{ nobody.knows }}\n\n{% if x %}")
    lesson("01-second", body="{{ subscriber.nmae }}")
    errors = [(it.path, it.line) for it in check() if it.level is Level.ERROR]
    assert errors == [
        ("lessons/baking/00-first.md", 8),
        ("lessons/baking/00-first.md", 10),
        ("lessons/baking/01-second.md", 8),
    ]


def test_a_lesson_that_does_not_load_does_not_hide_the_mistakes_of_the_others(
    project: Path, lesson: Lesson, check: Check
) -> None:
    lesson("00-first")
    lesson("01-second", body="{{ subscriber.nmae }}")
    path = project / "lessons/baking/00-first.md"
    path.write_text(path.read_text().replace("2 days", "2 fortnights"))
    errors = [(it.path, it.rule) for it in check() if it.level is Level.ERROR]
    assert errors == [
        ("lessons/baking/00-first.md", "key"),
        ("lessons/baking/01-second.md", "jinja-undefined"),
    ]


def test_a_column_of_the_csv_is_a_name_lessons_may_use(
    project: Path, lesson: Lesson, check: Check
) -> None:
    lesson(body=f"At {{{{ subscriber.company|default('work') }}}}. {'word ' * 50}")
    assert [it.rule for it in check()] == ["jinja-undefined"]
    (project / "subscribers.csv").write_text("email,company\na@example.org,Acme\n")
    assert check() == []


def test_an_attribute_of_a_persona_is_a_name_lessons_may_use(
    project: Path, lesson: Lesson, check: Check
) -> None:
    lesson(body=f"At {{{{ subscriber.company|default('work') }}}}. {'word ' * 50}")
    (project / "personas.toml").write_text(
        '[[persona]]\nkey = "a"\nemail = "a@b.c"\n[persona.attributes]\ncompany = "Acme"\n'
    )
    assert check() == []


def test_a_mistake_in_personas_is_found_and_the_lessons_are_checked_all_the_same(
    project: Path, lesson: Lesson, check: Check
) -> None:
    (project / "personas.toml").write_text('[[persona]]\nkey = "a"\nmail = "a@b.c"\n')
    lesson(subject="{{ subscriber.name }}")
    found = check()
    assert {it.path for it in found} == {"personas.toml", "lessons/baking/00-first.md"}
    assert "subject-missing" in {it.rule for it in found}


def test_a_window_that_never_opens_is_an_error_of_the_lesson_before_it(
    project: Path, lesson: Lesson, check: Check
) -> None:
    lesson("00-first")
    lesson("01-second")
    path = project / "lessons/baking/01-second.md"
    monday = date(2026, 11, 23)
    skip = "".join(f"    - {monday + timedelta(weeks=week)}\n" for week in range(80))
    window = f"delay: 2 days\nwindow:\n  days: mon\n  skip:\n{skip}"
    path.write_text(path.read_text().replace("delay: 2 days\n", window))
    (found,) = check()
    assert (found.path, found.level) == ("lessons/baking/00-first.md", Level.ERROR)
    assert found.message.startswith("the window does not open in the 370 days from 2026-11-25")
    assert found.fix == "remove some of its skip dates"


def test_without_templates_the_error_says_which_file_is_missing(
    project: Path, lesson: Lesson, check: Check
) -> None:
    lesson()
    (project / "templates/email/lesson.mjml").unlink()
    (found,) = check()
    assert (found.level, found.path) == (Level.ERROR, "templates/email/lesson.mjml")


def test_findings_come_by_path_and_line_and_each_once(lesson: Lesson, check: Check) -> None:
    lesson("01-b", subject="short", preheader="")
    lesson("00-a", subject="short", preheader="")
    found = check()
    places = [(it.path, it.line or 0) for it in found]
    assert places == sorted(places)
    assert len(set(found)) == len(found) == 5


def test_the_last_lesson_is_rendered_without_a_next_one_and_the_others_with(
    lesson: Lesson, check: Check
) -> None:
    lesson("00-first", body=f"Next: {{{{ next.title }}}}, {{{{ next.when }}}}. {'word ' * 50}")
    lesson("01-second")
    assert check() == []
