"""The files of a project as they are written: lines beside a mail, and where an editor opens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bypost.content.files import Project
from bypost.content.loader import COURSES, NEWSLETTERS
from bypost.content.personas import FILE_NAME as PERSONAS
from bypost.settings.load import FILE_NAME as SETTINGS

#: What may be shown; people's data and everything else of the machine may not.
_SHOWN = (COURSES, NEWSLETTERS, "templates")
_ENDINGS = (".md", ".toml", ".mjml", ".txt")
#: Lines that are shown of one paragraph.
_MOST_LINES = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, counting from 1."""

    number: int
    text: str


def lines_of(root: Path, path: str) -> list[Line] | None:
    """Return the lines of a file of the project; None where it is none that may be shown."""
    if not _may_show(path):
        return None
    text = Project(root).read(root / path, [])
    if text is None:
        return None
    return [Line(number, line) for number, line in enumerate(text.split("\n"), start=1)]


def paragraph(lines: list[Line], number: int) -> list[Line]:
    """Return the lines from ``number`` to the end of what begins there."""
    found: list[Line] = []
    for line in lines[max(0, number - 1) :][:_MOST_LINES]:
        if found and not line.text.strip():
            break
        found.append(line)
    return found


def editor_link(template: str, root: Path, path: str, line: int | None) -> str:
    """Return the address that opens a file in the author's editor.

    Args:
        template: With ``{path}`` for the whole path, which begins with a slash, and ``{line}``.
    """
    whole = (root / path).as_posix()
    whole = whole if whole.startswith("/") else f"/{whole}"
    return template.replace("{path}", quote(whole)).replace("{line}", str(line or 1))


def _may_show(path: str) -> bool:
    parts = path.split("/")
    if path in (SETTINGS, PERSONAS):
        return True
    if parts[0] not in _SHOWN or any(part in ("", ".", "..") for part in parts):
        return False
    return path.endswith(_ENDINGS)
