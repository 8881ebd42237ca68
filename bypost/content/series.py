"""Courses, newsletters and notices, each read from its folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

from bypost.content.documents import Document, Naming, read_documents
from bypost.content.fields import check_id
from bypost.content.files import Project
from bypost.content.lines import Lines, line_of
from bypost.content.schema import (
    CourseFile,
    IssueKeys,
    LessonKeys,
    NewsletterFile,
    NoticeKeys,
    SeriesFile,
)
from bypost.content.toml import parse
from bypost.content.translate import validate
from bypost.errors import Problem
from bypost.model.course import Course, Issue, Lesson, Newsletter, Notice

FileT = TypeVar("FileT", bound=SeriesFile)

_LESSONS = Naming(
    re.compile(r"[0-9]"),
    "the name of a lesson begins with its number",
    "start the name with a number, as in 01-welcome.md, or move the file away",
)
_ISSUES = Naming(
    re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}-"),
    "the name of an issue begins with a date",
    "start the name with a date, as in 2026-12-01-news.md, or move the file away",
)
_NOTICES = Naming(re.compile(""))


def load_course(project: Project, folder: Path, problems: list[Problem]) -> Course | None:
    """Return the course in ``folder``; what is wrong in it is added to ``problems``.

    With problems it holds the lessons that could be read: enough to check, not to send. None if
    there is not even that.
    """
    before = len(problems)
    _check_folder(project, folder, problems)
    read = _read_file(project, folder / "course.toml", CourseFile, problems)
    found = read_documents(project, folder, LessonKeys, _LESSONS, problems)
    if not found and len(problems) == before:
        message, fix = "the course has no lessons", "add a file such as 00-welcome.md"
        problems.append(Problem(project.name(folder), None, message, fix, "empty"))
    if read is None:
        return None
    file, lines = read
    if not problems:  # in a broken course the lesson may only be unread
        _check_sample(file, lines, found, project.name(folder), problems)
        _check_stand_ins(found, problems)
    return Course(
        id=folder.name,
        title=file.title,
        summary=file.summary,
        language=file.language,
        time_zone=file.time_zone,
        hour=file.hour,
        window=file.window.window(),
        settings=file.settings,
        lessons=tuple(_lesson(document) for document in found),
        path=project.name(folder),
        at_least_once=file.at_least_once,
        most_a_day=file.most_a_day,
        goodbye=file.goodbye,
        clicks=file.clicks,
        promise=file.promise,
        for_whom=tuple(file.for_whom),
        sample=file.sample,
        image=file.image,
        open=file.open,
        archive=file.archive,
    )


def load_newsletter(project: Project, folder: Path, problems: list[Problem]) -> Newsletter | None:
    """Return the newsletter in ``folder``, which may have no issues yet; else as for a course."""
    _check_folder(project, folder, problems)
    read = _read_file(project, folder / "newsletter.toml", NewsletterFile, problems)
    found = read_documents(project, folder, IssueKeys, _ISSUES, problems)
    if read is None:
        return None
    file, _ = read
    return Newsletter(
        id=folder.name,
        title=file.title,
        summary=file.summary,
        language=file.language,
        time_zone=file.time_zone,
        hour=file.hour,
        goodbye=file.goodbye,
        clicks=file.clicks,
        audience=file.audience,
        issues=tuple(_issue(document, file) for document in found),
        path=project.name(folder),
    )


def load_notices(project: Project, folder: Path, problems: list[Problem]) -> tuple[Notice, ...]:
    """Return the sound notices in ``folder``: a broken one does not take the others with it."""
    found = read_documents(project, folder, NoticeKeys, _NOTICES, problems)
    return tuple(
        Notice(
            id=document.keys.id,
            subject=document.keys.subject,
            preheader=document.keys.preheader,
            source=document.source,
        )
        for document in found
    )


def _check_sample(
    file: CourseFile,
    lines: Lines,
    found: list[Document[LessonKeys]],
    folder: str,
    problems: list[Problem],
) -> None:
    """The lesson that the course page shows must be there."""
    ids = [document.keys.id for document in found]
    if file.sample and file.sample not in ids:
        message = f"`sample` names the lesson `{file.sample}`, which is not in this course"
        fix = f"name one of: {', '.join(ids)}"
        line = line_of(lines, ("sample",))
        problems.append(Problem(f"{folder}/course.toml", line, message, fix, "key"))


def _check_stand_ins(found: list[Document[LessonKeys]], problems: list[Problem]) -> None:
    """A lesson that takes another's place names one that is there and does not always go out."""
    known = {document.keys.id: document.keys for document in found}
    for document in found:
        name = document.keys.instead_of
        if not name:
            continue
        other = known.get(name)
        if other is None or name == document.keys.id:
            message = f"`instead_of` names `{name}`, which is not another lesson of this course"
            fix = "name the lesson whose place it takes"
        elif other.instead_of:
            message = f"`{name}` takes the place of another lesson itself"
            fix = "name that one"
        elif not (other.season or other.expires or other.not_before):
            message = f"`{name}` always goes out, so nothing ever takes its place"
            fix = "give it a `season`, `not_before` or `expires`"
        else:
            continue
        line = document.source.key_lines.get("instead_of")
        problems.append(Problem(document.source.path, line, message, fix, "key"))


def _check_folder(project: Project, folder: Path, problems: list[Problem]) -> None:
    """The folder's name is the id of the course: it stands in addresses of pages."""
    try:
        check_id(folder.name)
    except ValueError as error:
        message, _, fix = str(error).partition("; ")
        problems.append(Problem(project.name(folder), None, message, fix, "file-name"))


def _read_file(
    project: Project, path: Path, model: type[FileT], problems: list[Problem]
) -> tuple[FileT, Lines] | None:
    shown = project.name(path)
    text = project.read(path, problems, if_missing="create it, with `title` and `summary`")
    table = None if text is None else parse(text, shown, problems)
    if table is None:
        return None
    keys = validate(model, table.values, table.lines, shown, problems)
    return None if keys is None else (keys, table.lines)


def _lesson(document: Document[LessonKeys]) -> Lesson:
    keys = document.keys
    return Lesson(
        id=keys.id,
        subject=keys.subject,
        preheader=keys.preheader,
        delay=keys.delay,
        not_before=keys.not_before,
        expires=keys.expires,
        window=keys.window.window() if keys.window else None,
        if_past=keys.if_past,
        season=keys.season,
        instead_of=keys.instead_of or "",
        source=document.source,
    )


def _issue(document: Document[IssueKeys], file: NewsletterFile) -> Issue:
    keys = document.keys
    return Issue(
        id=keys.id,
        subject=keys.subject,
        preheader=keys.preheader,
        status=keys.status,
        at=keys.instant,
        day=keys.day,
        hour=None if keys.day is None else keys.at or file.hour,
        audience=keys.audience,
        source=document.source,
    )
