"""Personas: sample subscribers for preview, checks and rehearsal, from ``personas.toml``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path

from bypost.content.files import Project
from bypost.content.lines import line_of
from bypost.content.schema import PersonaKeys, PersonasFile
from bypost.content.toml import Table, parse
from bypost.content.translate import validate
from bypost.errors import ContentError, Problem

FILE_NAME = "personas.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Somebody a mail tends to go wrong for; nobody real.

    Attributes:
        key: Short name of the persona, unique in the file.
        name: Their name; may be empty.
        time_zone: IANA name.
        hour: Their own hour; None for the course's.
        attributes: Values of further CSV columns.
        joined_days: How many days ago they began.
        note: What this persona is for.
    """

    key: str
    email: str
    name: str = ""
    time_zone: str = "UTC"
    hour: time | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    joined_days: int = 0
    note: str = ""


def load_personas(root: Path) -> tuple[Persona, ...]:
    """Return the personas of the project in ``root``; none where it has no such file.

    Raises:
        ContentError: The file cannot be read, or a persona is wrong.
    """
    path = root / FILE_NAME
    if not os.path.lexists(path):
        return ()
    problems: list[Problem] = []
    personas = _read(Project(root), path, problems)
    if problems:
        raise ContentError(*problems)
    return personas


def _read(project: Project, path: Path, problems: list[Problem]) -> tuple[Persona, ...]:
    text = project.read(path, problems)
    table = None if text is None else parse(text, FILE_NAME, problems)
    if table is None:
        return ()
    file = validate(PersonasFile, table.values, table.lines, FILE_NAME, problems)
    if file is None:
        return ()
    _check_keys(file, table, problems)
    return tuple(_persona(keys) for keys in file.persona)


def _check_keys(file: PersonasFile, table: Table, problems: list[Problem]) -> None:
    first_lines: dict[str, int | None] = {}
    for at, keys in enumerate(file.persona):
        line = line_of(table.lines, ("persona", str(at), "key"), 1)
        if keys.key in first_lines:
            message = f"the key `{keys.key}` is taken on line {first_lines[keys.key]}"
            fix = "give this persona another key"
            problems.append(Problem(FILE_NAME, line, message, fix, "duplicate-id"))
        first_lines.setdefault(keys.key, line)


def _persona(keys: PersonaKeys) -> Persona:
    return Persona(
        key=keys.key,
        name=keys.name,
        email=keys.email,
        time_zone=keys.time_zone,
        hour=keys.hour,
        attributes=keys.attributes,
        joined_days=keys.joined_days,
        note=keys.note,
    )
