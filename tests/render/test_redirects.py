"""Counted links: addresses on the web, byte for byte, in no mail that did not ask for it."""

from __future__ import annotations

import html
import re

import pytest

from bypost.model.content import Content, Slot
from bypost.render.personalise import Personaliser
from bypost.render.redirects import NEEDS, TRAP, counted, link_of
from bypost.render.stored import dump, load
from tests.render.conftest import VALUES, Workshop

SITE = "https://mail.example.org"
CLICK = f"{SITE}/r/token"
HARD = [
    "https://a.example.com/?a=1&b=2&amp;c=3",
    "https://a.example.com/path%20with%2Fthings?q=%C3%A9#frag-1",
    "https://a.example.com/?x=1&copy=2&lt=3",
    "https://b.example.com/(brackets)/'quotes'",
    "http://c.example.com:8080/a;b=c?d=e+f&g%5B%5D=h",
    "https://d.example.com/?utm_source=x&utm_medium=y",
]


def hrefs(content: Content, **links: str) -> list[str]:
    """Return where the links of a filled mail lead."""
    values = {**VALUES, "links": {**VALUES["links"], "click": CLICK, **links}}
    filled = Personaliser(content).render(values).html
    return [html.unescape(found) for found in re.findall(r'<a\b[^>]*?\shref="([^"]*)"', filled)]


def lesson(workshop: Workshop, *addresses: str) -> Content:
    return workshop.lesson("# T\n\n" + "\n\n".join(f"[word]({address})" for address in addresses))


def test_each_link_leads_to_the_source_byte_for_byte(workshop: Workshop) -> None:
    plain = lesson(workshop, *HARD)
    made, found = counted(plain, SITE)
    where = {one.link: one.address for one in found}
    followed = [
        where[to.rpartition("/")[2]] if to.startswith(CLICK) and not to.endswith(f"/{TRAP}") else to
        for to in hrefs(made)
        if not to.endswith(f"/{TRAP}")
    ]
    assert followed == hrefs(plain)
    assert set(where.values()) == {address.replace("&amp;", "&") for address in HARD}


def test_what_is_personal_or_ours_or_no_address_on_the_web_is_left_alone(
    workshop: Workshop,
) -> None:
    addresses = [
        "mailto:hello@example.org",
        "tel:+49301234",
        "{{ links.progress }}",
        "{{ links.leave }}",
        "{{ links.done }}",
        "https://a.example.com/{{ subscriber.name }}",
        f"{SITE}/courses/baking",
        SITE,
    ]
    plain = lesson(workshop, *addresses)
    made, found = counted(plain, SITE)
    assert found == ()
    assert made is plain


def test_a_site_that_only_begins_like_ours_is_counted(workshop: Workshop) -> None:
    _, found = counted(lesson(workshop, f"{SITE}.evil.example/x"), SITE)
    assert [one.address for one in found] == [f"{SITE}.evil.example/x"]


def test_buttons_are_counted_and_text_keeps_its_addresses(workshop: Workshop) -> None:
    plain = workshop.lesson("# T\n\n::: button https://a.example.com/x\nGo\n:::")
    made, found = counted(plain, SITE)
    assert [one.address for one in found] == ["https://a.example.com/x"]
    assert made.text == plain.text
    assert "https://a.example.com/x" in str(made.text.parts)


def test_all_links_of_a_mail_share_one_slot(workshop: Workshop) -> None:
    made, _ = counted(lesson(workshop, *HARD), SITE)
    slots = {part.source for part in made.html.parts if isinstance(part, Slot)}
    assert sum("links.click" in source for source in slots) == 1
    assert NEEDS in made.needs
    assert load(dump(made)) == made


def test_the_trap_is_not_seen_and_not_reached_by_key(workshop: Workshop) -> None:
    made, _ = counted(lesson(workshop, HARD[0]), SITE)
    values = {**VALUES, "links": {**VALUES["links"], "click": CLICK}}
    filled = Personaliser(made).render(values).html
    trap = re.search(rf'<div style="display:none[^>]*><a href="{CLICK}/{TRAP}"[^>]*>', filled)
    assert trap is not None
    assert 'aria-hidden="true"' in trap[0]
    assert 'tabindex="-1"' in trap[0]
    assert filled.index(trap[0]) < filled.index("</body>")


def test_a_course_that_did_not_ask_compiles_to_the_same_bytes(workshop: Workshop) -> None:
    body = f"# T\n\n[word]({HARD[0]})"
    assert dump(workshop.lesson(body, clicks=True)) == dump(workshop.lesson(body))


@pytest.mark.parametrize("other", [("course:b", "i"), ("course:a", "j")])
def test_the_same_address_in_another_lesson_is_another_link(other: tuple[str, str]) -> None:
    assert link_of("course:a", "i", HARD[0]) != link_of(*other, HARD[0])
    assert len(link_of("course:a", "i", HARD[0])) == 12
