"""The Markdown files of one folder: which count, what their keys say, whose ids clash."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from bypost.content.files import Project
from bypost.content.frontmatter import FrontMatter, split
from bypost.content.lines import line_of
from bypost.content.schema import Keys
from bypost.content.translate import validate
from bypost.errors import Problem
from bypost.model.course import Source

KeysT = TypeVar("KeysT", bound=Keys)

_LEADING_NUMBER = re.compile(r"[0-9]*")
#: Authors' notes to themselves: no mail shows them.
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Naming:
    """What the file names of a folder look like.

    Attributes:
        pattern: What each name begins with.
        message: What is wrong with another one.
        fix: How to mend it.
    """

    pattern: re.Pattern[str]
    message: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Document(Generic[KeysT]):
    """One Markdown file whose front matter is valid."""

    keys: KeysT
    source: Source


def read_documents(
    project: Project,
    folder: Path,
    model: type[KeysT],
    naming: Naming,
    problems: list[Problem],
) -> list[Document[KeysT]]:
    """Return the sound documents of ``folder`` in the order of their names.

    A leading number counts as a number, so that ``10-last.md`` follows ``9-first.md``. Everything
    wrong, in any file, is added to ``problems``.
    """
    documents = []
    first_places: dict[str, str] = {}
    for path in sorted(project.entries(folder, problems), key=_order):
        if path.suffix.lower() != ".md":
            continue
        shown = project.name(path)
        if not naming.pattern.match(path.name):
            problems.append(Problem(shown, None, naming.message, naming.fix, "file-name"))
            continue
        text = project.read(path, problems)
        matter = None if text is None else split(text, shown, problems)
        if matter is None:
            continue
        before = len(problems)
        _claim_id(matter, shown, first_places, problems)
        _need_text(matter, shown, problems)
        keys = validate(model, matter.values, matter.lines, shown, problems)
        if keys is not None and len(problems) == before:
            documents.append(Document(keys, _source(matter, shown)))
    return documents


def _order(path: Path) -> tuple[int, str]:
    number = _LEADING_NUMBER.match(path.name)
    return int(number[0] or 0) if number else 0, path.name


def _claim_id(
    matter: FrontMatter, shown: str, first_places: dict[str, str], problems: list[Problem]
) -> None:
    """Note where an id stands first; a second one would be taken for the same lesson."""
    name = matter.values.get("id")
    if not isinstance(name, str):
        return
    line = line_of(matter.lines, ("id",), 1)
    if name in first_places:
        message = f"the id `{name}` is taken by {first_places[name]}"
        problems.append(Problem(shown, line, message, "give this one another id", "duplicate-id"))
    first_places.setdefault(name, f"{shown}:{line}")


def _need_text(matter: FrontMatter, shown: str, problems: list[Problem]) -> None:
    if not _COMMENT.sub("", matter.body).strip():
        problems.append(
            Problem(
                shown,
                matter.body_line,
                "there is no text below the front matter",
                "write the text, or remove the file",
                "empty",
            )
        )


def _source(matter: FrontMatter, shown: str) -> Source:
    lines = {".".join(place): line for place, line in matter.lines.items()}
    return Source(path=shown, body=matter.body, body_line=matter.body_line, key_lines=lines)
