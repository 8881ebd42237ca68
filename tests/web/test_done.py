"""The page behind a "done" button: opening it changes nothing, pressing it marks the lesson."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from bypost.delivery.context import Context
from bypost.store import daily, marks
from bypost.store.daily import Kind
from tests.conftest import LESSON, write_course, write_people
from tests.web.conftest import ANNA, body, mails
from tests.web.test_clicks import other_token

BUTTON = "\n::: button {{ links.done }}\nI have done this\n:::\n"


@pytest.fixture
def project(empty_project: Path) -> Path:
    write_course(empty_project)
    text = LESSON.format(id="one", delay="at once") + BUTTON
    (empty_project / "lessons/letters/00-one.md").write_text(text, encoding="utf-8")
    write_people(empty_project, f"{ANNA},Anna", header="email,name")
    return empty_project


@pytest.fixture
def path(context: Context) -> str:
    found = re.search(r"https?://[^/\s]+(/p/\S+/done/one)", body(mails(context.root)[0]))
    assert found is not None
    return found[1]


def done(context: Context) -> int:
    with context.store.read() as connection:
        return daily.total(connection, Kind.DONE, collection="course:letters", item="one")


def test_opening_the_page_changes_nothing(context: Context, public: TestClient, path: str) -> None:
    for _ in range(5):
        assert "Have you done this lesson?" in public.get(path).text
        assert public.head(path).status_code == 200
    assert done(context) == 0


def test_pressing_the_button_marks_the_lesson_once(
    context: Context, public: TestClient, path: str
) -> None:
    for _ in range(2):
        answer = public.post(path)
        assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert done(context) == 1
    assert "You have marked this lesson as done" in public.get(path).text
    page = public.get(path.split("/done/")[0]).text
    assert page.count("✓ done") == 1


def test_it_works_with_a_privacy_signal(context: Context, public: TestClient, path: str) -> None:
    assert public.post(path, headers={"sec-gpc": "1", "dnt": "1"}).status_code == 303
    assert done(context) == 1


def test_only_a_lesson_that_somebody_had_can_be_marked(
    context: Context, public: TestClient, path: str
) -> None:
    for lesson in ("two", "nothing", "%2e%2e", "<script>"):
        other = path.replace("/done/one", f"/done/{lesson}")
        assert public.get(other).status_code == 404
        assert public.post(other).status_code == 404
    token = path.split("/")[2]
    assert public.get(path.replace(token, other_token(token))).status_code == 404
    with context.store.read() as connection:
        assert marks.of_run(connection, 1) == {}


def test_progress_does_not_follow_from_it(context: Context, public: TestClient, path: str) -> None:
    before = public.get(path.split("/done/")[0]).text
    public.post(path)
    after = public.get(path.split("/done/")[0]).text
    assert after.replace("✓ done · ", "") == before


def test_a_lesson_on_the_web_has_no_such_button(
    context: Context, public: TestClient, project: Path
) -> None:
    settings = project / "lessons/letters/course.toml"
    settings.write_text(settings.read_text() + "archive = true\n", encoding="utf-8")
    page = public.get("/courses/letters/lessons/one")
    assert page.status_code == 200
    assert "I have done this" not in page.text
