"""A trial: every mail of a library is compiled, and rendered for every persona."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bypost.check.finding import Finding, Level, from_problem
from bypost.check.memory import Memory
from bypost.check.page import Page
from bypost.check.personas import values_for
from bypost.check.sample import Reading, Sample, Series, Surroundings
from bypost.content.loader import NOTICES, Library
from bypost.content.personas import Persona
from bypost.errors import ContentError, Problem
from bypost.model.asset import Asset
from bypost.model.content import Content, Values
from bypost.model.course import Course, Issue, Kind, Lesson, Newsletter, Notice
from bypost.render.assets import served
from bypost.render.compile import Compiler
from bypost.render.personalise import Personaliser


@dataclass(frozen=True, slots=True)
class _Made:
    """One mail, as it is sent and with the lines its elements come from."""

    plain: Content
    marked: Content
    assets: Mapping[str, Asset]


@dataclass(frozen=True, slots=True)
class _Read:
    """One mail as everybody gets it, and what stood in the way."""

    readings: tuple[Reading, ...]
    page: Page | None
    failures: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Makes samples; what stands in the way becomes a finding.

    Attributes:
        marker: Compiles the same mails with the lines their elements come from.
        around: The project, its sender, and the instant at which all mails are taken to go out.
        attributes: Known attribute names of subscribers.
        found: Everything wrong so far.
        memory: What an earlier trial made.
    """

    compiler: Compiler
    marker: Compiler
    personas: Sequence[Persona]
    around: Surroundings
    attributes: Collection[str]
    found: list[Finding]
    memory: Memory

    def run(self, library: Library) -> list[Series]:
        """Return the samples of ``library``, folder by folder, broken folders too."""
        series = [
            Series(
                one.path,
                self._course(one) if isinstance(one, Course) else self._newsletter(one),
                one,
            )
            for one in (*library.courses, *library.newsletters, *library.unsound)
        ]
        samples = [
            self._sample(Kind.NOTICE, notice, made)
            for notice in library.notices
            if (made := self._compile(notice, None, partial(_notice, notice)))
        ]
        return [*series, Series(NOTICES, tuple(samples))]

    def _newsletter(self, newsletter: Newsletter) -> tuple[Sample, ...]:
        shape = replace(newsletter, issues=())
        return tuple(
            self._sample(Kind.ISSUE, issue, made, newsletter)
            for issue in newsletter.issues
            if (made := self._compile(issue, shape, partial(_issue, newsletter, issue)))
        )

    def _course(self, course: Course) -> tuple[Sample, ...]:
        # All first: each lesson may name the heading of the one after it.
        shape, count = replace(course, lessons=()), len(course.lessons)
        made = [
            self._compile(lesson, (shape, at, count), partial(_lesson, course, lesson))
            for at, lesson in enumerate(course.lessons)
        ]
        samples = []
        for at, (lesson, one) in enumerate(zip(course.lessons, made, strict=True)):
            following = made[at + 1] if at + 1 < len(made) else None
            title = following.plain.title if following else ""
            if one:
                samples.append(self._sample(Kind.LESSON, lesson, one, course, title))
        return tuple(samples)

    def _compile(
        self, item: Lesson | Issue | Notice, around: object, one: Callable[[Compiler], Content]
    ) -> _Made | None:
        try:
            return self.memory.recall(
                "mail",
                item.source.path,
                (item, around),
                lambda: self._made(one),
            )
        except ContentError as error:
            self.found.extend(from_problem(problem) for problem in error.problems)
            return None

    def _made(self, one: Callable[[Compiler], Content]) -> _Made:
        plain = one(self.compiler)
        assets = {asset.name: asset for asset in served(self.compiler.assets, plain)}
        return _Made(plain, one(self.marker), assets)

    def _sample(
        self,
        kind: Kind,
        item: Lesson | Issue | Notice,
        made: _Made,
        series: Course | Newsletter | None = None,
        next_title: str = "",
    ) -> Sample:
        read = self.memory.recall(
            "readings",
            item.source.path,
            (
                made,
                item,
                self.personas,
                self.around,
                self.attributes,
                _beside(series, item, next_title),
            ),
            lambda: self._read(item, made, series, next_title),
        )
        self.found.extend(read.failures)
        return Sample(
            around=self.around,
            kind=kind,
            item=item,
            series=series,
            subject=item.subject,
            preheader=item.preheader,
            source=item.source,
            content=made.plain,
            marked=made.marked,
            readings=read.readings,
            page=read.page,
            assets=made.assets,
        )

    def _read(
        self,
        item: Lesson | Issue | Notice,
        made: _Made,
        series: Course | Newsletter | None,
        next_title: str,
    ) -> _Read:
        readings: list[tuple[Reading, Values]] = []
        failed: dict[tuple[str, str, str], list[str]] = {}
        personaliser = Personaliser(made.plain)
        for persona in self.personas:
            try:
                values = self._values(persona, item, series, next_title)
                readings.append((Reading(persona, personaliser.render(values)), values))
            except ContentError as error:
                for problem in error.problems:
                    _note(failed, problem, persona)
            except ValueError as error:
                # The scheduler's words: a window that never opens.
                message, _, fix = str(error).rpartition("; ")
                _note(failed, Problem("", None, message or fix, fix if message else ""), persona)
        return _Read(
            tuple(reading for reading, _ in readings),
            _page(made.marked, readings),
            tuple(self._failures(item, failed)),
        )

    def _values(
        self,
        persona: Persona,
        item: Lesson | Issue | Notice,
        series: Course | Newsletter | None,
        next_title: str,
    ) -> Values:
        return values_for(
            persona,
            now=self.around.now,
            base_url=self.around.base_url,
            attributes=self.attributes,
            course=series if isinstance(series, Course) else None,
            lesson=item if isinstance(item, Lesson) else None,
            next_title=next_title,
        )

    def _failures(
        self, item: Lesson | Issue | Notice, failed: dict[tuple[str, str, str], list[str]]
    ) -> list[Finding]:
        findings = []
        for (rule, message, fix), keys in failed.items():
            whom = "every persona" if len(keys) == len(self.personas) else ", ".join(keys)
            findings.append(
                Finding(
                    rule=rule,
                    level=Level.ERROR,
                    path=item.source.path,
                    line=None,
                    message=f"{message} (for {whom})",
                    fix=fix,
                )
            )
        return findings


def _beside(
    series: Course | Newsletter | None, item: Lesson | Issue | Notice, next_title: str
) -> object:
    """Return what of the folder a persona's values depend on."""
    if not isinstance(series, Course):
        return None
    at = [lesson.id for lesson in series.lessons].index(item.id)
    return replace(series, lessons=()), series.lessons[at + 1 : at + 2], next_title


def _note(
    failed: dict[tuple[str, str, str], list[str]], problem: Problem, persona: Persona
) -> None:
    failed.setdefault((problem.rule, problem.message, problem.fix), []).append(persona.key)


def _lesson(course: Course, lesson: Lesson, by: Compiler) -> Content:
    return by.lesson(course, lesson)


def _issue(newsletter: Newsletter, issue: Issue, by: Compiler) -> Content:
    return by.issue(newsletter, issue)


def _notice(notice: Notice, by: Compiler) -> Content:
    return by.notice(notice)


def _page(marked: Content, readings: Sequence[tuple[Reading, Values]]) -> Page | None:
    """Return the longest mail as a tree."""
    if not readings:
        return None
    _, values = max(readings, key=lambda it: len(it[0].mail.html))
    return Page(Personaliser(marked).render(values).html)
