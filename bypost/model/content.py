"""A compiled mail: constant text with slots, the same for everybody who gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bypost.model.course import Kind


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of a compiled mail that differs between subscribers.

    Attributes:
        source: Jinja source that yields the part, e.g. ``{{ subscriber.name }}``.
    """

    source: str


@dataclass(frozen=True, slots=True)
class Template:
    """One part of a mail (subject, HTML or text), split into constant text and slots."""

    parts: tuple[str | Slot, ...]


#: What slots are filled from: root name (``subscriber``, ``links``, ``next``) -> name -> text.
Values = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything about one mail that does not depend on who gets it.

    Attributes:
        item: Identity within the ledger: lesson id, ``newsletter/issue`` or notice id.
        collection: Course id, newsletter id, or empty for a notice.
        title: The mail's own heading.
        hash: SHA-256 (hex) over all other fields: the key under which it is stored.
        needs: Personal names the slots use, e.g. ``subscriber.company``; a name under
            ``subscriber`` that a person has no value for is filled with an empty text.
    """

    kind: Kind
    item: str
    collection: str
    title: str
    language: str
    subject: Template
    html: Template
    text: Template
    needs: tuple[str, ...]
    hash: str


def full_name(collection: str, item: str) -> str:
    """Return what a mail is: ``course/lesson``, ``newsletter/issue`` or a notice's id.

    The item of an issue names its newsletter already.
    """
    return item if not collection or item.startswith(f"{collection}/") else f"{collection}/{item}"
