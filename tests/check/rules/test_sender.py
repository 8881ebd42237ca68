"""Who the mails come from, said once for the project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]


@pytest.mark.parametrize(
    ("rule", "level", "key", "value"),
    [
        ("from-name", Level.ERROR, "name", ""),
        ("from-name", Level.ERROR, "name", "course@example.org"),
        ("from-free", Level.ERROR, "email", "anna@gmail.com"),
        ("from-free", Level.ERROR, "email", "anna@Yahoo.co.uk"),
        ("from-free", Level.ERROR, "email", "anna@outlook.com"),
        ("reply-to", Level.WARNING, "reply_to", "noreply@example.org"),
        ("reply-to", Level.WARNING, "reply_to", "do-not-reply@example.org"),
        ("reply-to", Level.WARNING, "reply_to", "ne-pas-repondre@example.org"),
    ],
)
def test_a_sender_that_people_or_servers_refuse_is_named_with_the_line_of_the_setting(
    project: Path, lessons: Lessons, look: Look, rule: str, level: Level, key: str, value: str
) -> None:
    (project / "bypost.toml").write_text(f'[sender]\n\n{key} = "{value}"\n')
    lessons("Some words.", "Some words.")
    (found,) = look(rule, **{key: value})
    assert (found.level, found.path, found.line) == (level, "bypost.toml", 3)


@pytest.mark.parametrize(
    ("rule", "key", "value"),
    [
        ("from-name", "name", "佐藤"),
        ("from-free", "email", "course@notgmail.com"),
        ("from-free", "email", "course@live.example.org"),
        ("reply-to", "reply_to", "anna@gmail.com"),
        ("reply-to", "reply_to", "norbert.reply@example.org"),
    ],
)
def test_a_name_a_domain_of_ones_own_and_a_mailbox_that_is_read_pass(
    lessons: Lessons, look: Look, rule: str, key: str, value: str
) -> None:
    lessons("Some words.")
    assert look(rule, **{key: value}) == []


def test_without_an_address_for_answers_they_go_to_the_sender(lessons: Lessons, look: Look) -> None:
    lessons("Some words.")
    assert look("reply-to", reply_to="") == []
    (found,) = look("reply-to", reply_to="", email="no-reply@example.org")
    # The project has no settings file: the address comes from the environment.
    assert found.line is None
