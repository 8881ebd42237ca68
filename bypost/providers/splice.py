"""The JSON of finished messages, with what they have in common escaped only once.

The JSON of one message is made with marks where each person's own texts belong, and cut at them;
each person's texts are escaped and put between the pieces. The result is that of writing every
message out, byte for byte: a string of JSON is its escaped characters, one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import orjson

from bypost.model.bulk import Bulk, Person
from bypost.model.message import Message

#: The JSON object of a message: gets the message and what ``To`` returned, to be put somewhere.
Item = Callable[[Message, Any], object]
#: What a service wants to know of a recipient, from their name and address.
To = Callable[[str, str], object]


def spliced_array(
    bulk: Bulk, item: Item, to: To, *, before: bytes = b"", after: bytes = b""
) -> bytes:
    """Return ``[item(m, to(m.to_name, m.to)) for m in bulk.messages()]`` as JSON.

    Args:
        bulk: The messages; without objections, so valid Unicode.
        item: Leaves the texts of a message as they are; may leave out those that are empty.
        to: Anything JSON can say.
        before: Stands before the array: a body may have megabytes, and is put together once.
        after: Stands after it.
    """
    outline = _Outline(bulk, item)
    pieces: list[bytes] = [before]
    for index, person in enumerate(bulk.people):
        pieces.append(b"," if index else b"[")
        if outline.fits(person):
            pieces += outline.fill(person, orjson.dumps(to(person.to_name, person.to)))
        else:
            whole = bulk.message(index)
            pieces.append(orjson.dumps(item(whole, to(whole.to_name, whole.to))))
    pieces += (b"]", after)
    return b"".join(pieces)


def spliced_rows(
    item: object, mark: str, columns: Sequence[Sequence[bytes]], *, bare: Sequence[int] = ()
) -> list[bytes]:
    """Return ``item`` as JSON, once for each row of ``columns``.

    Args:
        item: Where it holds ``{mark}{number}~``, the text of that column belongs.
        mark: Stands nowhere else, and is the same in JSON.
        columns: :func:`in_json` each; a text for every row.
        bare: Columns that hold values of JSON: their place is a whole value.
    """
    source = orjson.dumps(item)
    for number in bare:
        source = source.replace(f'"{mark}{number}~"'.encode(), f"{mark}{number}~".encode())
    pieces = re.split(mark.encode() + rb"(\d+)~", source)
    form = b"%b".join([piece.replace(b"%", b"%%") for piece in pieces[::2]])
    ordered = [columns[int(number)] for number in pieces[1::2]]
    return [form % row for row in zip(*ordered, strict=True)]


def in_json(texts: Sequence[str]) -> list[bytes]:
    """Return texts as they stand between the quotes of JSON."""
    whole = orjson.dumps(texts)
    if b'\\","' in whole:  # an escaped quote may look like the end of a text
        return [orjson.dumps(text)[1:-1] for text in texts]
    return whole[2:-2].split(b'","') if texts else []


class _Outline:
    """The JSON of a message, cut where a person's own texts belong."""

    def __init__(self, bulk: Bulk, item: Item) -> None:
        #: What one person has and another has not, an adapter may leave out.
        self._unsure = [part for part in bulk.parts if not part.is_constant and not any(part.texts)]
        width = len(bulk.people[0].values)
        mark = bulk.unused(f"~{number}:" for number in count())
        ref, recipient = f"{mark}{width}~", f"{mark}{width + 1}~"
        marked = Person(ref, recipient, "", tuple(f"{mark}{number}~" for number in range(width)))
        message = replace(bulk, people=[marked]).message(0)
        # What says who gets it is a value of JSON of its own, not a part of a text.
        source = orjson.dumps(item(message, recipient)).replace(
            f'"{recipient}"'.encode(), recipient.encode()
        )
        self._pieces = re.split(mark.encode() + rb"(\d+)~", source)
        self._slots = [
            (place, int(self._pieces[place])) for place in range(1, len(self._pieces), 2)
        ]

    def fits(self, person: Person) -> bool:
        """Tell whether the JSON of this person's mail has the shape of the others'."""
        return not self._unsure or all(part.fill(person.values) for part in self._unsure)

    def fill(self, person: Person, recipient: bytes) -> list[bytes]:
        """Return the JSON of one person's mail, in pieces."""
        own = [orjson.dumps(value)[1:-1] for value in (*person.values, person.ref)]
        own.append(recipient)
        pieces = self._pieces.copy()
        for place, slot in self._slots:
            pieces[place] = own[slot]
        return pieces
