"""How a finished message is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bypost.check import Finding, Level, envelope
from bypost.check.run import examine
from bypost.check.sample_links import sample_links
from bypost.model.message import Message
from tests.check.conftest import NOW, SENDER

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]

FRAME = "templates/email/lesson.txt"
LINKED = "Some words on [salt](https://example.org/salt), and some more of them. " * 20


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("{{ body }}", "no link with which to leave"),
        ("See {{ links.progress }} and {{ links.leave }}", "says 0.0 times as much as the HTML"),
        ("{{ body }} {{ body }} {{ body }} {{ links.leave }}", "times as much as the HTML"),
        (f"{'Some words. ' * 110} {{{{ links.leave }}}}", "lacks a link of the HTML: https://exa"),
    ],
)
def test_a_plain_text_that_is_not_the_mail_is_an_error_at_the_template(
    project: Path, lessons: Lessons, look: Look, text: str, says: str
) -> None:
    lessons(LINKED, LINKED)
    (project / FRAME).write_text(text)
    (found,) = look("text-part")
    assert (found.level, found.path) == (Level.ERROR, FRAME)
    assert says in found.message


@pytest.mark.parametrize(
    "body",
    [
        LINKED,
        "Write to [us](mailto:us@example.org).",
        "::: button https://example.org/go?a=1&b=2\nGo\n:::",
        "![A picture of salt](https://example.org/salt.png)",
        "今日は、塩の話をします。",
        "Hello {{ subscriber.name|default('you') }}.",
    ],
)
def test_the_text_made_of_the_same_markdown_passes(lessons: Lessons, look: Look, body: str) -> None:
    lessons(body)
    assert look("text-part") == []


def test_a_notice_needs_no_way_out_in_its_text(project: Path, look: Look) -> None:
    assert (project / "templates/email/confirmation.md").exists()
    assert look("text-part") == []


def test_a_message_without_one_of_its_parts_is_an_error(
    project: Path, lessons: Lessons, look: Look
) -> None:
    lessons("Some words.")
    assert look("mime-order") == []
    (project / FRAME).write_text("")
    (found,) = look("mime-order")
    assert found.level is Level.ERROR
    assert found.message == "the mail is made of text/html, not of text/plain and text/html"


def test_a_message_that_no_provider_takes_is_an_error(lessons: Lessons, look: Look) -> None:
    lessons("Some words.")
    (found,) = look("mime-order", email="course@exämple.org")
    assert found.message.startswith("no provider would take this mail: the header List-Id")


def test_parts_in_the_wrong_order_and_endless_lines_are_errors(
    lessons: Lessons, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    lessons("Some words.")
    right = envelope.raw

    def swapped(message: Message) -> bytes:
        return (
            right(message)
            .replace(b"text/plain", b"text/PLAIN")
            .replace(b"text/html", b"text/plain")
        )

    monkeypatch.setattr(envelope, "raw", swapped)
    assert "the mail is made of text/plain and text/plain" in look("mime-order")[0].message
    monkeypatch.setattr(envelope, "raw", lambda message: right(message) + b"x" * 999)
    assert look("mime-order")[0].message == "a line of the message is longer than 998 octets"
    monkeypatch.setattr(envelope, "raw", lambda message: right(message).replace(b"utf-8", b"big5"))
    assert look("mime-order")[0].message == "a part of the mail is in big5, not in UTF-8"


@pytest.mark.parametrize(("length", "lines"), [(1_000, [10]), (950, [])])
def test_a_link_longer_than_a_line_may_be_is_a_warning_on_its_line(
    lessons: Lessons, look: Look, length: int, lines: list[int]
) -> None:
    long = "https://example.org/" + "x" * (length - 20)
    lessons(f"See [this](https://example.org).\n\nAnd [that]({long}).")
    found = look("line-length")
    assert [(it.level, it.line) for it in found] == [(Level.WARNING, line) for line in lines]


def test_a_check_makes_the_message_that_delivery_would(project: Path, lessons: Lessons) -> None:
    lessons("Some words.")
    site = "https://mail.example.org"
    (folder, *_) = examine(project, sender=SENDER, base_url=site, now=NOW).series
    sample = folder.samples[0]
    mail = envelope.message(sample, sample.readings[0])
    leave = sample_links(site)["leave"]
    assert mail.headers == {
        "List-Id": "<baking.example.org>",
        "List-Unsubscribe": f"<{leave}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert leave in mail.html
    assert leave in mail.text
    assert (mail.to, mail.date, mail.stream) == (sample.readings[0].persona.email, NOW, "bulk")
    assert b"\r\nSubject: Flour for bread\r\n" in envelope.raw(mail)
    with pytest.raises(ValueError, match="is not a single address"):
        envelope.raw(replace(mail, to="a@b.c, d@e.f"))
