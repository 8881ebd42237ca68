"""The way out of every lesson and issue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bypost.check import Finding, Level
from bypost.model.bulk import Column

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]

FRAME = "templates/email/lesson.mjml"
LINK = '<a href="{{ links.leave }}" style="color:{{ style.light.muted }};text-decoration:underline">Leave this course</a>'  # noqa: E501


@pytest.fixture
def framed(project: Path, lessons: Lessons) -> Callable[[str], None]:
    """Replace the link for leaving in the template of two lessons."""

    def write(link: str) -> None:
        lessons("Some words.", "Some words.")
        path = project / FRAME
        text = path.read_text()
        assert LINK in text
        path.write_text(text.replace(LINK, link))

    return write


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("", "has no link with which to leave"),
        ('<a href="{{ links.progress }}">Your page</a>', "has no link with which to leave"),
        ('<a href="{{ links.leave }}"></a>', "has no text"),
        ('<a href="{{ links.leave }}" style="display:none">Leave</a>', "is hidden"),
        ('<a href="{{ links.leave }}" style="color:red; opacity:0">Leave</a>', "is hidden"),
        ('<a href="{{ links.leave }}" style="font-size:0px">Leave</a>', "is hidden"),
        ('<span style="visibility:hidden"><a href="{{ links.leave }}">Leave</a></span>', "hidden"),
    ],
)
def test_a_frame_without_a_visible_way_out_is_an_error_said_once_at_the_template(
    framed: Callable[[str], None], look: Look, link: str, says: str
) -> None:
    framed(link)
    (found,) = look("unsub-link")
    assert (found.level, found.path) == (Level.ERROR, FRAME)
    assert says in found.message


@pytest.mark.parametrize(
    "link",
    [
        LINK,
        '<a href="{{ links.leave }}" style="opacity:0.8;max-height:none">Leave</a>',
        '<a href="{{ links.leave }}"><img src="https://example.org/x.png" alt="Leave" /></a>',
    ],
)
def test_a_visible_way_out_passes(framed: Callable[[str], None], look: Look, link: str) -> None:
    framed(link)
    assert look("unsub-link") == []


def test_a_way_out_below_the_line_at_which_gmail_cuts_is_an_error_at_that_lesson(
    lessons: Lessons, look: Look
) -> None:
    lessons("Some words.", "twelve bytes " * 9_000)
    (found,) = look("unsub-link")
    assert found.path == "lessons/baking/01-step.md"
    assert found.message.endswith("Gmail shows 102")


@pytest.mark.parametrize("base_url", ["http://mail.example.org", "http://10.0.0.7:8000"])
def test_an_address_for_leaving_without_https_is_an_error_of_the_settings(
    project: Path, lessons: Lessons, look: Look, base_url: str
) -> None:
    (project / "bypost.toml").write_text(f'\n[site]\nbase_url = "{base_url}"\n')
    lessons("Some words.")
    (found,) = look("unsub-header", base_url=base_url)
    assert (found.level, found.path, found.line) == (Level.ERROR, "bypost.toml", 3)


@pytest.mark.parametrize(
    "base_url", ["https://mail.example.org", "http://localhost:8000", "http://[::1]:8000"]
)
def test_https_passes_and_so_does_this_machine(lessons: Lessons, look: Look, base_url: str) -> None:
    lessons("Some words.")
    assert look("unsub-header", base_url=base_url) == []


def test_headers_that_say_anything_but_one_click_are_an_error(
    lessons: Lessons, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {
        "List-Unsubscribe": Column("<https://a.example/u/x>"),
        "List-Unsubscribe-Post": Column("One-Click"),
    }
    monkeypatch.setattr("bypost.delivery.compose.headers_of", lambda *_: made)
    lessons("Some words.")
    (found,) = look("unsub-header")
    assert found.message == "`List-Unsubscribe-Post` is not `List-Unsubscribe=One-Click`"


@pytest.mark.parametrize(("email", "count"), [("c@beispiel.über", 1), ("c@xn--ber-goa.example", 0)])
def test_a_list_id_is_in_plain_letters(
    lessons: Lessons, look: Look, email: str, count: int
) -> None:
    lessons("Some words.")
    found = look("list-id", email=email)
    assert [(it.level, it.path) for it in found] == [(Level.WARNING, "bypost.toml")] * count


def test_a_notice_needs_no_way_out(project: Path, look: Look) -> None:
    shown = look("unsub-link") + look("unsub-header", base_url="http://mail.example.org")
    assert (project / "templates/email/confirmation.md").exists()
    assert shown == []
