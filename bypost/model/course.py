"""What authors write: courses with lessons, newsletters with issues, notices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

from scheduler.cadence import Cadence
from scheduler.season import Season
from scheduler.window import Window


class IfPast(StrEnum):
    """What becomes of a lesson for people who are past its place and have not had it."""

    SKIP = "skip"  #: they never get it
    NEXT = "next"  #: it is their next one
    AT_END = "at_end"  #: it comes after all others


class Kind(StrEnum):
    """What a delivery carries."""

    LESSON = "lesson"
    ISSUE = "issue"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Markdown as the author wrote it, and where it stands.

    Attributes:
        path: File relative to the project folder, with forward slashes.
        body: The Markdown below the front matter.
        body_line: Line of the file on which the body begins, counting from 1.
        key_lines: Line of each front-matter key, for errors about its value.
    """

    path: str
    body: str
    body_line: int = 1
    key_lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One lesson; ``id`` is its identity, whatever its file is called or where it stands.

    Attributes:
        delay: Wait after the acceptance of the lesson before it.
        not_before: Local date before which it does not go out.
        expires: Local date from which on it is left out.
        window: Its own window; None for the course's.
        if_past: For people past its place; None where the author has not said: as SKIP, but a
            change that would make somebody miss it is refused.
        season: The days of each year on which it goes out; None for all.
        instead_of: Id of the lesson whose place it takes while that one does not go out; empty
            for a lesson of its own.
    """

    id: str
    subject: str
    preheader: str
    delay: Cadence
    source: Source
    not_before: date | None = None
    expires: date | None = None
    window: Window | None = None
    if_past: IfPast | None = None
    season: Season | None = None
    instead_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """An ordered list of lessons with a rhythm; one folder under ``lessons/``.

    Attributes:
        id: The folder's name.
        language: BCP 47 tag for ``lang``.
        time_zone: IANA zone for people whose own is not known.
        hour: Local hour at which a lesson falls due for people who named none.
        at_least_once: Send a lesson again whose answer was lost and that nobody can be asked
            about, at the risk of a second copy; else it is shown as unknown.
        most_a_day: How many lessons a person may have within 24 hours by asking for the next one
            now; 0 does not offer it.
        goodbye: Whether who leaves is told so by a mail.
        clicks: Whether clicks are counted: links of its mails lead through this site.
        settings: The author's own values, reached as ``course.NAME``; empty means "not set".
        promise: What a person has in the end, for the head of the course page; may be empty.
        for_whom: Whom it is for, a line each.
        sample: Id of the lesson that the course page shows in full; empty for none.
        image: Address of a picture for links shared elsewhere; empty for none.
        open: Whether people can sign up.
        archive: Whether every lesson has a public page.
    """

    id: str
    title: str
    summary: str
    language: str
    time_zone: str
    hour: time
    window: Window
    settings: Mapping[str, str]
    lessons: tuple[Lesson, ...]
    path: str
    at_least_once: bool = False
    most_a_day: int = 2
    goodbye: bool = False
    clicks: bool = False
    promise: str = ""
    for_whom: tuple[str, ...] = ()
    sample: str = ""
    image: str = ""
    open: bool = True
    archive: bool = False


class IssueStatus(StrEnum):
    """Whether an issue may go out."""

    DRAFT = "draft"
    READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One dated mail of a newsletter.

    Attributes:
        at: Either an aware instant (the same for all), or None.
        day: The date on which each person gets it at ``hour`` local time, or None.
        hour: Local hour that belongs to ``day``; None where ``at`` is set.
        audience: Name or expression: only these subscribers get it; empty: the newsletter's.
    """

    id: str
    subject: str
    preheader: str
    status: IssueStatus
    source: Source
    at: datetime | None = None
    day: date | None = None
    hour: time | None = None
    audience: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """A series of issues; one folder under ``newsletters/``.

    Attributes:
        goodbye: Whether who leaves is told so by a mail.
        clicks: Whether clicks are counted: links of its mails lead through this site.
        audience: Name or expression: only these subscribers get an issue; empty: all of them.
    """

    id: str
    title: str
    summary: str
    language: str
    time_zone: str
    hour: time
    issues: tuple[Issue, ...]
    path: str
    goodbye: bool = False
    clicks: bool = False
    audience: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A mail a person's own action causes: confirmation, goodbye, notice."""

    id: str
    subject: str
    preheader: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who the mails come from; all of it shows in every mail."""

    name: str
    email: str
    reply_to: str
    postal_address: str
