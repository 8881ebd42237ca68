"""What mail programs do not support, beyond what the shipped templates use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bypost.check import Finding, Level
from bypost.check.caniemail import data
from bypost.check.run import examine
from tests.check.conftest import NOW, SENDER

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]
Retouch = Callable[[str, str, str], None]

TEXT = "Some words that say what the reader came here for, in plain order. " * 6

STYLE = "templates/email/style.toml"
EVERYTHING = f"{TEXT}\n\n## Two\n\n- one\n\n1. one\n\n> said\n\n```\ncode\n```\n\n---\n\n`x`\n"


def test_the_shipped_templates_are_the_measure(lessons: Lessons, look: Look) -> None:
    lessons(EVERYTHING, EVERYTHING)
    assert look("css-unsupported") == []


def test_what_a_program_does_not_support_is_a_warning_where_the_template_says_it(
    lessons: Lessons, look: Look, retouch: Retouch
) -> None:
    lessons(EVERYTHING, EVERYTHING)
    retouch("style.toml", 'blockquote = "', 'blockquote = "box-shadow:0 1px 2px #000;')
    (found,) = look("css-unsupported")
    assert (found.level, found.path) == (Level.WARNING, STYLE)
    assert found.message.startswith("`box-shadow` is not supported by Gmail (")
    assert "Outlook (Windows)" in found.message
    assert found.message.endswith(f"(caniemail, {data().date})")
    assert found.fix.endswith("https://www.caniemail.com/features/css-box-shadow/")


def test_what_is_supported_in_part_is_a_note_with_the_reason(
    lessons: Lessons, look: Look, retouch: Retouch
) -> None:
    lessons(EVERYTHING)
    retouch("style.toml", 'hr = "', 'hr = "overflow-wrap:anywhere;clear:both;')
    found = {it.message.split("`")[1]: it for it in look("css-unsupported")}
    assert all(it.level is not Level.ERROR for it in found.values())
    partly = [it for it in found.values() if it.level is Level.INFO]
    assert all("in part only" in it.message for it in partly)


def test_only_the_chosen_programs_count(project: Path, lessons: Lessons, retouch: Retouch) -> None:
    lessons(EVERYTHING)
    retouch("style.toml", 'blockquote = "', 'blockquote = "box-shadow:0 1px 2px #000;')

    def found(*clients: str) -> list[str]:
        examined = examine(
            project, sender=SENDER, base_url="https://e.org", now=NOW, clients=clients
        )
        return [it.rule for it in examined.findings if it.rule == "css-unsupported"]

    assert found("apple-mail") == []
    assert found("apple-mail", "gmail") == ["css-unsupported"]


def test_what_an_author_writes_is_found_in_the_lesson(lessons: Lessons, look: Look) -> None:
    lessons(f"{TEXT}\n\n[Up](#top)\n")
    (found,) = look("css-unsupported")
    assert (found.path, found.line) == ("lessons/baking/00-step.md", 10)
    assert found.message.startswith("`Local anchors` is not supported by Gmail (iOS)")
