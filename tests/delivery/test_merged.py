"""A batch is one mail for many: what each gets of it is what its recipe rebuilds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bypost.delivery.compose import rebuild
from bypost.delivery.mailing import bulk
from bypost.delivery.recipe import Facts, Roll, Shared
from bypost.model.bulk import Bulk
from bypost.model.content import Content, Slot, Template
from bypost.model.course import Kind
from bypost.render.personalise import Personaliser
from bypost.render.stored import dump, hashed

SHARED = Shared(
    at=datetime(2026, 11, 23, 8, 0, tzinfo=UTC),
    from_email="course@example.org",
    from_name="Clarity Notes",
    reply_to="hello@example.org",
    leave="https://course.example.org/u/",
    progress="https://course.example.org/p/",
    list_id="<letters.example.org>",
)
NAME, LEAVE = Slot("{{ subscriber.name }}"), Slot("{{ links.leave }}")
COMPANY = Slot("{{ subscriber.company|default('you')|upper }}")
_CONSTANTS = ["", " ", "\n", "Hi ", "{{ x }}", "%recipient.v0%", '"\\', "é\u2028", "<p>"]
TEXTS = st.text(st.sampled_from("ab <>&'\"{}%\\\n\t\u2028é"), max_size=6)
PARTS = st.lists(st.sampled_from([*_CONSTANTS, NAME, LEAVE, COMPANY]), max_size=6).map(
    lambda parts: Template(tuple(parts))
)
PEOPLE = st.lists(
    st.builds(
        Facts,
        to=st.just("ann@example.org"),
        to_name=TEXTS,
        token=st.text("AZaz09-_", min_size=4, max_size=6),
        values=st.dictionaries(st.just("subscriber.company"), TEXTS),
    ),
    min_size=1,
    max_size=4,
)


def content(subject: Template, html: Template, text: Template, kind: Kind = Kind.LESSON) -> Content:
    return hashed(
        kind=kind,
        item="one",
        collection="letters",
        title="One",
        language="en",
        subject=subject,
        html=html,
        text=text,
        needs=("subscriber.company",),
    )


def made(mail: Content, people: list[Facts]) -> Bulk:
    refs = [f"d-{n}" for n in range(len(people))]
    return bulk(Personaliser(mail), mail, SHARED, Roll.of(dict(enumerate(people))), refs)


@settings(max_examples=300, deadline=None)
@given(PARTS, PARTS, PARTS, PEOPLE, st.sampled_from(list(Kind)))
def test_each_mail_of_a_batch_is_the_one_that_its_recipe_rebuilds(
    subject: Template, html: Template, text: Template, people: list[Facts], kind: Kind
) -> None:
    mail = content(subject, html, text, kind)
    alone = [rebuild(dump(mail), SHARED, one, f"d-{n}") for n, one in enumerate(people)]
    batch = made(mail, people)
    assert list(batch.messages()) == alone
    assert list(batch.folded().messages()) == alone


@pytest.mark.parametrize("name", [" Ann ", "Ann\n", "\t", "", "a\u2028b"])
def test_a_subject_is_fit_for_a_header_for_each_person(name: str) -> None:
    subject = Template((NAME, " is here"))
    people = [Facts(to="a@example.org", to_name=one, token="AAAA") for one in (name, "Bob")]
    batch = made(content(subject, Template(("x",)), Template(("x",))), people)
    assert batch.message(0).subject == f"{name} is here".replace("\u2028", " ").strip().replace(
        "\n", " "
    )
    assert batch.message(1).subject == "Bob is here"


def test_the_links_of_a_person_travel_as_their_token() -> None:
    html = Template((NAME, "<a href='", LEAVE, "'>leave</a>"))
    people = [
        Facts(to=f"{n}@example.org", to_name=name, token=token)
        for n, (name, token) in enumerate([("Ann", "AbC1"), ("Bob", "AbC2")])
    ]
    mail = content(Template(("Hello",)), html, Template(("Leave: ", LEAVE)))
    folded = made(mail, people).folded()
    assert [one.values for one in folded.people] == [("Ann", "AbC1"), ("Bob", "AbC2")]
    assert made(mail, [replace(people[0], to_name="Bob")]).folded().people[0].values == ()
