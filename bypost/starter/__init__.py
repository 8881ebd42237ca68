"""The starter: what a new project begins with.

The wheel carries the shipped lessons, newsletters, templates and settings in ``files`` beside this
module (``force-include`` in ``pyproject.toml``). In a checkout they are at its root, and there is
no copy of them. ``plain`` holds what stands in for them where somebody begins from nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path

from bypost.errors import SettingsError
from bypost.starter.dates import moved
from bypost.starter.people import fitting

_HERE = Path(__file__).parent
_CARRIED = _HERE / "files"
_PLAIN = _HERE / "plain"

#: What git has no business with.
_IGNORED = """\
# Database, local mailbox and keys.
/var/
# Real people: keep their data elsewhere.
/subscribers.csv
/bypost-diff.html
"""


class Template(StrEnum):
    """What a new project holds beside templates, settings and sample people."""

    COURSE = "course"
    NEWSLETTER = "newsletter"
    PLAIN = "plain"


_EVERYWHERE = ("send.py", "personas.toml", "templates")
_SHIPPED: Mapping[Template, tuple[str, ...]] = {
    Template.COURSE: (*_EVERYWHERE, "bypost.toml", "lessons"),
    Template.NEWSLETTER: (*_EVERYWHERE, "bypost.toml", "newsletters"),
    Template.PLAIN: _EVERYWHERE,
}


def make_project(folder: Path, template: Template, *, today: date) -> tuple[str, ...]:
    """Write a new project into ``folder``, which is made where it is not there.

    Args:
        folder: Empty but for ``.git``, or not there yet.
        today: Issues of a newsletter are dated from a week after it on.

    Returns:
        What stands in it now: files and folders, by name.

    Raises:
        SettingsError: something is in the folder already, or it cannot be written.
    """
    try:
        _take(folder)
        _write(folder, template, today)
    except OSError as error:
        where = error.filename or folder
        raise SettingsError(
            f"{where}: cannot write it: {error.strerror}\n    choose a folder that you may write to"
        ) from error
    return tuple(
        f"{path.name}/" if path.is_dir() else path.name
        for path in sorted(folder.iterdir())
        if path.name != ".git"
    )


def shipped() -> Path:
    """Return the folder with the shipped content: in the package, or the root of a checkout."""
    return _CARRIED if _CARRIED.is_dir() else _HERE.parents[1]


def _take(folder: Path) -> None:
    if folder.is_dir():
        found = sorted(path.name for path in folder.iterdir() if path.name != ".git")
        if found:
            raise SettingsError(
                f"{folder}: there is something in it already: {', '.join(found[:3])}\n"
                "    name a new folder, or an empty one"
            )
    elif folder.exists():
        raise SettingsError(f"{folder}: this is a file\n    name a new folder")
    folder.mkdir(parents=True, exist_ok=True)


def _write(folder: Path, template: Template, today: date) -> None:
    for name in _SHIPPED[template]:
        _copy(shipped() / name, folder / name)
    if template is Template.PLAIN:
        _copy(_PLAIN, folder)
    else:
        people = (shipped() / "subscribers.csv").read_text(encoding="utf-8")
        text = fitting(people, template.value)
        (folder / "subscribers.csv").write_text(text, encoding="utf-8")
    for newsletter in sorted((folder / "newsletters").glob("*/")):
        moved(newsletter, today)
    (folder / ".gitignore").write_text(_IGNORED, encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        leave_out = shutil.ignore_patterns(".*", "__pycache__")
        # Not the modes: an installed package may be read-only.
        shutil.copytree(
            source, target, ignore=leave_out, copy_function=shutil.copyfile, dirs_exist_ok=True
        )
    else:
        shutil.copyfile(source, target)
