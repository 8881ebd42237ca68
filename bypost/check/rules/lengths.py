"""How a lesson compares with the others of its course, and whether it asks for anything."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from bypost.check.finding import Finding, Level
from bypost.check.prose import UNSPACED, language_of, length, passages, tokens
from bypost.check.rule import Rule
from bypost.check.sample import Sample, Series
from bypost.model.course import Course
from bypost.render.parser import OPEN

#: Courses with fewer lessons have no usual length.
FEWEST_LESSONS = 4
#: More than so many times the median, or less than one part in so many.
FACTOR = 2

LENGTH_OUTLIER = Rule(
    id="length-outlier",
    level=Level.WARNING,
    title="A lesson far longer or shorter than the others",
    why="People make room for a lesson by what the last ones took. One more than twice as long as "
    "the middle of the course is put off and not read; one less than half as long looks "
    f"unfinished. Courses of {FEWEST_LESSONS} lessons or more are looked at, without their first "
    "and last mail: a welcome and a farewell are short.",
    fix="Divide the long one, or cut it; add the example that the short one lacks, or join it with "
    "its neighbour.",
    source="Good practice; the factor of two is this product's own",
    bad="Lessons of 700, 650, 720 and 1,900 words.",
    good="Lessons of 700, 650, 720 and 900 words.",
)
COURSE_CTA = Rule(
    id="course-cta",
    level=Level.INFO,
    title="A lesson that asks for nothing",
    why="The lesson has no exercise, no button, no link and no question. People remember what they "
    "did with a lesson, and an answer by mail tells you more than any figure. Looked at are "
    "courses of three lessons or more, without their first and last mail.",
    fix="End with an exercise (`::: exercise`), or with one question to answer by replying.",
    source="Good practice",
    bad="Verbs carry a sentence. That is all for today.",
    good="::: exercise Five verbs\nUnderline five nouns in your last mail and make verbs of them.\n"
    ":::",
)

RULES = (LENGTH_OUTLIER, COURSE_CTA)

_QUESTIONS = ("?", "？", "؟", "⁇")


def length_outlier(series: Series) -> Iterator[Finding]:
    """Lessons beyond twice the median of their course, or below half of it."""
    if not isinstance(series.of, Course) or len(series.of.lessons) < FEWEST_LESSONS:
        return
    language = series.of.language
    lengths = {it.source.path: _length(it, language) for it in series.samples}
    inner = _inner(series, series.of)
    usual = median([lengths[it.source.path] for it in inner] or [0])
    unit = "characters" if language_of(language) in UNSPACED else "words"
    for sample in series.samples:
        count = lengths[sample.source.path]
        if count > FACTOR * usual > 0:
            advice = "divide it, or cut it"
        elif sample in inner and count * FACTOR < usual:
            advice = "say more, or join it with its neighbour"
        else:
            continue
        message = f"has {count:,} {unit}; lessons of this course have about {usual:,.0f}"
        yield sample.finding(LENGTH_OUTLIER, message, advice)


def course_cta(series: Series) -> Iterator[Finding]:
    """Lessons without anything to do or to answer."""
    if not isinstance(series.of, Course) or len(series.of.lessons) < FEWEST_LESSONS - 1:
        return
    for sample in _inner(series, series.of):
        if not _asks(sample):
            yield sample.finding(
                COURSE_CTA,
                "the lesson has no exercise, button, link or question",
                "end with `::: exercise`, or with a question to answer by replying",
            )


def _inner(series: Series, course: Course) -> list[Sample]:
    """Return the lessons between the first and the last."""
    ids = {it.id for it in course.lessons[1:-1]}
    return [it for it in series.samples if it.item.id in ids]


def _length(sample: Sample, language: str) -> int:
    return sum(length(it.text, language) for it in passages(sample.source))


def _asks(sample: Sample) -> bool:
    boxes = (it.info.split()[0] for it in tokens(sample.source.body) if it.type == OPEN)
    if not {"exercise", "button"}.isdisjoint(boxes):
        return True
    page = sample.page
    if page and any(page.line(link) is not None for link in page.find("a[href]")):
        return True
    return any(sign in it.text for it in passages(sample.source) for sign in _QUESTIONS)


SERIES_CHECKS = (length_outlier, course_cta)
