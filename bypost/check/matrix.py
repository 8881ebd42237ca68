"""What each persona would stumble over in one mail: the cells of the matrix."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bypost.check.finding import Level
from bypost.check.rules.size import REFUSE_ABOVE, WARN_ABOVE
from bypost.check.rules.subject import LONGEST
from bypost.check.signs import signs
from bypost.errors import ContentError
from bypost.model.content import Content, Slot, Template, Values
from bypost.render.personalise import Personaliser

#: A slot that is one value; one that is a condition may well come out empty.
_VALUE = re.compile(r"\{\{\s*(?P<name>[^|}]*?)\s*(?:\|[^}]*)?\}\}")

_PLAIN = re.compile(r"\w+\.\w+")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a mail for one persona.

    Attributes:
        short: A few words, for the cell.
        words: The whole of it.
    """

    level: Level
    short: str
    words: str


def faults(content: Content, values: Values, filler: Personaliser) -> tuple[Fault, ...]:
    """Return what is wrong with a mail for the person with ``values``; the heaviest first.

    Args:
        filler: That of ``content``; making one takes longer than filling it.
    """
    try:
        mail = filler.render(values)
        filled = filler.slot_values(values)
    except ContentError as error:
        return (failed(error),)
    found = [
        *_empty(content, filled["subject"], filled["html"]),
        *_subject(mail.subject),
        *_size(len(mail.html.encode())),
    ]
    return tuple(sorted(found, key=lambda fault: list(Level).index(fault.level)))


def failed(error: ContentError) -> Fault:
    """Return the fault of a mail that cannot be made."""
    words = "; ".join(problem.message for problem in error.problems)
    return Fault(Level.ERROR, "cannot be made", words)


def _empty(content: Content, subject: Sequence[str], html: Sequence[str]) -> Iterator[Fault]:
    """Yield values that leave a hole in the text."""
    seen = dict.fromkeys((*_holes(content.subject, subject), *_holes(content.html, html)))
    for name in seen:
        fix = f'write {{{{ {name}|default("...", true) }}}}'
        if _PLAIN.fullmatch(name):
            fix += f", or put it inside `::: if {name}`"
        yield Fault(Level.ERROR, f"{name} is empty", f"{name} is empty: {fix}")


def _holes(template: Template, filled: Sequence[str]) -> Iterator[str]:
    slots = [part for part in template.parts if isinstance(part, Slot)]
    for slot, text in zip(slots, filled, strict=True):
        if not text.strip() and (value := _VALUE.fullmatch(slot.source.strip())):
            yield value["name"]


def _subject(subject: str) -> Iterator[Fault]:
    length = signs(subject)
    if not length:
        yield Fault(Level.ERROR, "no subject", "the subject comes out empty")
    elif length > LONGEST:
        words = f"the subject has {length} characters; inboxes show about {LONGEST}: {subject}"
        yield Fault(Level.WARNING, f"subject: {length} characters", words)


def _size(size: int) -> Iterator[Fault]:
    if size > WARN_ABOVE:
        level = Level.ERROR if size > REFUSE_ABOVE else Level.WARNING
        words = f"the HTML has {size / 1000:.0f} kB; Gmail cuts a mail off at about 102 kB"
        yield Fault(level, f"{size / 1000:.0f} kB", words)
