"""What anybody may read: lessons of courses that allow it, and issues that went out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from starlette.responses import Response

from bypost.delivery import issue_order
from bypost.model.course import Course, IssueStatus, Newsletter
from bypost.render.article import Article
from bypost.store import issues as store
from bypost.web.doors import Doors
from bypost.web.facts import lessons_of
from bypost.web.public import LISTED, Card, Link
from bypost.web.when import zone_of

#: Texts change seldom: browsers and whatever stands between may keep them for five minutes.
_KEPT = {**LISTED, "Cache-Control": "public, max-age=300"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """An issue that went out.

    Attributes:
        at: Its date, in the newsletter's zone.
    """

    id: str
    path: str
    at: datetime
    article: Article


class Archive:
    """The pages to read."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def issues(self, newsletter: Newsletter) -> list[Out]:
        """Return the issues that went out and are still there to read, newest first."""
        with self._doors.context.store.read() as connection:
            out, orders = store.out(connection), issue_order.every(connection)
        found = []
        for written in newsletter.issues:
            issue = issue_order.scheduled(written, orders.get((newsletter.id, written.id)))
            if (newsletter.id, issue.id) not in out or issue.status is not IssueStatus.READY:
                continue
            article = self._doors.catalogue.issue(newsletter, issue)
            zone = zone_of(newsletter.time_zone)
            if issue.at is not None:
                at = issue.at.astimezone(zone)
            elif issue.day is not None:
                at = datetime.combine(issue.day, issue.hour or time(9), zone)
            else:
                continue
            if article is not None:
                path = f"/newsletters/{newsletter.id}/issues/{issue.id}"
                found.append(Out(id=issue.id, path=path, at=at, article=article))
        return sorted(found, key=lambda one: one.at, reverse=True)

    def lessons(self, course: Course) -> list[tuple[str, Link]]:
        """Return the lessons that anybody may read: id, and where."""
        if not course.archive:
            return []
        today = self._doors.context.clock.now().date()
        facts = self._doors.catalogue.facts(course)
        public = {one.id for one in lessons_of(course, today)}
        return [
            (line.id, Link(f"/courses/{course.id}/lessons/{line.id}", line.title))
            for line in facts.lines
            if line.id in public
        ]

    def issue(self, newsletter: str, issue: str) -> Response:
        """Show one issue."""
        found = self._doors.catalogue.newsletter(newsletter)
        issues = self.issues(found) if found else []
        place = next((at for at, one in enumerate(issues) if one.id == issue), None)
        if found is None or place is None:
            return self._missing()
        one = issues[place]
        oldest_first = [Link(other.path, other.article.title) for other in issues][::-1]
        about = {
            "at": one.at,
            "language": found.language,
            "place": "An issue of",
            "series": found.title,
            "home_path": f"/newsletters/{found.id}",
            "invitation": "Get the next one by email",
        }
        return self._show(one.article, one.path, oldest_first, about)

    def lesson(self, course: str, lesson: str) -> Response:
        """Show one lesson of a course that allows it."""
        found = self._doors.catalogue.course(course)
        lessons = self.lessons(found) if found else []
        wanted = next((link for name, link in lessons if name == lesson), None)
        if found is None or wanted is None:
            return self._missing()
        article = next(
            self._doors.catalogue.lesson(found, one) for one in found.lessons if one.id == lesson
        )
        if article is None:
            return self._missing()
        number = [name for name, _ in lessons].index(lesson)
        about = {
            "at": None,
            "language": found.language,
            "place": f"Lesson {number} of" if number else "The welcome to",
            "series": found.title,
            "home_path": f"/courses/{found.id}",
            "invitation": "Get the course by email" if found.open else "About the course",
        }
        return self._show(article, wanted.path, [link for _, link in lessons], about)

    def _show(
        self, article: Article, path: str, order: Sequence[Link], about: Mapping[str, object]
    ) -> Response:
        place = [link.path for link in order].index(path)
        url = f"{self._doors.context.links.base_url}{path}"
        values = {
            **about,
            "article": article,
            "card": Card(url=url, title=article.title, about=article.preheader, kind="article"),
            "before": order[place - 1] if place else None,
            "after": order[place + 1] if place + 1 < len(order) else None,
        }
        return self._doors.pages.show("article", 200, _KEPT, **values)

    def _missing(self) -> Response:
        return self._doors.pages.say(
            "There is nothing to read here", "Check the address, or come back later.", status=404
        )
