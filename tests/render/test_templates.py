"""Templates are the operator's: what may go wrong in one is said with its file and line."""

from __future__ import annotations

from typing import Any

import pytest

from bypost.errors import ContentError, Problem


def problem_of(own: Any, body: str = "x", **arguments: Any) -> Problem:
    with pytest.raises(ContentError) as caught:
        own.lesson(body, **arguments)
    assert len(caught.value.problems) == 1, caught.value
    return caught.value.problems[0]


@pytest.mark.parametrize(
    "name", ["lesson.mjml", "base.mjml", "parts.mjml", "lesson.txt", "base.txt"]
)
def test_a_missing_template_is_named(own: Any, name: str) -> None:
    (own.root / "templates/email" / name).unlink()
    problem = problem_of(own)
    assert (problem.path, problem.rule) == (f"templates/email/{name}", "template-missing")


@pytest.mark.parametrize("name", ["lesson.mjml", "lesson.txt"])
def test_an_unknown_name_is_an_error_with_its_line(own: Any, name: str) -> None:
    own.template(name, "{{ course.title }}", "{{ course.titel }}")
    problem = problem_of(own)
    lines = (own.root / "templates/email" / name).read_text().split("\n")
    assert problem.path == f"templates/email/{name}"
    assert problem.line is not None
    assert "course.titel" in lines[problem.line - 1]


def test_a_mistake_in_a_macro_is_named_with_its_line(own: Any) -> None:
    own.template("parts.mjml", "{{ html }}", "{{ htlm }}")
    problem = problem_of(own)
    lines = own.root.joinpath("templates/email/parts.mjml").read_text().split("\n")
    assert problem.path == "templates/email/parts.mjml"
    assert problem.line is not None
    assert "htlm" in lines[problem.line - 1]


def test_a_syntax_error_is_named_with_its_line(own: Any) -> None:
    own.template("base.txt", "{% block foot %}", "{% blok foot %}")
    problem = problem_of(own)
    assert (problem.path, problem.rule) == ("templates/email/base.txt", "template")
    assert problem.line is not None


@pytest.mark.parametrize(
    "statement",
    [
        "{% if subscriber.name %}x{% endif %}",
        "{% set n = next.when %}",
        '{% if links["leave"] %}{% endif %}',
    ],
)
def test_a_personal_name_cannot_decide_in_a_statement(own: Any, statement: str) -> None:
    own.template("lesson.txt", "{% block foot %}", "{% block foot %}\n" + statement)
    problem = problem_of(own)
    assert problem.rule == "template-personal"
    assert "only_if" in problem.fix
    lines = own.root.joinpath("templates/email/lesson.txt").read_text().split("\n")
    assert problem.line is not None
    assert statement in lines[problem.line - 1]


def test_a_personal_name_that_the_mail_lacks_is_an_error_with_its_line(own: Any) -> None:
    own.template("base.txt", "{{ sender.name }}", "{{ links.confirm }}")
    problem = problem_of(own)
    assert (problem.path, problem.rule) == ("templates/email/base.txt", "jinja-undefined")
    assert "links.confirm" in problem.message


def test_a_personal_and_a_constant_name_need_two_expressions(own: Any) -> None:
    own.template("base.txt", "{{ sender.name }}", "{{ sender.name ~ subscriber.name }}")
    assert problem_of(own).rule == "template"


def test_only_if_is_decided_per_person_in_both_parts(workshop: Any, fill: Any) -> None:
    content = workshop.lesson("x")
    there = fill(content)
    absent = fill(content, next={"when": ""})
    assert "arrives Tuesday at 09:00." in there.html
    assert "arrives Tuesday at 09:00." in there.text
    assert "arrives" not in absent.html + absent.text


def test_only_if_goes_around_whole_elements_too(own: Any, fill: Any) -> None:
    own.template(
        "lesson.mjml",
        "{{ super() }}",
        '{{ super() }}{% call only_if("subscriber.vip") %}<mj-text>VIP</mj-text>{% endcall %}',
    )
    content = own.lesson("x")
    assert ">VIP</div>" in fill(content, subscriber={"vip": "yes"}).html
    assert "VIP" not in fill(content).html


def test_the_last_lesson_says_nothing_of_a_next_one(workshop: Any, fill: Any) -> None:
    mail = fill(workshop.lesson("x", number=2))
    assert "arrives" not in mail.html + mail.text


@pytest.mark.parametrize(
    ("number", "shown"), [(0, None), (1, "Lesson 1 of 2"), (2, "Lesson 2 of 2")]
)
def test_progress_is_told_but_not_for_the_welcome(
    workshop: Any, fill: Any, number: int, shown: str | None
) -> None:
    mail = fill(workshop.lesson("x", number=number))
    assert ("Lesson" in mail.text) == (shown is not None)
    assert ('bp-done" width' in mail.html) == (shown is not None)
    assert (shown or "Baking") in mail.text
    assert (shown or "Baking") in mail.html


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('line = "#DDD8CC"', "", "one palette only"),
        ("color:{accent};text", "color:{acent};text", "acent"),
        ("[words]", "[wrods]", "[words] is missing"),
        ('paper = "#F6F3EC"', "paper = F6F3EC", "not TOML"),
    ],
)
def test_a_mistake_in_the_style_is_said(own: Any, old: str, new: str, said: str) -> None:
    own.template("style.toml", old, new)
    problem = problem_of(own)
    assert problem.path == "templates/email/style.toml"
    assert said in problem.message


def test_a_restyled_colour_reaches_prose_frame_and_dark_mode(own: Any, fill: Any) -> None:
    own.template("style.toml", "#0E6B62", "#123456")
    own.template("style.toml", "#6FC9BE", "#ABCDEF")
    html = fill(own.lesson("[a](https://example.org)\n\n::: exercise\nx\n:::")).html
    assert "#0E6B62" not in html
    assert "#6FC9BE" not in html
    assert '<a href="https://example.org" style="color:#123456' in html
    assert ".bp-prose a { color:#ABCDEF !important }" in html


def test_a_notice_without_a_frame_of_its_own_has_that_of_notice(workshop: Any, fill: Any) -> None:
    mail = fill(workshop.notice("# Moved\n\nHello.", item="address-change"))
    assert "It is not part of a course or a newsletter." in mail.text.replace("\n", " ")
