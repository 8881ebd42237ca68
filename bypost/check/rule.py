"""What a rule is: its name, its weight, and why it exists."""

from __future__ import annotations

from dataclasses import dataclass

from bypost.check.finding import Finding, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing a check looks for; its page in the docs is made from these words.

    Attributes:
        id: Stable name, e.g. ``subject-long``: scripts and authors' exceptions rely on it.
        level: Its weight; a finding may weigh less or more where the rule has two limits.
        title: What it reports, in a few words that begin with a capital and have no full stop.
        why: What goes wrong for whom where it is broken, in whole sentences.
        fix: What to do about it, in whole sentences.
        source: Where the rule comes from: a standard, a vendor's page, a measurement, with its
            date where it describes someone else's behaviour.
        bad: Content that it reports, as an author would write it.
        good: The same, mended.
        holds: Whether it keeps a mail from being made, and so from being sent: no setting and no
            exception in a file changes that.
    """

    id: str
    level: Level
    title: str
    why: str
    fix: str
    source: str
    bad: str
    good: str
    holds: bool = False

    def at(
        self,
        path: str,
        message: str,
        *,
        fix: str = "",
        line: int | None = None,
        level: Level | None = None,
    ) -> Finding:
        """Return a finding of this rule.

        Args:
            path: File or folder relative to the project.
            message: What is wrong there, in one sentence without a full stop.
            fix: How to mend this very place; may be empty.
            level: Where it differs from the rule's own.
        """
        return Finding(
            rule=self.id, level=level or self.level, path=path, line=line, message=message, fix=fix
        )
