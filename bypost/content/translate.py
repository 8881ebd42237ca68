"""What pydantic found wrong, said to the author: where, what, and how to write it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bypost.content.lines import Lines, Place, line_of
from bypost.errors import Problem

Model = TypeVar("Model", bound=BaseModel)

#: Characters of a message; what an author wrote is quoted in it, and may be long.
_LONGEST = 240

_TABLE_ERRORS = {"model_type", "dict_type", "model_attributes_type"}


def validate(
    model: type[Model],
    values: Mapping[str, object],
    lines: Lines,
    path: str,
    problems: list[Problem],
) -> Model | None:
    """Return ``values`` as a ``model``.

    Each thing wrong is added to ``problems``, and None returned.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        found = [_translate(detail, model, lines, path) for detail in error.errors()]
        problems.extend(sorted(found, key=lambda problem: problem.line or 0))
        return None


def _translate(detail: ErrorDetails, model: type[BaseModel], lines: Lines, path: str) -> Problem:
    # pydantic marks an error in a key, rather than in its value, with a last part "[key]".
    place = tuple(str(part) for part in detail["loc"] if part != "[key]")
    message, fix = _words(detail, place, model, _toml(path))
    return Problem(path, line_of(lines, place, 1), _short(message), _short(fix), "key")


def _words(
    detail: ErrorDetails, place: Place, model: type[BaseModel], toml: bool
) -> tuple[str, str]:
    kind, name = detail["type"], ".".join(place)
    if kind == "value_error":
        # Checks write "what is wrong; how to write it".
        message, _, fix = str(detail["ctx"]["error"]).rpartition("; ")
        return (message, fix) if message else (fix, "")
    if kind == "missing":
        return f"`{name}` is missing", _add(place, model, toml)
    if kind == "extra_forbidden":
        return f"unknown key `{name}`", _nearest(place, model)
    if kind == "string_type":
        written = f'{place[-1]} = "..."' if toml else f"{place[-1]}: ..."
        return f"`{name}` must be text", f"write it as `{written}`"
    if kind in _TABLE_ERRORS:
        written = f"[{name}]" if toml else f"{name}:"
        return f"`{name}` must hold keys of its own", f"write them below `{written}`"
    return f"`{name}` is wrong: {detail['msg'][:1].lower()}{detail['msg'][1:]}", ""


def _add(place: Place, model: type[BaseModel], toml: bool) -> str:
    field = _model_at(model, place[:-1]).model_fields[place[-1]]
    example = (field.examples or ["..."])[0]
    return f'add `{place[-1]} = "{example}"`' if toml else f"add `{place[-1]}: {example}`"


def _nearest(place: Place, model: type[BaseModel]) -> str:
    known = list(_model_at(model, place[:-1]).model_fields)
    near = get_close_matches(place[-1].lower().replace("-", "_"), known, 1)
    return f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel]:
    """Return the model of the table at ``place``, below ``model``."""
    for part in place:
        field = model.model_fields.get(part)
        annotation = field.annotation if field else None
        for candidate in (annotation, *get_args(annotation)):
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                model = candidate
    return model


def _toml(path: str) -> bool:
    return path.endswith(".toml")


def _short(text: str) -> str:
    """Return ``text`` on one line, cut in the middle where it is too long to read."""
    line = re.sub(r"[\s\x00-\x1f\x7f]+", " ", text)
    if len(line) <= _LONGEST:
        return line
    half = _LONGEST // 2
    return f"{line[:half]} ... {line[-half:]}"
