"""Filling one slot: as Jinja would, only sooner."""

from __future__ import annotations

import pytest
from jinja2 import StrictUndefined, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from bypost.render.slots import filler

HOSTILE = '<b>"O\'Brien" & Søn</b>'


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize(
    "source",
    [
        "{{ subscriber.name }}",
        '{{ subscriber.name|default("Hello", true) }}',
        "{% if next is defined and next.when %}Next: {{ next.when }}{% endif %}",
        "{{ links.leave }}/{{ subscriber.name|upper }}",
    ],
)
def test_a_slot_says_what_plain_jinja_would_for_one_person_after_another(
    source: str, escaped: bool
) -> None:
    plain = SandboxedEnvironment(autoescape=escaped, undefined=StrictUndefined)
    fill = filler(source, escaped=escaped)
    for name in ("Ana", "", HOSTILE, "name", "Ana", "日本語"):
        for when in ("Tuesday at 09:00", "", "when"):
            values = {
                "subscriber": {"name": name},
                "next": {"when": when},
                "links": {"leave": f"https://x.example/u/{name}"},
            }
            assert fill(values) == plain.from_string(source).render(values)


def test_a_missing_name_is_jinjas_error_and_is_not_remembered_as_another_value() -> None:
    fill = filler("{{ next.when|upper }}", escaped=True)
    assert fill({"next": {"when": "when"}}) == "WHEN"
    with pytest.raises(UndefinedError):
        fill({"next": {}})
    with pytest.raises(UndefinedError):
        filler("{{ next.when }}", escaped=True)({"subscriber": {}})


@pytest.mark.parametrize("column", ["items", "values", "keys", "get", "pop", "copy", "update"])
@pytest.mark.parametrize("template", ["{{{{ subscriber.{} }}}}", "{{{{ subscriber.{}|upper }}}}"])
def test_a_column_may_be_called_what_a_dictionary_can_do(column: str, template: str) -> None:
    fill = filler(template.format(column), escaped=False)
    assert fill({"subscriber": {column: "ACME"}}) == "ACME"
