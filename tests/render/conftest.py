"""A workshop that compiles a Markdown text as a lesson, an issue or a notice."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest

from bypost.errors import ContentError, Problem
from bypost.model.content import Content, Values
from bypost.model.course import (
    Course,
    Issue,
    IssueStatus,
    Lesson,
    Newsletter,
    Notice,
    Sender,
    Source,
)
from bypost.render.compile import Compiler
from bypost.render.personalise import Personaliser, Rendered
from scheduler.cadence import AtOnce
from scheduler.window import Window

CHECKOUT = Path(__file__).resolve().parents[2]

SENDER = Sender(
    name="Clarity Notes",
    email="course@example.org",
    reply_to="hello@example.org",
    postal_address="1 Example Street, 12345 Exampletown",
)

VALUES: dict[str, dict[str, str]] = {
    "subscriber": {
        "name": "Anna Lindqvist",
        "email": "anna@example.org",
        "time_zone": "Europe/Berlin",
        "since": "23 November 2026",
    },
    "links": {
        "leave": "https://mail.example.org/u/0123456789",
        "progress": "https://mail.example.org/p/0123456789?a=1&b=2",
        "confirm": "https://mail.example.org/c/0123456789",
    },
    "next": {"when": "Tuesday at 09:00", "date": "Tuesday 1 December", "title": "The oven"},
    "about": {
        "title": "Baking",
        "text": "Somebody asked for a new address.",
        "link": "https://mail.example.org/a/0123456789",
        "action": "Use the new address",
    },
}

#: The body stands below four lines of front matter and its closing mark.
BODY_LINE = 6


class Workshop:
    """Compiles with the templates of ``root``; the lesson stands second of three by default."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def compiler(self, **arguments: Any) -> Compiler:
        return Compiler(self.root, sender=SENDER, base_url="https://mail.example.org", **arguments)

    def lesson(
        self,
        body: str,
        *,
        subject: str = "A subject",
        preheader: str = "A preheader",
        settings: Mapping[str, str] | None = None,
        language: str = "en",
        number: int = 1,
        lessons: int = 3,
        title: str = "Baking",
        **arguments: Any,
    ) -> Content:
        source = Source(
            path="lessons/baking/01-dough.md",
            body=body,
            body_line=BODY_LINE,
            key_lines={"subject": 3, "preheader": 4},
        )
        written = Lesson(
            id="dough", subject=subject, preheader=preheader, delay=AtOnce(), source=source
        )
        others = [
            Lesson(id=f"l{i}", subject="s", preheader="p", delay=AtOnce(), source=source)
            for i in range(lessons)
        ]
        others[number] = written
        course = Course(
            id="baking",
            title=title,
            summary="Bread.",
            language=language,
            time_zone="UTC",
            hour=time(9),
            window=Window.always(),
            settings=settings or {},
            lessons=tuple(others),
            path="lessons/baking",
        )
        return self.compiler(**arguments).lesson(course, written)

    def issue(self, body: str, *, subject: str = "A subject") -> Content:
        issue = Issue(
            id="rye",
            subject=subject,
            preheader="A preheader",
            status=IssueStatus.READY,
            source=Source(path="newsletters/crumbs/rye.md", body=body, body_line=BODY_LINE),
            at=datetime(2026, 12, 1, 9, tzinfo=UTC),
        )
        newsletter = Newsletter(
            id="crumbs",
            title="Crumbs",
            summary="Small things.",
            language="en",
            time_zone="UTC",
            hour=time(9),
            issues=(issue,),
            path="newsletters/crumbs",
        )
        return self.compiler().issue(newsletter, issue)

    def notice(self, body: str, *, item: str = "notice", subject: str = "A subject") -> Content:
        notice = Notice(
            id=item,
            subject=subject,
            preheader="A preheader",
            source=Source(path=f"templates/email/{item}.md", body=body, body_line=BODY_LINE),
        )
        return self.compiler().notice(notice)

    def problems(self, body: str, **arguments: Any) -> list[Problem]:
        """Return what is wrong with a lesson; fails where nothing is."""
        with pytest.raises(ContentError) as caught:
            self.lesson(body, **arguments)
        return list(caught.value.problems)

    def problem(self, body: str, **arguments: Any) -> Problem:
        """Return the only thing wrong with a lesson."""
        found = self.problems(body, **arguments)
        assert len(found) == 1, found
        return found[0]

    def template(self, name: str, old: str, new: str) -> None:
        """Change a template; only in a workshop that has its own."""
        assert self.root != CHECKOUT
        path = self.root / "templates" / "email" / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


def filled(content: Content, **changes: Mapping[str, str]) -> Rendered:
    """Return the mail for Anna, with ``changes`` to her values per root."""
    values: Values = {root: {**VALUES[root], **changes.get(root, {})} for root in VALUES}
    return Personaliser(content).render(values)


@pytest.fixture(scope="session")
def workshop() -> Workshop:
    """The templates as they are shipped."""
    return Workshop(CHECKOUT)


@pytest.fixture
def own(tmp_path: Path) -> Workshop:
    """A copy of the templates, to be changed."""
    shutil.copytree(CHECKOUT / "templates", tmp_path / "templates")
    return Workshop(tmp_path)


@pytest.fixture(scope="session")
def fill() -> Any:
    """Return the function that fills a content for Anna."""
    return filled
