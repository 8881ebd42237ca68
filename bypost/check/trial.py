"""A trial: every mail of a library is compiled, and rendered for every persona."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bypost.check.finding import Finding, Level, from_problem
from bypost.check.personas import values_for
from bypost.check.sample import Reading, Sample, Series
from bypost.content.loader import NOTICES, Library
from bypost.content.personas import Persona
from bypost.errors import ContentError, Problem
from bypost.model.content import Content
from bypost.model.course import Course, Issue, Kind, Lesson, Newsletter, Notice
from bypost.render.compile import Compiler
from bypost.render.personalise import Personaliser


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Makes samples; what stands in the way becomes a finding.

    Attributes:
        now: The instant at which all mails are taken to go out, aware.
        base_url: Where the site is, without a slash at the end.
        attributes: Known attribute names of subscribers.
        found: Everything wrong so far.
    """

    compiler: Compiler
    personas: Sequence[Persona]
    now: datetime
    base_url: str
    attributes: Collection[str]
    found: list[Finding]

    def run(self, library: Library) -> list[Series]:
        """Return the samples of ``library``, folder by folder, broken folders too."""
        series = [
            Series(
                one.path, self._course(one) if isinstance(one, Course) else self._newsletter(one)
            )
            for one in (*library.courses, *library.newsletters, *library.unsound)
        ]
        notices = [
            (notice, self._compile(partial(self.compiler.notice, notice)))
            for notice in library.notices
        ]
        samples = [self._sample(Kind.NOTICE, item, made) for item, made in notices if made]
        return [*series, Series(NOTICES, tuple(samples))]

    def _newsletter(self, newsletter: Newsletter) -> tuple[Sample, ...]:
        contents = [
            (issue, self._compile(partial(self.compiler.issue, newsletter, issue)))
            for issue in newsletter.issues
        ]
        return tuple(self._sample(Kind.ISSUE, item, made) for item, made in contents if made)

    def _course(self, course: Course) -> tuple[Sample, ...]:
        # All first: each lesson may name the heading of the one after it.
        contents = [
            self._compile(partial(self.compiler.lesson, course, lesson))
            for lesson in course.lessons
        ]
        samples = []
        for at, (lesson, content) in enumerate(zip(course.lessons, contents, strict=True)):
            following = contents[at + 1] if at + 1 < len(contents) else None
            title = following.title if following else ""
            if content:
                samples.append(self._sample(Kind.LESSON, lesson, content, course, title))
        return tuple(samples)

    def _compile(self, compile_one: Callable[[], Content]) -> Content | None:
        try:
            return compile_one()
        except ContentError as error:
            self.found.extend(from_problem(problem) for problem in error.problems)
            return None

    def _sample(
        self,
        kind: Kind,
        item: Lesson | Issue | Notice,
        content: Content,
        course: Course | None = None,
        next_title: str = "",
    ) -> Sample:
        return Sample(
            kind=kind,
            subject=item.subject,
            preheader=item.preheader,
            source=item.source,
            content=content,
            readings=self._readings(item, content, course, next_title),
        )

    def _readings(
        self,
        item: Lesson | Issue | Notice,
        content: Content,
        course: Course | None,
        next_title: str,
    ) -> tuple[Reading, ...]:
        readings: list[Reading] = []
        failed: dict[tuple[str, str, str], list[str]] = {}
        personaliser = Personaliser(content)
        for persona in self.personas:
            try:
                values = values_for(
                    persona,
                    now=self.now,
                    base_url=self.base_url,
                    attributes=self.attributes,
                    course=course,
                    lesson=item if isinstance(item, Lesson) else None,
                    next_title=next_title,
                )
                readings.append(Reading(persona, personaliser.render(values)))
            except ContentError as error:
                for problem in error.problems:
                    _note(failed, problem, persona)
            except ValueError as error:
                # The scheduler's words: a window that never opens.
                message, _, fix = str(error).rpartition("; ")
                _note(failed, Problem("", None, message or fix, fix if message else ""), persona)
        self.found.extend(self._failures(item, failed))
        return tuple(readings)

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


def _note(
    failed: dict[tuple[str, str, str], list[str]], problem: Problem, persona: Persona
) -> None:
    failed.setdefault((problem.rule, problem.message, problem.fix), []).append(persona.key)
