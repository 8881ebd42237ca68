"""Subjects: there, long enough to say something, short enough to be read, each its own."""

from __future__ import annotations

from collections.abc import Iterator

from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.check.rules.repeats import repeats
from bypost.check.sample import Sample, Series
from bypost.check.signs import signs

#: What most mail programs show of a subject, in signs.
LONGEST = 60
SHORTEST = 10

SUBJECT_MISSING = Rule(
    id="subject-missing",
    level=Level.ERROR,
    title="No subject for somebody",
    why="The subject is empty for at least one persona, as a rule because it is made of a value "
    "that this person never gave. A mail without a subject looks like a mistake, and many are "
    "deleted unread or taken for junk.",
    fix="Give the expression a text for those who lack the value.",
    source="Good practice",
    bad='subject: "{{ subscriber.name }}"',
    good="subject: \"{{ subscriber.name|default('A question for you', true) }}\"",
)
SUBJECT_LONG = Rule(
    id="subject-long",
    level=Level.WARNING,
    title="A subject that inboxes cut off",
    why="Inboxes show 33 characters of a subject on a small phone, about 70 on a wide screen. What "
    f"stands after the first {LONGEST} is read by few. It is counted as each persona sees it.",
    fix="Shorten it, or put first what tells this mail from the others.",
    source="Client truncation tables of email testers (2026-11)",
    bad="subject: In this lesson we will learn how sentences get shorter when you cut them in two",
    good="subject: Cut your sentences in two",
)
SUBJECT_SHORT = Rule(
    id="subject-short",
    level=Level.WARNING,
    title="A subject that says too little",
    why=f"With fewer than {SHORTEST} characters a subject does not tell what the mail is about.",
    fix="Say what the mail is about.",
    source="The lower limit that Buttondown's own check uses (2026-11)",
    bad="subject: Verbs",
    good="subject: Let the verbs do the work",
)
SUBJECT_DUP = Rule(
    id="subject-dup",
    level=Level.WARNING,
    title="A subject that an earlier mail has",
    why="Two mails with one subject look like one sent twice, and some mail programs put them "
    "into one conversation. Case and spacing make no difference.",
    fix="Give each mail of a folder a subject of its own.",
    source="Good practice",
    bad="subject: Your next lesson",
    good="subject: Cut your sentences in two",
)

RULES = (SUBJECT_MISSING, SUBJECT_LONG, SUBJECT_SHORT, SUBJECT_DUP)


def subject_missing(sample: Sample) -> Iterator[Finding]:
    """A mail without a subject looks like a mistake, and is one."""
    keys = [it.persona.key for it in sample.readings if not it.mail.subject.strip()]
    if keys:
        yield sample.finding(
            SUBJECT_MISSING,
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
        length = f"{longest[0]} characters for {longest[1]}"
        message = f"the subject has {length}; inboxes show about {LONGEST}"
        fix = "shorten it, or put what matters first"
        yield sample.finding(SUBJECT_LONG, message, fix, line=line)
    if shortest[0] < SHORTEST:
        length = "1 character" if shortest[0] == 1 else f"{shortest[0]} characters"
        message = f"the subject has {length} for {shortest[1]}"
        yield sample.finding(SUBJECT_SHORT, message, "say what the mail is about", line=line)


def subject_dup(series: Series) -> Iterator[Finding]:
    """Two mails with the same subject look like one sent twice."""
    for sample, first in repeats(series, lambda it: it.subject):
        yield sample.finding(
            SUBJECT_DUP,
            f"the subject is also that of {first.source.path}",
            "give each mail a subject of its own",
            line=sample.line("subject"),
        )


SAMPLE_CHECKS = (subject_missing, subject_length)
SERIES_CHECKS = (subject_dup,)
