"""A bulk in a provider's own variables, so that its constant text travels once.

Text of an author that the provider could take for one of its variables travels as the value of
one, the same for everybody: a provider that substitutes once puts it back as it was, whatever its
rules for escaping are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bypost.model.bulk import Bulk, Part, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    r"""How a provider writes its variables.

    Attributes:
        variable: Name -> how its value is asked for, as it stands: without escaping.
        hazard: What of an author's text the provider could read as its own. ``\A`` and ``\Z``
            stand for the places next to a variable: there a single brace can make another
            variable of it. Matches must not be empty.
        html: The same as ``variable``, where HTML is written in another way.
        prefix: Begins each name; a number follows, or ``c`` and a number.
    """

    variable: Callable[[str], str]
    hazard: re.Pattern[str]
    html: Callable[[str], str] | None = None
    prefix: str = "v"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A mail with variables, and what they stand for.

    Attributes:
        headers: Empty where they were left out.
        names: Variables that each person has a value of, in the order of ``people``'s values.
        constants: Variables that say the same to everybody.
    """

    subject: str
    html: str
    text: str
    headers: Mapping[str, str]
    names: Sequence[str]
    constants: Mapping[str, str]
    people: Sequence[Person]

    def values(self, index: int) -> dict[str, str]:
        """Return what one person's variables stand for, without the constants."""
        return dict(zip(self.names, self.people[index].values, strict=True))

    def everything(self, index: int) -> dict[str, str]:
        """Return what all variables stand for in one person's mail."""
        return {**self.constants, **self.values(index)}


def merge(bulk: Bulk, syntax: Syntax, *, headers: bool = True) -> Merged:
    """Return ``bulk`` in variables of ``syntax``.

    Args:
        bulk: The mails of one request.
        syntax: How its provider writes variables.
        headers: Whether the provider puts values into headers; if not, they are left to the
            adapter: ``bulk.headers[name].fill(person.values)``.
    """
    folded = (bulk if headers else replace(bulk, headers={})).folded()
    writer = _Writer(syntax)
    return Merged(
        subject=writer.write(folded.subject),
        html=writer.write(folded.html, html=True),
        text=writer.write(folded.text),
        headers={name: writer.write(part) for name, part in folded.headers.items()},
        names=[writer.name(slot) for slot in range(len(folded.people[0].values))],
        constants={name: text for text, name in writer.constants.items()},
        people=folded.people,
    )


@dataclass(slots=True)
class _Writer:
    """Writes parts in the variables of one syntax.

    Attributes:
        constants: Text of an author that travels as a value -> its variable.
    """

    syntax: Syntax
    constants: dict[str, str] = field(default_factory=dict)

    def name(self, slot: int) -> str:
        """Return the variable of a slot."""
        return f"{self.syntax.prefix}{slot}"

    def write(self, part: Part, *, html: bool = False) -> str:
        """Return ``part`` with variables for its slots and for what is no one's syntax."""
        variable = self.syntax.html if html and self.syntax.html else self.syntax.variable
        written = [self._safe(part.texts[0], variable)]
        for slot, text in zip(part.slots, part.texts[1:], strict=True):
            written += (variable(self.name(slot)), self._safe(text, variable))
        return "".join(written)

    def _safe(self, text: str, variable: Callable[[str], str]) -> str:
        """Return constant text with what looks like syntax replaced by variables."""
        written: list[str] = []
        while found := self.syntax.hazard.search(text):
            name = self.constants.setdefault(
                found[0], f"{self.syntax.prefix}c{len(self.constants)}"
            )
            # What comes before stands next to a variable now, and so does what follows.
            written += (self._safe(text[: found.start()], variable), variable(name))
            text = text[found.end() :]
        return "".join((*written, text))
