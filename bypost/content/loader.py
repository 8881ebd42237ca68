"""The library: all content of a project, and what is wrong with the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bypost.content.files import Project
from bypost.content.series import load_course, load_newsletter, load_notices
from bypost.errors import Problem
from bypost.model.course import Course, Newsletter, Notice

COURSES = "lessons"
NEWSLETTERS = "newsletters"
NOTICES = "templates/email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What a project's folders hold; a broken folder never hides another.

    Attributes:
        notices: The sound ones, even where another in their folder is broken.
        broken: Folder, e.g. ``lessons/after-the-interview``, -> everything wrong in it. A course
            or newsletter that stands here stands in neither ``courses`` nor ``newsletters``.
        unsound: What could be read of those: for checks that find everything at once, never
            for sending.
    """

    courses: tuple[Course, ...]
    newsletters: tuple[Newsletter, ...]
    notices: tuple[Notice, ...]
    broken: Mapping[str, tuple[Problem, ...]]
    unsound: tuple[Course | Newsletter, ...] = ()


def load_project_content(root: Path) -> Library:
    """Read all courses, newsletters and notices of the project in ``root``; raises nothing."""
    project = Project(root)
    broken: dict[str, tuple[Problem, ...]] = {}
    courses: list[Course] = []
    unsound: list[Course | Newsletter] = []
    for folder in _folders(project, COURSES, broken):
        problems: list[Problem] = []
        if course := load_course(project, folder, problems):
            (unsound if problems else courses).append(course)
        _note(broken, project.name(folder), problems)
    newsletters: list[Newsletter] = []
    for folder in _folders(project, NEWSLETTERS, broken):
        problems = []
        if newsletter := load_newsletter(project, folder, problems):
            (unsound if problems else newsletters).append(newsletter)
        _note(broken, project.name(folder), problems)
    problems = []
    notices = load_notices(project, root / NOTICES, problems)
    _note(broken, NOTICES, problems)
    return Library(
        courses=tuple(courses),
        newsletters=tuple(newsletters),
        notices=notices,
        broken=broken,
        unsound=tuple(unsound),
    )


def _folders(project: Project, name: str, broken: dict[str, tuple[Problem, ...]]) -> Iterator[Path]:
    """Return the folders in ``name``; loose files beside them (a read-me) are nobody's content."""
    problems: list[Problem] = []
    entries = project.entries(project.root / name, problems)
    _note(broken, name, problems)
    return (path for path in entries if _is_folder(path))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        # Nobody can tell: reading it will say why, instead of a course vanishing without a word.
        return True


def _note(broken: dict[str, tuple[Problem, ...]], key: str, problems: list[Problem]) -> None:
    if problems:
        broken[key] = tuple(problems)
