"""Compiles the mails of a project as they are asked for, and keeps what did not change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bypost.check.personas import values_for
from bypost.content.loader import NOTICES
from bypost.content.personas import Persona
from bypost.errors import ContentError, Problem
from bypost.model.asset import Asset
from bypost.model.content import Content
from bypost.model.course import Course, Issue, Lesson, Newsletter, Notice
from bypost.render.compile import Compiler
from bypost.render.personalise import Personaliser, Rendered
from bypost.web.preview.shelf import Entry
from bypost.web.preview.state import State

#: What a compiled mail depends on; equal again, it is not compiled again.
_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    key: _Key
    content: Content | ContentError


class Press:
    """Makes mails out of entries; not for two threads at once.

    Attributes:
        compilers: By whether they mark the lines that elements come from. They know the images of
            what they compiled.
    """

    def __init__(self) -> None:
        self.compilers: dict[bool, Compiler] = {}
        self._basis: _Key = ()
        self._made: dict[tuple[str, bool], _Made] = {}

    def content(self, state: State, entry: Entry, *, lines: bool) -> Content:
        """Return a mail compiled.

        Args:
            lines: Mark each element with the line it comes from.

        Raises:
            ContentError: with everything that is wrong in it.
        """
        place = entry.path, lines
        key = _key(state, entry)
        made = self._made.get(place)
        if made is None or made.key != key:
            made = self._made[place] = _Made(key, self._compile(state, entry, lines=lines))
        if isinstance(made.content, ContentError):
            raise made.content
        return made.content

    def mjml(self, state: State, entry: Entry) -> str:
        """Return the MJML that a mail is made from; raises ContentError as ``content`` does."""
        found: list[str] = []
        compiled(compiler_of(state, lines=False, on_mjml=found.append), entry)
        return found[-1]

    def asset(self, name: str) -> Asset | None:
        """Return an image of the mails compiled so far."""
        return next(
            (one for made in self.compilers.values() if (one := made.assets.get(name))), None
        )

    def _compile(self, state: State, entry: Entry, *, lines: bool) -> Content | ContentError:
        try:
            return compiled(self._compiler(state, lines=lines), entry)
        except ContentError as error:
            return error

    def _compiler(self, state: State, *, lines: bool) -> Compiler:
        basis = _basis(state)
        if basis != self._basis:
            self._basis, self.compilers = basis, {}
        if lines not in self.compilers:
            self.compilers[lines] = compiler_of(state, lines=lines)
        return self.compilers[lines]


def compiler_of(
    state: State, *, lines: bool, on_mjml: Callable[[str], None] | None = None
) -> Compiler:
    """Return a compiler for the project as it stands; the arguments are those of Compiler."""
    return Compiler(
        state.root,
        sender=state.sender,
        base_url=state.settings.site.base_url,
        attributes=state.attributes,
        theme=state.settings.theme.theme(),
        lines=lines,
        on_mjml=on_mjml,
    )


def compiled(compiler: Compiler, entry: Entry) -> Content:
    """Compile an entry; raises ContentError for one that cannot be read."""
    item, series = entry.item, entry.series
    if isinstance(item, Lesson) and isinstance(series, Course):
        return compiler.lesson(series, item)
    if isinstance(item, Issue) and isinstance(series, Newsletter):
        return compiler.issue(series, item)
    if isinstance(item, Notice):
        return compiler.notice(item)
    raise ContentError(Problem(entry.path, None, "cannot be read", "see what is said of its file"))


def rendered(
    state: State,
    entry: Entry,
    content: Content,
    persona: Persona,
    at: datetime,
    next_title: str = "",
) -> Rendered:
    """Return a compiled mail as ``persona`` gets it at the instant ``at``.

    Raises:
        ContentError: it cannot be made for them.
    """
    try:
        values = values_for(
            persona,
            now=at,
            base_url=state.settings.site.base_url,
            attributes=state.attributes,
            course=entry.series if isinstance(entry.series, Course) else None,
            lesson=entry.item if isinstance(entry.item, Lesson) else None,
            next_title=next_title,
        )
    except ValueError as error:  # the scheduler's words: a window that never opens
        message, _, fix = str(error).rpartition("; ")
        raise ContentError(Problem(entry.path, None, message or fix, fix if message else "")) from (
            error
        )
    return Personaliser(content).render(values)


def _basis(state: State) -> _Key:
    """Return what all mails depend on."""
    settings = state.settings
    return (
        *(state.sender, settings.site.base_url, settings.theme, state.attributes),
        state.signature.get(NOTICES),
    )


def _key(state: State, entry: Entry) -> _Key:
    series = entry.series
    others: tuple[str, ...] = ()
    if isinstance(series, Course):
        # A lesson knows its number and whether one follows, and nothing else of the others.
        others = tuple(lesson.id for lesson in series.lessons)
        series = replace(series, lessons=())
    elif series is not None:
        series = replace(series, issues=())
    return entry.item, series, others, _pictures(state.signature, entry), _basis(state)


def _pictures(signature: Mapping[str, tuple[tuple[str, int, int], ...]], entry: Entry) -> _Key:
    """Return the stamps of what lies beside the text."""
    stamps = signature.get(entry.path.rpartition("/")[0], ())
    return tuple(stamp for stamp in stamps if not stamp[0].endswith((".md", ".toml")))
