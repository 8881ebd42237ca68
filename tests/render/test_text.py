"""The plain-text part: for people who read it, not a shadow of the HTML."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest


def body_of(text: str) -> str:
    """Return what stands between the reading time and the footer."""
    return text.split(" to read\n\n", 1)[1].split("\n\n" + "=" * 72)[0]


def written(workshop: Any, fill: Any, markdown: str, **changes: Any) -> str:
    return body_of(fill(workshop.lesson(textwrap.dedent(markdown)), **changes).text)


def test_lines_are_wrapped_at_72_columns(workshop: Any, fill: Any) -> None:
    lines = written(workshop, fill, "words of some length " * 40).split("\n")
    assert max(len(line) for line in lines) <= 72
    assert min(len(line) for line in lines[:-1]) > 60


def test_wide_letters_count_twice_and_may_break_anywhere(workshop: Any, fill: Any) -> None:
    lines = written(workshop, fill, "日本語の文章、とても長い。" * 12).split("\n")
    assert max(len(line) for line in lines) <= 36
    assert not any(line.startswith(("、", "。")) for line in lines)


def test_a_long_address_is_never_broken(workshop: Any, fill: Any) -> None:
    url = "https://example.org/" + "a-b/" * 40
    assert f"[1] {url}" in written(workshop, fill, f"See [this page]({url}) now.")
    assert url in written(workshop, fill, f"- see <{url}>")


def test_links_are_numbered_and_explained_after_their_block(workshop: Any, fill: Any) -> None:
    text = written(
        workshop,
        fill,
        "One [a](https://a.example) and [b](https://b.example).\n\nThen [c](https://c.example).",
    )
    assert text == (
        "One a [1] and b [2].\n\n[1] https://a.example\n[2] https://b.example\n\n"
        "Then c [3].\n\n[3] https://c.example"
    )


def test_a_link_that_is_its_own_label_is_not_explained(workshop: Any, fill: Any) -> None:
    text = written(workshop, fill, "<https://a.example> or <me@example.org>")
    assert text == "https://a.example or me@example.org"


def test_a_link_in_the_title_is_explained(workshop: Any, fill: Any) -> None:
    assert (
        "[1] https://a.example" in fill(workshop.lesson("# See [a](https://a.example)\n\nx")).text
    )


def test_headings_stand_out(workshop: Any, fill: Any) -> None:
    text = fill(workshop.lesson("# Bread\n\n## Flour\n\nx\n\n### Rye\n\ny")).text
    assert "\nBread\n=====\n" in text
    assert "\nFlour\n-----\n" in text
    assert "\n\nRye\n\n" in text


def test_lists_hang_and_nest(workshop: Any, fill: Any) -> None:
    text = written(
        workshop,
        fill,
        """\
        3. three words that go on and on so that the line is too long and has to be wrapped
        4. four
           - inner
             more

        * loose

          second paragraph

        * item
        """,
    )
    assert text == textwrap.dedent("""\
        3. three words that go on and on so that the line is too long and has to
           be wrapped
        4. four
           - inner more

        - loose

          second paragraph

        - item""")


def test_quotations_are_marked_on_every_line(workshop: Any, fill: Any) -> None:
    text = written(workshop, fill, "> one\n>\n> - two\n>\n> > three")
    assert text == "> one\n>\n> - two\n>\n> > three"


def test_code_is_indented_and_not_wrapped(workshop: Any, fill: Any) -> None:
    code = "x = 1  # " + "long " * 20 + "end"
    assert written(workshop, fill, f"```\n{code}\n\ny\n```") == f"    {code}\n\n    y"


def test_tables_are_aligned(workshop: Any, fill: Any) -> None:
    text = written(workshop, fill, "| Name | 数 |\n|:--|--:|\n| Rye | 12 |\n| 日本 | 3 |")
    assert text == "Name    数\n----  ----\nRye     12\n日本     3"


def test_a_table_that_is_too_wide_is_wrapped_in_its_cells(workshop: Any, fill: Any) -> None:
    long = "many words in one cell " * 5
    text = written(workshop, fill, f"| a | b |\n|---|---|\n| {long} | {long} |\n| x | y |")
    assert max(len(line) for line in text.split("\n")) <= 72
    assert "\n\nx " in text


def test_exercises_are_set_off_with_a_rule_and_their_title(workshop: Any, fill: Any) -> None:
    rule = "-" * 72
    text = written(
        workshop, fill, "a\n\n::: exercise Rewrite it\nDo [x](https://x.example).\n:::\n\nb"
    )
    assert text == (
        f"a\n\n{rule}\nExercise: Rewrite it\n\nDo x [1].\n\n[1] https://x.example\n{rule}\n\nb"
    )


def test_a_button_is_its_label_and_its_address(workshop: Any, fill: Any) -> None:
    text = written(workshop, fill, "::: button https://example.org/go\nGo on\n:::")
    assert text == "Go on:\nhttps://example.org/go"


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**b** _i_ ~~s~~ `c`", "*b* _i_ ~~s~~ `c`"),
        ("a\\\nb", "a\nb"),
        ("---", "* * *"),
        ("![A desk](https://example.org/d.png)", "[Image: A desk]"),
        ("&copy; &lt;b&gt; \\*x\\*", "© <b> *x*"),
    ],
)
def test_marks_stay_readable(workshop: Any, fill: Any, markdown: str, text: str) -> None:
    assert written(workshop, fill, markdown) == text


def test_nothing_is_escaped(workshop: Any, fill: Any) -> None:
    text = written(workshop, fill, 'R&D "x" {{ subscriber.name }}', subscriber={"name": "<A & B>"})
    assert text == 'R&D "x" <A & B>'


def test_the_frame_has_the_facts_of_the_html(workshop: Any, fill: Any) -> None:
    text = fill(workshop.lesson("# Dough\n\nx")).text
    for said in (
        "Lesson 1 of 2 · Baking\n\nDough\n=====\n1 minute to read\n",
        "The next lesson arrives Tuesday at 09:00.",
        "https://mail.example.org/p/0123456789?a=1&b=2",
        "You asked for Baking\non 23 November 2026. Leave this course:\nhttps://mail.example.org/u/",
        "Clarity Notes\n1 Example Street, 12345 Exampletown",
    ):
        assert said in text
