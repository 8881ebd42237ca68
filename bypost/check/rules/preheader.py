"""Preheaders: the line an inbox shows after the subject."""

from __future__ import annotations

from collections.abc import Iterator

from bypost.check.finding import Finding, Level
from bypost.check.rules.repeats import repeats
from bypost.check.sample import Sample, Series
from bypost.check.signs import signs

#: Signs: shorter, and the inbox fills up with the first line; longer, and it is cut off.
SHORTEST = 40
LONGEST = 110


def preheader_missing(sample: Sample) -> Iterator[Finding]:
    """Without a preheader the inbox shows whatever comes first."""
    if not sample.preheader.strip():
        yield sample.finding(
            "preheader-missing",
            Level.WARNING,
            "the preheader is empty; inboxes will show the first line of the mail",
            f"write {SHORTEST} to {LONGEST} signs that go on from the subject",
            line=sample.line("preheader"),
        )


def preheader_length(sample: Sample) -> Iterator[Finding]:
    """Too short or too long; one with expressions has no length of its own."""
    length = signs(sample.preheader.strip())
    if not length or "{{" in sample.preheader or SHORTEST <= length <= LONGEST:
        return
    yield sample.finding(
        "preheader-length",
        Level.WARNING,
        f"the preheader has {length} signs",
        f"write {SHORTEST} to {LONGEST}",
        line=sample.line("preheader"),
    )


def preheader_dup(series: Series) -> Iterator[Finding]:
    """Two mails with the same preheader are hard to tell apart."""
    for sample, first in repeats(series, lambda it: it.preheader):
        yield sample.finding(
            "preheader-dup",
            Level.WARNING,
            f"the preheader is also that of {first.source.path}",
            "give each mail a preheader of its own",
            line=sample.line("preheader"),
        )
