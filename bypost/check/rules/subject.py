"""Subjects: there, long enough to say something, short enough to be read, each its own."""

from __future__ import annotations

from collections.abc import Iterator

from bypost.check.finding import Finding, Level
from bypost.check.rules.repeats import repeats
from bypost.check.sample import Sample, Series
from bypost.check.signs import signs

#: What most mail programs show of a subject, in signs.
LONGEST = 60
SHORTEST = 10


def subject_missing(sample: Sample) -> Iterator[Finding]:
    """A mail without a subject looks like a mistake, and is one."""
    keys = [it.persona.key for it in sample.readings if not it.mail.subject.strip()]
    if keys:
        yield sample.finding(
            "subject-missing",
            Level.ERROR,
            f"the subject is empty for {', '.join(keys)}",
            'give the expression another text: {{ subscriber.name|default("Hello", true) }}',
            line=sample.line("subject"),
        )


def subject_length(sample: Sample) -> Iterator[Finding]:
    """``subject-long`` and ``subject-short``, counted as each persona sees it."""
    lengths = [(signs(it.mail.subject), it.persona.key) for it in sample.readings]
    lengths = [(length, key) for length, key in lengths if length]
    if not lengths:
        return
    longest, shortest = max(lengths), min(lengths)
    line = sample.line("subject")
    if longest[0] > LONGEST:
        message = (
            f"the subject has {longest[0]} signs for {longest[1]}; inboxes show about {LONGEST}"
        )
        fix = "shorten it, or put what matters first"
        yield sample.finding("subject-long", Level.WARNING, message, fix, line=line)
    if shortest[0] < SHORTEST:
        message = f"the subject has {shortest[0]} signs for {shortest[1]}"
        fix = "say what the mail is about"
        yield sample.finding("subject-short", Level.WARNING, message, fix, line=line)


def subject_dup(series: Series) -> Iterator[Finding]:
    """Two mails with the same subject look like one sent twice."""
    for sample, first in repeats(series, lambda it: it.subject):
        yield sample.finding(
            "subject-dup",
            Level.WARNING,
            f"the subject is also that of {first.source.path}",
            "give each mail a subject of its own",
            line=sample.line("subject"),
        )
