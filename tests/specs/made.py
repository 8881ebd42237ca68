"""The requests that an adapter makes: those of the contracts' tests, and questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache

from hypothesis import given, settings

from bypost.errors import OutcomeUnknown, SendError
from bypost.http import HttpAnswer
from bypost.model.bulk import Bulk
from bypost.model.message import Message
from bypost.providers.base import Provider
from tests.contracts import merge
from tests.contracts.built import built
from tests.contracts.provider import DATE, HOSTILE_NAMES, UNSUBSCRIBE, make_message

#: Mails of random texts, besides those that were thought of.
RANDOM = 150


@dataclass(frozen=True, slots=True)
class Made:
    """A request as it would leave.

    Attributes:
        people: How many mails are in it; 0 for a question.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    people: int


@dataclass(slots=True)
class Recorder:
    """Stands for the HTTP client: keeps what it is handed, and hands nothing on."""

    made: list[Made] = field(default_factory=list)
    people: int = 0

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        return self._keep(Made("post", url, headers, body, self.people))

    def get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        return self._keep(Made("get", url, headers, b"", 0))

    def _keep(self, made: Made) -> HttpAnswer:
        self.made.append(made)
        raise OutcomeUnknown("nobody was asked")


def made_by(name: str) -> list[Made]:
    """Return the requests of a provider: its mails, and the first of each of its questions."""
    recorder = Recorder()
    adapter = built(name, recorder)
    for bulk in mails():
        for piece in _pieces(adapter, bulk):
            recorder.people = len(piece.people)
            with suppress(SendError):
                body = adapter.encode_bulk(piece)
                adapter.send(body, count=len(piece.people), key="k7mq2xw9-b12")
    with suppress(SendError):
        adapter.account("example.org")
    with suppress(SendError, NotImplementedError):  # not everybody can be asked
        adapter.find("k7mq2xw9-1042", to="ann@example.org", since=DATE - timedelta(hours=1))
    return recorder.made


@lru_cache
def mails() -> tuple[Bulk, ...]:
    """Return what is sent: whole batches, one person, hostile texts everywhere, all headers."""
    found = [merge.lesson(1000), *(Bulk.of([one]) for one in _single())]
    for says in merge.HOSTILE_IN_BODIES:
        found += (merge.lesson(3, says=says), merge.lesson(3, value=says))
        found.append(merge.lesson(1, says=says, value=says))

    @settings(max_examples=RANDOM, derandomize=True, database=None, deadline=None)
    @given(bulk=merge.bulks())
    def collect(bulk: Bulk) -> None:
        found.append(bulk)

    collect()
    return tuple(found)


def _single() -> Iterator[Message]:
    message = make_message()
    yield message
    yield replace(message, to_name="", from_name="", reply_to="")
    yield replace(message, html="")
    yield replace(message, text="")
    yield replace(message, headers={})
    yield replace(message, headers={**UNSUBSCRIBE, "Precedence": "bulk", "X-Mood": "{{ calm }}"})
    yield replace(message, stream="transactional")
    for name in HOSTILE_NAMES:
        yield replace(message, to_name=name, from_name=name, subject=f"For {name}")


def _pieces(adapter: Provider, bulk: Bulk) -> Iterator[Bulk]:
    """Return a bulk in the requests in which it would travel, without whom it cannot carry."""
    objections = adapter.objections(bulk)
    kept = bulk.only([index for index in range(len(bulk.people)) if index not in objections])
    start = 0
    while start < len(kept.people):
        rest = kept.only(range(start, len(kept.people)))
        room = adapter.room(rest)
        yield rest.only(range(min(room, len(rest.people))))
        start += room
