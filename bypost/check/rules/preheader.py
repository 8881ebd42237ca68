"""Preheaders: the line an inbox shows after the subject."""

from __future__ import annotations

from collections.abc import Iterator

from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.check.rules.repeats import repeats
from bypost.check.sample import Sample, Series
from bypost.check.signs import signs

#: Signs: shorter, and the inbox fills up with the first line; longer, and it is cut off.
SHORTEST = 40
LONGEST = 110

PREHEADER_MISSING = Rule(
    id="preheader-missing",
    level=Level.WARNING,
    title="No preheader",
    why="An inbox shows a line after the subject. Without a preheader that is whatever comes "
    "first in the mail, often a greeting.",
    fix=f"Write {SHORTEST} to {LONGEST} characters that go on from the subject.",
    source="How mail programs show a list of mails (2026-11)",
    bad='preheader: ""',
    good="preheader: One idea to a sentence, and what to do with the rest of them.",
)
PREHEADER_LENGTH = Rule(
    id="preheader-length",
    level=Level.WARNING,
    title="A preheader too short or too long",
    why=f"Under {SHORTEST} characters the inbox fills up the line with the first words of "
    f"the mail; what stands after {LONGEST} nobody sees there. One with expressions has no "
    "length of its own and is not measured.",
    fix=f"Write {SHORTEST} to {LONGEST} characters.",
    source="Client truncation tables of email testers (2026-11)",
    bad="preheader: About sentences.",
    good="preheader: One idea to a sentence, and what to do with the rest of them.",
)
PREHEADER_DUP = Rule(
    id="preheader-dup",
    level=Level.WARNING,
    title="A preheader that an earlier mail has",
    why="In a list of mails two with the same preheader are hard to tell apart.",
    fix="Give each mail of a folder a preheader of its own.",
    source="Good practice",
    bad="preheader: The next lesson of your course is here, in five minutes of reading.",
    good="preheader: One idea to a sentence, and what to do with the rest of them.",
)

RULES = (PREHEADER_MISSING, PREHEADER_LENGTH, PREHEADER_DUP)


def preheader_missing(sample: Sample) -> Iterator[Finding]:
    """Without a preheader the inbox shows whatever comes first."""
    if not sample.preheader.strip():
        yield sample.finding(
            PREHEADER_MISSING,
            "the preheader is empty; inboxes will show the first line of the mail",
            f"write {SHORTEST} to {LONGEST} characters that go on from the subject",
            line=sample.line("preheader"),
        )


def preheader_length(sample: Sample) -> Iterator[Finding]:
    """Too short or too long; one with expressions has no length of its own."""
    length = signs(sample.preheader.strip())
    if not length or "{{" in sample.preheader or SHORTEST <= length <= LONGEST:
        return
    yield sample.finding(
        PREHEADER_LENGTH,
        f"the preheader has {length} characters",
        f"write {SHORTEST} to {LONGEST}",
        line=sample.line("preheader"),
    )


def preheader_dup(series: Series) -> Iterator[Finding]:
    """Two mails with the same preheader are hard to tell apart."""
    for sample, first in repeats(series, lambda it: it.preheader):
        yield sample.finding(
            PREHEADER_DUP,
            f"the preheader is also that of {first.source.path}",
            "give each mail a preheader of its own",
            line=sample.line("preheader"),
        )


SAMPLE_CHECKS = (preheader_missing, preheader_length)
SERIES_CHECKS = (preheader_dup,)
