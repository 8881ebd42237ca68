"""A course rehearsed for one persona, in the background: kept, made anew, put away."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bypost.content.personas import Persona
from bypost.web.preview.ahead import Ahead, Journey, Outcome
from tests.web.preview.between import make_project

LONG = timedelta(seconds=30)
BERLIN = ZoneInfo("Europe/Berlin")
#: A Thursday, late in the evening.
START = datetime(2026, 11, 26, 22, 30, tzinfo=BERLIN)
ANNA = Persona(key="anna", name="Anna", email="anna@example.org", time_zone="Europe/Berlin")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What comes for Anna, for the tests that only look at it."""
    ahead = Ahead(make_project(tmp_path_factory.mktemp("ahead") / "project"))
    found = worked_out(ahead)
    ahead.close()
    return found


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine's temporary folder, as far as these tests are concerned."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def ahead(project: Path) -> Iterator[Ahead]:
    made = Ahead(project)
    yield made
    made.close()


def worked_out(ahead: Ahead, persona: Persona = ANNA, start: datetime = START) -> Outcome:
    answer = ahead.ask(Journey(persona=persona, start=start), LONG)
    assert not answer.working
    assert answer.outcome is not None
    return answer.outcome


def names(outcome: Outcome) -> list[tuple[int, str]]:
    return [(one.day, one.name) for one in outcome.timeline.arrivals]


def test_a_persona_gets_what_the_pass_would_send_them(outcome: Outcome) -> None:
    assert names(outcome) == [
        (0, "letters/one"),
        (1, "letters/two"),
        (1, "notes/first"),
        (3, "letters/three"),
    ]


def test_a_welcome_at_night_is_outside_the_window_and_a_weekend_is_told(outcome: Outcome) -> None:
    marks = [(one.quiet, one.weekend) for one in outcome.timeline.arrivals]
    outside = "07:00 to 21:00"
    assert marks == [(outside, False), ("", False), ("", False), ("", True)]


def test_the_mails_can_be_read_though_their_folder_is_gone(ahead: Ahead, temporary: Path) -> None:
    outcome = worked_out(ahead)
    assert "Hello Anna, this is two." in outcome.mails["letters/two"].text
    assert list(temporary.iterdir()) == []


def test_an_edit_is_worked_out_anew_and_meanwhile_the_old_inbox_is_shown(
    ahead: Ahead, project: Path
) -> None:
    before = worked_out(ahead)
    assert worked_out(ahead) is before
    lesson = project / "lessons/letters/01-two.md"
    lesson.write_text(lesson.read_text().replace("subject: The subject of two", "subject: Changed"))
    answer = ahead.ask(Journey(persona=ANNA, start=START), timedelta(0))
    assert answer.working
    assert answer.outcome is before
    heads = [one.head.subject for one in worked_out(ahead).timeline.arrivals]
    assert "Changed" in heads


def test_a_broken_course_keeps_its_last_good_inbox_with_what_is_wrong(
    ahead: Ahead, project: Path
) -> None:
    before = worked_out(ahead)
    lesson = project / "lessons/letters/01-two.md"
    sound = lesson.read_text()
    lesson.write_text(sound + "\n{{ subscriber.nmae }}\n")
    broken = worked_out(ahead)
    assert broken.timeline == before.timeline
    assert broken.former
    assert [one.path for one in broken.held["lessons/letters"]] == ["lessons/letters/01-two.md"]
    lesson.write_text(sound)
    assert not worked_out(ahead).former


def test_a_course_that_was_broken_from_the_start_has_no_former_inbox(
    ahead: Ahead, project: Path
) -> None:
    lesson = project / "lessons/letters/01-two.md"
    lesson.write_text(lesson.read_text() + "\n{{ subscriber.nmae }}\n")
    outcome = worked_out(ahead)
    assert not outcome.former
    assert list(outcome.held) == ["lessons/letters"]
    assert [name for _, name in names(outcome)] == ["notes/first"]


def test_day_0_is_the_day_on_which_the_persona_joins(ahead: Ahead, project: Path) -> None:
    late = Persona(key="late", email="late@example.org", time_zone="Europe/Berlin", joined_days=10)
    line = worked_out(ahead, late).timeline
    assert line.joined == START + timedelta(days=10)
    assert [one.name for one in line.arrivals] == ["letters/one", "letters/two", "letters/three"]


def test_a_course_without_end_is_shown_for_a_year(ahead: Ahead, project: Path) -> None:
    lesson = project / "lessons/letters/02-three.md"
    lesson.write_text(lesson.read_text().replace("delay:", "not_before: 2030-01-01\ndelay:"))
    line = worked_out(ahead).timeline
    assert not line.ended
    assert [one.name for one in line.arrivals if one.kind == "lesson"][-1] == "letters/two"


def test_closing_ends_what_is_being_worked_out_and_leaves_no_folder(
    project: Path, temporary: Path
) -> None:
    ahead = Ahead(project)
    for hour in range(3):
        start = START.replace(hour=hour)
        assert ahead.ask(Journey(persona=ANNA, start=start), timedelta(0)).working
    ahead.close()
    assert list(temporary.iterdir()) == []
    answer = ahead.ask(Journey(persona=ANNA, start=START.replace(hour=12)), timedelta(0))
    assert answer.outcome is None
