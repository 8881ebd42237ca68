"""The page of a course: what it says, computed from the course itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from selectolax.lexbor import LexborHTMLParser

from bypost.delivery.context import Context
from bypost.model.course import Course, Lesson, Source
from bypost.web import make_site
from bypost.web.facts import days_of, later
from scheduler.cadence import parse_cadence
from scheduler.clock import SimulatedClock
from scheduler.window import Window, parse_window
from tests.conftest import MONDAY, write_course
from tests.web.conftest import PUBLIC


def course(*delays: str, **more: object) -> Course:
    lessons = tuple(
        Lesson(
            id=f"l{number}",
            subject="S",
            preheader="P",
            delay=parse_cadence(delay),
            source=Source(path="x.md", body="x"),
        )
        for number, delay in enumerate(delays)
    )
    fields = {
        "id": "c",
        "title": "C",
        "summary": "S",
        "language": "en",
        "time_zone": "UTC",
        "hour": time(9),
        "window": Window.always(),
        "settings": {},
        "lessons": lessons,
        "path": "lessons/c",
    }
    return Course(**{**fields, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("delays", "days"),
    [
        (("at once", "1 day", "2 days"), (3, 3)),
        (("at once",), (0, 0)),
        # 9 weekdays: from a Monday over one weekend, from a Friday over two.
        (("at once", "1 weekday", *("2 weekdays",) * 4), (11, 13)),
        (("at once", "weekly on tuesday"), (1, 7)),
    ],
)
def test_the_days_are_counted_from_the_cadence(
    delays: tuple[str, ...], days: tuple[int, int]
) -> None:
    assert days_of(course(*delays), MONDAY) == days


def test_a_window_moves_the_last_day() -> None:
    weekdays = parse_window("09:00", "17:00", "weekdays", ())
    assert days_of(course("at once", "1 day", window=weekdays), MONDAY) == (1, 3)


def test_days_that_cannot_be_told_are_not_told() -> None:
    closed = [(MONDAY + timedelta(days=n)).date() for n in range(800)]
    never = parse_window("09:00", "17:00", "daily", closed)
    assert days_of(course("at once", "1 day", window=never), MONDAY) is None


@pytest.mark.parametrize(
    ("delay", "said"),
    [
        ("at once", "at once"),
        ("1 day", "one day later"),
        ("2 weekdays", "two weekdays later"),
        ("40 days", "40 days later"),
        ("weekly on tuesday", "the Tuesday after"),
    ],
)
def test_a_delay_is_said_in_words(delay: str, said: str) -> None:
    assert later(parse_cadence(delay)) == said


def test_the_only_course_is_the_home_page(public: TestClient) -> None:
    for path in ("/", "/courses", "/courses/letters"):
        page = public.get(path)
        assert page.status_code == 200
        assert "2 lessons over 2 days, 1 minute each" in page.text
        assert '<link rel="canonical" href="http://localhost:8000/courses/letters">' in page.text


def test_each_lesson_is_listed_with_one_line_of_what_is_in_it(public: TestClient) -> None:
    page = LexborHTMLParser(public.get("/courses/letters").text)
    assert [node.text() for node in page.css(".syllabus h3")] == [
        "Title of one",
        "Title of two",
        "Title of three",
    ]
    assert "A preheader that is long enough" in page.css_first(".syllabus p").text()
    assert page.css_first(".syllabus .note").text().startswith("The welcome, at once")


def test_the_page_may_be_listed_by_search_engines_and_says_what_it_is(public: TestClient) -> None:
    answer = public.get("/courses/letters")
    assert answer.headers["x-robots-tag"] == "all"
    page = LexborHTMLParser(answer.text)
    assert not page.css("meta[name=robots]")
    assert page.css_first("meta[property='og:title']").attributes["content"] == "Course letters"
    assert page.css_first("meta[name='twitter:card']").attributes["content"] == "summary"
    assert not page.css("meta[property='og:image']")
    data = json.loads(page.css_first("script[type='application/ld+json']").text())
    assert (data["@type"], data["name"], data["isAccessibleForFree"]) == (
        "Course",
        "Course letters",
        True,
    )


def edit(root: Path, lines: str, name: str = "letters") -> None:
    path = root / "lessons" / name / "course.toml"
    path.write_text(path.read_text(encoding="utf-8") + lines, encoding="utf-8")


KEYS = """
promise = "You will <b>write</b> & be answered."
for_whom = ["People who write.", "People who wait."]
sample = "two"
image = "https://pictures.example.net/card.png"
"""


def test_what_the_author_says_stands_on_the_page_as_text(project: Path, public: TestClient) -> None:
    edit(project, KEYS)
    answer = public.get("/courses/letters").text
    page = LexborHTMLParser(answer)
    assert page.css_first(".lead").text() == "You will <b>write</b> & be answered."
    assert [node.text() for node in page.css("#for-whom + div li")] == [
        "People who write.",
        "People who wait.",
    ]
    assert page.css_first("meta[property='og:image']").attributes["content"].endswith("/card.png")
    assert "summary_large_image" in answer


def test_a_sample_lesson_stands_there_in_full_with_nobodys_name(
    project: Path, public: TestClient
) -> None:
    edit(project, KEYS)
    sample = LexborHTMLParser(public.get("/courses/letters").text).css_first(".sample")
    assert "Hello you, this is two." in sample.text()
    assert "this is one" not in sample.text()


def test_structured_data_cannot_end_its_element(project: Path, public: TestClient) -> None:
    path = project / "lessons" / "letters" / "course.toml"
    path.write_text('title = "</script><script>x"\nsummary = "S & <!--"\n', encoding="utf-8")
    page = LexborHTMLParser(public.get("/courses/letters").text)
    data = json.loads(page.css_first("script[type='application/ld+json']").text())
    assert data["name"] == "</script><script>x"
    assert len(page.css("script")) == 2


def test_a_closed_course_says_so_and_takes_nobody(project: Path, public: TestClient) -> None:
    edit(project, "open = false\n")
    page = public.get("/courses/letters")
    assert "This course is closed at present" in page.text
    assert "<form" not in page.text
    answer = public.post("/courses/letters", data={"email": "cy@example.org"})
    assert answer.status_code == 409
    assert "closed at present" in answer.text


def test_several_courses_make_the_home_page_a_list(project: Path, public: TestClient) -> None:
    write_course(project, "numbers")
    page = LexborHTMLParser(public.get("/").text)
    links = [node.attributes["href"] for node in page.css("main h2 a, main h3 a")]
    assert links == ["/courses/letters", "/courses/numbers", "/newsletters/notes"]


def test_without_a_course_the_home_page_says_so(
    empty_project: Path, open_context: Callable[..., Context]
) -> None:
    with TestClient(make_site(open_context(empty_project)), base_url=PUBLIC) as client:
        page = client.get("/")
    assert page.status_code == 200
    assert "There is no course here yet." in page.text


def test_an_edit_shows_within_a_second_and_a_broken_one_not_at_all(
    project: Path, public: TestClient, clock: SimulatedClock
) -> None:
    assert "Course letters" in public.get("/courses/letters").text
    path = project / "lessons" / "letters" / "course.toml"
    path.write_text('title = "New letters"\nsummary = "S"\n', encoding="utf-8")
    clock.advance(timedelta(seconds=1))
    assert "New letters" in public.get("/courses/letters").text
    path.write_text('title = "Newer letters', encoding="utf-8")
    clock.advance(timedelta(seconds=1))
    answer = public.get("/courses/letters")
    assert (answer.status_code, "New letters" in answer.text) == (200, True)


@pytest.mark.parametrize("path", ["/courses/nothing", "/newsletters/nothing", "/embed/nothing"])
def test_what_is_not_there_is_not_found(public: TestClient, path: str) -> None:
    for method in ("GET", "POST"):
        assert public.request(method, path).status_code == 404


def test_facts_do_not_depend_on_the_hour() -> None:
    late = datetime(2026, 11, 23, 23, 59, tzinfo=UTC)
    assert days_of(course("at once", "1 day"), late) == (1, 1)
