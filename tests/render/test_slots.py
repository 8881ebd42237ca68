"""Filling slots: as Jinja would, only sooner."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import StrictUndefined, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from bypost.model.bulk import Column
from bypost.render.slots import Filler, Table

HOSTILE = '<b>"O\'Brien" & Søn</b>'


SOURCES = [
    "{{ subscriber.name }}",
    '{{ subscriber.name|default("Hello", true) }}',
    "{% if next is defined and next.when is defined and next.when %}{{ next.when }}{% endif %}",
    "{{ links.leave }}/{{ subscriber.name|upper }}",
]


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize("source", SOURCES)
def test_a_slot_says_what_plain_jinja_would_for_one_person_after_another(
    source: str, escaped: bool
) -> None:
    plain = SandboxedEnvironment(autoescape=escaped, undefined=StrictUndefined)
    fill = Filler(source, escaped=escaped).text
    for name in ("Ana", "", HOSTILE, "name", "Ana", "日本語"):
        for when in ("Tuesday at 09:00", "", "when"):
            values = {
                "subscriber": {"name": name},
                "next": {"when": when},
                "links": {"leave": f"https://x.example/u/{name}"},
            }
            assert fill(values) == plain.from_string(source).render(values)


def test_a_missing_name_is_jinjas_error_and_is_not_remembered_as_another_value() -> None:
    fill = Filler("{{ next.when|upper }}", escaped=True).text
    assert fill({"next": {"when": "when"}}) == "WHEN"
    with pytest.raises(UndefinedError):
        fill({"next": {}})
    with pytest.raises(UndefinedError):
        Filler("{{ next.when }}", escaped=True).text({"subscriber": {}})


@pytest.mark.parametrize("column", ["items", "values", "keys", "get", "pop", "copy", "update"])
@pytest.mark.parametrize("template", ["{{{{ subscriber.{} }}}}", "{{{{ subscriber.{}|upper }}}}"])
def test_a_column_may_be_called_what_a_dictionary_can_do(column: str, template: str) -> None:
    fill = Filler(template.format(column), escaped=False).text
    assert fill({"subscriber": {column: "ACME"}}) == "ACME"


TEXTS = st.sampled_from(["", "Ana", HOSTILE, "日本語", "a&b", "Tuesday"])


@given(
    source=st.sampled_from([*SOURCES, "{{ links.leave }}", "{{ next.when|default('soon') }}"]),
    escaped=st.booleans(),
    people=st.lists(st.tuples(TEXTS, TEXTS | st.none(), TEXTS), min_size=1, max_size=5),
    shared=st.booleans(),
)
def test_a_slot_says_to_many_at_once_what_it_says_to_each(
    source: str, escaped: bool, people: list[tuple[str, str | None, str]], shared: bool
) -> None:
    names, whens, tokens = (list(column) for column in zip(*people, strict=True))
    when = Column("Monday") if shared else Column("", whens)
    table = Table(
        len(people),
        {
            "subscriber": {"name": Column("", names)},
            "next": {"when": when},
            "links": {"leave": Column("https://x.example/?a&u=", tokens, "/&")},
        },
    )
    column = Filler(source, escaped=escaped).column(table)
    plain = SandboxedEnvironment(autoescape=escaped, undefined=StrictUndefined)
    for index in range(len(people)):
        assert column.text(index) == plain.from_string(source).render(table.values(index))


def test_what_one_of_many_has_no_value_for_is_jinjas_error() -> None:
    table = Table(2, {"next": {"when": Column("", ["Monday", None])}})
    with pytest.raises(UndefinedError):
        Filler("{{ next.when }}", escaped=True).column(table)


def test_a_link_leaves_its_token_and_what_all_share_is_constant() -> None:
    links = {"leave": Column("https://x.example/u/", ["A", "B"])}
    table = Table(2, {"links": links, "next": {"when": Column("Monday")}})
    assert Filler("{{ links.leave }}", escaped=True).column(table) == links["leave"]
    assert Filler("{{ next.when|upper }}", escaped=True).column(table) == Column("MONDAY")
