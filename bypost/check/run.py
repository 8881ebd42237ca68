"""All checks of a project, in one list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from bypost.check.finding import Finding, Level, from_problem
from bypost.check.personas import SAMPLES
from bypost.check.rules import PROJECT_CHECKS, SAMPLE_CHECKS, SERIES_CHECKS
from bypost.check.sample import Series, Surroundings, Whole
from bypost.check.trial import Trial
from bypost.content.loader import Library, load_project_content
from bypost.content.personas import Persona, load_personas
from bypost.errors import ContentError
from bypost.model.course import Sender
from bypost.model.theme import PLAIN, Theme
from bypost.people.columns import attribute_names
from bypost.render.compile import Compiler

_WEIGHT = {level: weight for weight, level in enumerate(Level)}


def findings(
    root: Path, *, sender: Sender, base_url: str, now: datetime, theme: Theme = PLAIN
) -> list[Finding]:
    """Return everything the checks have to say about the project in ``root``.

    Content that does not load or compile is among it, as errors; nothing is raised for it.

    Args:
        root: The project's folder.
        sender: Who the mails come from.
        base_url: Where the site is, without a slash at the end.
        now: The instant at which mails are taken to go out, aware.
        theme: What the operator's settings change about the look.

    Returns:
        By path and line; on one line the heaviest first. Each finding stands there once.
    """
    library = load_project_content(root)
    found = [from_problem(it) for problems in library.broken.values() for it in problems]
    personas = _personas(root, found)
    further = frozenset(name for persona in personas for name in persona.attributes)
    attributes = attribute_names(root, further)
    try:
        compiler, marker = (
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
    except ContentError as error:
        found.extend(from_problem(problem) for problem in error.problems)
    else:
        trial = Trial(
            compiler=compiler,
            marker=marker,
            personas=personas,
            around=Surroundings(root=root, sender=sender, base_url=base_url, now=now, theme=theme),
            attributes=attributes,
            found=found,
        )
        found.extend(_judged(trial, library))
    return sorted(dict.fromkeys(found), key=_order)


def _personas(root: Path, found: list[Finding]) -> tuple[Persona, ...]:
    try:
        return load_personas(root) or SAMPLES
    except ContentError as error:
        found.extend(from_problem(problem) for problem in error.problems)
        return SAMPLES


def _judged(trial: Trial, library: Library) -> Iterator[Finding]:
    series: list[Series] = trial.run(library)
    for folder in series:
        for sample in folder.samples:
            for check_sample in SAMPLE_CHECKS:
                yield from check_sample(sample)
        for check_series in SERIES_CHECKS:
            yield from check_series(folder)
    whole = Whole(trial.around, tuple(series))
    for check_project in PROJECT_CHECKS:
        yield from check_project(whole)


def _order(finding: Finding) -> tuple[str, int, int, str]:
    return finding.path, finding.line or 0, _WEIGHT[finding.level], finding.rule
