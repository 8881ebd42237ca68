from __future__ import annotations

import pytest

from tests.contracts.shape import Shape

DOCUMENT = {
    "components": {
        "Address": {
            "type": "object",
            "properties": {"email": {"type": "string", "format": "email"}},
            "required": ["email"],
        },
        "Sender": {"properties": {"from": {"$ref": "#/components/Address"}}},
        "Texts": {"properties": {"html": {"type": "string", "minLength": 1}}},
        "Tree": {"properties": {"below": {"items": {"$ref": "#/components/Tree"}}}},
    }
}
MAIL = {
    "type": "object",
    "allOf": [{"$ref": "#/components/Sender"}, {"$ref": "#/components/Texts"}],
    "properties": {
        "headers": {"type": "object"},
        "vars": {"type": "object", "additionalProperties": {"type": "string"}},
        "to": {"type": "array", "maxItems": 1, "items": {"$ref": "#/components/Address"}},
        "copy": {"oneOf": [{"type": "string"}, {"$ref": "#/components/Address"}]},
        "tree": {"$ref": "#/components/Tree"},
    },
    "patternProperties": {"^x:": {"type": "string"}},
    "additionalProperties": True,
}
SHAPE = Shape(MAIL, DOCUMENT)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"from": {"email": "a@example.org"}, "html": "x", "x:any": "y"},
        {"headers": {"List-Id": "x", "other": 1}},
        {"vars": {"any": "text"}},
        {"to": [{"email": "a@example.org"}]},
        {"copy": "text"},
        {"copy": {"email": "a@example.org"}},
        {"tree": {"below": [{"below": []}]}},
    ],
    ids=repr,
)
def test_what_is_described_is_no_fault(body: object) -> None:
    assert SHAPE.faults(body) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"form": {}}, "$: Unevaluated properties are not allowed ('form' was unexpected)"),
        ({"from": {"email": "a@example.org", "nam": ""}}, "$.from: Unevaluated"),
        ({"from": {}}, "$.from: 'email' is a required property"),
        ({"from": {"email": "nobody"}}, "$.from.email: not of format email"),
        ({"html": ""}, "$.html: 0 for minLength 1"),
        ({"html": 5}, "$.html: not of type string"),
        ({"vars": {"any": 5}}, "$.vars.any: not of type string"),
        ({"x:any": 5}, "$.x:any: not of type string"),
        ({"to": [{"email": "a@example.org"}] * 2}, "$.to: 2 for maxItems 1"),
        ({"to": [{"email": "a@example.org", "x": 1}]}, "$.to[0]: Unevaluated"),
        ({"tree": {"below": [{"beneath": []}]}}, "$.tree.below[0]: Unevaluated"),
        ({"copy": {"email": "a@example.org", "nam": ""}}, "$.copy: Unevaluated"),
        ([], "$: not of type object"),
    ],
    ids=repr,
)
def test_what_is_not_described_is_one_with_its_place(body: object, said: str) -> None:
    assert any(fault.startswith(said) for fault in SHAPE.faults(body)), SHAPE.faults(body)


def test_a_fault_does_not_repeat_the_mail() -> None:
    body = {"html": {"secret": "x" * 1000}, "to": [{"email": "ann@example.org"}] * 50}
    assert "x" * 10 not in str(SHAPE.faults(body))
    assert "ann@" not in str(SHAPE.faults(body))
