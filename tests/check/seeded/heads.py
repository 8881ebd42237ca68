"""Mistakes above the text: subjects, preheaders, delays and the other keys of a mail."""

from __future__ import annotations

from tests.check.seeded.defect import (
    BURNOUT,
    COMPARISON,
    DECIDE,
    ISSUE,
    VAGUE,
    Defect,
    edited,
    write,
)

_SUBJECT = "subject: What the team decides after you leave the room"

DEFECTS: tuple[Defect, ...] = (
    edited(
        "a subject of ninety signs",
        "subject-long",
        DECIDE,
        _SUBJECT,
        "subject: What the team decides after you have left the room and everybody has gone home"
        " again",
    ),
    edited("a subject of one word", "subject-short", DECIDE, _SUBJECT, "subject: Teams"),
    edited(
        "a subject that shouts",
        "subject-shout",
        DECIDE,
        _SUBJECT,
        "subject: READ THIS BEFORE YOUR NEXT INTERVIEW",
    ),
    edited(
        "a subject that pretends to be an answer",
        "subject-fake-re",
        DECIDE,
        _SUBJECT,
        'subject: "Re: your interview last week"',
    ),
    edited(
        "a subject made of a name alone",
        "subject-missing",
        DECIDE,
        _SUBJECT,
        'subject: "{{ subscriber.name }}"',
        also="subject-short var-fallback",
    ),
    edited(
        "two lessons with one subject",
        "subject-dup",
        BURNOUT,
        "subject: Burnout, and how to set limits to a long search",
        "subject: Vague feedback, and how little it tells you",
    ),
    Defect(
        name="the course's name before two subjects",
        rule="subject-front",
        path=VAGUE,
        steps=(
            write(DECIDE, "subject: What the", "subject: After the Interview, what the"),
            write(VAGUE, "subject: Vague", "subject: After the Interview, vague"),
        ),
        at="subject: After the Interview",
        also=frozenset({"subject-long"}),
    ),
    edited(
        "a subject with a colon and no quotes",
        "front-matter",
        DECIDE,
        _SUBJECT,
        "subject: Teams: what they decide",
    ),
    edited(
        "a preheader left empty",
        "preheader-missing",
        DECIDE,
        "preheader: Three questions, the people you are set against, and three sentences to"
        " prepare.",
        'preheader: ""',
    ),
    edited(
        "a preheader of two words",
        "preheader-length",
        VAGUE,
        "preheader: Who writes these mails, what they are allowed to say, and a log that keeps you"
        " honest.",
        "preheader: About feedback.",
    ),
    edited(
        "a preheader that says the subject again",
        "preheader-echo",
        DECIDE,
        "preheader: Three questions, the people you are set against, and three sentences to"
        " prepare.",
        "preheader: What the team decides after you leave the room.",
    ),
    edited(
        "a preheader copied from the lesson before",
        "preheader-dup",
        VAGUE,
        "preheader: Who writes these mails, what they are allowed to say, and a log that keeps you"
        " honest.",
        "preheader: Three questions, the people you are set against, and three sentences to"
        " prepare.",
    ),
    edited(
        "a delay that is none", "key", COMPARISON, "delay: 1 weekday", "delay: next working day"
    ),
    edited(
        "a second lesson at once", "cadence", COMPARISON, "delay: 1 weekday", "delay: at once"
    ),
    edited("a month of silence", "cadence", BURNOUT, "delay: 2 weekdays", "delay: 30 days"),
    edited("one lesson on a Sunday", "cadence", VAGUE, "delay: 2 weekdays",
           "delay: weekly on sunday"),
    edited(
        "an id copied along with the file",
        "duplicate-id",
        DECIDE,
        "id: what-teams-decide",
        "id: comparison",
    ),
    edited("a status mistyped", "key", ISSUE, "status: draft", "status: redy"),
    edited(
        "a day that no month has", "key", ISSUE, "date: 2026-12-01", "date: 2026-12-32"
    ),
)  # fmt: skip
