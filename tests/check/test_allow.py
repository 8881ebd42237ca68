"""Exceptions that a mail makes: what each silences, and which ones are mistakes themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Finding, Level, examine
from tests.check.conftest import NOW, SENDER

Lesson = Callable[..., None]
Check = Callable[[], list[Finding]]

LONG = "word " * 60
SKIPPED = "#### Four\n"
FOUR = "heading-order"


def of(found: list[Finding], *rules: str) -> list[tuple[str, int | None]]:
    return [(it.rule, it.line) for it in found if it.rule in rules]


def allow(rule: str, reason: str = "it is meant") -> str:
    return f"<!-- bypost: allow {rule} {reason} -->"


def test_before_the_first_text_it_is_for_the_whole_mail(lesson: Lesson, check: Check) -> None:
    lesson(body=f"{allow(FOUR)}\n\n# One\n\n{LONG}\n\n{SKIPPED}\n{LONG}\n\n## Two\n\n{SKIPPED}")
    assert of(check(), FOUR, "allow-unused") == []


def test_there_it_is_for_the_front_matter_too(lesson: Lesson, check: Check) -> None:
    body = f"{allow('subject-short')}\n{allow('preheader-missing')}\n\n{LONG}"
    lesson(subject="Short", preheader="", body=body)
    assert of(check(), "subject-short", "preheader-missing", "allow-unused") == []


def test_a_finding_about_the_whole_mail_needs_one_for_the_whole_mail(
    lesson: Lesson, check: Check
) -> None:
    lesson(body=f"Few words.\n\n{allow('words')}\n\nFew more.")
    assert of(check(), "words", "allow-unused") == [("words", None), ("allow-unused", 10)]
    lesson(body=f"{allow('words')}\n\nFew words.\n\nFew more.")
    assert of(check(), "words", "allow-unused") == []


def test_elsewhere_it_is_for_the_next_block_and_no_further(lesson: Lesson, check: Check) -> None:
    lesson(body=f"# One\n\n{LONG}\n\n{allow(FOUR)}\n{SKIPPED}\n## Two\n\n{SKIPPED}\n{LONG}")
    assert of(check(), FOUR, "allow-unused") == [(FOUR, 17)]


def test_a_container_is_one_block_with_all_it_holds(lesson: Lesson, check: Check) -> None:
    box = f"::: note\n{LONG}\n\n{SKIPPED}\n:::"
    lesson(body=f"# One\n\n{LONG}\n\n{allow(FOUR)}\n\n{box}")
    assert of(check(), FOUR, "allow-unused") == []


def test_in_the_middle_of_a_text_it_is_for_that_text(lesson: Lesson, check: Check) -> None:
    lesson(body=f"# One\n\n{LONG}\n\n#### Four {allow(FOUR)}\n\n{LONG}")
    assert of(check(), FOUR, "allow-unused") == []


def test_two_in_a_row_are_both_for_the_block_after_them(lesson: Lesson, check: Check) -> None:
    lesson(body=f"# One\n\n{LONG}\n\n{allow(FOUR)}\n\n{allow('words')}\n\n{SKIPPED}\n{LONG}")
    assert of(check(), FOUR, "allow-unused") == [("allow-unused", 14)]


def test_it_is_for_one_rule_and_one_file(lesson: Lesson, check: Check) -> None:
    lesson("00-first", subject="Short", preheader="", body=f"{allow('subject-short')}\n\n{LONG}")
    lesson("01-second", subject="Tiny", body=LONG)
    found = [it for it in check() if it.rule in {"subject-short", "preheader-missing"}]
    assert [(Path(it.path).name, it.rule) for it in found] == [
        ("00-first.md", "preheader-missing"),
        ("01-second.md", "subject-short"),
    ]


def test_an_exception_that_nothing_needs_is_a_note(lesson: Lesson, check: Check) -> None:
    lesson(body=f"{LONG}\n\n{allow('size-clip')}\n\n{LONG}")
    (found,) = [it for it in check() if it.rule == "allow-unused"]
    assert (found.level, found.line) == (Level.INFO, 10)


def test_an_exception_from_the_check_of_links_may_be_needed_another_time(
    lesson: Lesson, check: Check
) -> None:
    lesson(body=f"{LONG}\n\n{allow('link-dead')}\n\n{LONG}")
    assert of(check(), "allow-unused") == []


@pytest.mark.parametrize(
    ("comment", "message", "fix"),
    [
        (allow("wrds"), "there is no rule `wrds`", "did you mean `words`?"),
        (
            "<!-- bypost: allow words -->",
            "the exception from `words` gives no reason",
            "write `<!-- bypost: allow RULE reason -->`",
        ),
        (
            "<!-- bypost: allow -->",
            "the exception names no rule",
            "write `<!-- bypost: allow RULE reason -->`",
        ),
        (
            "<!-- bypost: ignore words please -->",
            "a comment that begins with `bypost:` is not understood",
            "write `<!-- bypost: allow RULE reason -->`",
        ),
        (
            allow("jinja-undefined"),
            "`jinja-undefined` keeps the mail from being made: nothing can allow it",
            "mend the text",
        ),
    ],
)
def test_an_exception_that_cannot_be_read_is_an_error_on_its_line(
    lesson: Lesson, check: Check, comment: str, message: str, fix: str
) -> None:
    lesson(body=f"{LONG}\n\n{comment}\n\n{LONG}")
    (found,) = [it for it in check() if it.rule == "allow-wrong"]
    assert (found.level, found.line) == (Level.ERROR, 10)
    assert (found.message, found.fix) == (message, fix)


def test_a_comment_over_several_lines_counts_from_its_first(lesson: Lesson, check: Check) -> None:
    lesson(body=f"{LONG}\n\n<!-- bypost: allow wrds\n  it is meant -->\n\n{LONG}")
    assert of(check(), "allow-wrong") == [("allow-wrong", 10)]


def test_one_shown_as_code_is_text(lesson: Lesson, check: Check) -> None:
    lesson(body=f"{LONG}\n\n```\n{allow('wrds')}\n```\n\nOr `{allow('wrds')}` here.")
    assert of(check(), "allow-wrong", "allow-unused") == []


def test_a_mail_that_cannot_be_made_keeps_its_exceptions_for_later(
    lesson: Lesson, check: Check
) -> None:
    lesson(body=f"{allow('words')}\n\n{{{{ subscriber.nmae }}}}")
    assert [it.rule for it in check()] == ["jinja-undefined"]


def test_the_comment_does_not_reach_the_mail(lesson: Lesson, project: Path) -> None:
    lesson(body=f"{LONG}\n\nHello {allow('words', 'quokka')} there.\n\n{allow('words', 'quokka')}")
    examined = examine(project, sender=SENDER, base_url="https://mail.example.org", now=NOW)
    (sample,) = [it for folder in examined.series for it in folder.samples if it.series]
    assert sample.readings
    for reading in sample.readings:
        assert "quokka" not in reading.mail.html + reading.mail.text
