"""One thing that a check has to say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bypost.errors import Problem


class Level(StrEnum):
    """How much a finding weighs.

    An error fails the check. What cannot be loaded or compiled is never sent either; a mail that
    is merely too large, say, would be.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found, and where.

    Attributes:
        rule: Stable id of the rule, e.g. ``subject-long``.
        path: File relative to the project; a folder where it is about the whole of it.
        line: Counting from 1; None for the file as a whole.
        message: What is wrong, in one sentence without a full stop.
        fix: How to mend it; may be empty.
    """

    rule: str
    level: Level
    path: str
    line: int | None
    message: str
    fix: str = ""


def from_problem(problem: Problem) -> Finding:
    """Return ``problem`` as a finding: content that cannot be used is an error."""
    return Finding(
        rule=problem.rule,
        level=Level.ERROR,
        path=problem.path,
        line=problem.line,
        message=problem.message,
        fix=problem.fix,
    )
