"""One mail for many people: what it says to everybody once, and what is each person's own.

A provider that merges is handed the constant text with variables in it and the values beside it;
one that takes finished messages has the constant text written out only once per request. Either
way, what arrives is :meth:`Bulk.message`, to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import takewhile

from bypost.model.message import Message

#: Where the common beginning of a value may end, and its common end begin: a link leaves its token.
_AFTER = re.compile(r".*[/=<\s]", re.DOTALL)
_BEFORE = re.compile(r"[/?&=#>\s].*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Column:
    """One text for each of many people, with what all of them begin and end with.

    Attributes:
        head: What all begin with; the whole of it where ``texts`` is None: all have the same.
        texts: What is each person's own; None within it: that person has none at all.
        tail: What all end with.
    """

    head: str
    texts: Sequence[str | None] | None = None
    tail: str = ""

    def text(self, index: int) -> str | None:
        """Return the whole text of one person."""
        if self.texts is None:
            return self.head
        own = self.texts[index]
        return None if own is None else f"{self.head}{own}{self.tail}"

    @property
    def is_complete(self) -> bool:
        """Tell whether everybody has one."""
        return self.texts is None or None not in self.texts

    def each(self, change: Callable[[str], str]) -> Column:
        """Return a complete column changed by what changes each character on its own."""
        if self.texts is None:
            return Column(change(self.head))
        texts = [text for text in self.texts if text is not None]
        joined = "".join(texts)
        if change(joined) != joined:
            known = {text: change(text) for text in set(texts)}
            texts = [known[text] for text in texts]
        return Column(change(self.head), texts, change(self.tail))


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a bulk: constant text and slots in turn.

    Attributes:
        texts: What stands before, between and after the slots: one more than there are slots.
        slots: Which of a person's values fills each slot, from 0.
    """

    texts: tuple[str, ...]
    slots: tuple[int, ...] = ()

    def fill(self, values: Sequence[str]) -> str:
        """Return the text with ``values`` in its slots."""
        if not self.slots:
            return self.texts[0]
        filled = [self.texts[0]]
        for slot, text in zip(self.slots, self.texts[1:], strict=True):
            filled += (values[slot], text)
        return "".join(filled)

    def over(self, places: Mapping[int, tuple[str, int | None, str]]) -> Part:
        """Return the part over other values.

        Args:
            places: Slot -> what stands before it, which of the values it is, and what follows;
                None: it is what stands before it.
        """
        texts, slots = [self.texts[0]], []
        for slot, text in zip(self.slots, self.texts[1:], strict=True):
            head, place, tail = places[slot]
            texts[-1] += head
            if place is None:
                texts[-1] += text
            else:
                slots.append(place)
                texts.append(tail + text)
        return Part(tuple(texts), tuple(slots))

    @property
    def is_constant(self) -> bool:
        """Tell whether it says the same to everybody."""
        return not self.slots


@dataclass(frozen=True, slots=True)
class Person:
    """One recipient of a bulk.

    Attributes:
        ref: See :class:`~bypost.model.message.Message`; so ``to`` and ``to_name``.
        values: What fills the slots: finished text, escaped already where it stands in HTML.
    """

    ref: str
    to: str
    to_name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """The mails of one request; the fields are those of :class:`~bypost.model.message.Message`.

    Attributes:
        headers: Name -> value; every mail of a bulk has the same names.
        people: In the order of the request; each has as many values as the others.
        is_folded: Its values are columns that differ and share no beginning: nothing to fold.
    """

    date: datetime
    from_email: str
    from_name: str
    reply_to: str
    stream: str
    subject: Part
    html: Part
    text: Part
    headers: Mapping[str, Part] = field(default_factory=dict)
    people: Sequence[Person] = ()
    is_folded: bool = False

    @classmethod
    def of(cls, messages: Sequence[Message]) -> Bulk:
        """Return whole messages as a bulk.

        Raises:
            ValueError: They differ in sender, date or stream, or in the names of their headers.
        """
        first = messages[0]
        names = list(first.headers)
        for other in messages:
            if _shared(other) != _shared(first) or list(other.headers) != names:
                raise ValueError("messages of different senders, or with different headers")
        slot = [Part(("", ""), (number,)) for number in range(3 + len(names))]
        people = [Person(one.ref, one.to, one.to_name, _texts(one, names)) for one in messages]
        whole = cls(
            date=first.date,
            from_email=first.from_email,
            from_name=first.from_name,
            reply_to=first.reply_to,
            stream=first.stream,
            subject=slot[0],
            html=slot[1],
            text=slot[2],
            headers=dict(zip(names, slot[3:], strict=True)),
            people=people,
        )
        return whole.folded()

    @property
    def parts(self) -> Sequence[Part]:
        """Return subject, HTML, text and the values of the headers, in this order."""
        return (self.subject, self.html, self.text, *self.headers.values())

    def message(self, index: int) -> Message:
        """Return the finished mail of one person."""
        person = self.people[index]
        values = person.values
        return Message(
            ref=person.ref,
            date=self.date,
            to=person.to,
            to_name=person.to_name,
            from_email=self.from_email,
            from_name=self.from_name,
            reply_to=self.reply_to,
            subject=self.subject.fill(values),
            html=self.html.fill(values),
            text=self.text.fill(values),
            headers={name: part.fill(values) for name, part in self.headers.items()},
            stream=self.stream,
        )

    def messages(self) -> Iterator[Message]:
        """Return the finished mails, in order."""
        return map(self.message, range(len(self.people)))

    def only(self, indexes: Iterable[int]) -> Bulk:
        """Return the same mail for some of its people."""
        return replace(self, people=[self.people[index] for index in indexes])

    def unused(self, candidates: Iterable[str]) -> str:
        """Return the first of ``candidates`` that occurs nowhere in these mails."""
        texts = {self.from_email, self.from_name, self.reply_to}
        texts.update(text for part in self.parts for text in part.texts)
        texts.update(value for person in self.people for value in person.values)
        texts.update(person.to_name for person in self.people)
        everything = "\n".join(texts)
        return next(one for one in candidates if one not in everything)

    def apart(self) -> int:
        """Return how many people in a row surely have different addresses, as some services want.

        Letters of either case are the same letter.
        """
        last: dict[str, int] = {}
        least = len(self.people) or 1
        folded = [person.to.casefold() for person in self.people]
        if len(set(folded)) == len(folded):
            return least
        for index, known in enumerate(folded):
            least = min(least, index - last.get(known, index - least))
            last[known] = index
        return least

    def folded(self) -> Bulk:
        """Return the same mails with as much constant text, and as few values, as there can be.

        What all values of a slot begin and end with becomes constant, at the joints of a link or
        between words; slots whose values are equal for each person share them.
        """
        if self.is_folded:
            return self
        used = {slot for part in self.parts for slot in part.slots}
        known: dict[tuple[str, ...], int] = {}
        folded = {
            slot: _fold(tuple([person.values[slot] for person in self.people]), known)
            for slot in sorted(used)
        }
        rows = zip(*known, strict=True) if known else ((),) * len(self.people)
        people = [
            Person(one.ref, one.to, one.to_name, tuple(values))
            for one, values in zip(self.people, rows, strict=True)
        ]
        return replace(
            self,
            subject=self.subject.over(folded),
            html=self.html.over(folded),
            text=self.text.over(folded),
            headers={name: part.over(folded) for name, part in self.headers.items()},
            people=people,
            is_folded=True,
        )


def _shared(message: Message) -> tuple[object, ...]:
    one = message
    return one.date, one.from_email, one.from_name, one.reply_to, one.stream


def _texts(message: Message, names: Sequence[str]) -> tuple[str, ...]:
    headers = [message.headers[name] for name in names]
    return (message.subject, message.html, message.text, *headers)


def _beginning(texts: Sequence[str]) -> str:
    """Return what all texts begin with: what the first and the last in order do."""
    low, high = min(texts), max(texts)
    return "".join(
        a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))
    )


def _fold(
    column: tuple[str, ...], known: dict[tuple[str, ...], int]
) -> tuple[str, int | None, str]:
    """Return what stands before the values of a slot, which values remain, and what follows."""
    first = column[0]
    if all(value == first for value in column):
        return first, None, ""
    begins = _AFTER.match(_beginning(column))
    head = begins[0] if begins else ""
    rest = [value[len(head) :] for value in column]
    ends = _BEFORE.search(_beginning([value[::-1] for value in rest])[::-1])
    tail = ends[0] if ends else ""
    values = tuple([value[: len(value) - len(tail)] for value in rest])
    return head, known.setdefault(values, len(known)), tail
