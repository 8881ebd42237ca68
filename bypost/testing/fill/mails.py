"""The mails of a filled database, put in order of time and written as the ledger would have.

A mail is one whole number while there are millions of them: its instant, its content, and the
number of the enrollment, the subscription or the sign-up that it is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from random import Random

from bypost.model.event import EventKind
from bypost.testing.fill.odds import Odds

_CONTENT, _FOR = 10, 34
_FOR_MASK = (1 << _FOR) - 1
_CONTENT_MASK = (1 << _CONTENT) - 1
#: Deliveries of one request.
BATCH = 100
#: Requests that leave in one second.
_PER_SECOND = 40


@dataclass(frozen=True, slots=True)
class Text:
    """What a mail says, by its hash."""

    kind: str
    collection: str
    item: str
    hash: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One request: a content and for whom it was, at its instant (seconds since 1970).

    Attributes:
        due, at: When its mails fell due, and when it was accepted.
        members: Numbers of enrollments, subscriptions or sign-ups.
    """

    text: int
    due: int
    at: int
    members: Sequence[int]


@dataclass(slots=True)
class Mails:
    """Every mail, and what became of those that did not simply arrive."""

    texts: list[Text] = field(default_factory=list)
    told: dict[int, EventKind] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    _all: list[int] = field(default_factory=list)

    def name(self, text: Text) -> int:
        """Return the number of a text."""
        self.texts.append(text)
        return len(self.texts) - 1

    def owe(self, at: int, text: int, whom: int) -> None:
        """Note that a mail fell due."""
        self._all.append(((at << _CONTENT) | text) << _FOR | whom)

    def tell(self, text: int, whom: int, kind: EventKind) -> None:
        """Note what a provider told of a mail."""
        self.told[text << _FOR | whom] = kind

    def refuse(self, text: int, whom: int) -> None:
        """Note that the provider did not take a mail."""
        self.refused.add(text << _FOR | whom)

    def fate(self, text: int, whom: int) -> tuple[EventKind | None, bool]:
        """Return what was told of a mail, and whether it was refused."""
        key = text << _FOR | whom
        return self.told.get(key), key in self.refused

    def __len__(self) -> int:
        return len(self._all)

    def sent(self) -> Iterator[Sent]:
        """Yield the requests in the order of their time."""
        self._all.sort()
        for due, group in groupby(self._all, lambda mail: mail >> (_CONTENT + _FOR)):
            lag = 0
            for text, mails in groupby(group, lambda mail: (mail >> _FOR) & _CONTENT_MASK):
                most = 1 if self.texts[text].kind == "notice" else BATCH
                for part in _parts((mail & _FOR_MASK for mail in mails), most):
                    yield Sent(text, due, due + 1 + lag // _PER_SECOND, part)
                    lag += 1


def _parts(numbers: Iterable[int], most: int) -> Iterator[list[int]]:
    part: list[int] = []
    for number in numbers:
        part.append(number)
        if len(part) == most:
            yield part
            part = []
    if part:
        yield part


class Fates:
    """Draws what becomes of a mail that was handed over."""

    def __init__(self, mails: Mails, chance: Random, odds: Odds) -> None:
        self._mails = mails
        self._random = chance.random
        bounces = odds.bounces
        self._ends = (bounces, bounces + odds.complains, odds.refused, odds.soft)

    def draw(self, text: int, whom: int) -> EventKind | None:
        """Note what becomes of a mail; return it where nothing more is mailed to them."""
        drawn = self._random()
        bounced, complained, refused, soft = self._ends
        if drawn < complained:
            kind = EventKind.BOUNCED if drawn < bounced else EventKind.COMPLAINED
            self._mails.tell(text, whom, kind)
            return kind
        if drawn > 1 - soft:
            self._mails.tell(text, whom, EventKind.SOFT_BOUNCED)
        elif drawn > 1 - soft - refused:
            self._mails.refuse(text, whom)
        return None
