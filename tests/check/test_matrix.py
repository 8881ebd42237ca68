"""What is wrong with a mail for one persona, in a few words."""

from __future__ import annotations

from pathlib import Path

import pytest

from bypost.check.finding import Level
from bypost.check.matrix import Fault, faults
from bypost.content.loader import load_project_content
from bypost.render.compile import Compiler
from bypost.render.personalise import Personaliser
from tests.check.conftest import SENDER, TEXT, Lesson


@pytest.fixture
def judged(project: Path) -> object:
    """Compile the only lesson and judge it for somebody."""

    def judge(name: str = "", **attributes: str) -> tuple[Fault, ...]:
        course = load_project_content(project).courses[0]
        compiler = Compiler(
            project,
            sender=SENDER,
            base_url="https://mail.example.org",
            attributes=frozenset({"company"}),
        )
        content = compiler.lesson(course, course.lessons[0])
        person = {"name": name, "email": "a@example.org", "since": "1 May 2026", **attributes}
        links = {"leave": "https://a.example/u", "progress": "https://a.example/p"}
        return faults(content, {"subscriber": person, "links": links}, Personaliser(content))

    return judge


def words(found: tuple[Fault, ...]) -> list[str]:
    return [fault.short for fault in found]


def test_a_sound_mail_has_no_fault(lesson: Lesson, judged) -> None:
    lesson()
    assert judged("Anna") == ()


def test_a_value_that_is_empty_for_somebody_leaves_a_hole(lesson: Lesson, judged) -> None:
    lesson(body="Good morning, {{ subscriber.company }}.\n\n" + TEXT)
    assert words(judged("Anna")) == ["subscriber.company is empty"]
    assert judged("Anna", company="Baker") == ()


def test_a_hole_is_named_once_with_a_way_to_mend_it(lesson: Lesson, judged) -> None:
    lesson(subject="News for {{ subscriber.name }}", body="Hi {{ subscriber.name }}.\n\n" + TEXT)
    (fault,) = judged()
    assert fault.level is Level.ERROR
    assert 'subscriber.name|default("...", true)' in fault.words


def test_a_default_fills_the_hole(lesson: Lesson, judged) -> None:
    lesson(body='Hi {{ subscriber.name|default("there", true) }}.\n\n' + TEXT)
    assert judged() == ()


def test_a_block_that_is_left_out_is_no_hole(lesson: Lesson, judged) -> None:
    lesson(body="::: if subscriber.company\nAt {{ subscriber.company }}.\n:::\n\n" + TEXT)
    assert judged() == ()


def test_a_value_that_is_only_blank_is_a_hole_behind_a_filter_too(lesson: Lesson, judged) -> None:
    lesson(body="Hi {{ subscriber.name|upper }}.\n\n" + TEXT)
    assert words(judged("  ")) == ["subscriber.name is empty"]


def test_a_subject_may_be_too_long_for_one_persona_only(lesson: Lesson, judged) -> None:
    lesson(subject='A question for {{ subscriber.name|default("you", true) }}')
    assert judged() == ()
    (fault,) = judged("Maria Magdalena Theodora von Hohenstein-Papadopoulou")
    assert (fault.level, fault.short) == (Level.WARNING, "subject: 67 characters")


def test_a_subject_that_comes_out_empty_is_an_error(lesson: Lesson, judged) -> None:
    lesson(subject="{{ subscriber.name }}")
    assert "no subject" in words(judged())


@pytest.mark.parametrize(("kilobytes", "level"), [(80, Level.WARNING), (100, Level.ERROR)])
def test_a_mail_that_gmail_would_cut_off_is_told_with_its_size(
    lesson: Lesson, judged, kilobytes: int, level: Level
) -> None:
    lesson(body="\n\n".join(["Words. " * 100] * (kilobytes * 1000 // 700)))
    (fault,) = judged("Anna")
    assert fault.level is level
    assert fault.short.endswith(" kB")


def test_a_value_that_is_missing_altogether_is_a_mail_that_cannot_be_made(
    lesson: Lesson, judged, project: Path
) -> None:
    lesson("00-first", body="Then {{ next.title }} follows.\n\n" + TEXT)
    lesson("01-second")
    (fault,) = judged("Anna")  # nothing is given of the next lesson
    assert fault.short == "cannot be made"
