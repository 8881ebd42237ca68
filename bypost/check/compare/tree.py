"""One state of a project: every mail as one persona would get it, and what is broken."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bypost.check.personas import values_for
from bypost.content.loader import Library, load_project_content
from bypost.content.personas import Persona, load_personas
from bypost.errors import ContentError, Problem, SettingsError
from bypost.model.asset import Asset
from bypost.model.content import Content
from bypost.model.course import Course, Issue, Lesson, Newsletter, Notice, Sender
from bypost.people.columns import attribute_names
from bypost.render.assets import ADDRESS, names_in
from bypost.render.compile import Compiler
from bypost.render.personalise import Personaliser
from bypost.settings import load_settings
from bypost.settings.load import FILE_NAME

#: Kind, course or newsletter, and id: what a mail is known by, whatever its file is called.
Key = tuple[str, str, str]

_PLACED = re.compile(r"(?P<path>[\w./-]+?)(?::(?P<line>\d+))?: (?P<message>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as the persona gets it.

    Attributes:
        place: Its number among the mails of its folder, counting from 0.
        preheader: As the author wrote it, expressions and all.
        pictures: Those of the project that it shows, by their address in the HTML.
    """

    key: Key
    path: str
    place: int
    title: str
    subject: str
    preheader: str
    html: str
    text: str
    pictures: Mapping[str, Asset] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """Return the HTML with the project's own pictures inside: no site serves them yet."""
        shown = self.html
        for address, asset in self.pictures.items():
            data = base64.b64encode(asset.data).decode()
            shown = shown.replace(address, f"data:{asset.media_type};base64,{data}")
        return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """All mails of one state, and everything that kept one from being made.

    Attributes:
        readable: Whether mails could be made at all; not with broken settings or ``style.toml``.
    """

    mails: Mapping[Key, Mail] = field(default_factory=dict)
    broken: tuple[Problem, ...] = ()
    readable: bool = True


def read_tree(
    root: Path, *, persona: Persona, now: datetime, attributes: frozenset[str] = frozenset()
) -> Tree:
    """Return the mails of the project in ``root``; raises nothing for its content or settings.

    Args:
        root: A project's folder, or a copy of one.
        persona: Who they are made for.
        now: The instant at which they are taken to go out, aware.
        attributes: What lessons may use of a subscriber beside the usual names.
    """
    library = load_project_content(root)
    broken = [problem for problems in library.broken.values() for problem in problems]
    try:
        settings = load_settings(root)
        compiler = Compiler(
            root,
            sender=Sender(**settings.sender.model_dump()),
            base_url=settings.site.base_url,
            attributes=attributes,
            theme=settings.theme.theme(),
        )
    except ContentError as error:
        return Tree(broken=(*error.problems, *broken), readable=False)
    except SettingsError as error:
        return Tree(broken=(*_told(error), *broken), readable=False)
    workshop = _Workshop(compiler, persona, now, settings.site.base_url, attributes, broken)
    mails = {mail.key: mail for mail in workshop.mails(library)}
    return Tree(mails=mails, broken=tuple(dict.fromkeys(broken)))


def known_attributes(*roots: Path) -> frozenset[str]:
    """Return what lessons may use of a subscriber, by the people of any of these states.

    A file with real people is often kept out of git, and its columns with it.
    """
    names: set[str] = set()
    for root in roots:
        with suppress(ContentError):
            names.update(name for one in load_personas(root) for name in one.attributes)
        names |= attribute_names(root)
    return frozenset(names)


def _told(error: SettingsError) -> Iterator[Problem]:
    """Yield the problems of settings, which carry their places in their text."""
    for text in re.split(r"\n(?=\S)", str(error)):
        first, _, fix = text.partition("\n")
        found = _PLACED.fullmatch(first)
        path = found["path"] if found else FILE_NAME
        line = int(found["line"]) if found and found["line"] else None
        message = found["message"] if found else first
        yield Problem(path, line, message, fix.strip(), "settings")


@dataclass(frozen=True, slots=True)
class _Workshop:
    """Makes the mails of one state; what cannot be made is noted."""

    compiler: Compiler
    persona: Persona
    now: datetime
    base_url: str
    attributes: frozenset[str]
    broken: list[Problem]

    def mails(self, library: Library) -> Iterator[Mail]:
        """Yield every mail, folder by folder; of a broken folder those that are sound."""
        for one in (*library.courses, *library.newsletters, *library.unsound):
            if isinstance(one, Course):
                yield from self._course(one)
            else:
                yield from self._newsletter(one)
        for place, notice in enumerate(library.notices):
            yield from self._mail(notice, place, self._made(self.compiler.notice, notice), None)

    def _course(self, course: Course) -> Iterator[Mail]:
        made = [self._made(self.compiler.lesson, course, lesson) for lesson in course.lessons]
        for place, lesson in enumerate(course.lessons):
            following = made[place + 1] if place + 1 < len(made) else None
            title = following.title if following else ""
            yield from self._mail(lesson, place, made[place], course, title)

    def _newsletter(self, newsletter: Newsletter) -> Iterator[Mail]:
        for place, issue in enumerate(newsletter.issues):
            content = self._made(self.compiler.issue, newsletter, issue)
            yield from self._mail(issue, place, content, newsletter)

    def _made(self, compile_: Callable[..., Content], *what: object) -> Content | None:
        try:
            return compile_(*what)
        except ContentError as error:
            self.broken.extend(error.problems)
            return None

    def _mail(
        self,
        item: Lesson | Issue | Notice,
        place: int,
        content: Content | None,
        series: Course | Newsletter | None,
        next_title: str = "",
    ) -> Iterator[Mail]:
        if content is None:
            return
        path = item.source.path
        try:
            values = values_for(
                self.persona,
                now=self.now,
                base_url=self.base_url,
                attributes=self.attributes,
                course=series if isinstance(series, Course) else None,
                lesson=item if isinstance(item, Lesson) else None,
                next_title=next_title,
            )
            read = Personaliser(content).render(values)
        except ContentError as error:
            self.broken.extend(_at(error.problems, path))
        except ValueError as error:
            # The scheduler's words: a window that never opens.
            self.broken.append(Problem(path, None, str(error), rule="personalise"))
        else:
            yield Mail(
                key=(content.kind, series.id if series else "", item.id),
                path=path,
                place=place,
                title=content.title,
                subject=read.subject,
                preheader=item.preheader,
                html=read.html,
                text=read.text,
                pictures={
                    f"{self.base_url}{ADDRESS}{name}": asset
                    for name in names_in(read.html)
                    if (asset := self.compiler.assets.get(name))
                },
            )


def _at(problems: Sequence[Problem], path: str) -> Iterator[Problem]:
    """Yield the problems of a personal value, which know no file, at the mail's own."""
    for problem in problems:
        yield Problem(problem.path or path, problem.line, problem.message, problem.fix)
