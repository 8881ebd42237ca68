"""Amazon's description of SES v2, as far as we use it, and what of a request it does not allow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

SPEC = orjson.loads((Path(__file__).parents[1] / "recorded" / "specs" / "ses.json").read_bytes())
Spec = Mapping[str, Any]
_KINDS = {"structure": dict, "list": list, "string": str}


def complaints(body: bytes, spec: Spec = SPEC, operation: str = "") -> Iterator[str]:
    """Yield what is wrong with a body; patterns are those of the whole text."""
    given = orjson.loads(body)
    operation = operation or ("SendBulkEmail" if "BulkEmailEntries" in given else "SendEmail")
    yield from _walk(spec, spec["operations"][operation]["input"]["shape"], given, operation)


def _walk(spec: Spec, name: str, value: Any, place: str) -> Iterator[str]:
    shape: Mapping[str, Any] = spec["shapes"][name]
    if not isinstance(value, _KINDS[shape["type"]]):
        yield f"{place}: a {shape['type']} is wanted"
    elif isinstance(value, dict):
        yield from _members(spec, shape, value, place)
    elif not shape.get("min", 0) <= len(value) <= shape.get("max", len(value)):
        yield f"{place}: {len(value)} is too short or too long"
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _walk(spec, shape["member"]["shape"], inner, f"{place}[{number}]")
    elif not re.fullmatch(shape.get("pattern", r"(?s:.*)"), value):
        yield f"{place}: not of the documented form"


def _members(
    spec: Spec, shape: Mapping[str, Any], value: Mapping[str, Any], place: str
) -> Iterator[str]:
    for member in shape.get("required", ()):
        if member not in value:
            yield f"{place}: {member} is missing"
    for member, inner in value.items():
        if member in shape["members"]:
            yield from _walk(spec, shape["members"][member]["shape"], inner, f"{place}.{member}")
        else:
            yield f"{place}: {member} is not known"
