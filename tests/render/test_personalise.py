"""One content, many people: whatever their values are, the mail is right."""

from __future__ import annotations

from html import escape
from typing import Any

import pytest

from bypost.errors import ContentError
from bypost.render.personalise import Personaliser

HOSTILE = [
    "<b>",
    '"O\'Brien" & Søn',
    "日本語 太郎",
    "ליאור בן־דוד",
    "",
    "line\nbreak\r\nand\ttab",
    "{{ 7*7 }}{% if %}{#",
    "<script>alert(1)</script>",
    "bpq0123456789abcdefpq",
    "\x1f\x1f",
    "&amp;",
    "\u202eevil",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_right_in_every_part(workshop: Any, fill: Any, name: str) -> None:
    content = workshop.lesson(
        "Dear [{{ subscriber.name }}].", subject="For [{{ subscriber.name }}]"
    )
    mail = fill(content, subscriber={"name": name})
    assert f"Dear [{name}]." in mail.text
    quoted = escape(name, quote=True).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    assert f"Dear [{quoted}]." in mail.html
    assert mail.subject.startswith("For [")
    assert not set(mail.subject) & {chr(code) for code in range(32)}


def test_control_characters_in_a_subject_become_one_space(workshop: Any, fill: Any) -> None:
    content = workshop.lesson("x", subject="A {{ subscriber.name }} Z")
    assert fill(content, subscriber={"name": "a\r\n\tBcc: x"}).subject == "A a Bcc: x Z"


def test_a_value_in_an_attribute_cannot_leave_it(workshop: Any, fill: Any) -> None:
    content = workshop.lesson(
        '[x](https://example.org/{{ subscriber.slug }} "{{ subscriber.name }}")'
    )
    html = fill(content, subscriber={"slug": '"><img src=x>', "name": '" onclick="x'}).html
    assert "<img" not in html
    assert 'onclick="' not in html


def test_a_name_the_person_lacks_is_empty_under_subscriber_only(workshop: Any) -> None:
    content = workshop.lesson("At {{ subscriber.company }}, {{ next.title }}")
    values = {
        "subscriber": {"name": "A", "since": "today"},
        "links": {"leave": "l", "progress": "p"},
        "next": {"when": "now", "title": "T"},
    }
    assert "At , T" in Personaliser(content).render(values).text
    with pytest.raises(ContentError, match="title"):
        Personaliser(content).render({**values, "next": {"when": "now"}})
    with pytest.raises(ContentError, match="links"):
        Personaliser(content).render({"subscriber": {}, "next": values["next"]})


def test_content_lists_the_personal_names_it_needs(workshop: Any) -> None:
    content = workshop.lesson(
        "{{ subscriber.company|default(subscriber.city) }}\n\n::: if subscriber.vip\nx\n:::",
        subject="{{ next.title }}",
    )
    assert content.needs == (
        "links.leave",
        "links.progress",
        "next.title",
        "next.when",
        "subscriber.city",
        "subscriber.company",
        "subscriber.since",
        "subscriber.vip",
    )


def test_slot_values_and_constants_give_the_rendered_mail(workshop: Any, fill: Any) -> None:
    content = workshop.lesson("Hi {{ subscriber.name }} and {{ subscriber.name }}.")
    values = {
        "subscriber": {"name": "<A>", "since": "x"},
        "links": {"leave": "l", "progress": "p"},
        "next": {"when": "w"},
    }
    personaliser = Personaliser(content)
    mail = personaliser.render(values)
    for part, template in (("html", content.html), ("text", content.text)):
        slots = iter(personaliser.slot_values(values)[part])
        joined = "".join(p if isinstance(p, str) else next(slots) for p in template.parts)
        assert joined == getattr(mail, part)


def test_the_same_source_gives_the_same_content_and_another_another(workshop: Any) -> None:
    one = workshop.lesson("Hello {{ subscriber.name }}")
    again = workshop.lesson("Hello {{ subscriber.name }}")
    other = workshop.lesson("Hello, {{ subscriber.name }}")
    assert one == again
    assert one.hash != other.hash
    assert len(one.hash) == 64
