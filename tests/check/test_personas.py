"""The values of a persona are those a subscriber like them would have."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from bypost.check.personas import values_for
from bypost.content.loader import load_project_content
from bypost.content.personas import Persona
from bypost.model.course import Course

#: A Monday.
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)

TOKYO = Persona(
    key="tokyo",
    email="misaki@example.org",
    time_zone="Asia/Tokyo",
    hour=time(7),
    joined_days=10,
    attributes={"company": "Acme"},
)


@pytest.fixture
def course(tmp_path: Path) -> Course:
    folder = tmp_path / "lessons/baking"
    folder.mkdir(parents=True)
    (folder / "course.toml").write_text('title = "Baking"\nsummary = "Bread."\n')
    for at, name in enumerate(("one", "two")):
        (folder / f"0{at}-{name}.md").write_text(
            f"---\nid: {name}\nsubject: On {name}\npreheader: P.\ndelay: 2 weekdays\n---\nText.\n"
        )
    return load_project_content(tmp_path).courses[0]


def test_a_subscriber_has_every_known_attribute_and_the_date_they_began() -> None:
    values = values_for(TOKYO, now=NOW, base_url="https://x.org", attributes=["company", "team"])
    assert values["subscriber"] == {
        "name": "",
        "email": "misaki@example.org",
        "time_zone": "Asia/Tokyo",
        "since": "13 November 2026",
        "company": "Acme",
        "team": "",
    }


def test_links_lie_below_the_site() -> None:
    links = values_for(TOKYO, now=NOW, base_url="https://x.org")["links"]
    assert set(links) == {"leave", "progress", "confirm", "done"}
    assert all(link.startswith("https://x.org/") for link in links.values())


def test_what_comes_next_is_told_in_the_persona_s_own_time(course: Course) -> None:
    values = values_for(
        TOKYO, now=NOW, base_url="https://x.org", course=course, lesson=course.lessons[0]
    )
    assert values["next"] == {
        "when": "Wednesday at 07:00",
        "date": "Wednesday 25 November",
        "title": "On two",
    }


def test_a_given_heading_stands_for_the_next_lesson_s_subject(course: Course) -> None:
    values = values_for(
        TOKYO,
        now=NOW,
        base_url="https://x.org",
        course=course,
        lesson=course.lessons[0],
        next_title="Two",
    )
    assert values["next"]["title"] == "Two"


def test_after_the_last_lesson_nothing_comes_next(course: Course) -> None:
    values = values_for(
        TOKYO, now=NOW, base_url="https://x.org", course=course, lesson=course.lessons[1]
    )
    assert "next" not in values
