"""Audiences that belong to the project: names and expressions, from ``audiences.toml``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bypost.audience import BadAudience, Expression, is_name, parse
from bypost.content.files import Project
from bypost.content.lines import line_of
from bypost.content.toml import Table
from bypost.content.toml import parse as parse_toml
from bypost.errors import Problem

FILE_NAME = "audiences.toml"
#: The rule under which ``bypost check`` tells of an audience.
RULE = "audience"


@dataclass(frozen=True, slots=True)
class Written:
    """An audience of the file.

    Attributes:
        text: As it stands there.
        line: Where its name stands.
    """

    name: str
    text: str
    line: int | None
    expression: Expression


def load_audiences(root: Path, problems: list[Problem] | None = None) -> dict[str, Written]:
    """Return the audiences of the project in ``root`` that can be read, by name.

    Args:
        problems: What is wrong with the others, or the whole file, is added to it.
    """
    path = root / FILE_NAME
    found: dict[str, Written] = {}
    if not os.path.lexists(path):
        return found
    wrong: list[Problem] = [] if problems is None else problems
    text = Project(root).read(path, wrong)
    table = None if text is None else parse_toml(text, FILE_NAME, wrong)
    if table is None:
        return found
    for name, value in table.values.items():
        one = _read(table, name, value)
        if isinstance(one, Problem):
            wrong.append(one)
        else:
            found[name] = one
    return found


def _read(table: Table, name: str, value: object) -> Written | Problem:
    line = line_of(table.lines, (name,), 1)
    if not isinstance(value, str):
        fix = f"write `{name} = 'tag \"alumni\"'`"
        return Problem(FILE_NAME, line, f"`{name}` is not a text", fix, RULE)
    if not is_name(name):
        fix = "use small letters, digits and hyphens, and no word of the language"
        return Problem(FILE_NAME, line, f"an audience cannot be called `{name[:64]}`", fix, RULE)
    found = read(value, FILE_NAME, line)
    return found if isinstance(found, Problem) else Written(name, value, line, found)


def read(text: str, path: str, line: int | None) -> Expression | Problem:
    """Return what an audience means that is written in a file, or what is wrong with it."""
    try:
        return parse(text)
    except BadAudience as error:
        shown = "\n    ".join((*error.pointed(), error.fix))
        return Problem(path, line, f"the audience cannot be read: {error.message}", shown, RULE)
