"""Courses at the desk: figures with a file behind each, edits that wait, pauses, lessons."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from bypost.delivery import applied, figures, holds
from bypost.delivery.context import Context
from bypost.delivery.run import Pass
from bypost.store import audit
from tests.conftest import LESSON
from tests.web.desk.conftest import Signed

COURSE = "/courses/letters"


@pytest.fixture(autouse=True)
def _begun(context: Context) -> None:
    Pass(context).run()
    figures.refresh(context, patience=None)


def insert(project: Path, name: str, more: str = "") -> Path:
    path = project / "lessons" / "letters" / f"01-{name}.md"
    text = LESSON.format(id=name, delay="1 day").replace("\ndelay:", f"\n{more}delay:")
    path.write_text(text, encoding="utf-8")
    return path


def plan_of(somebody: Signed) -> str:
    """Return the plan's part once it is worked out."""
    return somebody.settled(f"{COURSE}/plan", headers={"HX-Request": "true"})


def id_in(page: str) -> str:
    return page.split('name="plan" value="')[1].split('"')[0]


def actions(context: Context) -> list[tuple[str, str, str]]:
    with context.store.read() as connection:
        rows = audit.newest(connection, limit=20)
    return [(row["who"], row["action"], row["subject"]) for row in rows]


def steps(context: Context) -> list[str]:
    with context.store.read() as connection:
        shape = applied.current(connection, "letters")
    assert shape is not None
    return [step.lesson for step in shape.live]


def test_the_list_tells_how_many_are_in_each_course(viewer: Signed) -> None:
    page = viewer.get("/courses")
    assert page.status_code == 200
    assert "Course letters" in page.text
    assert "open" in page.text
    assert "Counted" in page.text


def test_a_course_shows_its_way_from_visit_to_finished(viewer: Signed) -> None:
    page = viewer.get(COURSE)
    assert page.status_code == 200
    for words in ("Visits of the page", "Joined, imports included", "Finished", "By week of start"):
        assert words in page.text


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("funnel", "step"),
        ("standing", "last_lesson"),
        ("losses", "had_it"),
        ("cohorts", "week_from"),
    ],
)
def test_every_table_is_there_as_a_file(viewer: Signed, name: str, column: str) -> None:
    answer = viewer.get(f"{COURSE}/{name}.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert rows
    assert column in rows[0]


def test_where_people_stand_adds_up_to_those_in_it(viewer: Signed, context: Context) -> None:
    answer = viewer.get(f"{COURSE}/standing.csv")
    rows = csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))
    with context.store.read() as connection:
        counted = connection.exec_driver_sql(
            "SELECT count(*) FROM enrollments WHERE course = 'letters' AND status = 'active'"
        ).scalar()
    assert sum(int(row["people"]) for row in rows) == counted


@pytest.mark.parametrize("path", ["/courses/none", "/courses/letters/lessons/none"])
def test_what_is_not_there_is_said(viewer: Signed, path: str) -> None:
    assert viewer.get(path).status_code == 404


def test_a_course_is_paused_until_a_day_begins_in_its_zone(
    operator: Signed, context: Context
) -> None:
    page = operator.after(f"{COURSE}/pause", {"until": "2026-12-01", "reason": "moving house"})
    assert "Paused until" in page.text
    assert "moving house" in page.text
    with context.store.read() as connection:
        hold = holds.read(connection, context.clock.now()).course("letters").hold
    assert hold is not None
    assert hold.until is not None
    assert hold.until.date() in {date(2026, 11, 30), date(2026, 12, 1)}
    operator.after(f"{COURSE}/resume")
    with context.store.read() as connection:
        assert holds.read(connection, context.clock.now()).course("letters").hold is None
    assert actions(context)[:2] == [
        ("olga", "course.resume", "course:letters"),
        ("olga", "course.pause", "course:letters"),
    ]


@pytest.mark.parametrize("until", ["2020-01-01", "soon", "9999-99-99"])
def test_a_pause_until_a_day_that_is_none_is_refused(
    operator: Signed, context: Context, until: str
) -> None:
    page = operator.post(f"{COURSE}/pause", {"until": until})
    assert page.status_code == 422
    assert "choose a day that is still to come" in page.text
    with context.store.read() as connection:
        assert holds.read(connection, context.clock.now()).course("letters").hold is None


def test_an_edit_waits_until_somebody_applies_it(
    operator: Signed, project: Path, context: Context
) -> None:
    insert(project, "zero", "if_past: skip\n")
    assert "1 change of structure waits" in operator.get(COURSE).text
    page = plan_of(operator)
    assert "+ insert “Title of zero”" in page
    assert "zero" not in steps(context)
    assert "Taken over: 1 change." in operator.after(f"{COURSE}/apply", {"plan": id_in(page)}).text
    assert "zero" in steps(context)
    assert actions(context)[0] == ("olga", "course.apply", "course:letters")


def test_a_plan_that_was_looked_at_before_another_edit_is_not_applied(
    operator: Signed, project: Path, context: Context
) -> None:
    insert(project, "zero", "if_past: skip\n")
    old = id_in(plan_of(operator))
    insert(project, "more", "if_past: skip\n")
    answer = operator.post(f"{COURSE}/apply", {"plan": old})
    assert answer.status_code == 409
    assert "nothing was changed" in answer.text
    assert "zero" not in steps(context)


def test_a_lesson_that_people_would_miss_cannot_be_applied_before_that_is_said(
    operator: Signed, project: Path, context: Context
) -> None:
    path = insert(project, "zero")
    path.rename(path.with_name("00-before-one.md"))
    page = plan_of(operator)
    assert "would never get it" in page
    assert "if_past: skip" in page
    assert 'name="plan"' not in page
    plan = page.split("Plan ")[1].split(".")[0]
    assert operator.post(f"{COURSE}/apply", {"plan": plan}).status_code == 409
    assert "zero" not in steps(context)


def test_what_takes_a_lesson_away_has_to_be_typed(
    operator: Signed, project: Path, context: Context
) -> None:
    (project / "lessons/letters/01-two.md").unlink()
    page = plan_of(operator)
    assert "type <b" in page
    plan = id_in(page)
    assert operator.post(f"{COURSE}/apply", {"plan": plan}).status_code == 409
    assert "two" in steps(context)
    plan = id_in(plan_of(operator))
    operator.after(f"{COURSE}/apply", {"plan": plan, "typed": "letters"})
    assert "two" not in steps(context)


def test_a_broken_file_is_told_instead_of_a_plan(operator: Signed, project: Path) -> None:
    insert(project, "zero")
    (project / "lessons/letters/01-two.md").write_text("no front matter\n", encoding="utf-8")
    assert "It sends nothing" in operator.get(COURSE).text


def test_a_lesson_shows_who_had_which_text(viewer: Signed) -> None:
    page = viewer.get(f"{COURSE}/lessons/one")
    assert page.status_code == 200
    assert "goes out now" in page.text
    frame = viewer.get(f"{COURSE}/lessons/one/frame")
    assert "Title of one" in frame.text
    assert "sandbox" in frame.headers["content-security-policy"]


def test_a_lesson_tells_what_is_wrong_with_its_file(viewer: Signed, project: Path) -> None:
    path = project / "lessons/letters/00-one.md"
    path.write_text(path.read_text() + "\n\n![](nothing.png)\n", encoding="utf-8")
    page = viewer.get(f"{COURSE}/lessons/one/check", headers={"HX-Request": "true"})
    assert "nothing.png" in page.text


def test_days_of_a_lesson_are_there_as_a_file(viewer: Signed) -> None:
    rows = list(csv.reader(io.StringIO(viewer.get(f"{COURSE}/lessons/one/days.csv").text)))
    assert len(rows) == 31
    assert rows[-1][0] == "2026-11-23"
