"""A description in the form of OpenAPI 3 or Swagger 2, and what of a request it does not allow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from bypost.testing.fake_mailgun import read_form
from tests.contracts.shape import Shape, resolved
from tests.specs.made import Made

#: Headers that need no description.
_PLAIN = frozenset({"accept", "authorization", "content-type", "user-agent"})


class OpenApi:
    """One document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._shapes: dict[str, Shape] = {}

    def operation(self, made: Made) -> str:
        """Return method and path of the operation that ``made`` is; empty: it is not described."""
        path = urlsplit(made.url).path
        for template, methods in self._document["paths"].items():
            pattern = "".join(
                "[^/]+" if part.startswith("{") else re.escape(part)
                for part in re.split(r"(\{[^}]+\})", template)
            )
            if made.method in methods and re.fullmatch(pattern, path):
                return f"{made.method.upper()} {template}"
        return ""

    def faults(self, operation: str, made: Made) -> Iterator[str]:
        """Yield what is wrong with a request: its headers, its query, its body."""
        method, _, path = operation.partition(" ")
        described = self._document["paths"][path]
        operating = described[method.lower()]
        parameters = [
            self._resolved(one)
            for one in (*described.get("parameters", ()), *operating.get("parameters", ()))
        ]
        yield from self._of_headers(parameters, made)
        yield from _of_query(parameters, made)
        if made.body:
            yield from self._of_body(operation, operating, parameters, made)

    def _of_headers(self, parameters: list[Any], made: Made) -> Iterator[str]:
        given = {name.lower() for name in made.headers}
        told = {one["name"].lower(): one for one in parameters if one["in"] == "header"}
        for name in sorted(given - told.keys() - _PLAIN - self._keys):
            yield f"header {name}: is not described"
        for name, one in told.items():
            if one.get("required") and name not in given:
                yield f"header {name}: is missing"

    def _of_body(
        self, operation: str, operating: Mapping[str, Any], parameters: list[Any], made: Made
    ) -> Iterator[str]:
        kind = made.headers.get("Content-Type", "").partition(";")[0]
        schemas = self._schemas(operating, parameters)
        if kind not in schemas:
            yield f"header content-type: {kind or 'none'}, not {' or '.join(schemas)}"
            return
        if operation not in self._shapes:
            self._shapes[operation] = Shape(schemas[kind], self._document)
        shape = self._shapes[operation]
        body = _form(made, schemas[kind]) if "form" in kind else orjson.loads(made.body)
        yield from shape.faults(body)

    def _schemas(self, operating: Mapping[str, Any], parameters: list[Any]) -> dict[str, Any]:
        """Return the schema of the body by its kind."""
        if "requestBody" in operating:
            content = self._resolved(operating["requestBody"])["content"]
            return {kind: self._whole(one["schema"]) for kind, one in content.items()}
        bodies = [one["schema"] for one in parameters if one["in"] == "body"]
        kinds = operating.get("consumes", self._document.get("consumes", ["application/json"]))
        return {kind: self._whole(schema) for schema in bodies for kind in kinds}

    def _whole(self, schema: Any) -> Any:
        return dict(self._resolved(schema))

    def _resolved(self, one: Any) -> Any:
        return resolved(self._document, one["$ref"]) if "$ref" in one else one

    @cached_property
    def _keys(self) -> set[str]:
        """Headers that tell who asks."""
        schemes = self._document.get("components", {}).get("securitySchemes", {})
        schemes = {**schemes, **self._document.get("securityDefinitions", {})}
        return {one["name"].lower() for one in schemes.values() if one.get("in") == "header"}


def _of_query(parameters: list[Any], made: Made) -> Iterator[str]:
    given = {name for name, _ in parse_qsl(urlsplit(made.url).query)}
    told = {one["name"]: one for one in parameters if one["in"] == "query"}
    for name in sorted(given - told.keys()):
        yield f"query {name}: is not described"
    for name, one in told.items():
        if one.get("required") and name not in given:
            yield f"query {name}: is missing"


def _form(made: Made, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a form; those described as arrays may be repeated."""
    boundary = made.headers["Content-Type"].partition("boundary=")[2]
    fields: dict[str, Any] = {}
    for name, value in read_form(made.body, boundary):
        if schema["properties"].get(name, {}).get("type") == "array":
            fields.setdefault(name, []).append(value)
        else:
            fields[name] = value if name not in fields else [fields[name], value]
    return fields
