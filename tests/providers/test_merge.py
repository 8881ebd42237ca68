"""Merging in the three manners of services: braces, percent signs, tags of our choice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, ClassVar

import orjson
import pytest
from hypothesis import given, settings

from bypost.model.bulk import Bulk, Part, Person
from bypost.model.message import Message, Nothing, Result
from bypost.providers.base import Provider
from bypost.providers.merge import Syntax, merge
from tests.contracts.merge import MergeContract, bulks, lesson
from tests.contracts.provider import DATE, make_message

_BRACES = Syntax(
    variable=lambda name: f"{{{{{name}}}}}",
    html=lambda name: f"{{{{{{{name}}}}}}}",
    hazard=re.compile(r"\\*\{{2,}|\A[{}]+|\\*\{+\Z|\\+\Z"),
)
_PERCENT = Syntax(
    variable=lambda name: f"%recipient.{name}%",
    hazard=re.compile(r"%recipient|\A%|%\Z"),
)


class Merging(Provider):
    """Stands for the services that merge; its body is what all of them need, in JSON."""

    name = "merging"
    send_class = Nothing()
    batch_size = 50
    max_bytes = 1_000_000

    def syntax(self, bulk: Bulk) -> Syntax:
        assert self.merge is not None
        return self.merge

    def encode(self, messages: Sequence[Message]) -> bytes:
        return self.encode_bulk(Bulk.of(messages))

    def encode_bulk(self, bulk: Bulk) -> bytes:
        merged = merge(bulk, self.syntax(bulk))
        people = [
            [one.ref, one.to, one.to_name, merged.everything(index)]
            for index, one in enumerate(merged.people)
        ]
        texts = [merged.subject, merged.html, merged.text, dict(merged.headers)]
        sender = [bulk.from_email, bulk.from_name, bulk.reply_to, bulk.stream]
        return orjson.dumps([sender, texts, people])

    def send(self, body: bytes, *, count: int, key: str) -> Sequence[Result]:
        raise NotImplementedError


class Braces(Merging):
    merge: ClassVar[Syntax | None] = _BRACES


class Percent(Merging):
    merge: ClassVar[Syntax | None] = _PERCENT


class Tags(Merging):
    """Replaces whatever texts it is told to: tags that occur nowhere in the mail are chosen."""

    merge: ClassVar[Syntax | None] = Syntax(variable=str, hazard=re.compile(r"(?!)"))

    def syntax(self, bulk: Bulk) -> Syntax:
        tag = bulk.unused(f"-{number}." for number in count())
        return Syntax(variable=lambda name: name + "-", hazard=re.compile(r"(?!)"), prefix=tag)

    def encode_bulk(self, bulk: Bulk) -> bytes:
        sender, texts, people = orjson.loads(super().encode_bulk(bulk))
        people = [[*who, {f"{k}-": v for k, v in values.items()}] for *who, values in people]
        return orjson.dumps([sender, texts, people])


def braces(text: str, values: Mapping[str, str], *, html: bool) -> str:
    """Substitute as a strict reader of braces would: what is no variable of ours is a mistake."""

    def value(found: re.Match[str]) -> str:
        wanted = 3 if html else 2
        assert len(found[1]) == len(found[3]) == wanted, found[0]
        return values[found[2]]

    assert not re.search(r"\\\{\{", text)
    return re.sub(r"(\{{2,})(.*?)(\}{2,})", value, text, flags=re.DOTALL)


def percent(text: str, values: Mapping[str, str], *, html: bool) -> str:
    return re.sub(r"%recipient\.([^%]*)%", lambda found: values[found[1]], text)


def tags(text: str, values: Mapping[str, str], *, html: bool) -> str:
    """Replace one tag after another, so that a value that held a tag would be replaced too."""
    for tag, value in values.items():
        text = text.replace(tag, value)
    return text


class MergingContract(MergeContract):
    provider: ClassVar[type[Provider]]
    substitute: ClassVar[Any]

    def adapter(self) -> Provider:
        return self.provider()

    def stream(self, message: Message) -> Message:
        return message

    def merged(self, body: bytes) -> list[Message]:
        (email, name, reply_to, stream), texts, people = orjson.loads(body)
        subject, html, text, headers = texts
        fill = type(self).substitute
        return [
            Message(
                ref=ref,
                date=DATE,
                to=to,
                to_name=to_name,
                from_email=email,
                from_name=name,
                reply_to=reply_to,
                subject=fill(subject, values, html=False),
                html=fill(html, values, html=True),
                text=fill(text, values, html=False),
                headers={key: fill(one, values, html=False) for key, one in headers.items()},
                stream=stream,
            )
            for ref, to, to_name, values in people
        ]


class TestBraces(MergingContract):
    provider = Braces
    substitute = staticmethod(braces)


class TestPercentSigns(MergingContract):
    provider = Percent
    substitute = staticmethod(percent)


class TestTags(MergingContract):
    provider = Tags
    substitute = staticmethod(tags)


@settings(max_examples=200, deadline=None)
@given(bulk=bulks())
def test_folding_changes_no_mail(bulk: Bulk) -> None:
    assert list(bulk.folded().messages()) == list(bulk.messages())
    assert bulk.folded() == bulk.folded().folded()


def test_a_link_leaves_its_token_and_equal_values_one_column() -> None:
    links = [f"https://x.example.org/p/A{n}Z" for n in range(3)]
    values = [(link, f"<{link}>", f"{link}/done/one", "same") for link in links]
    people = [Person(f"d-{n}", "a@example.org", "", one) for n, one in enumerate(values)]
    bulk = replace(
        lesson(1),
        html=Part(("<a href='", "'>", "", ""), (0, 2, 3)),
        headers={"List-Unsubscribe": Part(("", ""), (1,))},
        subject=Part(("Hi",)),
        text=Part(("Hi",)),
        people=people,
    )
    folded = bulk.folded()
    assert [one.values for one in folded.people] == [("A0Z",), ("A1Z",), ("A2Z",)]
    assert folded.headers["List-Unsubscribe"].texts == ("<https://x.example.org/p/", ">")
    assert folded.html.slots == (0, 0)
    assert list(folded.messages()) == list(bulk.messages())


def test_what_all_agree_in_needs_no_variable() -> None:
    merged = merge(lesson(1), _BRACES)
    assert merged.names == []
    assert merged.subject == lesson(1).message(0).subject


def test_what_looks_like_syntax_is_a_variable_of_everybody() -> None:
    merged = merge(lesson(2, says="{{ x }}"), _BRACES)
    assert set(merged.constants.values()) >= {"{{"}
    assert merged.everything(0) == {**merged.constants, **merged.values(0)}
    assert not merged.values(0).keys() & merged.constants.keys()


def test_headers_that_cannot_be_merged_are_left_to_the_adapter() -> None:
    bulk = lesson(2)
    merged = merge(bulk, _BRACES, headers=False)
    assert merged.headers == {}
    # The token stands in a header alone, so nobody is told it.
    assert "T0k" not in merged.values(0).values()
    assert "T0k" in merge(bulk, _BRACES).values(0).values()


def test_whole_messages_are_a_bulk_as_well() -> None:
    messages = [make_message(f"d-{n}", subject=f"No. {n}", to_name=f"A {n}") for n in range(3)]
    assert list(Bulk.of(messages).messages()) == messages


@pytest.mark.parametrize(
    "changes", [{"from_name": "Another"}, {"headers": {}}, {"stream": "transactional"}], ids=repr
)
def test_messages_that_are_not_one_mail_are_no_bulk(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="different"):
        Bulk.of([make_message("d-1"), make_message("d-2", **changes)])


def test_an_unused_tag_is_in_no_text_and_no_value() -> None:
    bulk = lesson(2, says="~0:", value="~1:")
    assert bulk.unused(f"~{number}:" for number in count()) == "~2:"
