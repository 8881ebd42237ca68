"""What mjml-python does in silence, and what we do about it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bypost.errors import ContentError, Problem
from bypost.render import compile as compiling
from bypost.render.mjml import compile_mjml


def problems_of(own: Any, body: str = "x") -> list[Problem]:
    with pytest.raises(ContentError) as caught:
        own.lesson(body)
    return list(caught.value.problems)


def test_every_partial_of_the_templates_reaches_the_mail(own: Any, fill: Any) -> None:
    own.template("base.mjml", "<mj-title>", "<mj-title>MARK-BASE ")
    own.template("parts.mjml", "{{ html }}", "MARK-PROSE {{ html }}")
    own.template("lesson.mjml", "Lesson {{", "MARK-LESSON {{")
    html = fill(own.lesson("text")).html
    for mark in ("MARK-BASE", "MARK-PROSE", "MARK-LESSON", "Leave this course"):
        assert mark in html


def test_an_unknown_element_is_an_error_with_its_line_and_the_nearest(own: Any) -> None:
    own.template("lesson.mjml", "{{ super() }}", "{{ super() }}\n          <mj-txt>oops</mj-txt>")
    (problem,) = problems_of(own)
    line = own.root.joinpath("templates/email/lesson.mjml").read_text().split("\n")
    assert (problem.path, problem.rule) == ("templates/email/lesson.mjml", "mjml-element")
    assert problem.line is not None
    assert "<mj-txt>" in line[problem.line - 1]
    assert "`mj-text`" in problem.fix


def test_an_unknown_attribute_is_an_error_with_its_line_and_the_nearest(own: Any) -> None:
    own.template(
        "parts.mjml", '<mj-text css-class="bp-prose">{{ html', '<mj-text colour="red">{{ html'
    )
    (problem,) = problems_of(own)
    assert (problem.path, problem.rule) == ("templates/email/parts.mjml", "mjml-attribute")
    assert "`color`" in problem.fix


@pytest.mark.parametrize(
    ("markup", "rule"),
    [
        ("<mj-include path='x.mjml' />", "mjml-element"),
        ("<mj-html-attributes></mj-html-attributes>", "mjml-element"),
        ("<mj-accordion></mj-accordion>", "mjml-element"),
        ("<mj-section></mj-section>", "mjml-nesting"),
        ("<mj-text><mj-raw>x</mj-raw></mj-text>", "mjml-nesting"),
        ("<div>x</div>", "mjml-nesting"),
        ("<mj-spacer height='{{ links.leave }}' />", "mjml-attribute"),
        ("<mj-spacer mj-class='low high' />", "mjml-attribute"),
        ("<mj-image src='https://example.org/x.png' />", "img-alt"),
        ("text that mrml would lose", "mjml-text"),
        ("<mj-text>never closed", "mjml-nesting"),
    ],
)
def test_what_mrml_would_drop_or_print_is_an_error(own: Any, markup: str, rule: str) -> None:
    own.template("lesson.mjml", "{{ super() }}", "{{ super() }}" + markup)
    found = problems_of(own)
    assert rule in {problem.rule for problem in found}
    assert all(problem.path.startswith("templates/email/") and problem.line for problem in found)


def test_a_class_of_mjml_gives_its_attributes(own: Any, fill: Any) -> None:
    own.template(
        "base.mjml", "<mj-all font", '<mj-class name="loud" font-size="31px" /><mj-all font'
    )
    own.template(
        "lesson.mjml", "{{ super() }}", '{{ super() }}<mj-text mj-class="loud">X</mj-text>'
    )
    assert "font-size:31px" in fill(own.lesson("Text.")).html


def test_inline_styles_are_not_asked_of_mrml(own: Any) -> None:
    own.template("base.mjml", "<mj-style>\n      :root", '<mj-style inline="inline">\n      :root')
    assert {problem.rule for problem in problems_of(own)} == {"mjml-attribute"}


@pytest.mark.parametrize(
    "html", ["<p>not closed", "a < b", "not opened</p>", "<b>cross<i>ed</b></i>"]
)
def test_html_that_mrml_cannot_read_is_named_with_its_line(own: Any, html: str) -> None:
    own.template("base.mjml", "{% block foot %}", html + "{% block foot %}")
    lines = own.root.joinpath("templates/email/base.mjml").read_text().split("\n")
    for problem in problems_of(own):
        assert problem.rule == "mjml-syntax"
        assert problem.path == "templates/email/base.mjml"
        assert problem.line is not None
        assert "bp-muted" in lines[problem.line - 1]


def test_an_error_of_mrml_itself_names_the_line_not_the_byte() -> None:
    source = (
        '<mjml bypost-at="base.mjml:1"><mj-body bypost-at="base.mjml:2">'
        '<mj-section bypost-at="lesson.mjml:3"><mj-column bypost-at="lesson.mjml:4">'
        '<mj-text bypost-at="parts.mjml:5">üüüüüüüü</mj-text>'
        '<mj-text bypost-at="parts.mjml:6">ü</p></mj-text>'
        '<mj-text bypost-at="parts.mjml:7">ü</mj-text>'
        "</mj-column></mj-section>"
        '<mj-section bypost-at="lesson.mjml:8"></mj-section></mj-body></mjml>'
    )
    with pytest.raises(ContentError) as caught:
        compile_mjml(source, "lesson.mjml")
    (problem,) = caught.value.problems
    # mrml reads on to the end of the column before it notices, so this is the last element there.
    assert (problem.path, problem.line) == ("templates/email/parts.mjml", 7)


def test_an_error_of_mrml_without_a_place_names_the_template(own: Any) -> None:
    own.template("base.mjml", "{% block foot %}", "<!-- a -- b -->{% block foot %}")
    (problem,) = problems_of(own)
    assert (problem.path, problem.rule) == ("templates/email/lesson.mjml", "mjml-syntax")


def test_quotes_and_less_than_survive_in_expressions(workshop: Any, fill: Any) -> None:
    body = (
        '[a](https://example.org/?n={{ subscriber.name|default("x<y", true)|urlencode }}) '
        "{{ 'young' if subscriber.age|int < 30 else \"old\" }}"
    )
    content = workshop.lesson(body)
    assert "young" in fill(content, subscriber={"age": "29"}).html
    assert "old" in fill(content, subscriber={"age": "31"}).html
    assert "https://example.org/?n=Anna%20Lindqvist" in fill(content).html


@pytest.mark.parametrize("text", ["1 < 2 & 3 > 2", 'say "so"', "a\u00a0b", "&nbsp; &lt;", "🙂"])
def test_letters_that_mean_something_in_xml_survive(workshop: Any, fill: Any, text: str) -> None:
    mail = fill(workshop.lesson(f"# {text}\n\nBody {text}", subject=text, preheader=text))
    assert f"Body {text.replace('&nbsp;', chr(160)).replace('&lt;', '<')}" in mail.text


def test_no_font_is_loaded_and_no_comment_is_left(workshop: Any, fill: Any) -> None:
    html = fill(workshop.lesson("text <!-- hidden -->")).html
    assert "fonts.googleapis" not in html
    assert "@import" not in html
    assert "<!-- hidden" not in html
    assert "<!--[if mso | IE]>" in html


def test_a_word_of_ours_never_reaches_a_mail(workshop: Any, fill: Any) -> None:
    mail = fill(
        workshop.lesson("# {{ subscriber.name }}\n\n[x]({{ links.leave }}) {{ next.when }}")
    )
    assert not re.search(r"bpq[0-9a-f]{16}pq", mail.subject + mail.html + mail.text)


def test_mjml_is_compiled_once_for_any_number_of_people(
    workshop: Any, fill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real = compiling.compile_mjml

    def counting(source: str, template: str) -> str:
        calls.append(template)
        return real(source, template)

    monkeypatch.setattr(compiling, "compile_mjml", counting)
    content = workshop.lesson("Hello {{ subscriber.name }}")
    mails = {fill(content, subscriber={"name": f"Person {n}"}).html for n in range(50)}
    assert len(mails) == 50
    assert calls == ["lesson.mjml"]
