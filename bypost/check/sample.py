"""What rules look at: one compiled mail as each persona gets it, and the mails of one folder."""

from __future__ import annotations

from dataclasses import dataclass

from bypost.check.finding import Finding, Level
from bypost.content.personas import Persona
from bypost.model.content import Content
from bypost.model.course import Kind, Source
from bypost.render.personalise import Rendered


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail as one persona gets it."""

    persona: Persona
    mail: Rendered


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One lesson, issue or notice that compiles.

    Attributes:
        subject: As the author wrote it, expressions and all; so for ``preheader``.
        readings: One for each persona for whom it could be rendered; may be empty.
    """

    kind: Kind
    subject: str
    preheader: str
    source: Source
    content: Content
    readings: tuple[Reading, ...]

    def finding(
        self, rule: str, level: Level, message: str, fix: str = "", *, line: int | None = None
    ) -> Finding:
        """Return a finding in this mail's file."""
        return Finding(
            rule=rule, level=level, path=self.source.path, line=line, message=message, fix=fix
        )

    def line(self, key: str) -> int | None:
        """Return the line of a front-matter key."""
        return self.source.key_lines.get(key)


@dataclass(frozen=True, slots=True)
class Series:
    """The samples of one course, one newsletter, or of the notices, in their order."""

    path: str
    samples: tuple[Sample, ...]
