"""Which expressions an author may write, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from bypost.model.content import Slot


def test_a_misspelt_root_names_the_nearest_one_and_its_line(workshop: Any) -> None:
    problem = workshop.problem("# Title\n\nHello {{ subcriber.name }}")
    assert problem.message == (
        "undefined variable `subcriber.name`; did you mean `subscriber.name`?"
    )
    assert (problem.path, problem.line) == ("lessons/baking/01-dough.md", 8)
    assert problem.rule == "jinja-undefined"


@pytest.mark.parametrize(
    ("expression", "meant"),
    [
        ("course.titel", "course.title"),
        ("lesson.numer", "lesson.number"),
        ("sender.adress", "sender.postal_address"),
        ("links.leav", "links.leave"),
        ("next.wen", "next.when"),
        ("course.guide_ulr", "course.guide_url"),
    ],
)
def test_a_misspelt_name_under_a_known_root_is_an_error(
    workshop: Any, expression: str, meant: str
) -> None:
    problem = workshop.problem(f"{{{{ {expression} }}}}", settings={"guide_url": "https://x.org"})
    assert expression in problem.message
    assert meant.split(".")[1] in problem.message + problem.fix


def test_a_column_nobody_has_is_an_error_where_the_columns_are_known(workshop: Any) -> None:
    problem = workshop.problem("{{ subscriber.compny }}", attributes=frozenset({"company", "city"}))
    assert "did you mean `subscriber.company`?" in problem.message


def test_any_column_goes_where_the_columns_are_not_known(workshop: Any, fill: Any) -> None:
    content = workshop.lesson("At {{ subscriber.company }}.")
    assert "subscriber.company" in content.needs
    assert "At ACME." in fill(content, subscriber={"company": "ACME"}).text


def test_a_name_without_a_root_is_told_its_root(workshop: Any) -> None:
    assert "subscriber.email" in workshop.problem("{{ email }}").fix


@pytest.mark.parametrize("name", ["subscriber", "course"])
def test_a_root_alone_is_not_a_value(workshop: Any, name: str) -> None:
    assert f"write `{name}." in workshop.problem(f"{{{{ {name} }}}}").fix


def test_the_last_lesson_has_no_next(workshop: Any) -> None:
    problem = workshop.problem("{{ next.when }}", number=2)
    assert "last lesson" in problem.message


@pytest.mark.parametrize(
    "source", ["{% if subscriber.name %}x{% endif %}", "{# hidden #}", "{%- set a = 1 %}"]
)
def test_statements_and_comments_are_for_templates(workshop: Any, source: str) -> None:
    problems = workshop.problems(f"One line.\n\n{source}")
    assert {(problem.rule, problem.line) for problem in problems} == {("jinja-statement", 8)}
    assert all(problem.fix for problem in problems)


@pytest.mark.parametrize(
    "expression",
    [
        "subscriber.name|safe",
        "subscriber.name|xmlattr",
        "subscriber.__class__",
        "subscriber._name",
        "subscriber.name.__class__",
        "subscriber.name.format(1)",
        "subscriber.name.upper",
        "range(3)",
        "course['_title']",
        "subscriber.name|attr('x')",
    ],
)
def test_what_leads_out_of_the_values_is_refused(workshop: Any, expression: str) -> None:
    assert workshop.problems(f"{{{{ {expression} }}}}")


def test_an_unknown_filter_names_the_nearest_one(workshop: Any) -> None:
    problem = workshop.problem("{{ subscriber.name|uper }}")
    assert "`uper`" in problem.message
    assert "`upper`" in problem.fix


def test_an_expression_that_is_not_closed_on_its_line_is_an_error(workshop: Any) -> None:
    problem = workshop.problem("Text\n{{ subscriber.name\n}}")
    assert (problem.rule, problem.line) == ("jinja-syntax", 7)


def test_an_expression_that_fails_for_an_empty_value_is_found_before_sending(
    workshop: Any,
) -> None:
    problem = workshop.problem("{{ subscriber.name.split()[0] }}")
    assert problem.rule == "jinja-value"
    assert "guard" in problem.fix


def test_every_problem_of_a_mail_is_reported_at_once(workshop: Any) -> None:
    problems = workshop.problems(
        "{{ nope.x }}\n\n<b>raw</b>\n\n::: wat\nx\n:::\n", subject="{{ neither.y }}"
    )
    assert [problem.line for problem in problems] == [3, 6, 8, 8, 10]


def test_what_is_known_now_is_constant_text(workshop: Any) -> None:
    content = workshop.lesson(
        "{{ course.title }} {{ lesson.number }}/{{ course.lessons }} {{ sender.name|upper }}"
        " {{ site.base_url }}"
    )
    constant = "".join(part for part in content.text.parts if isinstance(part, str))
    assert "Baking 1/2 CLARITY NOTES https://mail.example.org" in constant


def test_a_mixed_expression_needs_the_person_only(workshop: Any) -> None:
    content = workshop.lesson('{{ subscriber.company|default("at " ~ course.title, true) }}')
    slots = [p.source for p in content.text.parts if isinstance(p, Slot) and "company" in p.source]
    assert slots == ['{{ subscriber.company|default("at " ~ "Baking", true) }}']


@pytest.mark.parametrize("title", ['Quote " and \\ slash', "{{ braces }}", "{% if %}", "日本 'x'"])
def test_folding_a_constant_keeps_every_letter(workshop: Any, fill: Any, title: str) -> None:
    content = workshop.lesson("{{ subscriber.x|default(course.title) }} end", title=title)
    assert f"\n{title} end\n" in fill(content).text


@pytest.mark.parametrize("written", ['default("you")', 'd("you")', 'default("you", true)'])
def test_a_default_is_for_empty_values_too(workshop: Any, fill: Any, written: str) -> None:
    content = workshop.lesson(f"Hello {{{{ subscriber.name|{written} }}}}.")
    assert "Hello you." in fill(content, subscriber={"name": ""}).text
    assert "Hello Anna Lindqvist." in fill(content).text


def test_a_column_called_like_a_method_of_a_dictionary_is_the_column(
    workshop: Any, fill: Any
) -> None:
    content = workshop.lesson('{{ subscriber.items }} {{ subscriber["first name"] }}')
    assert "three An\n" in fill(content, subscriber={"items": "three", "first name": "An"}).text


def test_the_title_may_be_named_in_subject_and_body(workshop: Any, fill: Any) -> None:
    content = workshop.lesson(
        "# On {{ course.title }}\n\n{{ lesson.title }} / {{ lesson.subject }}",
        subject="{{ lesson.title }}!",
    )
    assert content.title == "On Baking"
    assert fill(content).subject == "On Baking!"
    assert "On Baking / On Baking!" in fill(content).text


def test_an_expression_in_an_unused_link_definition_is_lost_and_said_so(workshop: Any) -> None:
    problem = workshop.problem("Text.\n\n[x]: {{ links.progress }}")
    assert (problem.rule, problem.line) == ("jinja-lost", 8)
    assert "links.progress" in problem.message


def test_an_address_cannot_begin_with_what_a_person_typed(workshop: Any) -> None:
    problem = workshop.problem("Text\n\n[x]({{ subscriber.site }})")
    assert (problem.rule, problem.line) == ("link-personal", 8)


@pytest.mark.parametrize(
    "body",
    ["[go]({{ course.url }})", "::: button {{ course.url }}\ngo\n:::", "![x]({{ course.url }})"],
)
def test_an_empty_address_is_an_error(workshop: Any, body: str) -> None:
    assert workshop.problem(body, settings={"url": ""}).rule == "link-empty"


def test_an_address_that_runs_a_script_is_an_error(workshop: Any) -> None:
    problem = workshop.problem("[go]({{ course.url }})", settings={"url": "javascript:alert(1)"})
    assert problem.rule == "link-scheme"


def test_an_invisible_control_character_is_an_error_with_its_line(workshop: Any) -> None:
    problem = workshop.problem("fine\n\nnot\x0bfine")
    assert (problem.line, problem.rule) == (8, "character")
    assert "U+000B" in problem.message
