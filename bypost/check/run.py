"""All checks of a project, in one list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain, groupby
from pathlib import Path

from bypost.check import allow
from bypost.check.catalogue import CATALOGUE
from bypost.check.finding import Finding, Level, from_problem
from bypost.check.levels import AS_THEY_ARE, Levels, levels_of, without
from bypost.check.memory import Memory
from bypost.check.personas import SAMPLES
from bypost.check.rules import PROJECT_CHECKS, RULES, SAMPLE_CHECKS, SERIES_CHECKS, ProjectCheck
from bypost.check.sample import CLIENTS, Sample, Series, Surroundings, Whole
from bypost.check.trial import Trial
from bypost.content.loader import Library, load_project_content
from bypost.content.personas import Persona, load_personas
from bypost.errors import ContentError
from bypost.model.course import Course, Newsletter, Sender, Source
from bypost.model.theme import PLAIN, Theme
from bypost.people.columns import attribute_names
from bypost.render.compile import Compiler
from bypost.settings import Settings

_WEIGHT = {level: weight for weight, level in enumerate(Level)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A project, looked at once: what a command prints and a preview shows.

    Attributes:
        findings: By path and line; on one line the heaviest first. Each stands there once.
        series: Every mail that compiles, as each persona gets it, by folder.
        library: All content, as it was read.
        personas: Who the mails were made for.
    """

    findings: tuple[Finding, ...]
    series: tuple[Series, ...]
    library: Library
    personas: tuple[Persona, ...]

    def by_path(self) -> dict[str, tuple[Finding, ...]]:
        """Return path -> what was found there."""
        return {
            path: tuple(group) for path, group in groupby(self.findings, key=lambda it: it.path)
        }


def findings(
    root: Path, *, sender: Sender, base_url: str, now: datetime, theme: Theme = PLAIN
) -> list[Finding]:
    """Return the findings of :func:`examine`, every rule as it is."""
    return list(examine(root, sender=sender, base_url=base_url, now=now, theme=theme).findings)


def examine_project(
    root: Path,
    settings: Settings,
    *,
    now: datetime,
    further: Sequence[ProjectCheck] = (),
    memory: Memory | None = None,
) -> Examined:
    """Examine the project in ``root`` as its settings say.

    Raises:
        SettingsError: The section ``[check]`` names a rule that is not there.
    """
    return examine(
        root,
        sender=Sender(**settings.sender.model_dump()),
        base_url=settings.site.base_url,
        now=now,
        clients=settings.check.clients,
        levels=levels_of(settings.check),
        theme=settings.theme.theme(),
        further=further,
        memory=memory,
    )


def examine(
    root: Path,
    *,
    sender: Sender,
    base_url: str,
    now: datetime,
    clients: tuple[str, ...] = CLIENTS,
    levels: Levels = AS_THEY_ARE,
    theme: Theme = PLAIN,
    further: Sequence[ProjectCheck] = (),
    memory: Memory | None = None,
) -> Examined:
    """Load a project, make every mail for every persona, and ask every rule.

    Content that does not load or compile is among the findings, as errors; nothing is raised.

    Args:
        root: The project's folder.
        sender: Who the mails come from.
        base_url: Where the site is, without a slash at the end.
        now: The instant at which mails are taken to go out, aware.
        clients: Mail programs that the author minds, by their families at caniemail.com.
        levels: What the author decided about rules.
        theme: What the operator's settings change about the look.
        further: Checks that are not made each time, such as the one of links.
        memory: What an earlier look made; with it only what changed is compiled.
    """
    library = load_project_content(root)
    problems = [from_problem(it) for it in chain.from_iterable(library.broken.values())]
    personas = _personas(root, problems)
    around = Surroundings(
        root=root, sender=sender, base_url=base_url, now=now, theme=theme, clients=clients
    )
    memory = memory or Memory()
    trial = _trial(around, personas, problems, memory)
    series = tuple(trial.run(library)) if trial else ()
    judging = _judged(Whole(around, series), further, memory) if trial else ()
    judged = list(without(judging, levels))
    allowances, wrong = allow.read(_sources(library), CATALOGUE)
    asked = {rule.id for rule in RULES} - levels.off
    # Exceptions of a mail that cannot be made wait until it can: nobody knows what they are for.
    made = {sample.source.path for folder in series for sample in folder.samples}
    allowances = [it for it in allowances if it.path in made]
    kept = chain(allow.apply(judged, allowances, asked), wrong)
    weighed = (levels.weigh(finding) for finding in without(kept, levels))
    return Examined(
        findings=tuple(sorted(dict.fromkeys(chain(problems, weighed)), key=_order)),
        series=series,
        library=library,
        personas=personas,
    )


def _trial(
    around: Surroundings,
    personas: tuple[Persona, ...],
    problems: list[Finding],
    memory: Memory,
) -> Trial | None:
    """Return what makes the mails; None where nothing can, and then ``problems`` says why."""
    root, sender, base_url, theme = around.root, around.sender, around.base_url, around.theme
    further = frozenset(name for persona in personas for name in persona.attributes)
    attributes = attribute_names(root, further)
    memory.stand_on(root, sender, base_url, theme, attributes)

    def compilers() -> tuple[Compiler, Compiler]:
        plain, marker = (
            Compiler(
                root,
                sender=sender,
                base_url=base_url,
                attributes=attributes,
                theme=theme,
                lines=lines,
            )
            for lines in (False, True)
        )
        return plain, marker

    try:
        compiler, marker = memory.recall("compilers", "", None, compilers)
    except ContentError as error:
        problems.extend(from_problem(problem) for problem in error.problems)
        return None
    return Trial(
        compiler=compiler,
        marker=marker,
        personas=personas,
        around=around,
        attributes=attributes,
        found=problems,
        memory=memory,
    )


def _personas(root: Path, problems: list[Finding]) -> tuple[Persona, ...]:
    try:
        return load_personas(root) or SAMPLES
    except ContentError as error:
        problems.extend(from_problem(problem) for problem in error.problems)
        return SAMPLES


def _judged(whole: Whole, further: Sequence[ProjectCheck], memory: Memory) -> Iterator[Finding]:
    for folder in whole.series:
        for sample in folder.samples:
            seen = (sample.page, sample.readings, sample.item, _frame(sample.series), whole.around)
            yield from memory.recall(
                "judged", sample.source.path, seen, partial(_judged_alone, sample)
            )
        # Of a folder without one sound mail there is nothing to say beside its errors.
        for check_series in SERIES_CHECKS if folder.samples else ():
            yield from check_series(folder)
    for check_project in (*PROJECT_CHECKS, *further):
        yield from check_project(whole)


def _judged_alone(sample: Sample) -> tuple[Finding, ...]:
    return tuple(finding for check in SAMPLE_CHECKS for finding in check(sample))


def _frame(series: Course | Newsletter | None) -> object:
    """Return what a mail's own checks may look at of its folder: not the other mails."""
    if isinstance(series, Course):
        return replace(series, lessons=())
    return series and replace(series, issues=())


def _sources(library: Library) -> Iterator[Source]:
    """Yield every file of the library, also of folders with mistakes."""
    for one in (*library.courses, *library.newsletters, *library.unsound):
        items = one.lessons if isinstance(one, Course) else one.issues
        yield from (item.source for item in items)
    yield from (notice.source for notice in library.notices)


def _order(finding: Finding) -> tuple[str, int, int, str]:
    return finding.path, finding.line or 0, _WEIGHT[finding.level], finding.rule
