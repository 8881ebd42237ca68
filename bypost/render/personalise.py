"""Fills a compiled mail's slots for one person after another."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bypost.errors import ContentError, Problem
from bypost.model.bulk import Column, Part
from bypost.model.content import Content, Slot, Template, Values
from bypost.render import jinja
from bypost.render.slots import Filler, Table

#: Line breaks and other control characters, which a header must not carry.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail for one person."""

    subject: str
    html: str
    text: str


class Personaliser:
    """Renders one content for many people; everything is compiled once, here."""

    def __init__(self, content: Content) -> None:
        self._name = "/".join(filter(None, (content.collection, content.item)))
        self._blank = {
            name.partition(".")[2]: "" for name in content.needs if name.startswith("subscriber.")
        }
        self._subject = _Part(content.subject, escaped=False)
        self._html = _Part(content.html, escaped=True)
        self._text = _Part(content.text, escaped=False)
        self._parts = (self._subject, self._html, self._text)

    def parts(self) -> tuple[Part, Part, Part]:
        """Return subject, HTML and text over the slots of :meth:`columns`.

        The subject becomes what :func:`header` makes of it once it is filled.
        """
        subject, html, text = self._parts
        first, second = subject.width, subject.width + html.width
        return subject.outline(0), html.outline(first), text.outline(second)

    def columns(self, table: Table) -> list[Column]:
        """Return what fills each different slot, for many people.

        Raises:
            ContentError: As :meth:`render` does, for anybody.
        """
        own = table.roots.get("subscriber", {})
        whole = {name: _filled_up(own.get(name), text) for name, text in self._blank.items()}
        known = Table(table.count, {**table.roots, "subscriber": {**own, **whole}})
        try:
            return [column for part in self._parts for column in part.columns(known)]
        except jinja.FAILURES as error:
            raise self._failed(error) from error

    def render(self, values: Values) -> Rendered:
        """Return the mail for the person with ``values``.

        Raises:
            ContentError: A name is missing, other than one under ``subscriber``; those are
                filled with an empty text.
        """
        known = self._complete(values)
        try:
            return Rendered(
                header(self._subject.render(known)),
                self._html.render(known),
                self._text.render(known),
            )
        except jinja.FAILURES as error:
            raise self._failed(error) from error

    def slot_values(self, values: Values) -> dict[str, tuple[str, ...]]:
        """Return each part's (``subject``, ``html``, ``text``) slots evaluated, in order.

        For providers that take the constant part once and the values per person.
        """
        known = self._complete(values)
        try:
            return {
                "subject": tuple(_CONTROL.sub(" ", v) for v in self._subject.values(known)),
                "html": self._html.values(known),
                "text": self._text.values(known),
            }
        except jinja.FAILURES as error:
            raise self._failed(error) from error

    def _complete(self, values: Values) -> Values:
        return {**values, "subscriber": {**self._blank, **values.get("subscriber", {})}}

    def _failed(self, error: Exception) -> ContentError:
        fix = "give the value, or guard the expression against its absence"
        return ContentError(
            Problem(self._name, None, f"cannot be personalised: {error}", fix, "personalise")
        )


class _Part:
    """One part of a mail; equal slots are evaluated once."""

    def __init__(self, template: Template, *, escaped: bool) -> None:
        sources = [part.source for part in template.parts if isinstance(part, Slot)]
        different = list(dict.fromkeys(sources))
        self._slots = [Filler(source, escaped=escaped) for source in different]
        self._order = [different.index(source) for source in sources]
        self._parts = [None if isinstance(part, Slot) else part for part in template.parts]

    @property
    def width(self) -> int:
        """Return how many different slots there are."""
        return len(self._slots)

    def different(self, values: Values) -> list[str]:
        """Return the different slots' texts."""
        return [slot.text(values) for slot in self._slots]

    def columns(self, table: Table) -> list[Column]:
        """Return the different slots' columns."""
        return [slot.column(table) for slot in self._slots]

    def outline(self, first: int) -> Part:
        """Return constant text and slots; the different ones are numbered from ``first``."""
        texts = [""]
        for part in self._parts:
            if part is None:
                texts.append("")
            else:
                texts[-1] += part
        return Part(tuple(texts), tuple([first + index for index in self._order]))

    def values(self, values: Values) -> tuple[str, ...]:
        """Return the slots' texts, in the order in which they stand in the part."""
        found = self.different(values)
        return tuple([found[index] for index in self._order])

    def render(self, values: Values) -> str:
        """Return the part with its slots filled."""
        filled = iter(self.values(values))
        return "".join([next(filled) if part is None else part for part in self._parts])


def _filled_up(column: Column | None, text: str) -> Column:
    """Return a column in which who has no value has ``text``."""
    if column is None:
        return Column(text)
    if column.is_complete or column.texts is None:
        return column
    return Column("", [text if own is None else own for own in column.texts])


def header(text: str) -> str:
    """Return ``text`` fit for a header: runs of control characters become one space."""
    return _CONTROL.sub(" ", text).strip()
