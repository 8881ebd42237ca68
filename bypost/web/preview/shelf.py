"""The mails of a project in their folders, the broken ones too: what the list at the side shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bypost.content.files import Project
from bypost.content.loader import COURSES, NEWSLETTERS, NOTICES, Library
from bypost.model.course import Course, Issue, Kind, Lesson, Newsletter, Notice
from bypost.render.outline import heading

Item = Lesson | Issue | Notice
#: Lines of a body among which its heading stands, with comments above it.
_FIRST_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One mail.

    Attributes:
        path: Its file, relative to the project: what names it in addresses.
        title: Its heading, else its subject, else the file's name, which has no expression.
        item: None while the file cannot be read.
        series: The course or newsletter; None for a notice, or while that cannot be read.
    """

    path: str
    kind: Kind
    title: str
    item: Item | None = None
    series: Course | Newsletter | None = None

    @property
    def name(self) -> str:
        """Return the file's name without folder and ending."""
        return Path(self.path).stem


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A course, a newsletter, or the notices.

    Attributes:
        path: Relative to the project.
        word: What it is, for people.
    """

    path: str
    title: str
    word: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """All mails, folder by folder: courses, newsletters, notices."""

    folders: tuple[Folder, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Return all mails in their order."""
        return tuple(entry for folder in self.folders for entry in folder.entries)

    def find(self, path: str) -> Entry | None:
        """Return the mail in the file ``path``."""
        return next((entry for entry in self.entries if entry.path == path), None)


def shelve(root: Path, library: Library, before: Shelf | None = None) -> Shelf:
    """Return the mails of ``library``, and the files in its folders that cannot be read.

    Args:
        before: The mails so far: what cannot be read now keeps its title.
    """
    project = Project(root)
    titles = {entry.path: entry.title for entry in before.entries} if before else {}
    known = {one.path: one for one in (*library.courses, *library.newsletters, *library.unsound)}
    folders = [
        _folder(project, path, kind, known.get(project.name(path)))
        for name, kind in ((COURSES, Kind.LESSON), (NEWSLETTERS, Kind.ISSUE))
        for path in project.entries(root / name, [])
        if path.is_dir()
    ]
    notices = _entries(project, root / NOTICES, Kind.NOTICE, library.notices, None)
    if notices:
        folders.append(Folder(path=NOTICES, title="Notices", word="notices", entries=notices))
    return Shelf(tuple(_with_titles(folder, titles) for folder in folders))


def _with_titles(folder: Folder, titles: Mapping[str, str]) -> Folder:
    entries = (
        entry if entry.item else replace(entry, title=titles.get(entry.path, entry.title))
        for entry in folder.entries
    )
    return replace(folder, entries=tuple(entries))


def _folder(project: Project, path: Path, kind: Kind, one: Course | Newsletter | None) -> Folder:
    items: tuple[Item, ...] = ()
    if one is not None:
        items = one.lessons if isinstance(one, Course) else one.issues
    return Folder(
        path=project.name(path),
        title=one.title if one else path.name,
        word="course" if kind is Kind.LESSON else "newsletter",
        entries=_entries(project, path, kind, items, one),
    )


def _entries(
    project: Project,
    folder: Path,
    kind: Kind,
    items: Iterable[Item],
    series: Course | Newsletter | None,
) -> tuple[Entry, ...]:
    found = {
        item.source.path: Entry(
            path=item.source.path, kind=kind, title=_title(item), item=item, series=series
        )
        for item in items
    }
    order = [*found, *(path for path in _files(project, folder) if path not in found)]
    if len(order) > len(found):
        order.sort()  # a file that cannot be read stands where its name puts it
    return tuple(
        found.get(path) or Entry(path=path, kind=kind, title=Path(path).name) for path in order
    )


def _files(project: Project, folder: Path) -> Iterator[str]:
    entries = project.entries(folder, [])
    return (project.name(path) for path in entries if path.suffix.lower() == ".md")


def _title(item: Item) -> str:
    # The heading is what a body begins with: nobody waits for the rest to be parsed.
    beginning = "\n".join(item.source.body.split("\n", _FIRST_LINES)[:_FIRST_LINES])
    for text in (heading(beginning), item.subject):
        if text and "{{" not in text:
            return text
    return Path(item.source.path).stem.replace("-", " ").capitalize()
