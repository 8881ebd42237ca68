"""What stands in a project's files at one moment, the sound parts and what is wrong with others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bypost.check.personas import SAMPLES
from bypost.content.loader import Library, load_project_content
from bypost.content.personas import FILE_NAME as PERSONAS
from bypost.content.personas import Persona, load_personas
from bypost.content.watch import Stamp, signature
from bypost.errors import ContentError, Problem, SettingsError
from bypost.model.course import Sender
from bypost.people.columns import FILE_NAME as PEOPLE
from bypost.people.columns import attribute_names
from bypost.settings import Settings, load_settings
from bypost.settings.load import FILE_NAME as SETTINGS

#: Files beside the content that mails depend on.
FILES = (SETTINGS, PERSONAS, PEOPLE)

_PLACE = re.compile(r"(?P<path>[\w.]+\.toml)(?::(?P<line>\d+))?: (?P<message>.+)")

#: Folder, or file at the root -> its stamps: equal as long as nothing was touched.
Signature = Mapping[str, tuple[Stamp, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A project as it was read.

    Attributes:
        attributes: Known names of subscribers' further columns.
        problems: What is wrong with the files that every mail depends on; the last sound version
            of such a file is used meanwhile.
        signature: Of the files when they were read.
    """

    root: Path
    settings: Settings
    library: Library
    personas: tuple[Persona, ...]
    attributes: frozenset[str]
    problems: tuple[Problem, ...]
    signature: Signature = field(default_factory=dict)

    @property
    def sender(self) -> Sender:
        """Return who the mails come from."""
        return Sender(**self.settings.sender.model_dump())


def signature_of(root: Path) -> Signature:
    """Return what tells whether the project changed, without reading a file."""
    found = dict(signature(root))
    for name in FILES:
        try:
            status = (root / name).stat()
        except OSError:
            continue
        found[name] = ((name, status.st_size, status.st_mtime_ns),)
    return found


def read(root: Path, before: State | None = None) -> State:
    """Read the project in ``root``; raises nothing for what is wrong in it.

    Args:
        before: The state so far, for what cannot be read now.
    """
    seen = signature_of(root)  # first: what changes meanwhile is read once more
    problems: list[Problem] = []
    try:
        settings = load_settings(root)
    except SettingsError as error:
        settings = before.settings if before else Settings()
        problems.extend(settings_problems(str(error)))
    try:
        personas = load_personas(root) or SAMPLES
    except ContentError as error:
        personas = before.personas if before else SAMPLES
        problems.extend(error.problems)
    further = frozenset(name for persona in personas for name in persona.attributes)
    return State(
        root=root,
        settings=settings,
        library=load_project_content(root),
        personas=personas,
        attributes=attribute_names(root, further),
        problems=tuple(problems),
        signature=seen,
    )


def settings_problems(text: str) -> Iterator[Problem]:
    """Return the errors of the settings, each at its line; a remedy is indented below its error."""
    blocks = re.split(r"\n(?! )", text)
    for block in blocks:
        first, _, fix = block.partition("\n")
        place = _PLACE.match(first)
        line = place["line"] if place else None
        yield Problem(
            place["path"] if place else SETTINGS,
            int(line) if line else None,
            place["message"] if place else first,
            fix.strip(),
            "settings",
        )
