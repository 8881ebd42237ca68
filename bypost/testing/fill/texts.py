"""What was sent in a filled database: today's lessons, older versions of some, past issues."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from bypost.content.loader import load_project_content
from bypost.delivery.context import Context
from bypost.delivery.publish import Published
from bypost.delivery.shape import Shape
from bypost.delivery.wishes import compiler_for
from bypost.model.content import Content, Template
from bypost.model.course import Issue, Newsletter
from bypost.render import stored
from bypost.store import Connection, contents
from bypost.testing.fill.mails import Mails, Text

#: Every third lesson was changed once: an older text went out in the first so many parts.
_CHANGED_EVERY, _CHANGED_AFTER = 3, 0.45
_BETWEEN_ISSUES = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class PastIssue:
    """An issue that went out: the number of its text, its id, and its day."""

    newsletter: str
    id: str
    day: date
    hour: time
    text: int


class Texts:
    """Stores what was sent, and gives each text its number among the mails."""

    def __init__(self, context: Context, mails: Mails, *, start: datetime, now: datetime) -> None:
        self._context, self._mails = context, mails
        self._start, self._now = start, now

    def lessons(self, shape: Shape) -> list[tuple[int, int, int]]:
        """Return for each lesson its text, an older one, and until when that went out."""
        found = []
        changed = int((self._start + (self._now - self._start) * _CHANGED_AFTER).timestamp())
        for number, step in enumerate(shape.live):
            text = Text("lesson", shape.course, step.lesson, step.content_hash)
            newer = older = self._mails.name(text)
            if number % _CHANGED_EVERY == 1:
                before = self._older(step.content_hash)
                older = self._mails.name(replace(text, hash=before))
            found.append((newer, older, changed + number * 3600))
        return found

    def notice(self, published: Published, notice: str) -> int:
        """Return the text of a notice."""
        return self._mails.name(Text("notice", "", notice, published.notices[notice]))

    def issues(self) -> list[PastIssue]:
        """Return the issues of the past, made of the texts that the newsletters have."""
        found: list[PastIssue] = []
        library = load_project_content(self._context.root)
        for newsletter in library.newsletters:
            days = self._tuesdays() if newsletter.issues else []
            for number, day in enumerate(days):
                issue = newsletter.issues[number % len(newsletter.issues)]
                found.append(self._issue(newsletter, issue, day))
        return found

    def _tuesdays(self) -> list[date]:
        day = self._start.date() + timedelta(days=7)
        day += timedelta(days=(1 - day.weekday()) % 7)
        found = []
        while day < self._now.date():
            found.append(day)
            day += _BETWEEN_ISSUES
        return found

    def _issue(self, newsletter: Newsletter, issue: Issue, day: date) -> PastIssue:
        past = replace(issue, id=f"{day:%Y-%m-%d}-{issue.id}"[:64], at=None, day=day)
        compiled = compiler_for(self._context).issue(newsletter, past)
        with self._context.store.write() as connection:
            _save(connection, compiled, self._start)
        text = Text("issue", newsletter.id, compiled.item, compiled.hash)
        return PastIssue(newsletter.id, past.id, day, newsletter.hour, self._mails.name(text))

    def _older(self, digest: str) -> str:
        """Store an earlier version of a lesson, with another subject; return its hash."""
        with self._context.store.write() as connection:
            now = stored.load(contents.load(connection, digest))
            fields = {name: getattr(now, name) for name in Content.__slots__ if name != "hash"}
            subject = Template(("Earlier: ", *now.subject.parts))
            older = stored.hashed(**{**fields, "subject": subject})
            _save(connection, older, self._start)
        return older.hash


def _save(connection: Connection, content: Content, now: datetime) -> None:
    contents.save(
        connection,
        content.hash,
        stored.dump(content),
        kind=content.kind,
        collection=content.collection,
        item=content.item,
        title=content.title,
        now=now,
    )
