"""HTML that does not survive in mail, or is not well formed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bypost.check import Finding, Level
from bypost.check.rules.markup import faults_of

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]
Retouch = Callable[[str, str, str], None]

TEXT = "Some words that say what the reader came here for, in plain order. " * 6

LESSON = "templates/email/lesson.mjml"


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ('<form action="https://example.org/a"><b>x</b></form>', "`<form>`"),
        ('<iframe src="https://example.org/a"></iframe>', "`<iframe>`"),
        ('<video src="https://example.org/a.mp4"></video>', "`<video>`"),
        ('<b onclick="go()">x</b>', "`onclick`"),
        ('<b style="position:absolute">x</b>', "`position:absolute`"),
    ],
)
def test_what_mail_programs_remove_is_an_error_in_the_template(
    lessons: Lessons, look: Look, retouch: Retouch, html: str, said: str
) -> None:
    lessons(TEXT, TEXT)
    retouch("lesson.mjml", "<span style", f"{html}<span style")
    (found,) = look("html-forbidden")
    assert (found.level, found.path, found.line) == (Level.ERROR, LESSON, 3)
    assert said in found.message


def test_ordinary_html_in_a_template_passes(lessons: Lessons, look: Look, retouch: Retouch) -> None:
    lessons(TEXT)
    retouch("lesson.mjml", "<span style", '<b style="position:static">x</b><span style')
    assert look("html-forbidden") == []
    assert look("html-valid") == []


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<p><div>x</div></p>", "`<div>` stands inside a paragraph"),
        ('<a href="https://e.org/a">x <a href="https://e.org/b">y</a></a>', "inside a link"),
        ("<p>x<ul><li>y</li></ul></p>", "`<ul>` stands inside a paragraph"),
    ],
)
def test_html_that_every_program_repairs_differently_is_an_error(
    lessons: Lessons, look: Look, retouch: Retouch, html: str, said: str
) -> None:
    lessons(TEXT)
    retouch("lesson.mjml", "<span style", f"{html}<span style")
    (found,) = look("html-valid")
    assert found.level is Level.ERROR
    assert said in found.message


@pytest.mark.parametrize(
    ("html", "faults"),
    [
        ("<p>a<br>b<img src=x></p>", []),
        ("<p>a</p><!-- <b> --><!--[if mso]><table><![endif]-->", []),
        ("<div><p>a</div>", [("p", "`<p>` is not closed before `</div>`")]),
        ("<div>a", [("div", "`<div>` is never closed")]),
        ("a</b>", [("b", "`</b>` closes nothing")]),
        ("<p><table><tr><td><p>a</p></td></tr></table></p>",
         [("table", "`<table>` stands inside a paragraph, which ends before it")]),
    ],
)  # fmt: skip
def test_elements_are_closed_in_reverse_order(html: str, faults: list[tuple[str, str]]) -> None:
    assert faults_of(html) == faults
