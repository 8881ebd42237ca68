"""Content as bytes: how the store keeps it, and what its hash is taken over."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from bypost.model.content import Content, Slot, Template
from bypost.model.course import Kind
from bypost.render.split import template_source

__all__ = ["dump", "hashed", "load", "template_source"]

_PARTS = ("subject", "html", "text")


def dump(content: Content) -> bytes:
    """Return ``content`` as canonical JSON: equal contents give equal bytes."""
    return _canonical({**_fields(content), "hash": content.hash})


def load(data: bytes) -> Content:
    """Return what ``dump`` was given."""
    fields: dict[str, Any] = orjson.loads(data)
    for part in _PARTS:
        fields[part] = Template(
            tuple(Slot(item["slot"]) if isinstance(item, dict) else item for item in fields[part])
        )
    fields["kind"] = Kind(fields["kind"])
    fields["needs"] = tuple(fields["needs"])
    return Content(**fields)


def hashed(**fields: Any) -> Content:
    """Return a Content of ``fields`` with its hash: SHA-256 over all of them."""
    content = Content(**fields, hash="")
    digest = hashlib.sha256(_canonical(_fields(content))).hexdigest()
    return Content(**fields, hash=digest)


def _fields(content: Content) -> dict[str, Any]:
    names = [name for name in Content.__slots__ if name != "hash"]
    return {name: _plain(getattr(content, name)) for name in names}


def _plain(value: object) -> object:
    if isinstance(value, Template):
        return [{"slot": part.source} if isinstance(part, Slot) else part for part in value.parts]
    return list(value) if isinstance(value, tuple) else value


def _canonical(fields: dict[str, Any]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
