"""Pictures: alt texts, addresses, formats, and mails that are nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]
Retouch = Callable[[str, str, str], None]

TEXT = "Some words that say what the reader came here for, in plain order. " * 6
FILE = "lessons/baking/00-step.md"


def with_picture(source: str, alt: str = "A loaf, cut in two") -> str:
    return f"{TEXT}\n\n![{alt}]({source})\n"


@pytest.mark.parametrize(
    "alt", ["IMG_2041.jpg", "two-columns.png", "DSC00012", "image 3.jpeg", "x" * 126]
)
def test_a_file_name_or_a_long_text_is_no_alt_text(lessons: Lessons, look: Look, alt: str) -> None:
    lessons(with_picture("https://example.org/a.png", alt))
    (found,) = look("img-alt")
    assert (found.level, found.path, found.line) == (Level.WARNING, FILE, 10)


@pytest.mark.parametrize("alt", ["A loaf, cut in two", "x" * 125, "Image of a loaf"])
def test_a_sentence_is_an_alt_text(lessons: Lessons, look: Look, alt: str) -> None:
    lessons(with_picture("https://example.org/a.png", alt))
    assert look("img-alt") == []


def test_a_picture_of_a_template_without_alt_is_an_error_at_its_line(
    lessons: Lessons, look: Look, retouch: Retouch
) -> None:
    lessons(TEXT)
    retouch(
        "lesson.mjml", "<span style", '<img class="seal" src="https://e.org/s.png" /><span style'
    )
    (found,) = look("img-alt")
    assert (found.level, found.path) == (Level.ERROR, "templates/email/lesson.mjml")
    assert (found.line, found.message) == (3, "`img.seal` has no alt text")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("http://example.org/a.png", "not fetched by https"),
        ("https://localhost/a.png", "on this machine only"),
        ("https://127.0.0.1:8000/a.png", "on this machine only"),
    ],
)
def test_a_picture_that_nobody_else_can_fetch_is_an_error(
    lessons: Lessons, look: Look, source: str, said: str
) -> None:
    lessons(with_picture(source))
    (found,) = look("img-remote")
    assert (found.level, found.line) == (Level.ERROR, 10)
    assert said in found.message


@pytest.mark.parametrize("base_url", ["https://mail.example.org", "http://localhost:8000"])
def test_a_picture_of_the_site_itself_can_be_fetched_wherever_the_site_is(
    lessons: Lessons, look: Look, base_url: str
) -> None:
    lessons(with_picture("{{ site.base_url }}/a.png"))
    assert look("img-remote", base_url) == []


@pytest.mark.parametrize("ending", ["svg", "webp", "AVIF", "mp4"])
def test_formats_that_a_large_mail_program_does_not_show_are_a_warning(
    lessons: Lessons, look: Look, ending: str
) -> None:
    lessons(with_picture(f"https://example.org/a.{ending}?size=2"))
    (found,) = look("img-format")
    assert (found.level, found.line) == (Level.WARNING, 10)


@pytest.mark.parametrize("name", ["a.png", "a.jpeg", "a.GIF", "picture/12"])
def test_png_jpeg_gif_and_addresses_without_an_ending_pass(
    lessons: Lessons, look: Look, name: str
) -> None:
    lessons(with_picture(f"https://example.org/{name}"))
    assert look("img-format") == []


def test_a_picture_with_hardly_a_word_is_a_warning(lessons: Lessons, look: Look) -> None:
    lessons("A short word.\n\n![A loaf](https://example.org/a.png)\n")
    (found,) = look("img-only")
    assert (found.level, found.line) == (Level.WARNING, 10)
    assert "13 characters" in found.message


@pytest.mark.parametrize("body", [with_picture("https://example.org/a.png"), "A short word."])
def test_a_picture_with_a_text_and_a_short_text_without_one_pass(
    lessons: Lessons, look: Look, body: str
) -> None:
    lessons(body)
    assert look("img-only") == []
