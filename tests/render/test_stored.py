"""Content as bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bypost.render.stored import dump, hashed, load


def test_what_is_loaded_is_what_was_dumped(workshop: Any) -> None:
    content = workshop.lesson(
        "# Tïtle 日本\n\n{{ subscriber.name }}\n\n::: if subscriber.x\ny\n:::",
        subject="{{ subscriber.name }}, hello",
    )
    assert load(dump(content)) == content
    assert dump(load(dump(content))) == dump(content)


def test_the_hash_is_over_every_other_field(workshop: Any) -> None:
    content = workshop.lesson("x")
    fields = {name: getattr(content, name) for name in type(content).__slots__ if name != "hash"}
    assert hashed(**fields) == content
    for name in ("item", "collection", "title", "language"):
        changed = hashed(**{**fields, name: "other"})
        assert changed.hash != content.hash
        assert replace(changed, hash=content.hash, **{name: fields[name]}) == content
