"""Links: words, addresses, promises, number, and whether they can be seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bypost.check import Finding, Level

Lessons = Callable[..., None]
Look = Callable[..., list[Finding]]
Retouch = Callable[[str, str, str], None]

TEXT = "Some words that say what the reader came here for, in plain order. " * 6
FILE = "lessons/baking/00-step.md"


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("[here](https://example.org/a)", "“here” do not say"),
        ("[Click here!](https://example.org/a)", "do not say"),
        ("[Read more…](https://example.org/a)", "do not say"),
        ("[Hier klicken](https://example.org/a)", "do not say"),
        ("<https://example.org/a>", "shows its address"),
        ("[www.example.org/a](https://example.org/a)", "shows its address"),
        ("[](https://example.org/a)", "has no words"),
    ],
)
def test_words_that_say_nothing_of_the_target_are_a_warning_on_their_line(
    lessons: Lessons, look: Look, link: str, said: str
) -> None:
    lessons(f"{TEXT}\n\nThere is a list\nof questions {link} today.\n")
    (found,) = look("link-text")
    assert (found.level, found.path, found.line) == (Level.WARNING, FILE, 11)
    assert said in found.message


@pytest.mark.parametrize(
    "link",
    [
        "[a list of questions](https://example.org/a)",
        "[here is the list](https://example.org/a)",
        "[example.org](https://example.org/a)",
        "[![The list](https://example.org/a.png)](https://example.org/a)",
        "<mail@example.org>",
    ],
)
def test_words_that_name_the_target_pass(lessons: Lessons, look: Look, link: str) -> None:
    lessons(f"{TEXT}\n\nThere is {link} today.\n")
    assert look("link-text") == []


def test_the_same_words_for_two_targets_are_a_warning_at_the_second(
    lessons: Lessons, look: Look
) -> None:
    lessons(
        f"{TEXT}\n\n[The list](https://example.org/a)\n\n[the list](https://example.org/a)\n\n"
        "[The list](https://example.org/b)\n"
    )
    (found,) = look("link-text")
    assert found.line == 14
    assert "`https://example.org/a`" in found.message


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://example.org/a", "not opened by https"),
        ("/list", "no whole address"),
        ("example.org/list", "no whole address"),
        ("https://localhost:3000/a", "on this machine only"),
        ("#what-follows", "nothing in the mail is called"),
    ],
)
def test_an_address_that_leads_nowhere_from_a_mail_is_an_error(
    lessons: Lessons, look: Look, address: str, said: str
) -> None:
    lessons(f"{TEXT}\n\nThere is [a list]({address}) today.\n\n## What follows\n\n{TEXT}")
    (found,) = look("link-scheme")
    assert (found.level, found.path, found.line) == (Level.ERROR, FILE, 10)
    assert said in found.message


def test_the_address_of_a_button_is_looked_at_too(lessons: Lessons, look: Look) -> None:
    lessons(f"{TEXT}\n\n::: button http://example.org/a\nAnswer on the web\n:::\n")
    (found,) = look("link-scheme")
    assert found.line == 10


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/a",
        "mailto:mail@example.org",
        "tel:+4930123456",
        "{{ site.base_url }}/a",
        "{{ links.progress }}",
    ],
)
@pytest.mark.parametrize("base_url", ["https://mail.example.org", "http://localhost:8000"])
def test_https_mail_telephone_and_the_site_itself_pass(
    lessons: Lessons, look: Look, address: str, base_url: str
) -> None:
    lessons(f"{TEXT}\n\nThere is [a list]({address}) today.\n")
    assert look("link-scheme", base_url) == []


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("https://example.org/a", "https://example.net/a"),
        ("See www.example.org", "https://example.net/?to=www.example.org"),
        ("example.org", "https://example.org.example.net/"),
        ("mail@example.org", "mailto:other@example.org"),
    ],
)
def test_a_link_that_shows_another_address_than_its_own_is_an_error(
    lessons: Lessons, look: Look, words: str, address: str
) -> None:
    lessons(f"{TEXT}\n\nThere is [{words}]({address}) today.\n")
    (found,) = look("link-mismatch")
    assert (found.level, found.line) == (Level.ERROR, 10)


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("www.example.org", "https://example.org/a"),
        ("example.org", "https://lists.example.org/"),
        ("README.md", "https://example.net/readme"),
        ("The list of e.g. next week", "https://example.net/"),
        ("mail@example.org", "mailto:mail@example.org?subject=Hello"),
        ("mail@example.org", "https://example.net/write"),
    ],
)
def test_the_same_site_file_names_and_ordinary_words_pass(
    lessons: Lessons, look: Look, words: str, address: str
) -> None:
    lessons(f"{TEXT}\n\nThere is [{words}]({address}) today.\n")
    assert look("link-mismatch") == []


@pytest.mark.parametrize(("count", "found"), [(20, 0), (21, 1)])
def test_more_than_twenty_links_are_a_note(
    lessons: Lessons, look: Look, count: int, found: int
) -> None:
    links = "\n".join(f"- [Book {at}](https://example.org/{at})" for at in range(count))
    lessons(f"{TEXT}\n\n{links}\n")
    assert [it.level for it in look("link-count")] == [Level.INFO] * found


LINE = 'a = "color:{accent};text-decoration:'


def test_links_told_by_colour_alone_are_a_warning_at_the_style_once(
    lessons: Lessons, look: Look, retouch: Retouch
) -> None:
    body = f"{TEXT}\n\nThere is [a list](https://example.org/a) today.\n"
    lessons(body, body)
    retouch("style.toml", f"{LINE}underline", f"{LINE}none")
    found = look("link-underline")
    assert {(it.level, it.path) for it in found} == {(Level.WARNING, "templates/email/style.toml")}
    assert len(found) == 1


@pytest.mark.parametrize(
    "style", ["underline", "none;border-bottom:1px solid {accent}", "none;font-weight:bold"]
)
def test_a_line_below_or_bold_letters_tell_a_link_from_the_text(
    lessons: Lessons, look: Look, retouch: Retouch, style: str
) -> None:
    lessons(f"{TEXT}\n\nThere is [a list](https://example.org/a) today.\n")
    retouch("style.toml", f"{LINE}underline", f"{LINE}{style}")
    assert look("link-underline") == []


def test_a_link_alone_in_its_paragraph_needs_no_line(
    lessons: Lessons, look: Look, retouch: Retouch
) -> None:
    lessons(f"{TEXT}\n\n[A list of questions](https://example.org/a)\n")
    retouch("style.toml", f"{LINE}underline", f"{LINE}none")
    retouch("lesson.mjml", "The next lesson arrives {{ next.when }}.<br />", "")
    assert look("link-underline") == []
