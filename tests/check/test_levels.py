"""What an author decides about rules in ``[check]``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Level, examine
from bypost.check.levels import levels_of
from bypost.errors import SettingsError
from bypost.settings.model import Check
from tests.check.conftest import NOW, SENDER

Lesson = Callable[..., None]
Judge = Callable[..., list[tuple[str, Level]]]

TWO = ("subject-short", "preheader-missing")


@pytest.fixture
def judge(project: Path) -> Judge:
    def judging(rules: tuple[str, ...] = TWO, **keys: tuple[str, ...]) -> list[tuple[str, Level]]:
        examined = examine(
            project,
            sender=SENDER,
            base_url="https://mail.example.org",
            now=NOW,
            levels=levels_of(Check(**keys)),
        )
        return [(it.rule, it.level) for it in examined.findings if it.rule in rules]

    return judging


def test_a_rule_weighs_what_it_says_itself(lesson: Lesson, judge: Judge) -> None:
    lesson(subject="Short", preheader="")
    assert judge() == [(rule, Level.WARNING) for rule in TWO]


def test_a_rule_switched_off_finds_nothing_and_the_others_do(lesson: Lesson, judge: Judge) -> None:
    lesson(subject="Short", preheader="")
    assert judge(off=("subject-short",)) == [("preheader-missing", Level.WARNING)]


def test_a_rule_weighs_what_was_decided(lesson: Lesson, judge: Judge) -> None:
    lesson(subject="Short", preheader="")
    decided = judge(errors=("subject-short",), infos=("preheader-missing",))
    assert decided == [("subject-short", Level.ERROR), ("preheader-missing", Level.INFO)]


def test_what_keeps_a_mail_from_being_made_stays_an_error(lesson: Lesson, judge: Judge) -> None:
    # This rule has both: a level left out may go out, a second `#` cannot be compiled.
    lesson(body=f"# One\n\n# Two\n\n{'word ' * 50}")
    assert judge(("heading-order",), off=("heading-order",)) == [("heading-order", Level.ERROR)]


def test_an_exception_from_a_rule_switched_off_is_not_called_unused(
    lesson: Lesson, judge: Judge
) -> None:
    lesson(body=f"<!-- bypost: allow words meant so -->\n\n{'word ' * 60}")
    assert judge(("allow-unused",)) == [("allow-unused", Level.INFO)]
    assert judge(("allow-unused",), off=("words",)) == []
    assert judge(("allow-unused",), off=("allow-unused",)) == []


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"off": ("wrds",)}, "check.off: there is no rule `wrds`\n    did you mean `words`?"),
        (
            {"infos": ("zzzzzz",)},
            "check.infos: there is no rule `zzzzzz`\n    all rules: docs/rules/README.md",
        ),
        (
            {"warnings": ("jinja-undefined",)},
            (
                "check.warnings: `jinja-undefined` is about mail that cannot be made\n"
                "    it has no other level: mend what it finds"
            ),
        ),
        (
            {"clients": ("gmial",)},
            "check.clients: nothing is known of `gmial`\n    did you mean `gmail`?",
        ),
        (
            {"off": ("words",), "errors": ("words",)},
            "check.errors: `words` stands in check.off as well\n    name it once",
        ),
    ],
)
def test_a_decision_that_makes_no_sense_is_an_error_that_says_why(
    keys: dict[str, tuple[str, ...]], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        levels_of(Check(**keys))
    assert str(caught.value) == f"bypost.toml: {message}"


def test_any_family_of_mail_programs_that_is_known_may_be_minded() -> None:
    assert levels_of(Check(clients=("gmail", "thunderbird"))).off == frozenset()
