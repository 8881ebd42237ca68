"""Spliced JSON is that of the whole, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from bypost.model.bulk import Bulk, Part, Person
from bypost.model.message import Message
from bypost.providers.splice import spliced_array
from tests.contracts.merge import bulks, lesson


def _item(message: Message, to: Any) -> dict[str, object]:
    """Leave out what is empty, as most services want it."""
    fields: dict[str, object] = {
        "to": to,
        "subject": message.subject,
        "html": message.html,
        "text": message.text,
        "headers": [[name, value] for name, value in message.headers.items()],
        "meta": {"ref": message.ref, "twice": [message.ref, message.subject]},
    }
    return {name: value for name, value in fields.items() if value}


def _to(name: str, address: str) -> object:
    return [{"Email": address, **({"Name": name} if name else {})}]


def whole(bulk: Bulk) -> bytes:
    return orjson.dumps([_item(one, _to(one.to_name, one.to)) for one in bulk.messages()])


@settings(max_examples=300, deadline=None)
@given(bulk=bulks())
def test_spliced_json_is_that_of_the_whole(bulk: Bulk) -> None:
    assert spliced_array(bulk, _item, _to) == whole(bulk)


def test_a_part_that_is_empty_for_one_person_alone_is_left_out_for_that_one() -> None:
    people = [
        Person(f"d-{n}", "a@example.org", "", (text,)) for n, text in enumerate(["x", "", "y"])
    ]
    bulk = replace(
        lesson(1), html=Part(("", ""), (0,)), headers={}, text=Part(("",)), people=people
    )
    bulk = replace(bulk, subject=Part(("Hello",)))
    assert spliced_array(bulk, _item, _to) == whole(bulk)
    assert ["html" in item for item in orjson.loads(whole(bulk))] == [True, False, True]


@pytest.mark.parametrize("mark", ["~0:", "~0:0~", "~0:~1:~2:", "~0:5~"])
def test_the_marks_of_the_cuts_are_not_in_the_text(mark: str) -> None:
    bulk = lesson(3, says=mark, value=mark)
    assert spliced_array(bulk, _item, _to) == whole(bulk)


def test_values_that_need_escaping_are_escaped_once() -> None:
    bulk = lesson(3, value='"\\\n\x01\u2028é')
    assert spliced_array(bulk, _item, _to) == whole(bulk)
