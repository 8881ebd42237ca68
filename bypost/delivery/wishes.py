"""Courses as their files would have them: compiled, and not stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bypost.content.loader import Library, load_project_content
from bypost.content.personas import load_personas
from bypost.delivery.context import Context
from bypost.delivery.shape import Shape, shape_of
from bypost.errors import ContentError, Problem
from bypost.model.content import Content
from bypost.people.columns import attribute_names
from bypost.render.compile import Compiler


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the files of a folder say.

    Attributes:
        shapes: Courses by id.
        paths: (course, lesson) -> its file.
        held: What does not load or compile: folder -> problems.
    """

    shapes: Mapping[str, Shape] = field(default_factory=dict)
    paths: Mapping[tuple[str, str], str] = field(default_factory=dict)
    held: Mapping[str, Sequence[Problem]] = field(default_factory=dict)


def read_wishes(context: Context, root: Path | None = None) -> Wishes:
    """Return the courses of a folder; nothing is written.

    Args:
        root: Another state of the project, e.g. a revision; the project itself by default. Its
            mails are made with the project's own settings.
    """
    library = load_project_content(root or context.root)
    held: dict[str, Sequence[Problem]] = {
        folder: problems
        for folder, problems in library.broken.items()
        if folder.startswith("lessons")
    }
    shapes: dict[str, Shape] = {}
    try:
        compiler = compiler_for(context, root)
    except ContentError as error:  # no mail can be made at all
        held["templates/email"] = error.problems
    else:
        shapes = read_courses(compiler, library, [], held)
    paths = {
        (course.id, lesson.id): lesson.source.path
        for course in library.courses
        for lesson in course.lessons
    }
    return Wishes(shapes=shapes, paths=paths, held=held)


def compiler_for(context: Context, root: Path | None = None) -> Compiler:
    """Return what compiles the mails of a folder; raise ContentError if nothing can."""
    known = [
        names
        for folder in dict.fromkeys((root or context.root, context.root))
        for names in (attribute_names(folder), _persona_attributes(folder))
    ]
    return Compiler(
        root or context.root,
        sender=context.sender,
        base_url=context.settings.site.base_url,
        attributes=frozenset[str]().union(*known),
        theme=context.settings.theme.theme(),
        clicks=True,
    )


def read_courses(
    compiler: Compiler,
    library: Library,
    compiled: list[Content],
    held: dict[str, Sequence[Problem]],
) -> dict[str, Shape]:
    """Compile every course; one with a problem anywhere is held as a whole."""
    ready = {}
    for course in library.courses:
        problems: list[Problem] = []
        lessons: list[Content] = []
        for lesson in course.lessons:
            try:
                lessons.append(compiler.lesson(course, lesson))
            except ContentError as error:
                problems += error.problems
        if problems:
            held[course.path] = problems
            continue
        compiled += lessons
        titles = {content.item: (content.title, content.hash) for content in lessons}
        ready[course.id] = shape_of(course, titles)
    return ready


def _persona_attributes(root: Path) -> frozenset[str]:
    """Return the attributes that sample people have; a broken file has none here."""
    try:
        personas = load_personas(root)
    except ContentError:
        return frozenset()
    return frozenset(name for persona in personas for name in persona.attributes)
