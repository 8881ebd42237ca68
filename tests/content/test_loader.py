"""What a project's folders become, and what never hides what."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bypost.content.loader import load_project_content
from bypost.model.course import IssueStatus
from scheduler.cadence import AtOnce, Weekdays
from scheduler.window import Window, parse_window

Write = Callable[[str, str | bytes], Path]

REUSED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def lesson(name: str, extra: str = "") -> str:
    return (
        f"---\nid: {name}\nsubject: About {name}\npreheader: On {name}.\n"
        f"delay: 2 weekdays\n{extra}---\n\nText.\n"
    )


def test_a_sound_project_loads_without_a_problem(project: Path) -> None:
    library = load_project_content(project)
    assert library.broken == {}
    (course,) = library.courses
    assert (course.id, course.title, course.path) == ("baking", "Baking", "lessons/baking")
    assert (course.language, course.time_zone, course.hour) == ("en", "UTC", time(9))
    assert (course.window, course.settings) == (Window.always(), {})
    assert course.lessons[0].delay == AtOnce()
    (issue,) = library.newsletters[0].issues
    assert (issue.status, issue.day, issue.hour) == (IssueStatus.READY, date(2026, 12, 1), time(9))
    assert [notice.id for notice in library.notices] == ["confirmation"]


def test_a_folder_without_any_content_is_an_empty_library(tmp_path: Path) -> None:
    library = load_project_content(tmp_path)
    assert (library.courses, library.newsletters, library.notices) == ((), (), ())
    assert library.broken == {}


def test_every_key_of_a_lesson_arrives(project: Path, write: Write) -> None:
    write(
        "lessons/baking/01-more.md",
        lesson(
            "more",
            "not_before: 2026-12-01\nexpires: 2027-01-01\nwindow:\n  start: 10:00\n  end: 12:00\n"
            "  days: [mon, thu]\n  skip: 2026-12-24\n",
        ),
    )
    more = load_project_content(project).courses[0].lessons[1]
    assert (more.not_before, more.expires) == (date(2026, 12, 1), date(2027, 1, 1))
    assert more.delay == Weekdays(2)
    assert more.window == parse_window("10:00", "12:00", ["mon", "thu"], [date(2026, 12, 24)])
    assert more.source.key_lines["window.end"] == 10
    assert more.source.body_line == 14


def test_every_key_of_course_toml_arrives(project: Path, write: Write) -> None:
    write(
        "lessons/baking/course.toml",
        'title = "Baking"\nsummary = "Bread."\nlanguage = "de"\ntime_zone = "Europe/Berlin"\n'
        'hour = 07:30:00\n[window]\nstart = "06:00"\nend = "22:00"\ndays = "weekdays"\n'
        'skip = [2026-12-24, "2026-12-25"]\n[settings]\nguide_url = ""\n',
    )
    (course,) = load_project_content(project).courses
    assert (course.language, course.time_zone, course.hour) == ("de", "Europe/Berlin", time(7, 30))
    skip = [date(2026, 12, 24), date(2026, 12, 25)]
    assert course.window == parse_window("06:00", "22:00", "weekdays", skip)
    assert course.settings == {"guide_url": ""}


@pytest.mark.parametrize("word", ["no", "on", "null", "12", "2026-12-01", "1e3", "~"])
def test_a_plain_word_is_text_whatever_yaml_would_make_of_it(
    project: Path, write: Write, word: str
) -> None:
    write("lessons/baking/01-more.md", lesson("more").replace("About more", word))
    assert load_project_content(project).courses[0].lessons[1].subject == word


def test_an_hour_without_quotes_is_an_hour_and_not_a_number(project: Path, write: Write) -> None:
    issue = (project / "newsletters/crumbs/2026-12-01-rye.md").read_text()
    write("newsletters/crumbs/2026-12-01-rye.md", issue.replace("12-01\n", "12-01\nat: 10:30\n"))
    assert load_project_content(project).newsletters[0].issues[0].hour == time(10, 30)


def test_an_issue_at_an_instant_has_no_day_and_no_hour(project: Path, write: Write) -> None:
    issue = (project / "newsletters/crumbs/2026-12-01-rye.md").read_text()
    write(
        "newsletters/crumbs/2026-12-01-rye.md",
        issue.replace("2026-12-01", "2026-12-01T09:00:00+01:00"),
    )
    (found,) = load_project_content(project).newsletters[0].issues
    assert found.at == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert (found.day, found.hour) == (None, None)


def test_lessons_follow_the_number_in_their_names(project: Path, write: Write) -> None:
    for name in ("10-ten", "9-nine", "02-b", "02-a"):
        write(f"lessons/baking/{name}.md", lesson(name))
    lessons = load_project_content(project).courses[0].lessons
    assert [found.id for found in lessons] == ["welcome", "02-a", "02-b", "9-nine", "10-ten"]


def test_one_broken_course_hides_no_other(project: Path, write: Write) -> None:
    write("lessons/cheese/course.toml", "title =")
    write("newsletters/rind/newsletter.toml", "")
    library = load_project_content(project)
    assert [course.id for course in library.courses] == ["baking"]
    assert [newsletter.id for newsletter in library.newsletters] == ["crumbs"]
    assert set(library.broken) == {"lessons/cheese", "newsletters/rind"}


def test_all_mistakes_of_a_course_are_told_at_once(project: Path, write: Write) -> None:
    write("lessons/baking/course.toml", 'title = "Baking"\nhour = "25:00"\n')
    write("lessons/baking/01-a.md", lesson("A B").replace("2 weekdays", "never"))
    write("lessons/baking/02-b.md", "no front matter")
    write("lessons/baking/notes.md", "loose")
    problems = load_project_content(project).broken["lessons/baking"]
    assert [(found.path.removeprefix("lessons/baking/"), found.line) for found in problems] == [
        ("course.toml", 1),
        ("course.toml", 2),
        ("notes.md", None),
        ("01-a.md", 2),
        ("01-a.md", 5),
        ("02-b.md", 1),
    ]


def test_a_second_use_of_an_id_names_the_first(project: Path, write: Write) -> None:
    write("lessons/baking/01-again.md", lesson("welcome"))
    (found,) = load_project_content(project).broken["lessons/baking"]
    assert str(found) == (
        "lessons/baking/01-again.md:2: the id `welcome` is taken by lessons/baking/00-welcome.md:2"
        "\n    give this one another id"
    )


def test_an_id_is_taken_even_by_a_lesson_that_is_broken_elsewhere(
    project: Path, write: Write
) -> None:
    write("lessons/baking/01-a.md", lesson("twin").replace("2 weekdays", "never"))
    write("lessons/baking/02-b.md", lesson("twin"))
    problems = load_project_content(project).broken["lessons/baking"]
    assert [found.rule for found in problems] == ["key", "duplicate-id"]


def test_two_newsletters_may_use_the_same_issue_id(project: Path, write: Write) -> None:
    issue = (project / "newsletters/crumbs/2026-12-01-rye.md").read_text()
    write("newsletters/second/newsletter.toml", 'title = "B"\nsummary = "C"\n')
    write("newsletters/second/2026-12-01-rye.md", issue)
    assert load_project_content(project).broken == {}


def test_an_issue_id_twice_in_one_newsletter_is_a_mistake(project: Path, write: Write) -> None:
    issue = (project / "newsletters/crumbs/2026-12-01-rye.md").read_text()
    write("newsletters/crumbs/2026-12-02-rye.md", issue)
    (found,) = load_project_content(project).broken["newsletters/crumbs"]
    assert found.rule == "duplicate-id"


def test_a_course_without_lessons_is_a_mistake(project: Path, write: Write) -> None:
    write("lessons/empty/course.toml", 'title = "A"\nsummary = "B"\n')
    (found,) = load_project_content(project).broken["lessons/empty"]
    assert str(found) == (
        "lessons/empty: the course has no lessons\n    add a file such as 00-welcome.md"
    )


def test_a_newsletter_without_issues_is_fine(project: Path) -> None:
    (project / "newsletters/crumbs/2026-12-01-rye.md").unlink()
    assert load_project_content(project).newsletters[0].issues == ()


def test_a_course_without_course_toml_is_a_mistake(project: Path) -> None:
    (project / "lessons/baking/course.toml").unlink()
    (found,) = load_project_content(project).broken["lessons/baking"]
    assert str(found) == (
        "lessons/baking/course.toml: is missing\n    create it, with `title` and `summary`"
    )


def test_a_folder_whose_name_cannot_be_an_id_is_a_mistake(project: Path) -> None:
    (project / "lessons/baking").rename(project / "lessons/My Course")
    (found,) = load_project_content(project).broken["lessons/My Course"]
    assert found.message == "`My Course` is not an id"


@pytest.mark.parametrize("name", [".draft.md", "03-old.md~", ".git/03.md", "notes.txt", "img/a.md"])
def test_hidden_backup_and_other_files_are_not_lessons(
    project: Path, write: Write, name: str
) -> None:
    write(f"lessons/baking/{name}", "anything")
    library = load_project_content(project)
    assert library.broken == {}
    assert len(library.courses[0].lessons) == 1


def test_a_file_without_a_number_is_a_mistake_and_says_what_to_do(
    project: Path, write: Write
) -> None:
    write("lessons/baking/README.md", "read me")
    (found,) = load_project_content(project).broken["lessons/baking"]
    assert str(found) == (
        "lessons/baking/README.md: the name of a lesson begins with its number\n"
        "    start the name with a number, as in 01-welcome.md, or move the file away"
    )


def test_an_issue_without_a_date_in_its_name_is_a_mistake(project: Path, write: Write) -> None:
    write("newsletters/crumbs/rye.md", "x")
    (found,) = load_project_content(project).broken["newsletters/crumbs"]
    assert found.message == "the name of an issue begins with a date"


def test_a_broken_notice_leaves_the_others_standing(project: Path, write: Write) -> None:
    write("templates/email/goodbye.md", "---\nid: goodbye\n---\nBye.\n")
    library = load_project_content(project)
    assert [notice.id for notice in library.notices] == ["confirmation"]
    assert [found.message for found in library.broken["templates/email"]] == [
        "`subject` is missing",
        "`preheader` is missing",
    ]


def test_byte_order_mark_and_crlf_change_nothing(project: Path, write: Write) -> None:
    plain = load_project_content(project).courses[0].lessons
    path = project / "lessons/baking/00-welcome.md"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_project_content(project).courses[0].lessons == plain


def test_a_very_long_line_is_text_like_any_other(project: Path, write: Write) -> None:
    write("lessons/baking/01-more.md", lesson("more") + "word " * 100_000)
    assert load_project_content(project).broken == {}


@REUSED
@given(
    data=st.binary(max_size=200) | st.binary(max_size=200).map(lambda b: b"---\n" + b + b"\n---\nx")
)
def test_any_bytes_as_a_lesson_make_problems_and_never_an_exception(
    project: Path, write: Write, data: bytes
) -> None:
    write("lessons/baking/01-any.md", data)
    problems = load_project_content(project).broken["lessons/baking"]
    for found in problems:
        assert found.path == "lessons/baking/01-any.md"
        assert found.line is None or 1 <= found.line <= data.count(b"\n") + data.count(b"\r") + 1
        str(found).encode()


@REUSED
@given(
    data=st.binary(max_size=120) | st.text("abt=[]{}\"'.#\n 019-:\\", max_size=80).map(str.encode)
)
def test_any_bytes_as_course_toml_make_problems_and_never_an_exception(
    project: Path, write: Write, data: bytes
) -> None:
    write("lessons/baking/course.toml", data)
    problems = load_project_content(project).broken["lessons/baking"]
    assert all(found.message and str(found).encode() for found in problems)


@REUSED
@given(
    text=st.text("abc: -[]{}\"'\n\\u&*!|>%@#\t", max_size=120),
)
def test_any_yaml_like_text_makes_problems_and_never_an_exception(
    project: Path, write: Write, text: str
) -> None:
    write("lessons/baking/01-any.md", f"---\n{text}\n---\nText.\n")
    assert load_project_content(project).broken["lessons/baking"]


def test_a_link_out_of_the_project_is_not_followed(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.md"
    outside.write_text(lesson("secret"))
    (project / "lessons/baking/01-secret.md").symlink_to(outside)
    (found,) = load_project_content(project).broken["lessons/baking"]
    assert str(found) == (
        "lessons/baking/01-secret.md: is a link that leaves the project folder\n"
        "    copy it into the project"
    )


def test_a_course_folder_that_links_out_of_the_project_is_not_followed(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "course.toml").write_text('title = "A"\nsummary = "B"\n')
    (outside / "00-a.md").write_text(lesson("a"))
    (project / "lessons/linked").symlink_to(outside, target_is_directory=True)
    library = load_project_content(project)
    assert [course.id for course in library.courses] == ["baking"]
    assert {found.message for found in library.broken["lessons/linked"]} == {
        "is a link that leaves the project folder"
    }


def test_a_link_within_the_project_is_followed(project: Path, write: Write) -> None:
    target = write("shared/more.md", lesson("more"))
    (project / "lessons/baking/01-more.md").symlink_to(target)
    assert len(load_project_content(project).courses[0].lessons) == 2


def test_a_link_to_itself_is_a_problem(project: Path) -> None:
    path = project / "lessons/baking/01-loop.md"
    path.symlink_to(path)
    (found,) = load_project_content(project).broken["lessons/baking"]
    assert found.message.startswith("cannot be read")


def test_a_folder_named_like_a_lesson_is_a_problem(project: Path) -> None:
    (project / "lessons/baking/01-folder.md").mkdir()
    (found,) = load_project_content(project).broken["lessons/baking"]
    assert found.message == "is not a file"


def test_a_named_pipe_does_not_keep_the_loader_waiting(project: Path) -> None:
    os.mkfifo(project / "lessons/baking/01-pipe.md")
    (found,) = load_project_content(project).broken["lessons/baking"]
    assert found.message == "is not a file"


def test_a_file_that_may_not_be_read_is_a_problem(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def refuse(path: Path, mode: str = "r") -> object:
        if path.name == "00-welcome.md":
            raise PermissionError(13, "Permission denied")
        return real(path, mode)

    monkeypatch.setattr(Path, "open", refuse)
    (found,) = load_project_content(project).broken["lessons/baking"]
    assert (found.path, found.message) == (
        "lessons/baking/00-welcome.md",
        "cannot be read: permission denied",
    )


def test_a_file_name_that_cannot_be_shown_is_a_problem(project: Path) -> None:
    (project / "lessons/baking/01-a\nb.md").write_text(lesson("a"))
    (found,) = load_project_content(project).broken["lessons/baking"]
    assert (found.path, found.message) == (
        "lessons/baking/01-a\ufffdb.md",
        "has a name that cannot be shown",
    )


def test_lessons_that_is_a_file_is_a_problem_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "lessons").write_text("x")
    (found,) = load_project_content(tmp_path).broken["lessons"]
    assert found.message == "cannot be read: not a directory"
