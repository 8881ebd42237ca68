"""Whether a request's body is one that a vendor's description allows (JSON Schema 2020-12).

Descriptions rarely forbid members that they do not name, and a misspelt name is one. So a
description is closed as it is loaded: wherever it names members of an object, others are faults. An
object of which it names none, such as one for headers, stays open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

SPECS = Path(__file__).parents[1] / "recorded" / "specs"
_COMPOSED = ("allOf", "anyOf", "oneOf")
_Schema = Mapping[str, Any]


class Shape:
    """What a body may look like."""

    def __init__(self, schema: _Schema, document: _Schema | None = None) -> None:
        """Close ``schema``; what it refers to stands in ``document``."""
        closing = _Closing(document or {})
        whole = closing.value(schema)
        self._validator = Draft202012Validator(
            {**whole, "$defs": closing.defs}, format_checker=FormatChecker()
        )

    @classmethod
    def recorded(cls, name: str) -> Shape:
        """Return the shape of a trimmed copy in ``tests/recorded/specs``."""
        return cls(orjson.loads((SPECS / f"{name}.json").read_bytes())["schema"])

    def faults(self, body: object) -> list[str]:
        """Return what is wrong with ``body``, each with its place."""
        return [fault for error in self._validator.iter_errors(body) for fault in _told(error)]


class _Closing:
    """Writes a schema anew, without references to elsewhere."""

    def __init__(self, document: _Schema) -> None:
        self._document = document
        self.defs: dict[str, Any] = {}

    def value(self, schema: Any) -> Any:
        """Return the schema of a whole value: nothing but what it names may be in it."""
        made = self._part(schema)
        if isinstance(made, dict) and self._names_members(schema, frozenset()):
            made["unevaluatedProperties"] = False
        return made

    def _part(self, schema: Any) -> Any:
        """Return a schema that others may stand beside: open, but closed further inside."""
        if not isinstance(schema, Mapping):
            return schema
        made: dict[str, Any] = dict(schema)
        for name in ("properties", "patternProperties"):
            if name in made:
                made[name] = {key: self.value(one) for key, one in made[name].items()}
        if "items" in made:
            made["items"] = self.value(made["items"])
        for name in _COMPOSED:
            if name in made:
                made[name] = [self._part(one) for one in made[name]]
        further = made.pop("additionalProperties", None)
        if isinstance(further, Mapping):
            made["additionalProperties"] = self.value(further)
        if "$ref" in made:
            made["$ref"] = f"#/$defs/{self._refer(made['$ref'])}"
        return made

    def _refer(self, target: str) -> str:
        name = target.replace("/", ".").lstrip("#.")
        if name not in self.defs:
            self.defs[name] = {}  # first, since it may refer to itself
            self.defs[name] = self._part(resolved(self._document, target))
        return name

    def _names_members(self, schema: Any, seen: frozenset[str]) -> bool:
        if not isinstance(schema, Mapping) or schema.get("$ref") in seen:
            return False
        if schema.get("properties"):
            return True
        inner = [one for name in _COMPOSED for one in schema.get(name, ())]
        if "$ref" in schema:
            seen |= {schema["$ref"]}
            inner.append(resolved(self._document, schema["$ref"]))
        return any(self._names_members(one, seen) for one in inner)


def resolved(document: _Schema, target: str) -> Any:
    """Return what a reference such as ``#/components/schemas/Email`` names."""
    found: Any = document
    for step in target.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def _told(error: ValidationError) -> Iterator[str]:
    """Yield an error in few words: those of the library hold the whole value."""
    place = "$" + "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path
    )
    if error.validator in ("minItems", "maxItems", "minLength", "maxLength"):
        yield f"{place}: {len(error.instance)} for {error.validator} {error.validator_value}"
    elif error.validator in ("unevaluatedProperties", "required"):
        yield f"{place}: {error.message}"
    else:
        yield f"{place}: not of {error.validator} {str(error.validator_value)[:80]}"
