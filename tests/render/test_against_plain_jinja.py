"""The oracle: what we send equals a plain Jinja rendering of the same template, byte for byte.

The oracle shares no code with ours but ``template_source``. If words were put back at the wrong
place, escaped twice, or a slot mixed up with another, the two would differ.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import jinja2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from bypost.errors import ContentError
from bypost.model.content import Slot, Template
from bypost.render.personalise import Personaliser
from bypost.render.stored import template_source

EXPRESSIONS = [
    "{{ subscriber.name }}",
    '{{ subscriber.name|default("you", true) }}',
    "{{ subscriber.company|upper }}",
    "{{ subscriber.company|default(course.title) }}",
    "{{ subscriber.company ~ ' < ' ~ lesson.number }}",
    '{{ "a" if subscriber.name < "M" else "b|c" }}',
    "{{ course.title }}",
    "{{ course.motto }}",
    "{{ lesson.title|title }}",
    "{{ next.when }}",
    "{{ subscriber.name.split(' ')[0] }}",
    "`{{ literal }}`",
]

WORDS = st.lists(
    st.sampled_from(
        [
            *("plain", "*em*", "**strong**", "1 < 2", "R&D", '"q"', "}}", "{ x }", "a_b", "\\*"),
            *("\\{{", "~~s~~", "&amp;", "日本", "שלום", "!", "[l](https://example.org/?a=1&b=2)"),
            "[p]({{ links.progress }})",
            "[q](https://example.org/{{ subscriber.name|urlencode }})",
            *EXPRESSIONS,
        ]
    ),
    min_size=1,
    max_size=6,
).map(" ".join)


def blocks() -> st.SearchStrategy[str]:
    plain = st.one_of(
        WORDS,
        WORDS.map("## {}".format),
        WORDS.map("- {}\n- two".format),
        WORDS.map("> {}".format),
        WORDS.map(lambda text: f"| a | b |\n|---|---|\n| {text} | {text} |"),
        WORDS.map("```\n{}\n```".format),
        st.just("::: button {{ links.progress }}\nGo {{ subscriber.name }}\n:::"),
    )
    several = st.lists(plain, min_size=1, max_size=3).map("\n\n".join)
    return st.one_of(
        plain,
        several.map(lambda text: f":::: exercise T {{{{ subscriber.name }}}}\n\n{text}\n\n::::"),
        several.map(lambda text: f"::::: if subscriber.company\n\n{text}\n\n:::::"),
        several.map(lambda text: f"::::: if motto\n\n{text}\n\n:::::"),
    )


BODIES = st.lists(blocks(), min_size=1, max_size=5).map("\n\n".join)
VALUE = st.one_of(
    st.just(""),
    st.sampled_from(["<b>", '"O\'Brien" & Søn', "日本語", "שלום", "a\nb", "{{ x }}", "\x1f"]),
    st.text(st.characters(codec="utf-8"), max_size=12),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=BODIES, name=VALUE, company=VALUE, when=VALUE, motto=st.sampled_from(["", "<m> & {{"]))
def test_our_output_is_that_of_plain_jinja(
    workshop: Any, body: str, name: str, company: str, when: str, motto: str
) -> None:
    content = workshop.lesson(
        body, subject="{{ subscriber.name }} {{ course.title }} {", settings={"motto": motto}
    )
    values = {
        "subscriber": {"name": name, "company": company, "since": "today"},
        "links": {"leave": "https://x.example/l?a=1&b=2", "progress": "https://x.example/p"},
        "next": {"when": when, "title": "T", "date": "D"},
    }
    ours = Personaliser(content).render(values)
    context = {root: SimpleNamespace(**names) for root, names in values.items()}
    for part in ("html", "text", "subject"):
        plain = jinja2.Environment(
            autoescape=part == "html", undefined=jinja2.StrictUndefined, keep_trailing_newline=True
        )
        expected = plain.from_string(template_source(getattr(content, part))).render(context)
        if part == "subject":
            expected = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", expected).strip()
        assert getattr(ours, part) == expected
    for link in HTMLParser(ours.html).css("a"):
        assert (link.attributes["href"] or "").removeprefix("mailto:") in ours.text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(st.sampled_from("ab {}%#\"'\\\n\r<&`:|"), max_size=30))
def test_any_constant_text_passes_through_jinja_unchanged(text: str) -> None:
    template = Template((text, Slot("{{ x }}"), text))
    plain = jinja2.Environment(undefined=jinja2.StrictUndefined)
    assert plain.from_string(template_source(template)).render(x="X") == f"{text}X{text}"


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=st.text(st.sampled_from('ab \n*_`[]()#>-|{}:!~\\<&"1.'), max_size=60))
def test_any_markdown_is_either_a_mail_or_a_problem_with_a_line(workshop: Any, body: str) -> None:
    try:
        content = workshop.lesson(body)
    except ContentError as error:
        found = [problem.line for problem in error.problems]
    else:
        found = [len(content.html.parts)]
    assert all(found)
