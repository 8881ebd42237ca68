"""Filling slots: a plain name is looked up, everything else is asked of Jinja.

Most slots are a plain name, and what is more than that often says the same to many people ("the
next lesson arrives Tuesday at 09:00"). For many people a slot is filled at once, as a column. All
ways give what Jinja would, to the letter; property tests compare them with a plain Jinja of their
own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bypost.model.bulk import Column
from bypost.model.content import Values
from bypost.render import jinja
from bypost.render.vocabulary import PERSONAL_ROOTS

Fill = Callable[[Values], str]

_PLAIN = re.compile(r"\{\{ ([a-z]+)\.(\w+) \}\}")
_NAME = re.compile(rf"\b({'|'.join(sorted(PERSONAL_ROOTS))})\b(?:\.(\w+))?")
_MISSING = object()
_ALWAYS = {"subscriber", "next", "links"}
#: Answers that one slot remembers.
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Table:
    """What the slots of many mails are filled from: root -> name -> one value for each person.

    A value is None where that person has none of this name.
    """

    count: int
    roots: Mapping[str, Mapping[str, Column]]

    def values(self, index: int) -> Values:
        """Return what one person's slots are filled from."""
        found: dict[str, dict[str, str]] = {root: {} for root in self.roots}
        for root, names in self.roots.items():
            for name, column in names.items():
                value = column.text(index)
                if value is not None:
                    found[root][name] = value
        # Whether a root is defined can be asked; these always are.
        return {root: names for root, names in found.items() if names or root in _ALWAYS}


class Filler:
    """Fills one slot; raises one of ``jinja.FAILURES`` where it cannot."""

    def __init__(self, source: str, *, escaped: bool) -> None:
        self._escaped = escaped
        self._ask = jinja.fill(source, escaped=escaped)
        plain = _PLAIN.fullmatch(source)
        self._plain = (plain[1], plain[2]) if plain else None
        self._names = [(found[1], found[2] or "") for found in _NAME.finditer(source)]
        #: Asked once for all people who agree in every name that the slot mentions.
        self._known: dict[tuple[object, ...], str] = {}

    def text(self, values: Values) -> str:
        """Return the slot's text for one person."""
        if self._plain is not None:
            return self._looked_up(*self._plain, values)
        # A person's links are their own: remembering them would only cost memory.
        if any(root == "links" for root, _ in self._names):
            return self._ask(values)
        key = tuple(
            [
                values[root].get(name, _MISSING) if root in values else None
                for root, name in self._names
            ]
        )
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[key] = self._ask(values)
        return found

    def column(self, table: Table) -> Column:
        """Return the slot's texts for many people."""
        if self._plain is not None:
            root, name = self._plain
            column = table.roots.get(root, {}).get(name)
            if column is not None and column.is_complete:
                return column.each(self._safe) if self._escaped else column
        mentioned = [table.roots.get(root, {}).get(name) for root, name in self._names]
        keys = list(zip(*[one.texts for one in mentioned if one and one.texts], strict=True))
        if not keys:  # nothing in it differs from person to person
            return Column(self.text(table.values(0)))
        firsts: dict[tuple[str | None, ...], int] = {}
        for index, key in enumerate(keys):
            if key not in firsts:
                firsts[key] = index
        known = {key: self.text(table.values(index)) for key, index in firsts.items()}
        return Column("", [known[key] for key in keys])

    def _looked_up(self, root: str, name: str, values: Values) -> str:
        """Return the value of a plain name; Jinja is asked only to say what is missing."""
        value = values[root].get(name) if root in values else None
        if type(value) is not str:
            return self._ask(values)
        return self._safe(value) if self._escaped else value

    @staticmethod
    def _safe(value: str) -> str:
        return str(jinja.escape(value))
