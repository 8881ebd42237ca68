"""What lessons say of the ones that follow, and whether it is true."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bypost.check.finding import Finding, Level
from bypost.check.prose import Passage, constant, language_of, passages
from bypost.check.rule import Rule
from bypost.check.rules.numbering import is_whole
from bypost.check.sample import Sample, Series
from bypost.model.course import Course
from scheduler.cadence import AtOnce, Cadence, Days, Weekdays

NEXT_PROMISE = Rule(
    id="next-promise",
    level=Level.WARNING,
    title="A promise of a lesson that does not come, or not then",
    why="The last lesson speaks of a next one, a lesson names one by a number that the course does "
    "not have, or says `tomorrow` where the next one comes later. Readers wait for what was "
    "promised and write when it does not come. Known are phrases in English, German, French and "
    "Spanish.",
    fix="Take the promise out of the last lesson. Elsewhere write `{{ next.when }}` and "
    "`{{ next.title }}`: they stay right when the course changes and when somebody chose another "
    "rhythm.",
    source="Good practice",
    bad="Tomorrow we will look at verbs.",
    good="The next lesson, {{ next.title }}, comes {{ next.when }}.",
)
COURSE_END = Rule(
    id="course-end",
    level=Level.INFO,
    title="A last lesson that does not say it is the last",
    why="Nothing in the last lesson tells that the course is over, and no mail follows it. People "
    "wait for the next one, and the moment at which they could be asked for an answer has passed. "
    "Looked for are words of an ending in English, German, French and Spanish, in courses of "
    "three lessons or more.",
    fix="End with a short mail: the whole course in a few lines, thanks, and one thing to do next.",
    source="Good practice",
    bad="A last lesson like every other.",
    good="This is the last mail of the course. Here it is on one page.",
)

RULES = (NEXT_PROMISE, COURSE_END)

_FEWEST_LESSONS = 3


@dataclass(frozen=True, slots=True)
class _Words:
    """How one language speaks of lessons.

    Attributes:
        following: Promises another lesson, at whatever time.
        tomorrow: Promises it for the next day.
        numbered: Names a lesson by its number.
        ending: Says that something is over.
    """

    following: re.Pattern[str]
    tomorrow: re.Pattern[str]
    numbered: re.Pattern[str]
    ending: re.Pattern[str]


def _words(following: str, tomorrow: str, numbered: str, ending: str) -> _Words:
    texts = (following, tomorrow, numbered, rf"\b(?:{ending})\b")
    # A space in the table is any space: phrases run over the ends of lines.
    return _Words(*(re.compile(text.replace(" ", r"\s+"), re.IGNORECASE) for text in texts))


_LANGUAGES = {
    "en": _words(
        r"(?<!no\s)(?<!not\sa\s)(?:\bnext (?:lesson|module|instal+ment)\b(?! plan)"
        r"|\b(?:the|my|our) next (?:e-?)?mail\b"
        r"|\bnext (?:time|week),? (?:we|i)(?:[’']ll| will)\b"
        r"|\bsee you (?:next (?:time|week)|in the next)\b)",
        r"\b(?:see|talk to|write to) you (?:again )?tomorrow\b"
        r"|\btomorrow[’']s (?:lesson|(?:e-?)?mail)\b"
        r"|\btomorrow,? (?:we|i|you)(?:[’']ll| will) "
        r"(?:cover|discuss|explore|find out|get|learn|look|meet|receive|see|send|show|turn)\b",
        r"\b(?:in|see) lesson (\d+)\b",
        r"last|final|ends?|ended|closing|close|finish(?:ed)?|complete[ds]?|good-?bye|farewell"
        r"|wrap(?:ping)?|thank you|thanks|congratulations|course is over|that was",
    ),
    "de": _words(
        r"(?<!keine\s)\b(?:nächste|kommende)[nrs]? (?:lektion|e-?mail|mail)\b",
        r"\bbis morgen\b|\bmorgen (?:bekommen|erfahren|geht es|lernen|schauen|schicke|sehen|zeige)",
        r"\b(?:in|siehe) lektion (\d+)\b",
        r"letzte[nrs]?|abschluss|schluss|abschließend|ende|geschafft|danke|vielen dank"
        r"|auf wiedersehen|fertig",
    ),
    "fr": _words(
        r"(?<!pas\sde\s)\b(?:prochaine leçon|leçon (?:prochaine|suivante)"
        r"|prochain (?:e-?mail|courriel|message))\b",
        r"\bà demain\b|\bdemain,? (?:nous|vous|je) ",
        r"\bleçon (\d+)\b",
        r"derni(?:er|ère)s?|fin|finir|terminée?s?|au revoir|merci|félicitations|conclusion",
    ),
    "es": _words(
        r"\b(?:próxima|siguiente) lección\b|\b(?:próximo|siguiente) (?:correo|mensaje)\b",
        r"\bhasta mañana\b|\bmañana (?:aprenderemos|recibirás|te enviaré|veremos)\b",
        r"\blección (\d+)\b",
        r"últim[oa]s?|final|fin|terminad[oa]s?|adiós|gracias|felicidades|despedida",
    ),
}


def next_promise(series: Series) -> Iterator[Finding]:
    """Promises that the order and the rhythm of a course do not keep."""
    course = series.of
    if not isinstance(course, Course) or not series.samples:
        return
    words = _LANGUAGES.get(language_of(course.language))
    if words is None or not is_whole(series.samples[0].around.root, series):
        return
    for at, sample in enumerate(series.samples):
        text = passages(sample.source)
        following = course.lessons[at + 1].delay if at + 1 < len(course.lessons) else None
        if following is None:
            yield from _after_the_last(sample, text, words)
        elif not _is_tomorrow(following):
            yield from _not_tomorrow(sample, text, words, following)
        yield from _unknown_number(sample, text, words, len(course.lessons))


def course_end(series: Series) -> Iterator[Finding]:
    """Whether the last lesson says in any word that it is the last."""
    course = series.of
    if not isinstance(course, Course) or not series.samples:
        return
    if len(course.lessons) < _FEWEST_LESSONS:
        return
    words = _LANGUAGES.get(language_of(course.language))
    if words is None or not is_whole(series.samples[0].around.root, series):
        return
    last = series.samples[-1]
    said = [constant(last.subject), constant(last.preheader)]
    said += [it.text for it in passages(last.source)]
    if not any(words.ending.search(text) for text in said):
        yield last.finding(
            COURSE_END,
            "the last lesson does not say that the course is over, and no mail follows it",
            "say so, or add a short closing mail",
        )


def _after_the_last(sample: Sample, text: Sequence[Passage], words: _Words) -> Iterator[Finding]:
    for pattern in (words.following, words.tomorrow):
        for said, line in _found(pattern, text):
            yield sample.finding(
                NEXT_PROMISE,
                f"“{said}” stands in the last lesson: nothing follows",
                "take it out, or write the lesson it promises",
                line=line,
            )


def _not_tomorrow(
    sample: Sample, text: Sequence[Passage], words: _Words, delay: Cadence
) -> Iterator[Finding]:
    for said, line in _found(words.tomorrow, text):
        yield sample.finding(
            NEXT_PROMISE,
            f"“{said}” promises the next lesson for tomorrow, but its delay is `{delay}`",
            "write `{{ next.when }}`, which is right at every rhythm",
            line=line,
        )


def _unknown_number(
    sample: Sample, text: Sequence[Passage], words: _Words, lessons: int
) -> Iterator[Finding]:
    for passage in text:
        for found in words.numbered.finditer(passage.text):
            if int(found[1]) > lessons:
                yield sample.finding(
                    NEXT_PROMISE,
                    f"“{_flat(found[0])}” is not in this course, which has {lessons} mails",
                    "correct the number, or name the lesson by its title",
                    line=passage.line + passage.text.count("\n", 0, found.start()),
                )


def _found(pattern: re.Pattern[str], text: Sequence[Passage]) -> Iterator[tuple[str, int]]:
    for passage in text:
        for found in pattern.finditer(passage.text):
            yield _flat(found[0]), passage.line + passage.text.count("\n", 0, found.start())


def _flat(text: str) -> str:
    return " ".join(text.split())


def _is_tomorrow(delay: Cadence) -> bool:
    return isinstance(delay, AtOnce) or delay in (Days(1), Weekdays(1))


SERIES_CHECKS = (next_promise, course_end)
