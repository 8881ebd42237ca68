"""A mail says that it has colours for dark mode, and has them."""

from __future__ import annotations

from collections.abc import Callable

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]
Retouch = Callable[[str, str, str], None]

TEXT = "Some words that say what the reader came here for, in plain order. " * 6

BASE = "templates/email/base.mjml"


def test_a_mail_that_allows_no_dark_colours_is_a_warning(
    lessons: Lessons, look: Look, retouch: Retouch
) -> None:
    lessons(TEXT, TEXT)
    retouch("base.mjml", '<meta name="color-scheme" content="light dark" />', "")
    (found,) = look("dark-meta")
    assert (found.level, found.path) == (Level.WARNING, BASE)
    assert "does not say" in found.message


def test_a_mail_without_dark_colours_is_a_warning(
    lessons: Lessons, look: Look, retouch: Retouch
) -> None:
    lessons(TEXT)
    retouch("base.mjml", "@media (prefers-color-scheme: dark)", "@media print")
    (found,) = look("dark-meta")
    assert "no colours for dark mode" in found.message


def test_the_shipped_templates_pass(lessons: Lessons, look: Look) -> None:
    lessons(TEXT)
    assert look("dark-meta") == []
