"""What a persona's mail is filled with on the bench."""

from __future__ import annotations

from datetime import datetime

from bypost.check.personas import values_for
from bypost.content.personas import Persona
from bypost.errors import ContentError, Problem
from bypost.model.content import Content, Values, full_name
from bypost.model.course import Course, Lesson
from bypost.web.preview.session import Session
from bypost.web.preview.shelf import Entry


def values_of(
    session: Session, entry: Entry, content: Content, persona: Persona, at: datetime
) -> Values:
    """Return what the slots of a mail are filled with for ``persona`` at the instant ``at``.

    Raises:
        ContentError: there is no telling when the next lesson comes.
    """
    state = session.state
    try:
        return values_for(
            persona,
            now=at,
            base_url=state.settings.site.base_url,
            attributes=state.attributes,
            course=entry.series if isinstance(entry.series, Course) else None,
            lesson=entry.item if isinstance(entry.item, Lesson) else None,
            next_title=_next_title(session, entry, content),
        )
    except ValueError as error:  # the scheduler's words: a window that never opens
        message, _, fix = str(error).rpartition("; ")
        problem = Problem(entry.path, None, message or fix, fix if message else "")
        raise ContentError(problem) from error


def name_of(entry: Entry) -> str:
    """Return ``course/lesson``, ``newsletter/issue`` or a notice's id; empty while unreadable."""
    if entry.item is None:
        return ""
    return full_name(entry.series.id if entry.series else "", entry.item.id)


def find(session: Session, name: str) -> Entry | None:
    """Return the mail of that name; a file's path names it too."""
    entries = session.shelf.entries
    return next((one for one in entries if name and name in (name_of(one), one.path)), None)


def _next_title(session: Session, entry: Entry, content: Content) -> str:
    """Return the heading of the lesson that follows, where the mail names it."""
    if "next.title" not in content.needs or not isinstance(entry.series, Course):
        return ""
    entries = [one for one in session.shelf.entries if one.series is entry.series]
    place = entries.index(entry) + 1
    try:
        return session.content(entries[place]).title if place < len(entries) else ""
    except ContentError:
        return ""
