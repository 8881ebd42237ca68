"""What rules look at: one compiled mail as each persona gets it, and the mails of one folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bypost.check.finding import Finding, Level
from bypost.check.page import Page
from bypost.check.rule import Rule
from bypost.content.personas import Persona
from bypost.model.asset import Asset
from bypost.model.content import Content
from bypost.model.course import Course, Issue, Kind, Lesson, Newsletter, Notice, Sender, Source
from bypost.model.theme import PLAIN, Theme
from bypost.render.personalise import Rendered

#: Mail programs that are minded where the settings name no others.
CLIENTS = ("gmail", "apple-mail", "outlook", "yahoo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What rules may know beside the mails.

    Attributes:
        root: The project's folder.
        sender: Who the mails come from.
        base_url: Where the site is, without a slash at the end.
        now: The instant at which the mails are taken to go out, aware.
        theme: What the operator's settings change about the look.
        clients: Mail programs that the author minds, by their families at caniemail.com.
    """

    root: Path
    sender: Sender
    base_url: str
    now: datetime
    theme: Theme = PLAIN
    clients: tuple[str, ...] = CLIENTS


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail as one persona gets it."""

    persona: Persona
    mail: Rendered


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One lesson, issue or notice that compiles.

    Attributes:
        item: The lesson, issue or notice itself.
        series: The course or newsletter it belongs to; None for a notice.
        subject: As the author wrote it, expressions and all; so for ``preheader``.
        content: The compiled mail, as it is sent.
        marked: The same with the lines its elements come from.
        readings: One for each persona for whom it could be rendered; may be empty.
        page: The HTML of the longest reading, with the lines it comes from; None where it could
            be rendered for nobody.
        assets: The pictures beside it, as they are sent, by name.
    """

    around: Surroundings
    kind: Kind
    item: Lesson | Issue | Notice
    series: Course | Newsletter | None
    subject: str
    preheader: str
    source: Source
    content: Content
    marked: Content
    readings: tuple[Reading, ...]
    page: Page | None
    assets: Mapping[str, Asset] = field(default_factory=dict)

    def finding(
        self,
        rule: Rule,
        message: str,
        fix: str = "",
        *,
        line: int | None = None,
        level: Level | None = None,
    ) -> Finding:
        """Return a finding in this mail's file; its level is the rule's unless one is given."""
        return rule.at(self.source.path, message, fix=fix, line=line, level=level)

    def line(self, key: str) -> int | None:
        """Return the line of a front-matter key."""
        return self.source.key_lines.get(key)


@dataclass(frozen=True, slots=True)
class Series:
    """The samples of one course, one newsletter, or of the notices, in their order.

    Attributes:
        path: Its folder, relative to the project.
        of: The course or newsletter; None for the notices.
    """

    path: str
    samples: tuple[Sample, ...]
    of: Course | Newsletter | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """All mails of a project."""

    around: Surroundings
    series: tuple[Series, ...]
