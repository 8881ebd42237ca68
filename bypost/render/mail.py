"""What the compiler needs to know about a lesson, an issue or a notice: one shape for all three."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bypost.model.course import Course, Issue, Kind, Lesson, Newsletter, Notice, Sender, Source
from bypost.render.vocabulary import (
    ABOUT,
    LESSON_LINKS,
    LINKS,
    NEXT,
    NOTICE_LINKS,
    SUBSCRIBER,
    Value,
    Vocabulary,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail before it is compiled.

    Attributes:
        own: Root of the mail's own names: ``lesson``, ``issue`` or ``notice``.
        templates: Names of its frame without ending, the first that exists is taken.
        constants: What is known now; ``own`` is completed with title, subject and minutes.
        settings: Names that ``::: if NAME`` may use without a root.
        has_next: Whether a further lesson follows.
    """

    kind: Kind
    item: str
    collection: str
    language: str
    subject: str
    preheader: str
    source: Source
    own: str
    templates: tuple[str, ...]
    constants: Mapping[str, Mapping[str, Value]]
    personal: Mapping[str, frozenset[str] | None]
    absent: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    has_next: bool = False

    def vocabulary(self, own: Mapping[str, Value]) -> Vocabulary:
        """Return the names of this mail, with ``own`` names added to its own root."""
        completed = {**self.constants, self.own: {**self.constants.get(self.own, {}), **own}}
        return Vocabulary(completed, self.personal, self.absent)


def everywhere(sender: Sender, base_url: str) -> dict[str, Mapping[str, Value]]:
    """Return the constants that every mail has."""
    return {
        "sender": {
            "name": sender.name,
            "email": sender.email,
            "reply_to": sender.reply_to,
            "postal_address": sender.postal_address,
        },
        "site": {"base_url": base_url},
    }


def lesson_mail(
    course: Course,
    lesson: Lesson,
    shared: Mapping[str, Mapping[str, Value]],
    subscriber: frozenset[str] | None,
) -> Mail:
    """Return the mail of one lesson; the first lesson of a course counts as number 0."""
    number = [other.id for other in course.lessons].index(lesson.id)
    has_next = number < len(course.lessons) - 1
    personal = {"subscriber": subscriber, "links": LESSON_LINKS}
    about_course: dict[str, Value] = {
        **course.settings,
        "id": course.id,
        "title": course.title,
        "summary": course.summary,
        "lessons": len(course.lessons) - 1,
    }
    return Mail(
        kind=Kind.LESSON,
        item=lesson.id,
        collection=course.id,
        language=course.language,
        subject=lesson.subject,
        preheader=lesson.preheader,
        source=lesson.source,
        own="lesson",
        templates=("lesson",),
        constants={
            **shared,
            "course": about_course,
            "lesson": {"id": lesson.id, "number": number},
        },
        personal={**personal, "next": NEXT} if has_next else personal,
        absent={
            "next": "it is the last lesson of its course",
            "newsletter": "it is a lesson",
            "issue": "it is a lesson",
        },
        settings=course.settings,
        has_next=has_next,
    )


def issue_mail(
    newsletter: Newsletter,
    issue: Issue,
    shared: Mapping[str, Mapping[str, Value]],
    subscriber: frozenset[str] | None,
) -> Mail:
    """Return the mail of one issue of a newsletter."""
    why = "it is an issue of a newsletter"
    return Mail(
        kind=Kind.ISSUE,
        item=f"{newsletter.id}/{issue.id}",
        collection=newsletter.id,
        language=newsletter.language,
        subject=issue.subject,
        preheader=issue.preheader,
        source=issue.source,
        own="issue",
        templates=("issue",),
        constants={
            **shared,
            "newsletter": {
                "id": newsletter.id,
                "title": newsletter.title,
                "summary": newsletter.summary,
            },
            "issue": {"id": issue.id},
        },
        personal={"subscriber": subscriber, "links": LINKS},
        absent=dict.fromkeys(("course", "lesson", "next"), why),
    )


def notice_mail(
    notice: Notice,
    language: str,
    shared: Mapping[str, Mapping[str, Value]],
    subscriber: frozenset[str] | None,
) -> Mail:
    """Return the mail of one notice; without a frame of its own it has that of ``notice``."""
    why = "it is a notice; what it is about is under `about`"
    return Mail(
        kind=Kind.NOTICE,
        item=notice.id,
        collection="",
        language=language,
        subject=notice.subject,
        preheader=notice.preheader,
        source=notice.source,
        own="notice",
        templates=(notice.id, "notice"),
        constants={**shared, "notice": {"id": notice.id}},
        personal={"subscriber": subscriber, "links": NOTICE_LINKS, "about": ABOUT},
        absent=dict.fromkeys(("course", "lesson", "newsletter", "issue", "next"), why),
    )


def subscriber_names(attributes: frozenset[str] | None) -> frozenset[str] | None:
    """Return the names under ``subscriber``; None where any is allowed."""
    return None if attributes is None else SUBSCRIBER | attributes
