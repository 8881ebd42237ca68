"""The courses and newsletters of the project as the public pages show them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TypeVar

from bypost.content.loader import load_project_content
from bypost.content.watch import signature
from bypost.delivery.context import Context
from bypost.errors import ContentError
from bypost.model.asset import Asset
from bypost.model.course import Course, Issue, Lesson, Newsletter, Notice
from bypost.render.article import Article, Neutral, make_article
from bypost.render.assets import Gallery, column_of
from bypost.render.frames import FOLDER
from bypost.render.mail import Mail, everywhere, issue_mail, lesson_mail, notice_mail
from bypost.render.style import load_style
from bypost.web.facts import Facts, Line, days_of, later, lessons_of, minutes_of

#: Seconds between two looks at the files: a page that many people open costs no more for that.
_LOOK_SECONDS = 1.0
_LABELS: Mapping[str, str] = {"exercise": "Exercise", "note": "Note", "image": "Image"}

_Series = TypeVar("_Series", Course, Newsletter)


class Catalogue:
    """Reads the content again when a file changed; a folder that broke stays as it was."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._looked: float | None = None
        self._seen: object = None
        self._courses: dict[str, Course] = {}
        self._newsletters: dict[str, Newsletter] = {}
        self._notices: dict[str, Notice] = {}
        self._articles: dict[tuple[str, str, object], Article | None] = {}
        self._pictures: dict[str, Asset] = {}

    def courses(self) -> list[Course]:
        """Return every course, by folder name."""
        self._look()
        return list(self._courses.values())

    def course(self, name: str) -> Course | None:
        """Return one course; None where there is none."""
        self._look()
        return self._courses.get(name)

    def newsletters(self) -> list[Newsletter]:
        """Return every newsletter, by folder name."""
        self._look()
        return list(self._newsletters.values())

    def newsletter(self, name: str) -> Newsletter | None:
        """Return one newsletter; None where there is none."""
        self._look()
        return self._newsletters.get(name)

    def lesson(self, course: Course, lesson: Lesson, *, deeper: int = 0) -> Article | None:
        """Return a lesson to read, its headings ``deeper`` levels down; None for a broken one."""
        mail = lesson_mail(course, lesson, self._shared(), None)
        return self._article(mail, self._for_lesson(course, lesson), "page", deeper=deeper)

    def issue(self, newsletter: Newsletter, issue: Issue) -> Article | None:
        """Return an issue to read; None for a broken one."""
        mail = issue_mail(newsletter, issue, self._shared(), None)
        return self._article(mail, self._neutral(f"/newsletters/{newsletter.id}"), "page")

    def subject(self, notice: str, about: str) -> str:
        """Return the subject of a notice about something, as its mail will have it."""
        self._look()
        found = self._notices.get(notice)
        if found is None:
            return about
        mail = notice_mail(found, "en", self._shared(), None)
        article = self._article(mail, {"about.title": about}, about)
        return article.subject if article else about

    def picture(self, name: str) -> Asset | None:
        """Return a picture of a page shown since the content was read; None for any other."""
        return self._pictures.get(name)

    def facts(self, course: Course) -> Facts:
        """Return what the page says of a course."""
        now = self._context.clock.now()
        lessons = lessons_of(course, now.date())
        lines = [
            Line(
                number=number,
                id=one.id,
                title=article.title if article else one.subject,
                about=article.preheader if article else "",
                when=later(one.delay),
                minutes=article.minutes if article else 1,
            )
            for number, one in enumerate(lessons)
            for article in [self.lesson(course, one)]
        ]
        return Facts(
            lines=lines,
            lessons=max(1, len(lines) - 1),
            days=days_of(course, now),
            minutes=minutes_of(lines),
        )

    def _for_lesson(self, course: Course, lesson: Lesson) -> Neutral:
        """Return what a lesson says to nobody in particular; the next one comes "2 days later"."""
        neutral = dict(self._neutral(f"/courses/{course.id}"))
        place = [one.id for one in course.lessons].index(lesson.id)
        for after in course.lessons[place + 1 : place + 2]:
            said = later(after.delay)
            neutral |= {"next.when": said, "next.date": said}
            neutral["next.title"] = self._title(course, after)
        return neutral

    def _title(self, course: Course, lesson: Lesson) -> str:
        """Return a lesson's title; it may not say anything about the lesson after it."""
        mail = lesson_mail(course, lesson, self._shared(), None)
        article = self._article(mail, self._neutral(f"/courses/{course.id}"), "title")
        return article.title if article else lesson.subject

    def _neutral(self, home: str) -> Neutral:
        address = f"{self._context.links.base_url}{home}"
        return {
            "subscriber.email": "your address",
            "subscriber.time_zone": "your time zone",
            "subscriber.since": "the day you joined",
            "links.leave": address,
            "links.progress": address,
        }

    def _article(
        self, mail: Mail, neutral: Neutral, variant: object, *, deeper: int = 0
    ) -> Article | None:
        """Return a mail to read; ``variant`` tells apart what is made of the same mail."""
        key = (mail.collection, mail.item, (variant, deeper))
        if key not in self._articles:
            root = self._context.root
            try:
                style = load_style(root / FOLDER, FOLDER, self._context.settings.theme.theme())
            except ContentError:
                labels, gallery = _LABELS, Gallery(root, "")
            else:
                labels, gallery = style.words, Gallery(root, "", column_of(style))
            try:
                article = make_article(mail, neutral, labels, gallery, deeper=deeper)
            except ContentError:  # the author is told by `bypost check` and by every pass
                article = None
            self._articles[key] = article
            self._pictures.update(gallery.assets)
        return self._articles[key]

    def _shared(self) -> dict[str, dict[str, str | int]]:
        context = self._context
        found = everywhere(context.sender, context.links.base_url)
        return {root: dict(names) for root, names in found.items()}

    def _look(self) -> None:
        """Read the content again if a file changed."""
        with self._lock:
            now = self._context.clock.elapsed()
            if self._looked is not None and 0 <= now - self._looked < _LOOK_SECONDS:
                return
            self._looked = now
            found = signature(self._context.root)
            if found == self._seen:
                return
            library = load_project_content(self._context.root)
            broken = set(library.broken)
            self._courses = _kept(self._courses, library.courses, broken)
            self._newsletters = _kept(self._newsletters, library.newsletters, broken)
            self._notices = {one.id: one for one in library.notices}
            self._articles = {}
            self._pictures = {}
            self._seen = found


def _kept(
    before: dict[str, _Series], now: Sequence[_Series], broken: set[str]
) -> dict[str, _Series]:
    """Return what is there now, and what was there before and is broken now."""
    found = {name: one for name, one in before.items() if one.path in broken}
    found |= {one.id: one for one in now}
    return dict(sorted(found.items()))
