"""Links from one mail to the page of another: it must be there, and must have come before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from bypost.check.finding import Finding, Level
from bypost.check.rule import Rule
from bypost.check.sample import Sample, Series, Whole
from bypost.model.course import Course, Issue, IssueStatus, Lesson, Newsletter

LINK_LESSON = Rule(
    id="link-lesson",
    level=Level.ERROR,
    title="A link to a lesson that is not there, or not yet",
    why="The mail links to a page of this site that shows a lesson or an issue. The page does not "
    "exist where the course or the lesson has another id, where the course does not publish its "
    "lessons (`archive`), or where an issue is a draft. A person's own pages "
    "(`{{ links.progress }}/lessons/ID`) show only what they have had, so a link to a later "
    "lesson leads nowhere. It is a warning where the page is public but the lesson comes later: "
    "the course gives itself away.",
    fix="Link to a lesson that comes before this one, by the `id` in its front matter.",
    source="The addresses of this product's site",
    bad="[the lesson on nouns]({{ links.progress }}/lessons/nouns) in the lesson before it",
    good="[the lesson on verbs]({{ links.progress }}/lessons/verbs) in a lesson after it",
)

RULES = (LINK_LESSON,)

_PUBLIC = re.compile(r"/courses/([^/?#]+)(?:/lessons/([^/?#]+))?/?(?:[?#]|$)")
_OWN = re.compile(r"/p/[^/?#]+/lessons/([^/?#]+)(?:/mail)?/?(?:[?#]|$)")
_ISSUE = re.compile(r"/newsletters/([^/?#]+)(?:/issues/([^/?#]+))?/?(?:[?#]|$)")

_NO_PAGE = "correct the id, or leave the link out"


@dataclass(frozen=True, slots=True)
class _Site:
    """What has pages: courses and newsletters by id."""

    base_url: str
    courses: Mapping[str, Course]
    newsletters: Mapping[str, Newsletter]


@dataclass(frozen=True, slots=True)
class _Flaw:
    """What is wrong with a link."""

    message: str
    fix: str = _NO_PAGE
    level: Level = Level.ERROR


def link_lesson(whole: Whole) -> Iterator[Finding]:
    """Every link of every mail that leads to a page of a course or a newsletter."""
    folders = [it.of for it in whole.series]
    site = _Site(
        whole.around.base_url.rstrip("/"),
        {it.id: it for it in folders if isinstance(it, Course)},
        {it.id: it for it in folders if isinstance(it, Newsletter)},
    )
    for series in whole.series:
        for sample in series.samples:
            yield from _links(site, series, sample)


def _links(site: _Site, series: Series, sample: Sample) -> Iterator[Finding]:
    if sample.page is None:
        return
    for link in sample.page.find("a[href]"):
        address = (link.attributes or {}).get("href") or ""
        line = sample.page.line(link)
        if line is None or not address.startswith(f"{site.base_url}/"):
            continue
        flaw = _flaw(site, series, sample, address.removeprefix(site.base_url))
        if flaw:
            yield sample.finding(LINK_LESSON, flaw.message, flaw.fix, line=line, level=flaw.level)


def _flaw(site: _Site, series: Series, sample: Sample, path: str) -> _Flaw | None:
    if found := _OWN.match(path):
        return _own(series.of, sample, unquote(found[1]))
    if found := _PUBLIC.match(path):
        course, lesson = unquote(found[1]), unquote(found[2] or "")
        return _public(site, series.of, sample, course, lesson)
    if found := _ISSUE.match(path):
        newsletter, issue = unquote(found[1]), unquote(found[2] or "")
        return _issue(site, sample, newsletter, issue)
    return None


def _own(course: Course | Newsletter | None, sample: Sample, lesson: str) -> _Flaw | None:
    """A person's own page of a lesson: of this course, and only of what they have had."""
    if not isinstance(course, Course) or not isinstance(sample.item, Lesson):
        return _Flaw(f"`{lesson}` is no page here: only a course has lessons to read again")
    ids = [it.id for it in course.lessons]
    if lesson not in ids:
        return _Flaw(f"this course has no lesson with the id `{lesson}`")
    if ids.index(lesson) > ids.index(sample.item.id):
        return _Flaw(
            f"the lesson `{lesson}` has not been sent when this mail is read: its page is closed",
            "link to a lesson before this one, or say `{{ next.when }}`",
        )
    return None


def _public(
    site: _Site, own: Course | Newsletter | None, sample: Sample, name: str, lesson: str
) -> _Flaw | None:
    """A page of a course for everybody."""
    course = site.courses.get(name)
    if course is None:
        return _Flaw(f"there is no course with the id `{name}`")
    ids = [it.id for it in course.lessons]
    if not lesson:
        return None
    if lesson not in ids:
        return _Flaw(f"the course `{name}` has no lesson with the id `{lesson}`")
    if not course.archive:
        return _Flaw(
            f"the course `{name}` does not publish its lessons: this page does not exist",
            "write `archive = true` into course.toml, or link to "
            f"`{{{{ links.progress }}}}/lessons/{lesson}`",
        )
    if own is course and ids.index(lesson) > ids.index(sample.item.id):
        return _Flaw(
            f"the lesson `{lesson}` has not been sent when this mail is read",
            "link to a lesson before this one",
            Level.WARNING,
        )
    return None


def _issue(site: _Site, sample: Sample, name: str, issue: str) -> _Flaw | None:
    """A page of a newsletter or of one of its issues."""
    newsletter = site.newsletters.get(name)
    if newsletter is None:
        return _Flaw(f"there is no newsletter with the id `{name}`")
    found = next((it for it in newsletter.issues if it.id == issue), None)
    if not issue:
        return None
    if found is None:
        return _Flaw(f"the newsletter `{name}` has no issue with the id `{issue}`")
    # A link from a draft to a draft is sent only when somebody made both of them ready.
    drafted = isinstance(sample.item, Issue) and sample.item.status is IssueStatus.DRAFT
    if found.status is IssueStatus.DRAFT and not drafted:
        return _Flaw(f"the issue `{issue}` is a draft: its page does not exist")
    return None


PROJECT_CHECKS = (link_lesson,)
