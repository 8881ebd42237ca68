"""``:::`` containers: what they become, and what is said when one is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from bypost.model.content import Slot


def test_a_container_that_is_not_closed_names_the_line_it_opens_on(workshop: Any) -> None:
    problem = workshop.problem("Text\n\n::: exercise Try it\nDo.\n\nMore text.")
    assert (problem.rule, problem.line) == ("container-unclosed", 8)
    assert "exercise" in problem.message


def test_an_inner_container_with_as_many_colons_is_told_to_use_fewer(workshop: Any) -> None:
    problems = workshop.problems(
        "::: if url\n::: button https://example.org\nGo\n:::\n:::", settings={"url": "x"}
    )
    assert {(p.rule, p.line) for p in problems} >= {
        ("container-unclosed", 7),
        ("container-stray", 10),
    }


def test_an_unknown_container_names_the_nearest_one(workshop: Any) -> None:
    problem = workshop.problem("::: excercise\nx\n:::")
    assert (problem.rule, problem.line) == ("container-unknown", 6)
    assert "`exercise`" in problem.fix


@pytest.mark.parametrize(
    "body",
    ["- item\n\n  ::: note\n  x\n  :::", "> ::: note\n> x\n> :::"],
)
def test_a_container_inside_a_list_or_quotation_is_an_error(workshop: Any, body: str) -> None:
    assert "container-nested" in {problem.rule for problem in workshop.problems(body)}


def test_boxes_do_not_nest(workshop: Any) -> None:
    problem = workshop.problem(":::: exercise\n\n::: note\nx\n:::\n::::")
    assert (problem.rule, problem.line) == ("container-nested", 8)


def test_raw_html_is_an_error_with_its_line(workshop: Any) -> None:
    problems = workshop.problems("a\n\n<div>x</div>\n\nb\nand <b>bold</b>")
    assert {(problem.rule, problem.line) for problem in problems} == {
        ("markdown-html", 8),
        ("markdown-html", 11),
    }


def test_a_second_title_is_an_error(workshop: Any) -> None:
    problem = workshop.problem("# One\n\ntext\n\n# Two")
    assert (problem.rule, problem.line) == ("heading-order", 10)


@pytest.mark.parametrize(("url", "there"), [("https://example.org/g", True), ("", False)])
@pytest.mark.parametrize("name", ["guide_url", "course.guide_url"])
def test_a_setting_decides_when_the_mail_is_compiled(
    workshop: Any, fill: Any, url: str, name: str, there: bool
) -> None:
    button = "::: button {{ course.guide_url }}\nRead\n:::"
    body = f"before\n\n:::: if {name}\n## Guide\n\n{button}\n::::\n\nafter"
    content = workshop.lesson(body, settings={"guide_url": url})
    mail = fill(content)
    assert ("Guide" in mail.html, "Guide" in mail.text) == (there, there)
    assert (f'href="{url}"' in mail.html) == there
    assert not any("guide" in part.source for part in content.html.parts if isinstance(part, Slot))
    assert "after" in mail.text


def test_a_subscribers_value_makes_the_block_one_slot(workshop: Any, fill: Any) -> None:
    body = (
        "before\n\n:::: if subscriber.company\nAt {{ subscriber.company }}.\n\n"
        "::: exercise Look around\nDo.\n:::\n::::\n\nafter"
    )
    content = workshop.lesson(body)
    slots = [p.source for p in content.html.parts if isinstance(p, Slot)]
    blocks = [source for source in slots if source.startswith("{% if subscriber.company %}")]
    assert len(blocks) == 1
    assert blocks[0].endswith("{% endif %}")
    there = fill(content, subscriber={"company": "A&B"})
    absent = fill(content)
    assert "At A&amp;B." in there.html
    assert "At A&B." in there.text
    assert "Look around" not in absent.html + absent.text
    assert "before\n\nafter" in absent.text
    assert "before\n\nAt A&B.\n\n----" in there.text


def test_conditions_nest_and_neighbours_leave_no_gap(workshop: Any, fill: Any) -> None:
    body = (
        "::::: if subscriber.a\nA\n\n:::: if subscriber.b\nB\n::::\n:::::\n\n"
        "::: if subscriber.c\nC\n:::\n\nend"
    )
    content = workshop.lesson(body)
    for a in ("", "1"):
        for b in ("", "1"):
            for c in ("", "1"):
                text = fill(content, subscriber={"a": a, "b": b, "c": c}).text
                inside = ["A"] * bool(a) + ["B"] * bool(a and b) + ["C"] * bool(c)
                assert "\n\n" + "\n\n".join([*inside, "end"]) + "\n\n" in text


def test_a_condition_inside_an_exercise_holds_a_button(workshop: Any, fill: Any) -> None:
    body = (
        "::::: exercise T\n:::: if subscriber.x\n::: button https://example.org/go\nGo\n:::\n"
        "::::\nrest\n:::::"
    )
    content = workshop.lesson(body)
    assert "https://example.org/go" not in fill(content).html
    assert 'href="https://example.org/go"' in fill(content, subscriber={"x": "1"}).html
    assert "Go:\nhttps://example.org/go" in fill(content, subscriber={"x": "1"}).text


@pytest.mark.parametrize(
    ("argument", "rule"),
    [
        ("nope", "if-name"),
        ("guid_url", "if-name"),
        ("subscriber.name == 'x'", "if-name"),
        ("", "if-name"),
        ("subscribr.name", "jinja-undefined"),
        ("course.nope", "jinja-undefined"),
    ],
)
def test_a_condition_is_one_known_name(workshop: Any, argument: str, rule: str) -> None:
    problem = workshop.problem(f"::: if {argument}\nx\n:::", settings={"guide_url": ""})
    assert (problem.rule, problem.line) == (rule, 6)


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("::: button\nGo\n:::", "button-address"),
        ("::: button https://example.org/a b\nGo\n:::", "button-address"),
        ("::: button https://example.org\n:::", "button-label"),
        ("::: button https://example.org\nGo\n\nThere\n:::", "button-label"),
    ],
)
def test_a_button_needs_one_address_and_one_label(workshop: Any, body: str, rule: str) -> None:
    assert workshop.problem(body).rule == rule


def test_a_button_is_44_pixels_high(workshop: Any) -> None:
    html = "".join(
        part
        for part in workshop.lesson("::: button https://example.org\nGo\n:::").html.parts
        if isinstance(part, str)
    )
    assert "padding:13px 22px" in html
    assert "font-size:17px" in html
    assert "line-height:1.2;" in html  # 2 * 13 + 17 * 1.2 = 46
