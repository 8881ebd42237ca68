"""The description of the API (OpenAPI 3.1): what the framework knows, and what holds everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from bypost.web.problem import MEDIA_TYPE

_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "What is wrong and how to mend it (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string", "description": "the status in words"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "a stable word for programs"},
        "detail": {"type": "string", "description": "what is wrong, and how to mend it"},
        "errors": {
            "type": "array",
            "description": "the fields that cannot be used",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
    "examples": [
        {
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "code": "not-found",
            "detail": "There is no such subscriber here. Check its id.",
        }
    ],
}
_EVERYWHERE = {
    400: "The body is not JSON",
    401: "No token, or one that opens nothing",
    403: "The token lacks the scope",
    413: "The body is too large",
    422: "A field cannot be used",
    429: "Asked too often",
    500: "A mistake of ours",
    503: "The database does not answer",
}
_WITH_BODY = {415: "The body is not declared as JSON"}
_OF_POSTS = {409: "The state of things, or the same request under way, stands against it"}
_OF_ONE = {404: "There is no such thing"}
#: What the framework describes of its own errors; ours are others.
_FRAMEWORK = ("HTTPValidationError", "ValidationError")


def describe(api: FastAPI) -> None:
    """Let the API describe itself with its token, its errors and its repetitions."""
    framework = api.openapi

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _complete(framework())
        return api.openapi_schema

    api.openapi = openapi  # type: ignore[method-assign]  # the framework's own way


def _complete(schema: dict[str, Any]) -> dict[str, Any]:
    components = schema["components"]
    for name in _FRAMEWORK:
        components["schemas"].pop(name, None)
    components["schemas"]["Problem"] = _PROBLEM
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "`bypost admin token add`"}
    }
    schema["security"] = [{"token": []}]
    for path, method, operation in _operations(schema):
        operation["summary"] = operation["description"].partition("\n")[0].rstrip(".")
        operation["responses"].pop("422", None)
        for status, words in _problems(path, method, operation).items():
            operation["responses"][str(status)] = _answer(words)
        operation["responses"] = dict(sorted(operation["responses"].items()))
    return schema


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _problems(path: str, method: str, operation: dict[str, Any]) -> dict[int, str]:
    """Return the problems an operation may answer with."""
    found = dict(_EVERYWHERE)
    if "requestBody" in operation:
        found |= _WITH_BODY
    if method == "post":
        found |= _OF_POSTS
    # What a filter or a body names may be missing as well.
    if "{" in path or method == "post" or path == "/events":
        found |= _OF_ONE
    return found


def _answer(words: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": words, "content": {MEDIA_TYPE: {"schema": schema}}}
