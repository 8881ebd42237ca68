"""The HTML part as mail readers and screen readers meet it."""

from __future__ import annotations

from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser

BODY = """# The *title*

Hello {{ subscriber.name }}, [a link]({{ links.progress }}) and <https://example.org/auto>.

## Heading

- one
- two

| a | b |
|---|--:|
| 1 | 2 |

![](https://example.org/deco.png "decorative") ![A desk](https://example.org/desk.png)

::: exercise Do it
x
:::

::: button https://example.org/go
Go
:::
"""


@pytest.fixture(scope="module")
def html(workshop: Any, fill: Any) -> str:
    text: str = fill(workshop.lesson(BODY, preheader="What it is & why")).html
    return text


@pytest.fixture(scope="module")
def tree(html: str) -> HTMLParser:
    return HTMLParser(html)


def test_there_is_exactly_one_h1_and_it_is_the_lifted_title(tree: HTMLParser) -> None:
    (heading,) = tree.css("h1")
    assert heading.text() == "The title"
    assert heading.css_first("em") is not None


def test_without_a_title_the_subject_is_the_title(workshop: Any, fill: Any) -> None:
    content = workshop.lesson("no heading", subject="About {{ course.title }}")
    (heading,) = HTMLParser(fill(content).html).css("h1")
    assert heading.text() == content.title == "About Baking"


def test_the_page_has_a_title_and_a_hidden_padded_preheader(tree: HTMLParser, html: str) -> None:
    assert tree.css_first("title").text() == "The title"
    assert "What it is &amp; why&#847;&zwnj;&nbsp;" in html
    assert html.count("&#847;&zwnj;&nbsp;") >= 50


@pytest.mark.parametrize(
    ("language", "direction", "start"),
    [
        ("en", "ltr", "left"),
        ("he", "rtl", "right"),
        ("ar-EG", "rtl", "right"),
        ("ja", "ltr", "left"),
    ],
)
def test_language_and_direction_are_stated(
    workshop: Any, fill: Any, language: str, direction: str, start: str
) -> None:
    html = fill(workshop.lesson("- x\n\n::: exercise\nx\n:::", language=language)).html
    root = HTMLParser(html).css_first("html")
    assert (root.attributes["lang"], root.attributes["dir"]) == (language, direction)
    assert f"padding-{start}:24px" in html
    assert f"border-{start}:3px solid" in html
    assert f"text-align:{start}" in html


def test_layout_tables_say_so_and_data_tables_have_headings(tree: HTMLParser) -> None:
    data = [table for table in tree.css("table") if "role" not in table.attributes]
    assert len(data) == 1
    assert [cell.text() for cell in data[0].css("th")] == ["a", "b"]
    assert "text-align:right" in (data[0].css("td")[1].attributes["style"] or "")
    assert all(t.attributes["role"] == "presentation" for t in tree.css("table[role]"))


def test_every_image_has_an_alt(tree: HTMLParser) -> None:
    assert [image.attributes.get("alt") for image in tree.css("img")] == ["", "A desk"]


def test_nothing_remote_is_loaded_but_the_authors_images(workshop: Any, fill: Any) -> None:
    html = fill(workshop.lesson("# T\n\ntext\n\n::: exercise\nx\n:::")).html
    tree = HTMLParser(html)
    assert not tree.css("img, link, script, iframe, video, object, form")
    assert "url(" not in html


def test_dark_mode_is_declared_and_painted(html: str) -> None:
    assert '<meta name="color-scheme" content="light dark"' in html
    assert '<meta name="supported-color-schemes" content="light dark"' in html
    dark = html.split("@media (prefers-color-scheme: dark)")[1].split("</style>")[0]
    assert "&gt;" not in dark
    for element in ("a", "h1", "h2", "blockquote", "code", "pre", "th", "td"):
        assert f".bp-prose {element} {{" in dark


def test_prose_is_styled_inline(tree: HTMLParser) -> None:
    for name in ("h1", "h2", "p", "a", "ul", "li", "th", "td"):
        for element in tree.css(name):
            assert element.attributes.get("style"), f"<{name}> {element.text()}"


def test_the_frame_tells_time_progress_reason_way_out_and_address(tree: HTMLParser) -> None:
    text = " ".join(tree.body.text().split()) if tree.body else ""
    for said in (
        "Lesson 1 of 2 · Baking",
        "1 minute to read",
        "The next lesson arrives Tuesday at 09:00.",
        "You asked for Baking on 23 November 2026.",
        "1 Example Street, 12345 Exampletown",
    ):
        assert said in text
    links = {link.attributes.get("href") for link in tree.css("a")}
    assert "https://mail.example.org/u/0123456789" in links
    assert "https://mail.example.org/p/0123456789?a=1&b=2" in links


@pytest.mark.parametrize(("words", "minutes"), [(1, 1), (290, 1), (310, 2), (800, 4)])
def test_reading_time_is_at_two_hundred_words_a_minute(
    workshop: Any, fill: Any, words: int, minutes: int
) -> None:
    text = fill(workshop.lesson("word " * words)).text
    assert f"\n{minutes} minute{'' if minutes == 1 else 's'} to read\n" in text


def test_a_removed_block_leaves_sound_html_for_outlook_too(workshop: Any, fill: Any) -> None:
    body = "a\n\n:::: if subscriber.x\nb\n\n::: exercise\nc\n:::\n::::\n\nd"
    content = workshop.lesson(body)
    for x in ("", "1"):
        html = fill(content, subscriber={"x": x}).html
        outlook = html.replace("<!--[if mso | IE]>", "").replace("<![endif]-->", "")
        for seen in (html, outlook):
            opened = seen.count("<table"), seen.count("<tr"), seen.count("<td")
            closed = seen.count("</table>"), seen.count("</tr>"), seen.count("</td>")
            assert opened == closed
        assert html.count("<!--[if mso | IE]>") == html.count("<![endif]-->") - 3


def test_an_issue_and_a_notice_have_frames_of_their_own(workshop: Any, fill: Any) -> None:
    issue = fill(workshop.issue("# On rye\n\nIn {{ newsletter.title }}: {{ issue.title }}"))
    assert "In Crumbs: On rye" in issue.text
    assert "Stop this newsletter" in issue.html
    notice = fill(workshop.notice("# Confirm\n\n{{ about.title }}", item="confirmation"))
    assert "Baking" in notice.text
    assert "If it was not you, do nothing" in notice.html
    assert "1 Example Street" in notice.html
