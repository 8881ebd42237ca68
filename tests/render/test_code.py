"""In code, Jinja's delimiters are letters like any other: a course may be about Jinja."""

from __future__ import annotations

from typing import Any

import pytest

LITERAL = "{{ nobody.knows }} {% if x %} {# c #}"


@pytest.mark.parametrize(
    "body",
    [
        f"Text with `{LITERAL}` in it",
        f"Text with ``a ` b {LITERAL}`` in it",
        f"A span `over\ntwo lines {LITERAL}` here",
        f"```\n{LITERAL}\n```",
        f"~~~jinja\n{LITERAL}\n~~~",
        f"Text\n\n    {LITERAL}\n",
        f"- item\n\n  ```\n  {LITERAL}\n  ```",
        f"> ```\n> {LITERAL}\n> ```",
        f"| a |\n|---|\n| `{LITERAL}` |",
        f"::: exercise `{LITERAL}`\nx\n:::",
        f"## A heading with `{LITERAL}`",
    ],
)
def test_delimiters_in_code_are_literal(workshop: Any, fill: Any, body: str) -> None:
    mail = fill(workshop.lesson(body))
    assert LITERAL in mail.html
    assert LITERAL in mail.text.replace("\n", " ")


def test_an_expression_between_two_lone_backticks_of_different_blocks_is_evaluated(
    workshop: Any, fill: Any
) -> None:
    mail = fill(workshop.lesson("a ` b\n\n{{ subscriber.name }}\n\nc ` d"))
    assert "\nAnna Lindqvist\n" in mail.text


def test_a_backslash_makes_a_delimiter_literal(workshop: Any, fill: Any) -> None:
    mail = fill(workshop.lesson(r"Write \{{ name }} there"))
    assert "Write {{ name }} there" in mail.text
    assert "Write {{ name }} there" in mail.html


def test_a_backtick_inside_an_expression_opens_no_code(workshop: Any, fill: Any) -> None:
    mail = fill(workshop.lesson('{{ subscriber.x|default("`") }} and {{ subscriber.name }}`'))
    assert "` and Anna Lindqvist`" in mail.text


def test_expressions_in_comments_are_left_alone_and_comments_are_dropped(
    workshop: Any, fill: Any
) -> None:
    mail = fill(workshop.lesson("a <!-- {{ nope.x }} --> b\n\n<!--\n{% x %}\n\nlong -->\n\nc"))
    assert "nope" not in mail.html + mail.text
    assert "long" not in mail.text


def test_a_comment_before_the_title_leaves_it_the_title(workshop: Any) -> None:
    assert workshop.lesson("<!-- note to self -->\n\n# Title\n\nx").title == "Title"


@pytest.mark.parametrize("expression", ["subscriber.name", "'}}'", '"a|b"', "{'a': 1}['a']"])
def test_expressions_survive_tables_and_quotes(workshop: Any, fill: Any, expression: str) -> None:
    mail = fill(workshop.lesson(f"| h |\n|---|\n| {{{{ {expression} }}}} ok |"))
    shown = {"subscriber.name": "Anna Lindqvist", "'}}'": "}}", '"a|b"': "a|b"}.get(expression, "1")
    assert f"{shown} ok" in mail.text
    assert f"{shown} ok" in mail.html
